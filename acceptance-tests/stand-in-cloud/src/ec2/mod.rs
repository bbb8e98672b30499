//! EC2 as a pure state machine: a call and the time in, a reply out.

mod addresses;
mod buckets;
mod filter;
mod internet_gateways;
mod inventory;
mod nat_addresses;
mod nat_gateways;
mod nat_request;
mod networks;
mod objects;
mod outside;
mod region;
mod route_tables;
mod routes;
mod seed;
mod sts;
mod tags;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::params::Params;
use crate::settings::Settings;
use crate::xml::Xml;
use buckets::Buckets;
pub use inventory::{
    AddressRecord, Inventory, NatGatewayAddressRecord, NatGatewayRecord, RouteRecord, RouteTableRecord, Scope,
};
pub use objects::{NatAddressStatus, NatGatewayState};
pub use outside::OutsideChange;
use region::{Answer, Region};
pub use seed::SeededVpc;
pub use sts::ASSUMED_CREDENTIALS;

/// The version of the API that the stand-in speaks.
pub const API_VERSION: &str = "2016-11-15";

/// Whose call it is, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caller {
    /// The account, 12 digits.
    pub account: String,
    /// The region, such as `eu-west-1`.
    pub region: String,
}

/// One call of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Whose call it is.
    pub caller: Caller,
    /// The action, such as `CreateNatGateway`.
    pub action: String,
    /// Its parameters.
    pub params: Params,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The XML document.
    pub body: String,
    /// The error's code, if it is one.
    pub code: Option<String>,
}

/// EC2 (and the two actions of STS that go with it) with the state of every account and region.
#[derive(Debug, Clone, Default)]
pub struct Ec2 {
    settings: Settings,
    regions: BTreeMap<Caller, Region>,
    buckets: Buckets,
    replies: u64,
}

impl Ec2 {
    /// An empty cloud.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes the settings; what is already under way keeps its time.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Answers a call at a time, which must not go backwards.
    pub fn handle(&mut self, call: &Call, now: Timestamp) -> Reply {
        let answer = self.answer(call, now);
        self.reply(&call.action, answer)
    }

    /// Turns an error that arose outside (a fault, a missing signature) into the API's form.
    pub fn refuse(&mut self, action: &str, error: ApiError) -> Reply {
        self.reply(action, Err(error))
    }

