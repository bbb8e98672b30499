//! Reading gateways, routes and addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use cloud::{Error, Freshness, Limits};
use egress_model::identity::{Identity, Key, NAME_TAG, OWNER_TAG, TYPE_TAG};
use egress_model::ip_pool::{Address, AddressId, User, UserKind};
use tokio::time::Instant;

use super::desired::Desired;
use super::observed::{ElasticIp, Gateway, Observed};
use super::subnet::Subnet;
use crate::route_table::Table;
use crate::source::Source;
use crate::write::REFERENCE_LAG;
use crate::{Region, convert};

impl Region {
    /// What there is for a resource.
    pub async fn observe_nat_gateways(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        let (recorded, limits) = (&desired.recorded.gateways, &self.look());
        let mut gateways = match freshness {
            Freshness::Snapshot => self.owned_gateways(&desired.identity).await?,
            Freshness::Now => self.marked_gateways(limits, &desired.identity, recorded).await?,
        };
        // Gone is only what is gone when it is asked for by its id; and tags may have been removed.
        let live: BTreeSet<&str> =
            gateways.iter().filter(|gateway| gateway.state.is_live()).map(|gateway| gateway.id.as_str()).collect();
        let missing: Vec<String> = recorded.keys().filter(|id| !live.contains(id.as_str())).cloned().collect();
        let read = self.read_gateways(limits, missing, recorded).await?;
        gateways.retain(|gateway| !read.iter().any(|again| again.id == gateway.id));
        gateways.extend(read);

        let mut observed = Observed { gateways, ..Observed::default() };
        for table in self.tables_of(limits, desired, &observed, freshness).await? {
            observed.routes.extend(table.routes.into_iter().map(|(to, route)| ((table.id.clone(), to), route)));
            observed.tables.insert(table.id, table.facts);
        }
        observed.addresses = match freshness {
            Freshness::Snapshot => self.known_elastic_ips(desired).await?,
            Freshness::Now => self.elastic_ips_shown(limits, desired).await?,
        };
        Ok(observed)
    }

    /// The addresses that a resource names, as they are now. One that was allocated a moment ago may not show yet, and is waited for.
    async fn elastic_ips_shown(
        &self,
        limits: &Limits,
        desired: &Desired,
    ) -> Result<BTreeMap<String, ElasticIp>, Error> {
        let (start, mut pauses) = (Instant::now(), limits.pauses(self.poll));
        let mut addresses = self.elastic_ips(limits, desired.addresses()).await?;
        while !desired.addresses().into_iter().all(|id| addresses.contains_key(id))
            && start.elapsed() < REFERENCE_LAG
            && pauses.next().await.is_ok()
        {
            if let Some(shown) = pauses.passing(self.elastic_ips(limits, desired.addresses()).await)? {
                addresses = shown;
            }
        }
        Ok(addresses)
    }

    /// The addresses that a resource names. Most come from a pool of the same owner, and so from its snapshot.
    async fn known_elastic_ips(&self, desired: &Desired) -> Result<BTreeMap<String, ElasticIp>, Error> {
        let ids: Vec<AddressId> = desired.addresses().into_iter().map(AddressId::new).collect();
        let found = self.addresses_by_id(&desired.identity.owner, &ids).await?;
        let elastic = |address: Address<Source>| {
            let (mut instance, mut interface) = (None, None);
            for User { id, kind, .. } in address.users {
                *(if kind == UserKind::Instance { &mut instance } else { &mut interface }) = Some(id);
            }
            let public_ip = match address.public_ips.single() {
                Some(IpAddr::V4(ip)) => Some(ip),
                Some(IpAddr::V6(_)) | None => None,
            };
            let border_group = address.source.network_border_group;
            (address.id.as_str().to_owned(), ElasticIp { public_ip, interface, instance, border_group })
        };
        Ok(found.into_iter().map(elastic).collect())
    }

    /// The gateways of an identity, from the snapshot of its owner.
    async fn owned_gateways(&self, identity: &Identity) -> Result<Vec<Gateway>, Error> {
        let filter = || vec![tag_filter(OWNER_TAG, identity.owner.as_str())];
        let load = || async { self.find_gateways(&self.look(), filter(), BTreeMap::new()).await };
        let snapshot: Arc<Vec<Gateway>> = self.nat_gateways.get(&identity.owner, load).await?;
        Ok(snapshot.iter().filter(|gateway| is_of(gateway, identity)).cloned().collect())
    }

    /// The gateways that carry an identity now.
    pub(super) async fn marked_gateways(
        &self,
        limits: &Limits,
        identity: &Identity,
        recorded: &BTreeMap<String, Key>,
    ) -> Result<Vec<Gateway>, Error> {
        let filters = [
            (OWNER_TAG, identity.owner.as_str()),
            (TYPE_TAG, identity.resource_type.as_str()),
            (NAME_TAG, identity.name.as_str()),
        ];
        let filters = filters.map(|(tag, value)| tag_filter(tag, value)).into();
        let mut found = self.find_gateways(limits, filters, recorded.clone()).await?;
        found.retain(|gateway| is_of(gateway, identity));
        Ok(found)
    }

