//! NAT gateways and their addresses.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    self, AutoProvisionZonesState, AvailabilityMode, ConnectivityType, NatGatewayAddressStatus, NatGatewayState,
};
use egress_model::identity::{KEY_TAG, Key};
use egress_model::nat_gateway::State;

use super::from_tags;
use crate::client::NewNatGateway;
use crate::nat_gateways::desired::{Kind, Secondary};
use crate::nat_gateways::observed::{Address, ElasticIp, Gateway, Mode, Status};

/// A gateway, under the key of its tag or else under the one that the state has for it; `None` when neither is there.
pub(crate) fn gateway(gateway: &types::NatGateway, recorded: &BTreeMap<String, Key>) -> Option<Gateway> {
    let id = gateway.nat_gateway_id()?.to_owned();
    let tags = from_tags(gateway.tags());
    let tagged = tags.get(KEY_TAG).and_then(|key| key.parse().ok());
    let mode = mode(gateway);
    let mut addresses: Vec<Address> = gateway.nat_gateway_addresses().iter().map(address).collect();
    if matches!(mode, Mode::Public | Mode::Private)
        && !addresses.iter().any(|address| address.primary)
        && let Some(first) = addresses.first_mut()
    {
        first.primary = true;
    }
    Some(Gateway {
        key: recorded.get(&id).cloned().or(tagged)?,
        state: state(gateway),
        mode,
        subnet: gateway.subnet_id().filter(|id| !id.is_empty()).map(ToOwned::to_owned),
        vpc: gateway.vpc_id().unwrap_or_default().to_owned(),
        addresses,
        created: gateway.create_time().map_or(0, aws_smithy_types::DateTime::secs),
        tags,
        id,
    })
}

fn state(gateway: &types::NatGateway) -> State {
    match gateway.state() {
        Some(NatGatewayState::Available) => State::Available,
        Some(NatGatewayState::Deleting) => State::Deleting,
        Some(NatGatewayState::Deleted) => State::Deleted,
        Some(NatGatewayState::Failed) => State::Dead {
            code: gateway.failure_code().unwrap_or_default().to_owned(),
            message: gateway.failure_message().unwrap_or_default().to_owned(),
        },
        // A state of tomorrow is waited for.
        _ => State::Pending,
    }
}

fn mode(gateway: &types::NatGateway) -> Mode {
    let automatic = gateway.auto_provision_zones() == Some(&AutoProvisionZonesState::Enabled);
    match (gateway.availability_mode(), gateway.connectivity_type()) {
        (Some(AvailabilityMode::Regional), _) if automatic => Mode::RegionalAutomatic,
        (Some(AvailabilityMode::Regional), _) => Mode::RegionalManual,
        (_, Some(ConnectivityType::Private)) => Mode::Private,
        _ => Mode::Public,
    }
}

fn address(address: &types::NatGatewayAddress) -> Address {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    Address {
        allocation: text(address.allocation_id()),
        association: text(address.association_id()),
        public_ip: address.public_ip().and_then(|ip| ip.parse().ok()),
        private_ip: address.private_ip().and_then(|ip| ip.parse().ok()),
        interface: text(address.network_interface_id()),
        primary: address.is_primary() == Some(true),
        zone: text(address.availability_zone()),
        status: match address.status() {
            Some(NatGatewayAddressStatus::Associating | NatGatewayAddressStatus::Assigning) => Status::Coming,
            Some(NatGatewayAddressStatus::Disassociating | NatGatewayAddressStatus::Unassigning) => Status::Going,
            Some(NatGatewayAddressStatus::Failed) => {
                Status::Failed(address.failure_message().unwrap_or_default().to_owned())
            }
            _ => Status::Succeeded,
        },
    }
}

/// An Elastic IP address by its allocation id.
pub(crate) fn elastic_ip(address: &types::Address) -> Option<(String, ElasticIp)> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let elastic = ElasticIp {
        public_ip: address.public_ip().and_then(|ip| ip.parse().ok()),
        interface: text(address.network_interface_id()).or_else(|| text(address.association_id())),
        instance: text(address.instance_id()),
        border_group: text(address.network_border_group()),
    };
    Some((address.allocation_id()?.to_owned(), elastic))
}

/// What the call is made with to create a gateway; the token and the tags are left out.
pub(crate) fn new_nat_gateway(kind: &Kind, primary: Option<&str>) -> NewNatGateway {
    let others = || kind.addresses().into_keys().filter(|id| primary != Some(*id)).map(ToOwned::to_owned).collect();
    match kind {
        Kind::Public { subnet, private_ip, .. } => NewNatGateway {
            connectivity: Some(ConnectivityType::Public),
            subnet: Some(subnet.clone()),
            private_ip: *private_ip,
            primary: primary.map(ToOwned::to_owned),
            secondary: others(),
            ..NewNatGateway::default()
        },
        Kind::Private { subnet, private_ip, secondary } => {
            let (ips, count) = match secondary {
                Secondary::Addresses(ips) => (ips.iter().copied().collect(), None),
                Secondary::Count(0) => (Vec::new(), None),
                Secondary::Count(count) => (Vec::new(), i32::try_from(*count).ok()),
            };
            NewNatGateway {
                connectivity: Some(ConnectivityType::Private),
                subnet: Some(subnet.clone()),
                private_ip: *private_ip,
                secondary_private_ips: ips,
                secondary_private_ip_count: count,
                ..NewNatGateway::default()
            }
        }
        Kind::RegionalManual { vpc, zones } => NewNatGateway {
            connectivity: Some(ConnectivityType::Public),
            mode: Some(AvailabilityMode::Regional),
            vpc: Some(vpc.clone()),
            zones: zones.iter().map(|(zone, ids)| (zone.clone(), ids.iter().cloned().collect())).collect(),
            ..NewNatGateway::default()
        },
        Kind::RegionalAutomatic { vpc } => NewNatGateway {
            connectivity: Some(ConnectivityType::Public),
            mode: Some(AvailabilityMode::Regional),
            vpc: Some(vpc.clone()),
            ..NewNatGateway::default()
        },
    }
}
