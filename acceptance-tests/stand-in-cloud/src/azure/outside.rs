//! What exists, and what happens from outside.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Azure;
use super::object::{Object, accepted};
use super::path::{Target, normal, parse};

impl Azure {
    /// Everything that exists, by id in lower case, as a GET shows it.
    pub fn inventory(&mut self, now: Timestamp) -> BTreeMap<String, Value> {
        self.tick(now);
        self.objects.iter().map(|(id, object)| (id.clone(), self.shown(object))).collect()
    }

    /// Makes an object at once, or replaces it, as somebody else may have done long ago. The id says what it is.
    pub fn seed(&mut self, id: &str, body: &Value, now: Timestamp) {
        self.tick(now);
        let Some((_, Target::Object { kind, .. })) = parse(id) else { return };
        let empty = Map::new();
        let body = accepted(kind, body.as_object().unwrap_or(&empty));
        let before = self.objects.get(&normal(id));
        let version = before.map_or(1, |object| object.version + 1);
        let allocated = before.and_then(|object| object.allocated.clone());
        let effective = Some(body.clone());
        let id = id.to_owned();
        let object = Object {
            kind,
            id: id.clone(),
            body,
            effective,
            allocated,
            version,
            created: now - jiff::SignedDuration::from_hours(1),
            work: None,
            failed: false,
        };
        self.objects.insert(normal(&id), object);
        self.settle_addresses(&normal(&id));
        self.record(now);
    }

    /// Makes a network with these subnets, each with things that no client of ours knows.
    pub fn seed_network(&mut self, network: &str, subnets: &[&str], now: Timestamp) {
        self.seed(network, &json!({ "location": "westeurope", "properties": {} }), now);
        for (number, subnet) in subnets.iter().enumerate() {
            let body = json!({ "properties": {
                "addressPrefix": format!("10.0.{number}.0/24"),
                "networkSecurityGroup": { "id": format!("{network}-nsg") },
                "delegations": [{ "name": "aks", "properties": { "serviceName": "Microsoft.ContainerService/managedClusters" } }],
                "serviceEndpoints": [{ "service": "Microsoft.Storage", "locations": ["westeurope"] }],
                "aPropertyOfTheFuture": { "ratio": 1.50, "list": [3, 1, 2] },
            } });
            self.seed(&format!("{network}/subnets/{subnet}"), &body, now);
        }
    }

    /// Lets the next operation that begins fail.
    pub fn fail_next_operation(&mut self) {
        self.fail_next = true;
    }

    /// Lets the next PUT that would create something be refused for a quota.
    pub fn refuse_next_create(&mut self) {
        self.refuse_next_create = true;
    }
}
