//! Making and deleting gateways.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use cloud::token::client_token;
use cloud::{Class, Ended, Error};
use egress_model::identity::Key;
use egress_model::nat_gateway::State;
use tokio::time::Instant;

use super::Step;
use crate::convert;
use crate::error::remedy;
use crate::nat_gateways::desired::{Kind, Secondary};
use crate::nat_gateways::observed::{ElasticIp, Gateway, Left};
use crate::nat_gateways::operation::Target;
use crate::nat_gateways::plan::reasons_to_replace;
use crate::write::{Changed, REFERENCE_LAG};

/// How many gateways of the same parameters may have come and gone while EC2 remembers their tokens.
const MAX_GENERATIONS: u32 = 32;

/// A token that answers with a gateway older than this answers with what another run has made: more than clocks differ (EC2
/// refuses a request whose time is off by five minutes), and less than the hour for which a deleted gateway is listed.
const REPLAYED: Duration = Duration::from_mins(15);

/// The same in pauses between looks, where these are short: for stand-ins, on which everything is faster.
const REPLAYED_PAUSES: u32 = 90;

/// What the call answers while it does not see an address that was just allocated.
const NEW_ADDRESS_UNKNOWN: [&str; 2] = ["InvalidElasticIpID.NotFound", "InvalidAllocationID.NotFound"];

