//! `egress_nat_gateway`: the NAT gateways that another state manages.

use std::sync::Arc;

use async_trait::async_trait;
use egress_model::identity::ResourceType;
use tfplugin::Diagnostics;
use tfplugin::cty::{Type, Value};
use tfplugin::data_source::DataSource;
use tfplugin::provider::Context;
use tfplugin::schema::{Attribute, Schema};

use super::owned::{self, Owned};
use crate::resources;
use crate::resources::objects::state::set;
use crate::session::Session;

/// The data source.
pub(super) struct NatGateway {
    session: Arc<Session>,
    resource: resources::NatGateway,
}

impl NatGateway {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { resource: resources::NatGateway::new(session.clone()), session }
    }
}

#[async_trait]
impl DataSource for NatGateway {
    fn type_name(&self) -> &'static str {
        "egress_nat_gateway"
    }

    fn schema(&self) -> Schema {
        owned::schema(
            "The NAT gateways of an `egress_nat_gateway` that another state manages, and the public IPs that traffic leaves from, found by \
             the tags that the resource writes on each gateway. It gives all of them or fails: where nothing is found, and while a \
             gateway is being made, replaced or deleted, so that an allow-list is never made from a part. While a gateway exchanges an \
             address, both are listed: traffic leaves from both.",
            vec![
                Attribute::new(
                    "gateway_ids",
                    Type::map(Type::String),
                    "The cloud's id of each gateway, by key: on AWS by zone, or `regional`.",
                )
                .computed(),
                Attribute::new(
                    "gateway_public_ips",
                    Type::map(Type::list(Type::String)),
                    "The public IPs of each gateway, by the same keys; the primary one first.",
                )
                .computed(),
                Attribute::new(
                    "egress_cidrs",
                    Type::list(Type::String),
                    "All public IPs that traffic leaves from, as sorted `/32` blocks, for allow-lists.",
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
        let wanted = Owned::read(&configured, ResourceType::NatGateway, &config)?;
        let found = self.resource.find(&configured, &config, wanted.identity).await?;
        let mut state = config;
        for (name, value) in found {
            set(&mut state, name, value);
        }
        Ok((state, Diagnostics::new()))
    }
}
