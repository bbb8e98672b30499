//! The engines' published definitions, and an API server that has them. They are not part of this repository.

use std::path::PathBuf;

use anyhow::Result;
use crd_check::{Definitions, MISSING};
use serde_json::{Value as Json, json};

use crate::environment::Missing;
use crate::kubernetes::ApiServer;

/// An API server of its own that serves every engine's kinds. No engine runs there.
///
/// Calico Enterprise's definitions hold more than those of open source, whose names they have.
pub fn api_server() -> Result<ApiServer> {
    let folder = folder().map_err(anyhow::Error::msg)?;
    let enterprise = Definitions::manifests(&folder, Some("calico-enterprise"))?;
    let mut definitions = Definitions::manifests(&folder, None)?;
    let name = |definition: &Json| definition["metadata"]["name"].clone();
    definitions.retain(|usual| !enterprise.iter().any(|other| name(other) == name(usual)));
    definitions.extend(enterprise);
    let server = ApiServer::start_own()?;
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": definitions });
    server.kubectl(&["apply", "--server-side", "--force-conflicts", "--filename", "-"], &list.to_string())?;
    server.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "")?;
    Ok(server)
}

/// Whether [`api_server`] can be had here, and if not, why.
pub fn available() -> Result<(), Missing> {
    ApiServer::available()?;
    folder().map(drop)
}

fn folder() -> Result<PathBuf, Missing> {
    Definitions::folder().ok_or_else(|| MISSING.to_owned())
}
