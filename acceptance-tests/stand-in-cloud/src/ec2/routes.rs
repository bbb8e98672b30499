//! Routes.

use ipnet::{Ipv4Net, Ipv6Net};

use super::objects::{Destination, NatGatewayState, Route, Target, TargetKind};
use super::refusals::parse;
use super::region::{Answer, Region};
use super::tags::{done, not_found};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

/// The parameter and the XML element of each kind of target.
const TARGETS: [(TargetKind, &str, &str); 11] = [
    (TargetKind::Gateway, "GatewayId", "gatewayId"),
    (TargetKind::NatGateway, "NatGatewayId", "natGatewayId"),
    (TargetKind::Instance, "InstanceId", "instanceId"),
    (TargetKind::NetworkInterface, "NetworkInterfaceId", "networkInterfaceId"),
    (TargetKind::EgressOnlyInternetGateway, "EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId"),
    (TargetKind::TransitGateway, "TransitGatewayId", "transitGatewayId"),
    (TargetKind::VpcPeeringConnection, "VpcPeeringConnectionId", "vpcPeeringConnectionId"),
    (TargetKind::VpcEndpoint, "VpcEndpointId", "gatewayId"),
    (TargetKind::LocalGateway, "LocalGatewayId", "localGatewayId"),
    (TargetKind::CarrierGateway, "CarrierGatewayId", "carrierGatewayId"),
    (TargetKind::CoreNetwork, "CoreNetworkArn", "coreNetworkArn"),
];

/// The XML element that names a target of this kind.
fn element(kind: TargetKind) -> &'static str {
    TARGETS.iter().find(|target| target.0 == kind).map_or("", |target| target.2)
}

impl Region {
    pub(crate) fn create_route(&mut self, params: &Params) -> Answer {
        let table = self.changeable_route_table(params)?;
        let destination = self.destination(params)?;
        let target = self.target(params, &table)?;
        let found = &self.route_tables[&table];
        if let Some(existing) = found.routes.get(&destination) {
            // The same route again is no error.
            if existing.target == target {
                return Ok(done());
            }
            let message = format!("The route identified by {} already exists.", destination.as_str());
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
        let limit = self.settings.quotas.routes_per_table;
        if found.routes.values().filter(|route| route.origin == "CreateRoute").count() >= limit {
            let message = format!("The maximum number of routes ({limit}) has been reached for {table}");
            return Err(ApiError::new("RouteLimitExceeded", message));
        }
        self.set_route(&table, destination, target);
        Ok(done())
    }

    pub(crate) fn replace_route(&mut self, params: &Params) -> Answer {
        let table = self.changeable_route_table(params)?;
        let destination = self.destination(params)?;
        let target = self.target(params, &table)?;
        match self.route_tables[&table].routes.get(&destination) {
            None => {
                let name = destination.as_str();
                let message =
                    format!("There is no route defined for '{name}' in the route table. Use CreateRoute instead.");
                Err(ApiError::invalid(message))
            }
            Some(route) if route.target.id == "local" && !replaces_local(target.kind) => Err(ApiError::invalid(
                "Route target is not supported. This route only supports interface and instance targets.",
            )),
            Some(_) => {
                self.set_route(&table, destination, target);
                Ok(done())
            }
        }
    }

    pub(crate) fn delete_route(&mut self, params: &Params) -> Answer {
        let table = self.changeable_route_table(params)?;
        let destination = self.destination(params)?;
        match self.route_tables[&table].routes.get(&destination) {
            None => {
                let name = destination.as_str();
                let message = format!("no route with destination-cidr-block {name} in route table {table}");
                Err(ApiError::new("InvalidRoute.NotFound", message))
            }
            Some(route) if route.target.id == "local" => {
                let message = format!("cannot remove local route {} in route table {table}", destination.as_str());
                Err(ApiError::invalid(message))
            }
            Some(_) => {
                if let Some(table) = self.route_tables.get_mut(&table) {
                    table.routes.remove(&destination);
                }
                Ok(done())
            }
        }
    }

    fn set_route(&mut self, table: &str, destination: Destination, target: Target) {
        if let Some(table) = self.route_tables.get_mut(table) {
            let origin = table.routes.get(&destination).map_or("CreateRoute", |route| route.origin);
            table.routes.insert(destination, Route { target, origin });
        }
    }

    fn changeable_route_table(&self, params: &Params) -> Result<String, ApiError> {
        let id = params.required("RouteTableId")?;
        let missing =
            || ApiError::new("InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist"));
        self.visible(&self.route_tables, id).map(|_| id.to_owned()).ok_or_else(missing)
    }

    fn destination(&self, params: &Params) -> Result<Destination, ApiError> {
        let names = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
        let given: Vec<(&str, &str)> = names.into_iter().filter_map(|name| Some((name, params.get(name)?))).collect();
        match given.as_slice() {
            [] => Err(ApiError::missing("destinationCidrBlock")),
            [("DestinationCidrBlock", value)] => {
                let block: Ipv4Net = parse_block(value)?;
                Ok(Destination::Cidr(block.trunc().to_string()))
            }
            [("DestinationIpv6CidrBlock", value)] => {
                let block: Ipv6Net = parse_block(value)?;
                Ok(Destination::Ipv6Cidr(block.trunc().to_string()))
            }
            [(_, id)] if self.visible(&self.prefix_lists, id).is_some() => {
                Ok(Destination::PrefixList((*id).to_owned()))
            }
            [(_, id)] => Err(not_found(id)),
            _ => Err(ApiError::combination("Exactly one destination must be given.")),
        }
    }

