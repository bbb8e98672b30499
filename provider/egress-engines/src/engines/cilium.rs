//! Cilium.

mod destination;
mod egress;
pub mod gateway;
mod labels;
mod limits;
mod names;
pub mod object;
pub mod policy;
mod queries;
mod reach;
mod resolver;
pub mod rules;
mod selector;
mod support;
mod together;
mod traffic;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry {
    policies: &[policy::ENGINE],
    gateways: &[gateway::GATEWAY],
    rules: Some(rules::check),
    policies_together: Some(MEETING_RULES),
    ..Entry::EMPTY
};

/// Source: see `together`.
const MEETING_RULES: &str = "\
On **cilium** keep all rules of a destination and port that look into connections in one policy: where `http_requests`
of one policy meets `server_names` or `dns_queries` of another, at one destination and port of the same pods, Cilium takes both
and then computes no policy of these pods at all, until one of the two is changed.
";
