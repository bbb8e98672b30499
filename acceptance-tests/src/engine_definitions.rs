//! The engines' published definitions, and an API server that has them. They are not part of this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::environment::{self, Missing};
use crate::kubernetes::ApiServer;

/// Projects that are left out: Calico Enterprise's definitions have the names of open source's, which hold less, and Kubernetes'
/// own kinds need none.
const LEFT_OUT: [&str; 2] = ["calico-enterprise", "kubernetes"];

/// An API server of its own that serves every engine's kinds. No engine runs there.
pub fn api_server() -> Result<ApiServer> {
    let folder = environment::engine_definitions().map_err(anyhow::Error::msg)?;
    let server = ApiServer::start_own()?;
    let files: Vec<String> = definitions(&folder)?.iter().map(|file| file.display().to_string()).collect();
    let mut arguments = vec!["apply", "--server-side", "--force-conflicts"];
    arguments.extend(files.iter().flat_map(|file| ["--filename", file.as_str()]));
    server.kubectl(&arguments, "")?;
    server.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "")?;
    Ok(server)
}

/// Whether [`api_server`] can be had here, and if not, why.
pub fn available() -> Result<(), Missing> {
    ApiServer::available()?;
    environment::engine_definitions().map(drop)
}

/// The files with definitions under a folder with a folder per project; those in deeper folders are of other versions.
fn definitions(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for project in fs::read_dir(folder)? {
        let project = project?;
        let name = project.file_name();
        if !project.file_type()?.is_dir() || LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        for file in fs::read_dir(project.path())? {
            let path = file?.path();
            let is_definition = |text: String| text.lines().any(|line| line == "kind: CustomResourceDefinition");
            if path.is_file() && fs::read_to_string(&path).is_ok_and(is_definition) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
