//! The provider on an EC2 that we did not write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use acceptance_tests::host::changes;
use acceptance_tests::localstack::{LocalStack, Network, ZONE};
use anyhow::{Result, ensure};
use serde_json::Value as Json;

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, localstack};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_one_host("localstack::from_the_first_apply_to_the_destroy", Needs::LocalStack, life);
}

/// An owner of its own for each run: all hosts share one LocalStack.
fn configuration(owner: &str, network: &Network, keys: &[&str], destinations: &[&str]) -> String {
    let Network { subnet, route_table } = network;
    let keys: Vec<String> = keys.iter().map(|key| format!("    {key} = {{ new = true }}\n")).collect();
    let keys = keys.concat();
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"{owner}\"\n  aws {{ poll_interval = \"100ms\" }}\n}}\n\
         resource \"egress_ip_pool\" \"partners\" {{\n  name = \"partners\"\n  addresses = {{\n{keys}  }}\n  \
         on_ip_change = \"warn\"\n  release_policy = \"release\"\n  aws {{}}\n}}\n\
         resource \"egress_nat_gateway\" \"prod\" {{\n  name = \"prod\"\n  aws {{\n    zones = {{\n      {ZONE} = {{\n        \
         subnet_id = \"{subnet}\"\n        addresses = [egress_ip_pool.partners.ids[\"a\"]]\n        \
         route_table_ids = [\"{route_table}\"]\n      }}\n    }}\n    destination_cidrs = {destinations:?}\n  }}\n}}\n"
    )
}

fn life(run: &Run<'_>) -> Result<()> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let cloud = localstack()?;
    let network = cloud.network()?;
    let owner = format!("localstack-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut workspace = run.workspace()?;
    for (name, value) in cloud.environment() {
        workspace.set(name, value);
    }
    let world = World { cloud: &cloud, owner: &owner, network: &network };

    workspace.write("main.tf", &configuration(&owner, &network, &["a"], &["0.0.0.0/0"]))?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let (addresses, gateways) = (world.addresses()?, world.gateways()?);
    ensure!(addresses.len() == 1 && gateways.len() == 1, "{addresses:?} {gateways:?}");
    ensure!(world.routes(&gateways[0])? == ["0.0.0.0/0"], "{:?}", world.routes(&gateways[0]));

    // What can change in place on LocalStack, which has no call to associate another address.
    workspace.write("main.tf", &configuration(&owner, &network, &["a", "b"], &["100.64.0.0/10", "198.51.100.0/24"]))?;
    let (plan, _) = workspace.plan()?;
    ensure!(changes(&plan).iter().all(|(_, action)| action == "update"), "{:?}", changes(&plan));
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    ensure!(world.gateways()? == gateways, "the gateway is another one");
    ensure!(world.addresses()?.len() == 2 && world.addresses()?.contains(&addresses[0]), "{:?}", world.addresses());
    ensure!(world.routes(&gateways[0])? == ["100.64.0.0/10", "198.51.100.0/24"], "{:?}", world.routes(&gateways[0]));

    world.while_addresses_are_freed(|| workspace.destroy().map(drop))?;
    ensure!(world.addresses()?.is_empty() && world.gateways()?.is_empty(), "something is left");
    ensure!(world.routes(&gateways[0])?.is_empty(), "routes are left");
    Ok(())
}

/// What the run has made.
struct World<'a> {
    cloud: &'a LocalStack,
    owner: &'a str,
    network: &'a Network,
}

impl World<'_> {
    /// LocalStack leaves an address associated with a deleted gateway for ever, and on EC2 an address that is associated is not
    /// free yet, so a destroy waits. Here somebody else takes the association away.
    fn while_addresses_are_freed(&self, work: impl FnOnce() -> Result<()> + Send) -> Result<()> {
        thread::scope(|scope| {
            let working = scope.spawn(work);
            while !working.is_finished() {
                if self.gateways()?.is_empty() {
                    self.disassociate_addresses()?;
                }
                thread::sleep(Duration::from_millis(200));
            }
            working.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))
        })
    }

    fn disassociate_addresses(&self) -> Result<()> {
        let reply = self.cloud.ec2(&["describe-addresses"])?;
        for address in self.owned(&reply["Addresses"]) {
            if let Some(association) = address["AssociationId"].as_str() {
                self.cloud.ec2(&["disassociate-address", "--association-id", association])?;
            }
        }
        Ok(())
    }

    fn addresses(&self) -> Result<Vec<String>> {
        let reply = self.cloud.ec2(&["describe-addresses"])?;
        Ok(ids(&self.owned(&reply["Addresses"]), "AllocationId"))
    }

    /// Deleted gateways stay to be seen for ever.
    fn gateways(&self) -> Result<Vec<String>> {
        let reply =
            self.cloud.ec2(&["describe-nat-gateways", "--filter", "Name=state,Values=pending,available,deleting"])?;
        Ok(ids(&self.owned(&reply["NatGateways"]), "NatGatewayId"))
    }

    /// The destinations whose traffic goes to a gateway.
    fn routes(&self, gateway: &str) -> Result<Vec<String>> {
        let reply = self.cloud.ec2(&["describe-route-tables", "--route-table-ids", &self.network.route_table])?;
        let routes = reply["RouteTables"][0]["Routes"].as_array().into_iter().flatten();
        let to_gateway = routes.filter(|route| route["NatGatewayId"] == gateway);
        let mut blocks: Vec<String> =
            to_gateway.filter_map(|route| route["DestinationCidrBlock"].as_str()).map(str::to_owned).collect();
        blocks.sort();
        Ok(blocks)
    }

    /// The objects that carry the run's owner.
    fn owned<'j>(&self, objects: &'j Json) -> Vec<&'j Json> {
        let is_owned = |object: &&Json| {
            let mut tags = object["Tags"].as_array().into_iter().flatten();
            tags.any(|tag| tag["Key"] == "egress-owner" && tag["Value"] == self.owner)
        };
        objects.as_array().into_iter().flatten().filter(is_owned).collect()
    }
}

fn ids(objects: &[&Json], id: &str) -> Vec<String> {
    let mut ids: Vec<String> = objects.iter().filter_map(|object| object[id].as_str()).map(str::to_owned).collect();
    ids.sort();
    ids
}
