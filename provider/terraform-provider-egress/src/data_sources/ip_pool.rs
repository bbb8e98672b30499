//! `egress_ip_pool`: the addresses of a pool that another state manages.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use egress_model::identity::{Key, ResourceType};
use tfplugin::cty::{Path, Type, Value};
use tfplugin::data_source::DataSource;
use tfplugin::provider::Context;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::validators::{each, parsed};
use tfplugin::{Diagnostic, Diagnostics};

use super::owned::{self, Owned, list};
use crate::resources;
use crate::resources::objects::state::set;
use crate::session::{Call, Session};

/// The data source.
pub(super) struct IpPool {
    session: Arc<Session>,
    resource: resources::IpPool,
}

impl IpPool {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { resource: resources::IpPool::new(session.clone()), session }
    }
}

#[async_trait]
impl DataSource for IpPool {
    fn type_name(&self) -> &'static str {
        "egress_ip_pool"
    }

    fn schema(&self) -> Schema {
        let texts = |name, description: &str| Attribute::new(name, Type::map(Type::String), description).computed();
        owned::schema(
            "The public IPs of an `egress_ip_pool` that another state manages, found by the tags that the pool writes on each address. \
             It gives all of them or fails: also where nothing is found, so that a typing error never becomes an empty allow-list.\n\n\
             Addresses that the pool adopted with `existing_id` carry no tags and are **not found**; list the keys that you count on in \
             `keys`, and a pool of which a part cannot be found is an error. An address that has left the pool and is still in use is \
             found until it is released: traffic still leaves from it. Reading it takes `ec2:DescribeAddresses` alone.",
            vec![
                Attribute::new(
                    "keys",
                    Type::set(Type::String),
                    "The keys that the pool must have, no more and no fewer. Default: whichever are found, at least one.",
                )
                .validate(each(parsed::<Key>("a key"))),
                texts("ids", "The cloud's id of each address, by key, such as `eipalloc-0123` on AWS."),
                texts("public_ips", "The public IPs, by key."),
                Attribute::new(
                    "cidrs",
                    Type::list(Type::String),
                    "All public IPs as sorted `/32` blocks, for allow-lists.",
                )
                .computed(),
            ],
            &self.resource.descriptions(),
        )
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        self.resource.cloud_of(config).err().into_iter().collect()
    }

    async fn read(&self, _cx: &Context, config: Value) -> Result<(Value, Diagnostics), Diagnostics> {
        let configured = self.session.required()?;
        let wanted = Owned::read(&configured, ResourceType::IpPool, &config)?;
        let found = self.resource.find(&configured, &config, wanted.identity).await;
        // Without an answer there is no data: each read says so, the first with the cause.
        let report = |failure| self.session.report(failure, "data.egress_ip_pool", &config, Call::Apply);
        let found = found.map_err(|failure| report(failure).into_iter().collect::<Diagnostics>())?;
        let ids = found.get("ids").and_then(Value::as_map).into_iter().flatten();
        let keys: BTreeSet<Key> = ids.filter_map(|(key, _)| key.parse().ok()).collect();
        if let Some(other) = other_keys(&config, &keys) {
            return Err(other.into());
        }
        let mut state = config;
        for (name, value) in found {
            set(&mut state, name, value);
        }
        Ok((state, Diagnostics::new()))
    }
}

/// What is wrong with the keys that were found, if the configuration says which there must be.
fn other_keys(config: &Value, found: &BTreeSet<Key>) -> Option<Diagnostic> {
    let expected = config.get("keys").filter(|keys| !keys.is_null())?.elements()?;
    let expected: BTreeSet<Key> = expected.iter().filter_map(|key| key.as_str()?.parse().ok()).collect();
    let missing = list(expected.difference(found));
    let more = list(found.difference(&expected));
    if missing.is_empty() && more.is_empty() {
        return None;
    }
    let mut sentences = Vec::new();
    if !missing.is_empty() {
        sentences.push(format!(
            "No address was found for {missing}: the key is not applied yet, its address is gone, or the pool adopted it with existing_id, \
             so that it carries no tags."
        ));
    }
    if !more.is_empty() {
        sentences.push(format!("It also has {more}."));
    }
    sentences.push("Correct keys here, or the pool in the state that manages it.".to_owned());
    let detail = sentences.join(" ");
    Some(Diagnostic::error("The pool does not have exactly these keys", detail).at(Path::attribute("keys")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_keys_are_all_there_and_no_others() {
        let found: BTreeSet<Key> = ["a", "b"].into_iter().map(|key| key.parse().unwrap()).collect();
        let judged = |keys: &[&str]| {
            let config = Value::object([("keys", Value::set(keys.iter().copied()))]);
            other_keys(&config, &found).map(|diagnostic| diagnostic.detail)
        };
        assert_eq!(judged(&["b", "a"]), None);
        assert_eq!(other_keys(&Value::object([("keys", Value::Null)]), &found), None);
        let detail = judged(&["a", "c"]).unwrap();
        assert_eq!(
            detail,
            "No address was found for \"c\": the key is not applied yet, its address is gone, or the pool adopted it with existing_id, so \
             that it carries no tags. It also has \"b\". Correct keys here, or the pool in the state that manages it."
        );
    }
}