impl Step<'_> {
    /// Creates a gateway unless an earlier run has. A token answers with what it once made, also when that has failed or was
    /// deleted; then the next generation's is used. The tokens are the same in every run, so a run after a crash climbs the
    /// same ladder and ends at the same gateway.
    pub(super) async fn create(
        &mut self,
        key: &Key,
        kind: &Kind,
        primary: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let recorded = &self.desired.recorded.gateways;
        let found = self.region.marked_gateways(self.limits, &self.desired.identity, recorded).await?;
        let earlier = found.iter().find(|gateway| {
            gateway.key == *key
                && gateway.state.is_live()
                && self.observed.gateway(&gateway.id).is_none()
                && reasons_to_replace(gateway, kind).is_empty()
        });
        let earlier = earlier.map(|gateway| gateway.id.clone());
        for gateway in found {
            self.observed.put(gateway);
        }
        if let Some(id) = earlier {
            tracing::info!(gateway = %id, "found the gateway that an earlier run made");
            self.observed.made.insert(key.clone(), id);
            return Ok(());
        }
        for generation in 0..MAX_GENERATIONS {
            // A token whose gateway EC2 no longer knows may be answered without one.
            let Some(gateway) = self.create_generation(key, kind, primary, tags, generation).await? else { continue };
            if !self.is_spent(&gateway).await? {
                self.observed.made.insert(key.clone(), gateway.id.clone());
                self.observed.put(gateway);
                return Ok(());
            }
        }
        let message = format!("{MAX_GENERATIONS} gateways like this have failed or been deleted within a day");
        Err(Error::new(Class::Conflict, "CreateNatGateway", message))
    }

    /// Whether a token has answered with a gateway that is no more. The answer may be the one from back then, in which the
    /// gateway is pending; so one that is old, or in the state, is asked for, and is gone when it is not listed any more either.
    async fn is_spent(&mut self, answered: &Gateway) -> Result<bool, Error> {
        let known = self.observed.gateway(&answered.id);
        if !answered.state.is_live() || known.is_some_and(|known| !known.state.is_live()) {
            return Ok(true);
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let made = Duration::from_secs(answered.created.try_into().unwrap_or_default());
        let replayed = REPLAYED.min(self.region.poll.longest * REPLAYED_PAUSES);
        // One that the state has was made by an earlier run, and is not created again while it is there.
        let is_recorded = self.desired.recorded.gateways.contains_key(&answered.id);
        if !is_recorded && now.saturating_sub(made) < replayed {
            return Ok(false);
        }
        let keys = [(answered.id.clone(), answered.key.clone())].into();
        let now = self.region.read_gateways(self.limits, vec![answered.id.clone()], &keys).await?.pop();
        Ok(now.is_none_or(|now| !now.state.is_live()))
    }

    async fn create_generation(
        &self,
        key: &Key,
        kind: &Kind,
        primary: Option<&str>,
        tags: &BTreeMap<String, String>,
        generation: u32,
    ) -> Result<Option<Gateway>, Error> {
        let mut new = convert::nat_gateways::new_nat_gateway(kind, primary);
        let parameters = parameters(kind, primary, tags);
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        new.token = client_token(&self.desired.identity, Some(key), &parameters, generation);
        new.tags = convert::to_tags(tags.clone());
        let (region, limits) = (self.region, self.limits);
        let call = || region.client.create_nat_gateway(new.clone());
        let made = region.refer("CreateNatGateway", Changed::Gateways, &NEW_ADDRESS_UNKNOWN, limits, call).await?;
        let Some(made) = made else { return Ok(None) };
        // Under our key, whether or not the answer shows the tags.
        let keys = made.nat_gateway_id().map(|id| (id.to_owned(), key.clone())).into_iter().collect();
        Ok(convert::nat_gateways::gateway(&made, &keys))
    }

    /// Waits until the gateway and all its addresses carry traffic. A gateway that fails is deleted at once: it would only
    /// stand in the list.
    pub(super) async fn await_available(&mut self, target: &Target) -> Result<(), Error> {
        let id = self.id(target)?;
        let (region, limits) = (self.region, self.limits);
        let (start, mut pauses) = (Instant::now(), limits.pauses(region.poll));
        loop {
            // Not there right after its creation is not gone, but for so long.
            let looked = if start.elapsed() < REFERENCE_LAG {
                self.read(&id).await
            } else {
                self.read_existing(&id).await.map(Some)
            };
            let gateway = pauses.passing(looked)?.flatten();
            match gateway.as_ref().map(|gateway| &gateway.state) {
                Some(State::Available) if gateway.as_ref().is_some_and(Gateway::is_settled) => return Ok(()),
                Some(State::Dead { code, message }) => {
                    let error = failure(code, message);
                    if let Err(error) = self.delete_call(&id).await {
                        tracing::warn!(gateway = %id, %error, "the failed gateway could not be deleted");
                    }
                    return Err(error);
                }
                Some(State::Deleting | State::Deleted) => {
                    let message = format!("{id} was deleted while it was being made");
                    return Err(Error::new(Class::Conflict, "DescribeNatGateways", message));
                }
                Some(State::Pending | State::Available | State::Degraded { .. }) | None => {}
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Stopped) => return Ok(()),
                Err(Ended::Expired) => {
                    return Err(pauses.overdue("DescribeNatGateways", &format!("{id} did not become available")));
                }
            }
        }
    }

    async fn delete_call(&self, id: &str) -> Result<(), Error> {
        let client = &self.region.client;
        let call = || client.delete_nat_gateway(id);
        self.region.write("DeleteNatGateway", Changed::Gateways, self.limits, call).await
    }

    pub(super) async fn delete(&mut self, id: &str) -> Result<(), Error> {
        let answer = self.delete_call(id).await;
        let state = match answer {
            Err(error) if error.class != Class::NotFound => return Err(error),
            Err(_) => State::Deleted,
            Ok(()) => State::Deleting,
        };
        if let Some(gateway) = self.observed.gateway_mut(id) {
            let failed = matches!(gateway.state, State::Dead { .. });
            gateway.state = if failed { State::Deleted } else { state };
        }
        for route in self.observed.routes.values_mut().filter(|route| route.target == id) {
            route.blackhole = true;
        }
        Ok(())
    }

    /// Waits until the gateway is gone and EC2 lets its addresses be used again, which may be a while later.
    pub(super) async fn await_deleted(&mut self, id: &str) -> Result<(), Error> {
        let mut pauses = self.limits.pauses(self.region.poll);
        loop {
            let looked = self.read(id).await;
            if let Some(gateway) = pauses.passing(looked)?
                && gateway.is_none_or(|gateway| matches!(gateway.state, State::Deleted | State::Dead { .. }))
            {
                self.observed.gone(id);
                return self.await_free(id).await;
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Stopped) => return Ok(()),
                Err(Ended::Expired) => {
                    return Err(pauses.overdue("DescribeNatGateways", &format!("{id} was not deleted")));
                }
            }
        }
    }

    /// Waits until what left a gateway is no longer on an interface of it, and can be used again; notes it.
    pub(super) async fn await_free(&mut self, id: &str) -> Result<(), Error> {
        let (region, limits) = (self.region, self.limits);
        let Left { addresses, interfaces } = self.observed.left.get(id).cloned().unwrap_or_default();
        let (start, mut pauses) = (Instant::now(), limits.pauses(region.poll));
        let mut held: Vec<String> = addresses.iter().cloned().collect();
        loop {
            if let Some(now) = pauses.passing(region.elastic_ips(limits, addresses.clone()).await)? {
                let holds = |elastic: &ElasticIp| elastic.interface.as_ref().is_some_and(|on| interfaces.contains(on));
                held = now.iter().filter(|(_, elastic)| holds(elastic)).map(|(address, _)| address.clone()).collect();
                if held.is_empty() {
                    for (address, elastic) in now {
                        if let Some(known) = self.observed.addresses.get_mut(&address) {
                            *known = elastic;
                        }
                    }
                    return Ok(());
                }
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Stopped) => return Ok(()),
                Err(Ended::Expired) => {
                    let what = format!("{} did not become free of {id}", held.join(", "));
                    return Err(pauses.overdue("DescribeAddresses", &what));
                }
            }
            tracing::debug!(gateway = %id, seconds = start.elapsed().as_secs(), "addresses are not free yet");
        }
    }
}