    /// The gateways with these ids as they are now; those that do not exist are left out.
    pub(super) async fn read_gateways(
        &self,
        limits: &Limits,
        ids: Vec<String>,
        keys: &BTreeMap<String, Key>,
    ) -> Result<Vec<Gateway>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut found =
            self.find_gateways(limits, vec![("nat-gateway-id".to_owned(), ids.clone())], keys.clone()).await?;
        found.retain(|gateway| ids.contains(&gateway.id));
        Ok(found)
    }

    async fn find_gateways(
        &self,
        limits: &Limits,
        filters: Vec<(String, Vec<String>)>,
        keys: BTreeMap<String, Key>,
    ) -> Result<Vec<Gateway>, Error> {
        let filters: Vec<_> = filters.iter().map(|(name, values)| (name.as_str(), values.clone())).collect();
        let found = self.client.describe_nat_gateways(&self.calls(limits), &filters).await?;
        Ok(found.iter().filter_map(|gateway| convert::nat_gateways::gateway(gateway, &keys)).collect())
    }

    /// The route tables that the resource names or named, and those with a route to one of its gateways.
    async fn tables_of(
        &self,
        limits: &Limits,
        desired: &Desired,
        observed: &Observed,
        freshness: Freshness,
    ) -> Result<Vec<Table>, Error> {
        let recorded = desired.recorded.routes.iter().map(|(table, _)| table.as_str());
        let named: BTreeSet<String> = desired.route_tables().into_iter().chain(recorded).map(str::to_owned).collect();
        let ours: Vec<String> = observed.gateways.iter().map(|gateway| gateway.id.clone()).collect();
        let routes_to_ours = |table: &Table| table.routes.iter().any(|(_, route)| ours.contains(&route.target));
        let mut tables: Vec<Table> = match freshness {
            Freshness::Snapshot => {
                let snapshot = self.all_tables().await?;
                snapshot.iter().filter(|table| named.contains(&table.id) || routes_to_ours(table)).cloned().collect()
            }
            Freshness::Now if ours.is_empty() => Vec::new(),
            Freshness::Now => {
                let found = self.find_tables(limits, &[("route.nat-gateway-id", ours.clone())]).await?;
                found.into_iter().filter(routes_to_ours).collect()
            }
        };
        let missing: Vec<String> = named.into_iter().filter(|id| !tables.iter().any(|table| table.id == *id)).collect();
        tables.extend(self.missing_tables(limits, missing).await?);
        Ok(tables)
    }

    /// The Elastic IP addresses with these allocation ids that exist, as they are now.
    pub(crate) async fn elastic_ips(
        &self,
        limits: &Limits,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<BTreeMap<String, ElasticIp>, Error> {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.client.describe_addresses(&self.calls(limits), &[("allocation-id", ids.clone())]).await?;
        let found = found.iter().filter_map(convert::nat_gateways::elastic_ip);
        Ok(found.filter(|(id, _)| ids.contains(id)).collect())
    }

    /// The subnets with these ids that exist.
    pub async fn subnets(&self, ids: Vec<String>) -> Result<BTreeMap<String, Subnet>, Error> {
        let found = self.subnets.get(&ids, |ids| async move {
            let limits = self.look();
            let found = self.client.describe_subnets(&self.calls(&limits), ids).await?;
            let subnet = |subnet: &aws_sdk_ec2::types::Subnet| {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let (zone, vpc) = (text(subnet.availability_zone()), text(subnet.vpc_id()));
                Some((subnet.subnet_id()?.to_owned(), Subnet { id: text(subnet.subnet_id()), zone, vpc }))
            };
            Ok(found.iter().filter_map(subnet).collect())
        });
        Ok(found.await?.into_iter().map(|subnet| (subnet.id.clone(), subnet)).collect())
    }

    /// How many gateways count towards the quota of each zone, whoever's: those that are pending, available or being deleted. Read
    /// once until a gateway is made or deleted.
    pub async fn nat_gateways_per_zone(&self) -> Result<Arc<BTreeMap<String, usize>>, Error> {
        self.zone_counts.get(&(), || self.count_gateways()).await
    }

    async fn count_gateways(&self) -> Result<BTreeMap<String, usize>, Error> {
        let limits = self.look();
        let states = ["pending", "available", "deleting"].map(ToOwned::to_owned).into();
        let found = self.client.describe_nat_gateways(&self.calls(&limits), &[("state", states)]).await?;
        let subnets: Vec<String> = found
            .iter()
            .filter_map(|gateway| gateway.subnet_id())
            .filter(|id| !id.is_empty())
            .map(ToOwned::to_owned)
            .collect();
        let zones = self.subnets(subnets.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()).await?;
        let mut counts = BTreeMap::new();
        for subnet in subnets.iter().filter_map(|id| zones.get(id)) {
            *counts.entry(subnet.zone.clone()).or_default() += 1;
        }
        Ok(counts)
    }

    /// The network border group of each of these zones that exists.
    pub async fn border_groups(&self, zones: Vec<String>) -> Result<BTreeMap<String, String>, Error> {
        let limits = self.look();
        let found = self.client.describe_zones(&self.calls(&limits), zones).await?;
        let named = |zone: &aws_sdk_ec2::types::AvailabilityZone| {
            Some((zone.zone_name()?.to_owned(), zone.network_border_group()?.to_owned()))
        };
        Ok(found.iter().filter_map(named).collect())
    }
}

fn tag_filter(tag: &str, value: &str) -> (String, Vec<String>) {
    (format!("tag:{tag}"), vec![value.to_owned()])
}

/// Filters by tag are checked once more: emulators ignore them.
fn is_of(gateway: &Gateway, identity: &Identity) -> bool {
    identity.tags().iter().all(|(tag, value)| gateway.tags.get(*tag).is_some_and(|has| has == value))
}
