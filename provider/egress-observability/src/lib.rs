//! What can be seen of egress, and how: recording rules, alerts, dashboards and what has to be scraped.
//!
//! An [`estate::Estate`] says what is watched. [`monitor::monitor`] asks each [`source::Source`], an engine or a cloud, what it measures of
//! it, and gives exactly the rules and panels that can have data. What a source cannot measure is refused where the user asks for it
//! by name, and is in the coverage otherwise. No I/O: the same estate gives the same rules.

pub mod alert;
pub mod alibaba;
pub mod antrea;
pub mod aws;
pub mod azure;
pub mod calico;
pub mod cilium;
pub mod cluster;
pub mod core_dns;
pub mod dashboard;
pub mod duration;
pub mod estate;
pub mod export;
pub mod exporter;
pub mod exporter_job;
pub mod google;
mod growth;
pub mod guide;
pub mod istio;
pub mod job;
pub mod label;
mod layout;
pub mod logs;
pub mod monitor;
mod nat;
pub mod ovn_kubernetes;
mod panel_json;
pub mod pattern;
pub mod placed;
mod policy_panels;
pub mod promql;
pub mod requirements;
pub mod rule;
pub mod rules_file;
pub mod runbook;
pub mod scrape;
pub mod selection;
pub mod settings;
pub mod severity;
pub mod sidecar;
pub mod source;
pub mod table;
pub mod text;
pub mod topic;
pub mod uid;
