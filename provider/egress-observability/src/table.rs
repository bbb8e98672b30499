//! The one table of what each source measures, and with which alerts.

use crate::export::Export;
use crate::rule::Column;
use crate::source::Source;
use crate::topic::Topic;
use crate::{alibaba, antrea, aws, azure, calico, cilium, cluster, core_dns, google, istio, ovn_kubernetes};

/// The column of a source.
pub fn column(source: Source) -> Column {
    match source {
        Source::IstioSidecar => istio::sidecar::COLUMN,
        Source::IstioAmbient => istio::ambient::COLUMN,
        Source::IstioGateway => istio::gateway::COLUMN,
        Source::Cilium => cilium::COLUMN,
        Source::Calico => calico::COLUMN,
        Source::CalicoEnterprise => calico::ENTERPRISE,
        Source::OvnKubernetes => ovn_kubernetes::COLUMN,
        Source::Antrea => antrea::COLUMN,
        Source::Cluster => cluster::COLUMN,
        Source::CoreDns => core_dns::COLUMN,
        Source::Aws => aws::COLUMN,
        Source::Azure => azure::COLUMN,
        Source::Google => google::COLUMN,
        Source::Alibaba => alibaba::COLUMN,
    }
}

/// Every column, in the order of [`Source::ALL`].
pub fn columns() -> impl Iterator<Item = Column> {
    Source::ALL.into_iter().map(column)
}

/// The sources that measure a topic in a cluster that exports everything, each exactly or not.
pub fn that_measure(topic: Topic) -> Vec<Source> {
    let everything = Export::ALL.into_iter().collect();
    columns().filter(|one| (one.measures)(topic, &everything).is_measured()).map(|one| one.source).collect()
}
