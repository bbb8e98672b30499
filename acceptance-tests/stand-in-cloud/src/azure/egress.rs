//! Which subnets had a way out, for every instant.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::object::{references, sources};
use super::path::network_of;
use super::{Azure, Kind};

/// A time without a way out, of a subnet that had one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The subnet's id, in lower case.
    pub subnet: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None` where it has none now.
    pub until: Option<Timestamp>,
}

/// What was seen of each subnet so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    now: BTreeMap<String, bool>,
    gaps: Vec<Gap>,
}

impl Azure {
    /// Notes which subnets have a way out since `at`.
    pub(super) fn record(&mut self, at: Timestamp) {
        let subnets = self.objects.iter().filter(|(_, object)| object.kind == Kind::Subnet);
        let now: BTreeMap<String, bool> = subnets.map(|(id, _)| (id.clone(), self.has_egress(id))).collect();
        for (subnet, has) in &now {
            let had = self.egress.now.get(subnet).copied().unwrap_or(false);
            if had && !has {
                self.egress.gaps.push(Gap { subnet: subnet.clone(), from: at, until: None });
            } else if *has && !had {
                let mut gaps = self.egress.gaps.iter_mut().rev();
                if let Some(open) = gaps.find(|gap| gap.subnet == *subnet && gap.until.is_none()) {
                    open.until = Some(at);
                }
            }
        }
        self.egress.now = now;
    }

    /// Whether a gateway that carries traffic, and has an address, is named by the subnet or has the whole network.
    fn has_egress(&self, subnet: &str) -> bool {
        let effective = |id: &str| self.objects.get(id)?.effective.as_ref();
        let carries = |gateway: &Map<String, Value>| sources(gateway).iter().any(|id| effective(id).is_some());
        let named = effective(subnet).map(|body| references(body, "natGateway")).unwrap_or_default();
        let network = network_of(subnet);
        let of_network = self.objects.values().filter(|object| object.kind == Kind::Gateway);
        let mut of_network = of_network.filter_map(|object| object.effective.as_ref());
        match named.first() {
            Some(gateway) => effective(gateway).is_some_and(carries),
            None => of_network.any(|body| references(body, "sourceVirtualNetwork").contains(&network) && carries(body)),
        }
    }

    /// The times in which a subnet that had a way out had none, until now.
    pub fn gaps(&mut self, now: Timestamp) -> Vec<Gap> {
        self.tick(now);
        self.egress.gaps.clone()
    }
}
