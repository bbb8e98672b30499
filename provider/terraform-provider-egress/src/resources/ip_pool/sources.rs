//! Where each address comes from: exactly one answer. Terraform drops misspelt words in a map's objects without a message, so an
//! address that says nothing is an error, not a new address.

use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::Backend;

/// What one address says of where it comes from.
struct Said<'a> {
    new: &'a Value,
    existing_id: &'a Value,
    recover: &'a Value,
    /// The pools of addresses that it names, with their paths.
    pools: Vec<(Path, &'a Value)>,
}

/// Checks every known address. What is unknown may turn out null or not, so nothing is said that depends on it.
pub(super) fn validate(clouds: &[Box<dyn Backend>], config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let addresses = config.get("addresses").and_then(Value::as_map).into_iter().flatten();
    for (key, address) in addresses.filter(|(_, address)| address.as_object().is_some()) {
        let path = Path::attribute("addresses").key(key);
        diagnostics.extend(wrong(key, &Said::read(clouds, address, &path), &path));
    }
    diagnostics
}

impl<'a> Said<'a> {
    fn read(clouds: &[Box<dyn Backend>], address: &'a Value, path: &Path) -> Self {
        let part = |name: &str| address.get(name).unwrap_or(&Value::Null);
        let pools = clouds.iter().flat_map(|cloud| {
            let of_cloud = part(cloud.cloud().name);
            let sources = cloud.address_sources().iter();
            sources.filter_map(move |name| {
                let value = if of_cloud.is_unknown() { of_cloud } else { of_cloud.get(name)? };
                Some((path.child(cloud.cloud().name).child(*name), value))
            })
        });
        Self { new: part("new"), existing_id: part("existing_id"), recover: part("recover"), pools: pools.collect() }
    }
}

fn wrong(key: &str, said: &Said<'_>, path: &Path) -> Option<Diagnostic> {
    if said.new.as_bool() == Some(false) {
        let detail = "It allocates a new address with true. To take one from elsewhere, write existing_id or recover in its place.";
        return Some(Diagnostic::error(format!("new is false for the key {key:?}"), detail).at(path.child("new")));
    }
    let pools = said.pools.iter().map(|(_, value)| *value);
    let mut all = [said.new, said.existing_id, said.recover].into_iter().chain(pools);
    if all.all(Value::is_null) {
        let own = ["new = true (a new address)", "existing_id (one that exists)", "recover (one that was released)"];
        let sources = own.into_iter().map(str::to_owned).chain(said.pools.iter().map(|(path, _)| inside(path)));
        let detail = format!("Write one of: {}.", sources.collect::<Vec<_>>().join(", "));
        let summary = format!("The key {key:?} does not say where its address comes from");
        return Some(Diagnostic::error(summary, detail).at(path.clone()));
    }
    let is_written = |value: &Value| !value.is_null() && !value.is_unknown();
    let pool = said.pools.iter().find(|(_, value)| is_written(value));
    let recover = is_written(said.recover).then(|| path.child("recover"));
    let beside_new = recover.clone().or_else(|| pool.map(|(path, _)| path.clone()));
    let twice = |first: &str, second: Path| {
        let name = inside(&second);
        let detail = format!("An address has one source. Remove {first} or {name}.");
        Diagnostic::error(format!("The key {key:?} says twice where its address comes from"), detail).at(second)
    };
    match (is_written(said.new), is_written(said.existing_id), beside_new) {
        (true, true, _) => Some(twice("new", path.child("existing_id"))),
        (true, false, Some(other)) => Some(twice("new", other)),
        (false, true, Some(other)) => Some(twice("existing_id", other)),
        _ => None,
    }
}

/// The way from the address to the attribute, such as `aws.ipam_pool_id`.
fn inside(path: &Path) -> String {
    let inner = path.steps().iter().skip(2);
    inner.cloned().fold(Path::root(), |path, step| path.then(step)).to_string()
}
