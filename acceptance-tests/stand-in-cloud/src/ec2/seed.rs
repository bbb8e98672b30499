//! A network ready to put NAT gateways into.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::region::Region;
use super::{Caller, Ec2};
use crate::error::ApiError;
use crate::params::Params;

/// The ids of a network with an internet gateway, and a public and a private subnet in each zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeededVpc {
    /// The network, 10.0.0.0/16.
    pub vpc_id: String,
    /// Its internet gateway, attached.
    pub internet_gateway_id: String,
    /// The route table of the public subnets, with a default route to the internet gateway.
    pub public_route_table_id: String,
    /// The public subnet of each zone.
    pub public_subnet_ids: BTreeMap<String, String>,
    /// The private subnet of each zone.
    pub private_subnet_ids: BTreeMap<String, String>,
    /// The route table of each zone's private subnet, without a default route.
    pub private_route_table_ids: BTreeMap<String, String>,
}

impl Ec2 {
    /// Makes a network, without read lag, outside of every quota and fault.
    pub fn seed_vpc(&mut self, caller: &Caller, now: Timestamp) -> Result<SeededVpc, ApiError> {
        let region = self.region(caller, now);
        let settings = region.settings.clone();
        region.settings.timings.read_lag_ms = 0;
        let seeded = region.seed_vpc();
        region.settings = settings;
        seeded
    }
}

impl Region {
    fn seed_vpc(&mut self) -> Result<SeededVpc, ApiError> {
        let vpc_id = self.make(Self::create_vpc, &[("CidrBlock", "10.0.0.0/16")], "vpcId")?;
        let internet_gateway_id = self.make(Self::create_internet_gateway, &[], "internetGatewayId")?;
        let attachment =
            Params::from_iter([("InternetGatewayId", &internet_gateway_id), ("VpcId", &vpc_id)].map(owned));
        self.attach_internet_gateway(&attachment)?;
        let public_route_table_id = self.make(Self::create_route_table, &[("VpcId", &vpc_id)], "routeTableId")?;
        let default = [
            ("RouteTableId", public_route_table_id.as_str()),
            ("DestinationCidrBlock", "0.0.0.0/0"),
            ("GatewayId", &internet_gateway_id),
        ];
        self.create_route(&Params::from_iter(default))?;
        let mut seeded = SeededVpc { vpc_id, internet_gateway_id, public_route_table_id, ..SeededVpc::default() };
        for (position, zone) in self.zones().into_iter().enumerate() {
            let vpc = seeded.vpc_id.clone();
            let public = self.make_subnet(&vpc, &zone, &format!("10.0.{position}.0/24"))?;
            let private = self.make_subnet(&vpc, &zone, &format!("10.0.{}.0/24", 100 + position))?;
            let table = self.make(Self::create_route_table, &[("VpcId", &vpc)], "routeTableId")?;
            for (table, subnet) in [(&seeded.public_route_table_id, &public), (&table, &private)] {
                self.associate_route_table(&Params::from_iter(
                    [("RouteTableId", table), ("SubnetId", subnet)].map(owned),
                ))?;
            }
            seeded.public_subnet_ids.insert(zone.clone(), public);
            seeded.private_subnet_ids.insert(zone.clone(), private);
            seeded.private_route_table_ids.insert(zone, table);
        }
        Ok(seeded)
    }

    fn make_subnet(&mut self, vpc: &str, zone: &str, cidr: &str) -> Result<String, ApiError> {
        self.make(Self::create_subnet, &[("VpcId", vpc), ("CidrBlock", cidr), ("AvailabilityZone", zone)], "subnetId")
    }

    /// Runs a create action, and reads the id of what it made out of its reply.
    fn make(
        &mut self,
        action: fn(&mut Self, &Params) -> super::region::Answer,
        params: &[(&str, &str)],
        id: &str,
    ) -> Result<String, ApiError> {
        let params: Params = params.iter().copied().collect();
        let reply = action(self, &params)?.into_string();
        let value = reply.split_once(&format!("<{id}>")).and_then(|(_, rest)| rest.split_once('<'));
        value.map(|(value, _)| value.to_owned()).ok_or_else(|| ApiError::new("InternalError", "the reply has no id"))
    }
}

fn owned((key, value): (&str, &String)) -> (String, String) {
    (key.to_owned(), value.clone())
}
