//! EC2 as a pure state machine: a call and the time in, a reply out.

mod addresses;
mod control;
mod filter;
mod internet_gateways;
mod inventory;
mod nat_addresses;
mod nat_gateways;
mod nat_request;
mod networks;
mod objects;
mod outside;
mod rates;
mod refusals;
mod region;
mod route_tables;
mod routes;
mod rules;
mod seed;
mod server;
mod settings;
mod sts;
mod tags;
mod xml;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Description, Kind};
use crate::control_request::{ControlRequest, Outcome};
use crate::error::ApiError;
use crate::params::Params;
use crate::request::{Reply, Request};
use crate::rules::Rule;
use crate::throttling::Buckets;
pub use inventory::{
    AddressRecord, Inventory, NatGatewayAddressRecord, NatGatewayRecord, RouteRecord, RouteTableRecord, Scope,
};
pub use objects::{NatAddressStatus, NatGatewayState};
pub use outside::OutsideChange;
use region::{Answer, Region};
pub use rules::RULES;
pub use seed::SeededVpc;
pub use server::{Config, Server};
pub use settings::{Quotas, Settings, Timings};
pub use sts::ASSUMED_CREDENTIALS;
use xml::Xml;

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

/// EC2 (and the two actions of STS that go with it) with the state of every account and region.
#[derive(Debug, Clone, Default)]
pub struct Ec2 {
    settings: Settings,
    regions: BTreeMap<Caller, Region>,
    buckets: Buckets<(Caller, String)>,
    replies: u64,
}

impl crate::api::Call for Call {
    fn describe(&self) -> Description {
        let is_read = ["Describe", "Get", "List"].iter().any(|verb| self.action.starts_with(verb));
        Description {
            action: self.action.clone(),
            // EC2 has no operations to ask after: their progress shows in the objects.
            kind: if is_read { Kind::Read } else { Kind::Change },
            account: self.caller.account.clone(),
            region: Some(self.caller.region.clone()),
            params: self.params.clone(),
            body: None,
        }
    }
}

impl Api for Ec2 {
    type Call = Call;
    type Settings = Settings;

    fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    fn latency(&self, _: &Call) -> Duration {
        Duration::from_millis(self.settings.timings.latency_ms)
    }

    fn rules() -> Vec<Rule> {
        RULES.to_vec()
    }

    fn recognises(&self, request: &Request) -> bool {
        request.header("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256"))
    }

    fn read(&mut self, request: &Request) -> Result<Call, Reply> {
        // GET carries the parameters in the URL, POST in the body.
        let params = if request.body.is_empty() { request.query.clone() } else { Params::from_form(&request.body) };
        let action = params.get("Action").unwrap_or_default().to_owned();
        let params = params.without("Action").without("Version");
        let Some(caller) = Caller::of(request) else {
            let error = ApiError::new("AuthFailure", "AWS was not able to validate the provided access credentials");
            return Err(self.reply(&action, Err(error.with_status(401))));
        };
        Ok(Call { caller, action, params })
    }

    fn handle(&mut self, call: &Call, now: Timestamp) -> Reply {
        let answer = self.answer(call, now);
        self.reply(&call.action, answer)
    }

    fn refuse(&mut self, call: &Call, error: ApiError) -> Reply {
        self.reply(&call.action, Err(error))
    }

    fn control(&mut self, request: &ControlRequest<'_>, now: Timestamp) -> Option<Outcome> {
        control::answer(self, request, now)
    }
}

impl Caller {
    /// The caller, from the scope of the signature: `Credential=<access key>/<date>/<region>/<service>/aws4_request`. As
    /// `LocalStack` does, an access key of 12 digits is the account.
    fn of(request: &Request) -> Option<Self> {
        let (_, credential) = request.header("authorization")?.split_once("Credential=")?;
        let mut scope = credential.split(',').next()?.split('/');
        let (key, _date, region) = (scope.next()?, scope.next()?, scope.next()?);
        let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
        let account = if is_account { key } else { "000000000000" };
        Some(Self { account: account.to_owned(), region: region.to_owned() })
    }
}

impl Ec2 {
    fn answer(&mut self, call: &Call, now: Timestamp) -> Answer {
        if let Some(answer) = sts::answer(call, now) {
            return answer;
        }
        let bucket = (call.caller.clone(), call.action.clone());
        let taken = self.buckets.take(bucket, rates::rate(&call.action), &self.settings.throttling, now);
        taken.map_err(|_| ApiError::new("RequestLimitExceeded", "Request limit exceeded.").with_status(503))?;
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
        let (status, body, code) = match answer {
            Ok(content) if sts => (200, sts::document(action, content, &request_id), None),
            Ok(content) => (200, document(action, content, &request_id), None),
            Err(error) => {
                let body =
                    if sts { sts::error_document(&error, &request_id) } else { error_document(&error, &request_id) };
                (error.status, body, Some(error.code))
            }
        };
        Reply { code, ..Reply::new(status, "text/xml;charset=UTF-8", body) }
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
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{action}Response \
         xmlns=\"{namespace}\"><requestId>{request_id}</requestId>{content}</{action}Response>"
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
