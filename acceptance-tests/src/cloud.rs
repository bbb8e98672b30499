//! The stand-in EC2 with a network in it, and what a test wants to know of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};
use stand_in_cloud::ec2::{Caller, Config, Ec2, Inventory, Quotas, SeededVpc, Server, Settings, Timings};
use stand_in_cloud::faults::Effect;
use stand_in_cloud::params::Params;
use tempfile::TempDir;

use crate::crash_safety::World;

/// The account whose access key the tests use; for the stand-in a key of 12 digits is the account.
pub const ACCOUNT: &str = "111122223333";
/// The region.
pub const REGION: &str = "eu-west-1";
/// The zones that the tests put gateways into.
pub const ZONES: [&str; 2] = ["eu-west-1a", "eu-west-1b"];

/// The file with the certificate.
const ROOT: &str = "root.pem";

/// A stand-in cloud with a network of public and private subnets.
#[derive(Debug)]
pub struct Cloud {
    /// The server.
    pub server: Server,
    /// The network.
    pub vpc: SeededVpc,
    /// A folder with one certificate; see [`Cloud::environment`].
    roots: TempDir,
}

impl Cloud {
    /// A cloud in which states take these times, and quotas are out of the way.
    pub fn start(timings: Timings) -> Result<Self> {
        let settings = Settings { timings, quotas: Quotas::generous(), ..Settings::default() };
        let server = Server::start(Config { settings, ..Config::default() })?;
        let vpc = server.seed_vpc(&caller()).context("cannot make the network")?;
        let roots = TempDir::with_prefix("egress-roots-")?;
        let root = rcgen::generate_simple_self_signed(["stand-in".to_owned()])?;
        fs::write(roots.path().join(ROOT), root.cert.pem())?;
        Ok(Self { server, vpc, roots })
    }

    /// What a provider's environment must say to reach it.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let endpoint = self.server.endpoint();
        // The stand-in speaks without TLS. A process that reads all of a machine's roots, unoptimised, is busy with them for a fifth
        // of its life.
        let root = self.roots.path().join(ROOT);
        let roots = [("SSL_CERT_FILE", root.as_os_str()), ("SSL_CERT_DIR", self.roots.path().as_os_str())];
        let variables = [
            ("AWS_ACCESS_KEY_ID", ACCOUNT),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &endpoint),
            // Nothing of the machine's own account may be used, nor its metadata service be asked.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let variables = variables.map(|(name, value)| (name, value.as_ref()));
        variables.into_iter().chain(roots).map(|(name, value)| (name.into(), value.to_owned())).collect()
    }

    /// The `aws` block of a provider block for it.
    pub fn provider_aws(&self) -> Json {
        json!({ "region": REGION, "endpoint_url": self.server.endpoint(), "poll_interval": "5ms", "max_attempts": 3 })
    }

    /// The public subnet of a zone.
    pub fn subnet(&self, zone: &str) -> &str {
        self.vpc.public_subnet_ids.get(zone).map_or("", String::as_str)
    }

    /// The route table of a zone's private subnet.
    pub fn route_table(&self, zone: &str) -> &str {
        self.vpc.private_route_table_ids.get(zone).map_or("", String::as_str)
    }

    /// What exists of what costs money or carries traffic; see [`footprint`].
    pub fn footprint(&self) -> Vec<String> {
        footprint(&self.server.inventory())
    }

    /// The ids of the addresses and live gateways that carry an owner's tags.
    pub fn owned_ids(&self, owner: &str) -> BTreeSet<String> {
        let inventory = self.server.inventory();
        let is_owned = |tags: &BTreeMap<String, String>| tags.get("egress-owner").is_some_and(|value| value == owner);
        let addresses =
            inventory.addresses.iter().filter(|(_, record)| is_owned(&record.tags)).map(|(id, _)| id.clone());
        let gateways =
            inventory.live_nat_gateways().filter(|(_, record)| is_owned(&record.tags)).map(|(id, _)| id.clone());
        addresses.chain(gateways).collect()
    }

    /// Calls the API as somebody else in the same account would; the reply's text.
    pub fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let parameters: Params = parameters.iter().copied().collect();
        let reply = self.server.call_outside(&caller(), action, parameters);
        anyhow::ensure!(reply.code.is_none(), "{action}: {}", reply.body);
        Ok(reply.body)
    }
}

impl World for Cloud {
    type Api = Ec2;

    fn server(&self) -> &Server {
        &self.server
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.environment()
    }

    fn provider_block(&self, owner: &str) -> Json {
        json!({ "owner": owner, "aws": self.provider_aws() })
    }

    fn owned(&self, owner: &str) -> BTreeSet<String> {
        self.owned_ids(owner)
    }

    fn egress(&self) -> Vec<String> {
        self.footprint()
    }

    fn throttled(&self) -> Effect {
        refusal("RequestLimitExceeded", "Request limit exceeded.")
    }

    fn unavailable(&self) -> Effect {
        refusal("Unavailable", "The service is overloaded.")
    }
}

/// Both are listed among the server errors of EC2's API reference, Error codes.
fn refusal(code: &str, message: &str) -> Effect {
    Effect::Error { status: 503, code: code.to_owned(), message: message.to_owned() }
}

/// Whose calls the tests' credentials make.
pub fn caller() -> Caller {
    Caller { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
}

/// States that take no time, so that a run makes the same calls every time.
pub fn instant() -> Timings {
    Timings {
        nat_create_ms: 0,
        nat_delete_ms: 0,
        nat_address_ms: 0,
        nat_drain_ms: 0,
        association_lag_ms: 0,
        release_lag_ms: 0,
        ..Timings::fast()
    }
}

/// What exists, by identity and not by id: one line for each address, live NAT gateway and route to one. Two runs that
/// reached the same end have the same lines; an orphan is a line too many, a duplicate a line twice.
pub fn footprint(inventory: &Inventory) -> Vec<String> {
    let tag = |tags: &BTreeMap<String, String>, name: &str| tags.get(name).cloned().unwrap_or_else(|| "-".to_owned());
    let identity =
        |tags: &BTreeMap<String, String>| format!("{}/{}", tag(tags, "egress-name"), tag(tags, "egress-key"));
    let address = |id: &Option<String>| {
        let record = id.as_ref().and_then(|id| inventory.addresses.get(id));
        record.map_or_else(|| "lost".to_owned(), |record| identity(&record.tags))
    };
    let mut lines: Vec<String> =
        inventory.addresses.values().map(|record| format!("address {}", identity(&record.tags))).collect();
    for (_, gateway) in inventory.live_nat_gateways() {
        let mut held: Vec<String> = gateway.addresses.iter().map(|held| address(&held.allocation_id)).collect();
        // Which of them is the primary one makes no difference to traffic.
        held.sort();
        let place = gateway.subnet_id.as_deref().unwrap_or("its network");
        lines.push(format!("gateway {} in {place} with {}", identity(&gateway.tags), held.join(" ")));
    }
    for (table, record) in &inventory.route_tables {
        for (destination, route) in record.routes.iter().filter(|(_, route)| route.target.starts_with("nat-")) {
            let target = inventory.nat_gateways.get(&route.target);
            let target = target.map_or_else(|| "nothing".to_owned(), |gateway| identity(&gateway.tags));
            lines.push(format!("route {destination} of {table} to {target}, {}", route.state));
        }
    }
    lines.sort();
    lines
}