/// What the call sends, in a fixed order.
fn parameters(kind: &Kind, primary: Option<&str>, tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut put = |name: &str, value: String| parameters.push((name.to_owned(), value));
    match kind {
        Kind::Public { subnet, private_ip, .. } => {
            put("Public", subnet.clone());
            put("PrivateIpAddress", private_ip.map(|ip| ip.to_string()).unwrap_or_default());
        }
        Kind::Private { subnet, private_ip, secondary } => {
            put("Private", subnet.clone());
            put("PrivateIpAddress", private_ip.map(|ip| ip.to_string()).unwrap_or_default());
            put(
                "Secondary",
                match secondary {
                    Secondary::Count(count) => count.to_string(),
                    Secondary::Addresses(ips) => ips.iter().fold(String::new(), |mut text, ip| {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "{ip} ");
                        text
                    }),
                },
            );
        }
        Kind::RegionalManual { vpc, .. } => put("RegionalManual", vpc.clone()),
        Kind::RegionalAutomatic { vpc } => put("RegionalAutomatic", vpc.clone()),
    }
    put("Primary", primary.unwrap_or_default().to_owned());
    for (address, zone) in kind.addresses() {
        put(address, zone.unwrap_or_default().to_owned());
    }
    for (key, value) in tags {
        put(key, value.clone());
    }
    parameters
}

/// A gateway that failed, as an error: the code and message are those of the gateway, and the class tells what to do.
fn failure(code: &str, message: &str) -> Error {
    // The codes are those of `FailureCode` in the Amazon EC2 API reference, `NatGateway`.
    let class = match code {
        "InsufficientFreeAddressesInSubnet" => Class::Exhausted,
        "InvalidAllocationID.NotFound" | "InvalidSubnetID.NotFound" => Class::NotFound,
        "Resource.AlreadyAssociated" => Class::InUse,
        "Gateway.NotAttached" => Class::Conflict,
        "InternalError" => Class::Transient,
        _ => Class::Other,
    };
    let error = Error::new(class, "CreateNatGateway", format!("the NAT gateway failed: {message}"));
    Error { code: code.to_owned(), ..error }.with_remedy(remedy("CreateNatGateway", code))
}
