//! Generated bindings of Terraform's plugin protocol 6 and of the go-plugin services.
//!
//! Both sides are generated: a provider needs the servers; tests and benches that do what Terraform does need the clients.
//! The messages carry no documentation: `proto/*.proto` lists them, and the `tfplugin` crate gives them meaning.

/// Terraform's provider protocol, package `tfplugin6`, at version 6.11.
#[allow(missing_docs, unused_qualifications, clippy::all, clippy::pedantic, reason = "generated code")]
pub mod tfplugin6 {
    tonic::include_proto!("tfplugin6");
}

/// The services that go-plugin adds to every process it starts, package `plugin`.
#[allow(missing_docs, unused_qualifications, clippy::all, clippy::pedantic, reason = "generated code")]
pub mod plugin {
    tonic::include_proto!("plugin");
}

/// The encoded `FileDescriptorSet` of both packages, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