    fn answer(&mut self, call: &Call, now: Timestamp) -> Answer {
        if let Some(answer) = sts::answer(call, now) {
            return answer;
        }
        let throttling = self.settings.throttling.clone();
        self.buckets.take(&call.caller, &call.action, &throttling, now)?;
        let region = self.region(&call.caller, now);
        let params = &call.params;
        if params.flag("DryRun") && is_known(&call.action) {
            let message = "Request would have succeeded, but DryRun flag is set.";
            return Err(ApiError::new("DryRunOperation", message).with_status(412));
        }
        match call.action.as_str() {
            "AllocateAddress" => region.allocate_address(params),
            "AssignPrivateNatGatewayAddress" => region.assign_private_nat_gateway_address(params),
            "AssociateAddress" => region.associate_address(params),
            "AssociateNatGatewayAddress" => region.associate_nat_gateway_address(params),
            "AssociateRouteTable" => region.associate_route_table(params),
            "AttachInternetGateway" => region.attach_internet_gateway(params),
            "CreateInternetGateway" => region.create_internet_gateway(params),
            "CreateManagedPrefixList" => region.create_managed_prefix_list(params),
            "CreateNatGateway" => region.create_nat_gateway(params),
            "CreateNetworkInterface" => region.create_network_interface(params),
            "CreateRoute" => region.create_route(params),
            "CreateRouteTable" => region.create_route_table(params),
            "CreateSubnet" => region.create_subnet(params),
            "CreateTags" => region.create_tags(params),
            "CreateVpc" => region.create_vpc(params),
            "DeleteInternetGateway" => region.delete_internet_gateway(params),
            "DeleteNatGateway" => region.delete_nat_gateway(params),
            "DeleteNetworkInterface" => region.delete_network_interface(params),
            "DeleteRoute" => region.delete_route(params),
            "DeleteRouteTable" => region.delete_route_table(params),
            "DeleteSubnet" => region.delete_subnet(params),
            "DeleteTags" => region.delete_tags(params),
            "DeleteVpc" => region.delete_vpc(params),
            "DescribeAccountAttributes" => region.describe_account_attributes(params),
            "DescribeAddresses" => region.describe_addresses(params),
            "DescribeAddressesAttribute" => region.describe_addresses_attribute(params),
            "DescribeAvailabilityZones" => region.describe_availability_zones(params),
            "DescribeInstances" => Region::describe_instances(params),
            "DescribeInternetGateways" => region.describe_internet_gateways(params),
            "DescribeManagedPrefixLists" => region.describe_managed_prefix_lists(params),
            "DescribeNatGateways" => region.describe_nat_gateways(params),
            "DescribeNetworkInterfaces" => region.describe_network_interfaces(params),
            "DescribePublicIpv4Pools" => region.describe_public_ipv4_pools(params),
            "DescribeRouteTables" => region.describe_route_tables(params),
            "DescribeSubnets" => region.describe_subnets(params),
            "DescribeTags" => region.describe_tags(params),
            "DescribeVpcs" => region.describe_vpcs(params),
            "DetachInternetGateway" => region.detach_internet_gateway(params),
            "DisassociateAddress" => region.disassociate_address(params),
            "DisassociateNatGatewayAddress" => region.disassociate_nat_gateway_address(params),
            "DisassociateRouteTable" => region.disassociate_route_table(params),
            "ReleaseAddress" => region.release_address(params),
            "ReplaceRoute" => region.replace_route(params),
            "UnassignPrivateNatGatewayAddress" => region.unassign_private_nat_gateway_address(params),
            other => {
                let message = format!("The action {other} is not valid for this web service.");
                Err(ApiError::new("InvalidAction", message))
            }
        }
    }

    /// The caller's region at a time.
    fn region(&mut self, caller: &Caller, now: Timestamp) -> &mut Region {
        let settings = self.settings.clone();
        let region = self
            .regions
            .entry(caller.clone())
            .or_insert_with(|| Region::new(&caller.account, &caller.region, settings.clone(), now));
        region.settings = settings;
        region.advance(now);
        region
    }

    fn reply(&mut self, action: &str, answer: Answer) -> Reply {
        self.replies += 1;
        let request_id = format!("00000000-0000-4000-8000-{:012x}", self.replies);
        let sts = sts::is_action(action);
        match answer {
            Ok(content) if sts => Reply { status: 200, body: sts::document(action, content, &request_id), code: None },
            Ok(content) => Reply { status: 200, body: document(action, content, &request_id), code: None },
            Err(error) => {
                let body =
                    if sts { sts::error_document(&error, &request_id) } else { error_document(&error, &request_id) };
                Reply { status: error.status, body, code: Some(error.code) }
            }
        }
    }
}

/// Actions whose name says nothing are unknown with `DryRun` too.
fn is_known(action: &str) -> bool {
    [
        "Allocate",
        "Assign",
        "Associate",
        "Attach",
        "Create",
        "Delete",
        "Describe",
        "Detach",
        "Disassociate",
        "Release",
        "Replace",
        "Unassign",
    ]
    .iter()
    .any(|verb| action.starts_with(verb))
}

fn document(action: &str, content: Xml, request_id: &str) -> String {
    let namespace = format!("http://ec2.amazonaws.com/doc/{API_VERSION}/");
    let content = content.into_string();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response xmlns=\"{namespace}\"><requestId>{request_id}</requestId>{content}</{action}Response>"
    )
}

fn error_document(error: &ApiError, request_id: &str) -> String {
    let mut xml = Xml::new();
    xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", &error.code);
                xml.text("Message", &error.message);
            });
        });
        xml.text("RequestID", request_id);
    });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", xml.into_string())
}
