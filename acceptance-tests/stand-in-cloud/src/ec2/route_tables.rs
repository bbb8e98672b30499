//! Route tables.

use std::collections::BTreeMap;

use super::filter::{Filters, page};
use super::objects::{Destination, Route, RouteTable, Target, TargetKind};
use super::region::{Answer, Region};
use super::routes::route_values;
use super::tags::{done, not_found, requested};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

const FILTERS: [&str; 17] = [
    "association.main",
    "association.route-table-association-id",
    "association.route-table-id",
    "association.subnet-id",
    "owner-id",
    "route-table-id",
    "route.destination-cidr-block",
    "route.destination-ipv6-cidr-block",
    "route.destination-prefix-list-id",
    "route.egress-only-internet-gateway-id",
    "route.gateway-id",
    "route.instance-id",
    "route.nat-gateway-id",
    "route.origin",
    "route.state",
    "route.transit-gateway-id",
    "vpc-id",
];

impl Region {
    /// A new route table with its local route; a regional NAT gateway's own if `owner` is given.
    pub(crate) fn add_route_table(&mut self, vpc: &str, owner: Option<&str>) -> String {
        let id = self.register("rtb", BTreeMap::new());
        let mut routes = BTreeMap::new();
        if let Some(found) = self.vpcs.get(vpc) {
            let target = Target { kind: TargetKind::Gateway, id: "local".to_owned() };
            routes.insert(Destination::Cidr(found.cidr.to_string()), Route { target, origin: "CreateRouteTable" });
        }
        if let Some(gateway) = self.internet_gateway_of(vpc).filter(|_| owner.is_some()) {
            let target = Target { kind: TargetKind::Gateway, id: gateway.clone() };
            routes.insert(Destination::Cidr("0.0.0.0/0".to_owned()), Route { target, origin: "CreateRoute" });
        }
        let owner = owner.map(str::to_owned);
        let table = RouteTable { vpc: vpc.to_owned(), main: None, subnets: BTreeMap::new(), routes, owner };
        self.route_tables.insert(id.clone(), table);
        id
    }

    pub(crate) fn create_route_table(&mut self, params: &Params) -> Answer {
        let vpc = params.required("VpcId")?.to_owned();
        if self.visible(&self.vpcs, &vpc).is_none() {
            return Err(not_found(&vpc));
        }
        let tags = requested(params, "route-table")?;
        let id = self.add_route_table(&vpc, None);
        self.tags.insert(id.clone(), tags);
        let mut xml = Xml::new();
        xml.element("routeTable", |xml| self.write_route_table(xml, &id, &self.route_tables[&id]));
        Ok(xml)
    }

    pub(crate) fn delete_route_table(&mut self, params: &Params) -> Answer {
        let id = params.required("RouteTableId")?;
        let table = self.visible(&self.route_tables, id).ok_or_else(|| not_found(id))?;
        if table.main.is_some() || !table.subnets.is_empty() || table.owner.is_some() {
            let message = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
            return Err(ApiError::dependency(message));
        }
        self.route_tables.remove(id);
        self.forget(id);
        Ok(done())
    }

    pub(crate) fn associate_route_table(&mut self, params: &Params) -> Answer {
        let (id, subnet) = (params.required("RouteTableId")?, params.required("SubnetId")?);
        let table = self.visible(&self.route_tables, id).ok_or_else(|| not_found(id))?;
        let found = self.visible(&self.subnets, subnet).ok_or_else(|| not_found(subnet))?;
        if found.vpc != table.vpc {
            let message = format!("Route table {id} and subnet {subnet} belong to different networks");
            return Err(ApiError::invalid(message));
        }
        let holder = self.route_tables.iter().find_map(|(holder, table)| {
            table.subnets.iter().find(|(_, held)| *held == subnet).map(|(association, _)| (holder, association))
        });
        let association = match holder {
            Some((holder, association)) if holder == id => association.clone(),
            Some(_) => {
                let message =
                    format!("the specified association for route table {id} conflicts with an existing association");
                return Err(ApiError::new("Resource.AlreadyAssociated", message));
            }
            None => self.new_id("rtbassoc"),
        };
        if let Some(table) = self.route_tables.get_mut(id) {
            table.subnets.insert(association.clone(), subnet.to_owned());
        }
        let mut xml = Xml::new();
        xml.text("associationId", association);
        xml.element("associationState", |xml| xml.text("state", "associated"));
        Ok(xml)
    }

    pub(crate) fn disassociate_route_table(&mut self, params: &Params) -> Answer {
        let association = params.required("AssociationId")?;
        let removed = self.route_tables.values_mut().any(|table| table.subnets.remove(association).is_some());
        if !removed {
            let message = format!("The association ID '{association}' does not exist");
            return Err(ApiError::new("InvalidAssociationID.NotFound", message));
        }
        Ok(done())
    }

    pub(crate) fn describe_route_tables(&self, params: &Params) -> Answer {
        let filters = Filters::parse(params, &FILTERS)?;
        let ids = params.list("RouteTableId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.route_tables, id).is_none()) {
            let message = format!("The routeTable ID '{id}' does not exist");
            return Err(ApiError::new("InvalidRouteTableID.NotFound", message));
        }
        let found = self.route_tables.iter().filter(|(id, table)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| self.route_table_values(id, table, name))
        });
        let page = page(params, (5, 100), found.collect())?;
        let mut xml = Xml::new();
        xml.items("routeTableSet", page.items, |xml, (id, table)| self.write_route_table(xml, id, table));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn route_table_values(&self, id: &str, table: &RouteTable, name: &str) -> Vec<String> {
        let associated = table.main.iter().chain(table.subnets.keys());
        match name {
            "route-table-id" => vec![id.to_owned()],
            "vpc-id" => vec![table.vpc.clone()],
            "owner-id" => vec![self.account.clone()],
            "association.main" => vec![table.main.is_some().to_string()],
            "association.route-table-id" => associated.map(|_| id.to_owned()).collect(),
            "association.route-table-association-id" => associated.cloned().collect(),
            "association.subnet-id" => table.subnets.values().cloned().collect(),
            _ => {
                let values = |(destination, route): (&Destination, &Route)| {
                    route_values(destination, route, self.route_state(&table.vpc, &route.target), name)
                };
                table.routes.iter().filter_map(values).collect()
            }
        }
    }

    fn write_route_table(&self, xml: &mut Xml, id: &str, table: &RouteTable) {
        xml.text("routeTableId", id);
        xml.text("vpcId", &table.vpc);
        xml.text("ownerId", &self.account);
        let main = table.main.iter().map(|association| (association, None));
        let explicit = table.subnets.iter().map(|(association, subnet)| (association, Some(subnet)));
        xml.items("associationSet", main.chain(explicit), |xml, (association, subnet)| {
            xml.text("routeTableAssociationId", association);
            xml.text("routeTableId", id);
            xml.optional("subnetId", subnet);
            xml.text("main", subnet.is_none());
            xml.element("associationState", |xml| xml.text("state", "associated"));
        });
        xml.items("routeSet", &table.routes, |xml, (destination, route)| {
            self.write_route(xml, &table.vpc, destination, route);
        });
        xml.items("propagatingVgwSet", std::iter::empty::<()>(), |_, ()| ());
        self.write_tags(xml, id);
    }
}
