//! Debug mode: the process is started by hand, and an environment variable says where it listens.

use serde_json::json;

use super::handshake::{Address, PROTOCOL_VERSION};

/// The value of `TF_REATTACH_PROVIDERS` by which a Terraform uses the process `pid` for the provider `provider`.
pub(crate) fn variable(provider: &str, pid: u32, address: &Address) -> String {
    let plugin = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL_VERSION,
        "Pid": pid,
        // Terraform leaves the process alone at the end.
        "Test": true,
        "Addr": { "Network": address.network(), "String": address.to_string() },
    });
    json!({ provider: plugin }).to_string()
}

/// What to tell the person who started the process.
pub(crate) fn instructions(provider: &str, pid: u32, address: &Address) -> String {
    let value = variable(provider, pid, address);
    format!(
        "Provider started. To attach Terraform to it, set the TF_REATTACH_PROVIDERS environment variable:\n\n\
         \tTF_REATTACH_PROVIDERS='{value}'\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_what_terraform_parses() {
        let address = Address::Unix("/tmp/plugin.sock".into());
        let value: serde_json::Value =
            serde_json::from_str(&variable("registry.terraform.io/a/b", 7, &address)).unwrap();
        assert_eq!(
            value,
            json!({ "registry.terraform.io/a/b": {
                "Protocol": "grpc", "ProtocolVersion": 6, "Pid": 7, "Test": true,
                "Addr": { "Network": "unix", "String": "/tmp/plugin.sock" },
            } })
        );
    }
}
