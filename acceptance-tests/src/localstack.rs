//! LocalStack: another project's EC2, without Docker out of a virtual environment, or one that runs already.
//!
//! What it does otherwise than EC2 is listed in the stand-in's `checks/differences.json`, with the reasons.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::environment::{self, Missing};

const REGION: &str = "eu-west-1";
/// The zone of the network's subnet.
pub const ZONE: &str = "eu-west-1a";
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// A LocalStack that answers, and the aws command line to look at it.
#[derive(Debug)]
pub struct LocalStack {
    endpoint: String,
    aws: PathBuf,
    _own: Option<Own>,
}

/// A process that is ours to stop, and the folder of its log.
#[derive(Debug)]
struct Own {
    child: Child,
    folder: TempDir,
}

impl Drop for Own {
    fn drop(&mut self) {
        // Both fail only when the process is gone.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A network that gateways can be put into.
#[derive(Debug)]
pub struct Network {
    /// A subnet of [`ZONE`], in a network with an internet gateway.
    pub subnet: String,
    /// A route table of the network.
    pub route_table: String,
}

impl LocalStack {
    /// Whether one can be had here, and if not, why.
    pub fn available() -> Result<(), Missing> {
        aws().map(drop)?;
        if environment::localstack_endpoint().is_some() { Ok(()) } else { environment::localstack_venv().map(drop) }
    }

    /// Takes the one that runs, or starts one.
    pub fn start() -> Result<Self> {
        let aws = aws().map_err(anyhow::Error::msg)?;
        if let Some(endpoint) = environment::localstack_endpoint() {
            return Ok(Self { endpoint, aws, _own: None });
        }
        let venv = environment::localstack_venv().map_err(anyhow::Error::msg)?;
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
        let folder = TempDir::with_prefix("egress-localstack-")?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(venv.join("bin/python"))
            .args(["-m", "localstack.runtime.main"])
            .env("GATEWAY_LISTEN", &address)
            .envs([("ACTIVATE_PRO", "0"), ("SERVICES", "ec2,sts,iam"), ("DISABLE_EVENTS", "1")])
            // It would look for certificates and a newer version of itself on the network.
            .envs([("SKIP_SSL_CERT_DOWNLOAD", "1"), ("DISABLE_UPDATE_CHECK", "1")])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start LocalStack")?;
        let mut own = Own { child, folder };
        own.wait_until_ready()?;
        Ok(Self { endpoint: format!("http://{address}"), aws, _own: Some(own) })
    }

    /// What a provider's environment must say to reach it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let fixed = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", REGION),
            // Nothing of the machine's own account may be used, nor its metadata service be asked.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
        fixed.chain([("AWS_ENDPOINT_URL", self.endpoint.clone())]).collect()
    }

    /// Calls EC2 with the aws command line; what it replied.
    pub fn ec2(&self, arguments: &[&str]) -> Result<Json> {
        let output = Command::new(&self.aws)
            .arg("ec2")
            .args(arguments)
            .args(["--output", "json"])
            .envs(self.environment())
            .envs([("AWS_PAGER", ""), ("AWS_DEFAULT_REGION", REGION)])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.aws.display()))?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "aws ec2 {}: {}", arguments.join(" "), stderr.trim());
        if output.stdout.is_empty() {
            return Ok(Json::Null);
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Makes a network.
    pub fn network(&self) -> Result<Network> {
        let id = |reply: Json, kind: &str, id: &str| -> Result<String> {
            Ok(reply[kind][id].as_str().with_context(|| format!("the reply has no {id}"))?.to_owned())
        };
        let vpc = id(self.ec2(&["create-vpc", "--cidr-block", "10.0.0.0/16"])?, "Vpc", "VpcId")?;
        let gateway = id(self.ec2(&["create-internet-gateway"])?, "InternetGateway", "InternetGatewayId")?;
        self.ec2(&["attach-internet-gateway", "--internet-gateway-id", &gateway, "--vpc-id", &vpc])?;
        let place = ["--vpc-id", &vpc, "--cidr-block", "10.0.1.0/24", "--availability-zone", ZONE];
        let subnet = id(self.ec2(&[&["create-subnet"], &place[..]].concat())?, "Subnet", "SubnetId")?;
        let route_table = id(self.ec2(&["create-route-table", "--vpc-id", &vpc])?, "RouteTable", "RouteTableId")?;
        Ok(Network { subnet, route_table })
    }
}

impl Own {
    fn wait_until_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        let log = self.folder.path().join("log");
        let read = || std::fs::read_to_string(&log).unwrap_or_default();
        // Its own word; the port answers earlier.
        while !read().lines().any(|line| line.trim() == "Ready.") {
            if let Some(status) = self.child.try_wait()? {
                bail!("LocalStack ended with {status}:\n{}", read());
            }
            ensure!(begin.elapsed() < START_TIMEOUT, "LocalStack is not ready after {START_TIMEOUT:?}:\n{}", read());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

/// The aws command line of the virtual environment, else the one on `PATH`.
fn aws() -> Result<PathBuf, Missing> {
    let in_venv = environment::localstack_venv().map(|venv| venv.join("bin/aws"));
    let found = in_venv.ok().filter(|program: &PathBuf| Path::is_file(program)).or_else(|| environment::on_path("aws"));
    found.ok_or_else(|| "EGRESS_LOCALSTACK_VENV is not set, and no aws command line is on PATH".to_owned())
}
