//! What has to be known of an installation of OVN-Kubernetes.

/// How OVN-Kubernetes finds the addresses of domain names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OvnKubernetesDns {
    /// It asks for them itself, again and again.
    #[default]
    Polling,
    /// `CoreDNS` sends it the answers that pods got (`--enable-dns-name-resolver`).
    NameResolver,
}
