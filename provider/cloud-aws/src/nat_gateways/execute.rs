//! One step on EC2. Each looks at what is there first, so that it can be done again.

mod addresses;
mod lifecycle;
mod routes;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::nat_gateways::Renaming;
use cloud::{Class, Error, Freshness, Limits, NatGateways, Reached, Reconcile, Stages};
use egress_model::nat_gateway::View;

use super::desired::Desired;
use super::observed::{Gateway, Observed};
use super::operation::{Operation, Target};
use super::plan::{Plan, plan};
use crate::write::Changed;
use crate::{Region, convert};

/// NAT gateways on EC2 in a region.
#[derive(Clone, Debug)]
pub struct Ec2Gateways(pub Arc<Region>);

impl From<Plan> for Stages<Operation> {
    /// Each step of a gateway changes what the next one stands on.
    fn from(plan: Plan) -> Self {
        Self::one_by_one(plan.operations)
    }
}

#[async_trait]
impl Reconcile for Ec2Gateways {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Plan;
    /// All that is known: a step reads a gateway again, with its routes and addresses.
    type Effect = Observed;

    async fn observe(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        self.0.observe_nat_gateways(desired, freshness).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan {
        plan(desired, observed)
    }

    async fn execute(
        &self,
        desired: &Desired,
        operation: &Operation,
        observed: &Observed,
        limits: &Limits,
    ) -> Reached<Observed> {
        let mut step = Step { region: &self.0, desired, observed: observed.clone(), limits };
        let result = step.execute(operation).await;
        Reached::with(step.observed, result)
    }

    fn fold(observed: &mut Observed, effect: Observed) {
        *observed = effect;
    }
}

impl NatGateways for Ec2Gateways {
    const RENAMING: Renaming = Renaming::InPlace;

    fn view(observed: &Observed) -> View {
        observed.view()
    }
}

/// What a step works with.
struct Step<'a> {
    region: &'a Region,
    desired: &'a Desired,
    observed: Observed,
    limits: &'a Limits,
}

impl Step<'_> {
    async fn execute(&mut self, operation: &Operation) -> Result<(), Error> {
        match operation {
            Operation::Create { key, kind, primary, tags } => self.create(key, kind, primary.as_deref(), tags).await,
            Operation::AwaitAvailable(gateway) => self.await_available(gateway).await,
            Operation::Associate { gateway, zone, addresses } => {
                self.associate(gateway, zone.as_deref(), addresses).await
            }
            Operation::Assign { gateway, secondary } => self.assign(gateway, secondary).await,
            Operation::Disassociate { gateway, addresses, drain } => {
                self.disassociate(gateway, addresses, *drain).await
            }
            Operation::Unassign { gateway, addresses, drain } => self.unassign(gateway, addresses, *drain).await,
            Operation::AwaitSettled(gateway) => self.await_settled(gateway).await,
            Operation::CreateRoute { route, gateway } => self.create_route(route, gateway).await,
            Operation::ReplaceRoute { route, from, gateway } => self.replace_route(route, from, gateway).await,
            Operation::DeleteRoute { route, from } => self.delete_route(route, from).await,
            Operation::Delete { gateway, .. } => self.delete(gateway).await,
            Operation::AwaitDeleted(gateway) => self.await_deleted(gateway).await,
            Operation::Tag { gateway, set, remove } => self.tag(gateway, set, remove).await,
        }
    }

    fn id(&self, target: &Target) -> Result<String, Error> {
        match target {
            Target::Id(id) => Ok(id.clone()),
            Target::Made(key) => {
                self.observed.made.get(key).cloned().ok_or_else(|| {
                    Error::new(Class::Other, "CreateNatGateway", format!("no gateway was made for {key}"))
                })
            }
        }
    }

    /// A gateway as it is now, noted; `None` when EC2 does not know it (yet, or any more).
    async fn read(&mut self, id: &str) -> Result<Option<Gateway>, Error> {
        let mut keys = self.desired.recorded.gateways.clone();
        keys.extend(self.observed.gateways.iter().map(|gateway| (gateway.id.clone(), gateway.key.clone())));
        let found = self.region.read_gateways(self.limits, vec![id.to_owned()], &keys).await?.pop();
        if let Some(gateway) = &found {
            self.observed.put(gateway.clone());
        }
        Ok(found)
    }

    /// A gateway that has to be there.
    async fn read_existing(&mut self, id: &str) -> Result<Gateway, Error> {
        self.read(id).await?.ok_or_else(|| {
            let message = format!("{id} does not exist in {}", self.region.name());
            Error { code: "NatGatewayNotFound".into(), ..Error::new(Class::NotFound, "DescribeNatGateways", message) }
        })
    }

    async fn tag(&mut self, id: &str, set: &BTreeMap<String, String>, remove: &BTreeSet<String>) -> Result<(), Error> {
        if !set.is_empty() {
            let (region, tags) = (self.region, convert::to_tags(set.clone()));
            let call = || region.client.create_tags(id, tags.clone());
            region.write("CreateTags", Changed::GatewayTags, self.limits, call).await?;
        }
        if let Some(gateway) = self.observed.gateway_mut(id) {
            gateway.tags.extend(set.clone());
        }
        let remove: Vec<String> = remove.iter().cloned().collect();
        if !remove.is_empty() {
            let call = || self.region.client.delete_tags(id, &remove);
            self.region.write("DeleteTags", Changed::GatewayTags, self.limits, call).await?;
        }
        if let Some(gateway) = self.observed.gateway_mut(id) {
            gateway.tags.retain(|key, _| !remove.contains(key));
        }
        Ok(())
    }
}