    fn target(&self, params: &Params, table: &str) -> Result<Target, ApiError> {
        let given: Vec<Target> = TARGETS
            .into_iter()
            .filter_map(|(kind, name, _)| Some(Target { kind, id: params.get(name)?.to_owned() }))
            .collect();
        let [target] = given.as_slice() else {
            return Err(match given.len() {
                0 => ApiError::new("MissingParameter", "The request must contain exactly one of the route targets"),
                _ => ApiError::combination("Exactly one route target must be given."),
            });
        };
        self.check_target(target, table)?;
        Ok(target.clone())
    }

    fn check_target(&self, target: &Target, table: &str) -> Result<(), ApiError> {
        let vpc = self.route_tables.get(table).map(|table| table.vpc.clone());
        let id = target.id.as_str();
        let missing = |code: &str, kind: &str| ApiError::new(code, format!("The {kind} ID '{id}' does not exist"));
        let belongs = match target.kind {
            TargetKind::NatGateway => {
                let usable = |state| !matches!(state, NatGatewayState::Deleted | NatGatewayState::Failed);
                let found = self.visible(&self.nat_gateways, id).filter(|gateway| usable(gateway.state));
                Some(found.ok_or_else(|| missing("InvalidNatGatewayID.NotFound", "natGateway"))?.vpc.clone())
            }
            TargetKind::Gateway if id.starts_with("igw-") => {
                let found = self.visible(&self.internet_gateways, id);
                found.ok_or_else(|| missing("InvalidGatewayID.NotFound", "gateway"))?.vpc.clone()
            }
            TargetKind::NetworkInterface => {
                let found = self.visible(&self.network_interfaces, id).ok_or_else(|| not_found(id))?;
                self.subnet_of(found).map(|subnet| subnet.vpc.clone())
            }
            TargetKind::Gateway if id == "local" => {
                return Err(ApiError::invalid("Routes to 'local' cannot be created or replaced this way."));
            }
            // The stand-in has no objects of the other kinds; any id does.
            _ => return Ok(()),
        };
        if belongs != vpc {
            let message = format!("route table {table} and network gateway {id} belong to different networks");
            return Err(ApiError::invalid(message));
        }
        Ok(())
    }

    /// `active`, or `blackhole` where the target does not take traffic any more.
    pub(crate) fn route_state(&self, table_vpc: &str, target: &Target) -> &'static str {
        let takes_traffic = match target.kind {
            TargetKind::NatGateway => self
                .nat_gateways
                .get(&target.id)
                .is_some_and(|gateway| matches!(gateway.state, NatGatewayState::Pending | NatGatewayState::Available)),
            TargetKind::Gateway if target.id.starts_with("igw-") => {
                self.internet_gateway_of(table_vpc).is_some_and(|id| *id == target.id)
            }
            TargetKind::NetworkInterface => self.network_interfaces.contains_key(&target.id),
            _ => true,
        };
        if takes_traffic { "active" } else { "blackhole" }
    }

    pub(crate) fn write_route(&self, xml: &mut Xml, vpc: &str, destination: &Destination, route: &Route) {
        let name = match destination {
            Destination::Cidr(_) => "destinationCidrBlock",
            Destination::Ipv6Cidr(_) => "destinationIpv6CidrBlock",
            Destination::PrefixList(_) => "destinationPrefixListId",
        };
        xml.text(name, destination.as_str());
        xml.text(element(route.target.kind), &route.target.id);
        xml.text("state", self.route_state(vpc, &route.target));
        xml.text("origin", route.origin);
    }
}

fn replaces_local(kind: TargetKind) -> bool {
    matches!(kind, TargetKind::Instance | TargetKind::NetworkInterface)
}

fn parse_block<T: std::str::FromStr>(value: &str) -> Result<T, ApiError> {
    parse("destinationCidrBlock", value).map_err(|_| {
        ApiError::invalid(format!(
            "Value ({value}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
        ))
    })
}

/// What a filter such as `route.nat-gateway-id` looks at.
pub(crate) fn route_values(destination: &Destination, route: &Route, state: &str, name: &str) -> Option<String> {
    let target = |kind: TargetKind| (route.target.kind == kind).then(|| route.target.id.clone());
    match (name, destination) {
        ("route.destination-cidr-block", Destination::Cidr(value))
        | ("route.destination-ipv6-cidr-block", Destination::Ipv6Cidr(value))
        | ("route.destination-prefix-list-id", Destination::PrefixList(value)) => Some(value.clone()),
        ("route.nat-gateway-id", _) => target(TargetKind::NatGateway),
        ("route.gateway-id", _) => target(TargetKind::Gateway),
        ("route.instance-id", _) => target(TargetKind::Instance),
        ("route.transit-gateway-id", _) => target(TargetKind::TransitGateway),
        ("route.vpc-peering-connection-id", _) => target(TargetKind::VpcPeeringConnection),
        ("route.egress-only-internet-gateway-id", _) => target(TargetKind::EgressOnlyInternetGateway),
        ("route.state", _) => Some(state.to_owned()),
        ("route.origin", _) => Some(route.origin.to_owned()),
        _ => None,
    }
}
