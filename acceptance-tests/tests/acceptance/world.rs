//! A host's folder with a cloud behind it.

use std::ops::{Deref, DerefMut};

use acceptance_tests::cloud::{Cloud, ZONES};
use acceptance_tests::host::{Workspace, changes, unwrapped};
use anyhow::{Result, ensure};
use serde_json::Value as Json;
use stand_in_cloud::ec2::Timings;

use crate::suite::{REQUIRED_PROVIDERS, Run};

/// The owner in every scenario.
pub(crate) const OWNER: &str = "acme-acceptance";

/// A workspace whose provider reaches a stand-in cloud of its own.
pub(crate) struct World {
    /// The cloud.
    pub(crate) cloud: Cloud,
    workspace: Workspace,
}

impl Deref for World {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }
}

impl World {
    pub(crate) fn new(run: &Run<'_>) -> Result<Self> {
        let cloud = Cloud::start(Timings::fast())?;
        let workspace = Self::workspace_for(run, &cloud)?;
        Ok(Self { cloud, workspace })
    }

    /// Another folder, without state, on the same cloud: what is left when a state is lost.
    pub(crate) fn forget(self, run: &Run<'_>) -> Result<Self> {
        let workspace = Self::workspace_for(run, &self.cloud)?;
        Ok(Self { workspace, ..self })
    }

    /// A folder, without state, on a cloud.
    pub(crate) fn workspace_for(run: &Run<'_>, cloud: &Cloud) -> Result<Workspace> {
        let mut workspace = run.workspace()?;
        for (name, value) in cloud.environment() {
            workspace.set(&name.to_string_lossy(), value);
        }
        Ok(workspace)
    }

    /// Writes `main.tf`: the provider with these further arguments, then the body.
    pub(crate) fn configure_with(&self, provider: &str, body: &str) -> Result<()> {
        self.configure_as(OWNER, "", provider, body)
    }

    /// Writes `main.tf`: the provider with this owner, these arguments of `aws {}` and these further ones, then the body.
    pub(crate) fn configure_as(&self, owner: &str, aws: &str, provider: &str, body: &str) -> Result<()> {
        Self::write_as(self, owner, aws, provider, body)
    }

    /// The same in any folder.
    pub(crate) fn write_as(workspace: &Workspace, owner: &str, aws: &str, provider: &str, body: &str) -> Result<()> {
        let aws = format!("  aws {{\n    poll_interval = \"10ms\"\n{aws}  }}\n");
        let provider = format!("provider \"egress\" {{\n  owner = \"{owner}\"\n{aws}{provider}}}\n");
        workspace.write("main.tf", &format!("{REQUIRED_PROVIDERS}{provider}{body}"))
    }

    pub(crate) fn configure(&self, body: &str) -> Result<()> {
        self.configure_with("", body)
    }

    /// Applies the body, and then expects nothing more to do.
    pub(crate) fn settle(&self, body: &str) -> Result<()> {
        self.configure(body)?;
        self.apply()?;
        self.expect_empty_plan()
    }

    /// Plans the body; what it would change, and what was said.
    pub(crate) fn plan_of(&self, body: &str) -> Result<(Vec<(String, String)>, String)> {
        self.configure(body)?;
        let (plan, run) = self.plan()?;
        Ok((changes(&plan), unwrapped(&run.output)))
    }

    /// A plan of the body that must fail, saying all of this.
    pub(crate) fn refuses(&self, body: &str, said: &[&str]) -> Result<()> {
        self.configure(body)?;
        says(&unwrapped(&self.fail(&["plan", "-no-color"])?.output), said)
    }

    /// What exists must be exactly this; see `acceptance_tests::cloud::footprint`.
    pub(crate) fn expect_footprint(&self, mut expected: Vec<String>) -> Result<()> {
        expected.sort();
        let footprint = self.cloud.footprint();
        ensure!(footprint == expected, "there is {footprint:#?}, not {expected:#?}");
        Ok(())
    }

    /// The public IP that a pool's key has in the cloud.
    pub(crate) fn public_ip(&self, key: &str) -> Result<String> {
        let inventory = self.cloud.server.inventory();
        let mut found =
            inventory.addresses.values().filter(|address| address.tags.get("egress-key").is_some_and(|k| k == key));
        let (first, second) = (found.next(), found.next());
        ensure!(second.is_none(), "two addresses have the key {key}");
        first
            .map(|address| address.public_ip.to_string())
            .ok_or_else(|| anyhow::anyhow!("no address has the key {key}"))
    }
}

/// Fails unless the text says all of this.
pub(crate) fn says(text: &str, said: &[&str]) -> Result<()> {
    for part in said {
        ensure!(text.contains(part), "{part:?} is not in: {text}");
    }
    Ok(())
}

/// A pool named `partners` of these keys, with further arguments.
pub(crate) fn pool(keys: &[&str], more: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("    {key} = {{ new = true }}\n")).collect();
    let keys = keys.concat();
    format!(
        "resource \"egress_ip_pool\" \"partners\" {{\n  name = \"partners\"\n  addresses = {{\n{keys}  }}\n  aws {{}}\n{more}}}\n"
    )
}

/// Gateways named `prod`, one in each zone with these keys of the pool, with further arguments of `aws`.
pub(crate) fn gateways(cloud: &Cloud, zones: [&[&str]; 2], more: &str) -> String {
    let zones: Vec<String> = ZONES
        .iter()
        .zip(zones)
        .filter(|(_, keys)| !keys.is_empty())
        .map(|(zone, keys)| {
            let ids: Vec<String> = keys.iter().map(|key| format!("egress_ip_pool.partners.ids[\"{key}\"]")).collect();
            let (subnet, table, ids) = (cloud.subnet(zone), cloud.route_table(zone), ids.join(", "));
            // Which address is the primary one would else be the provider's choice, and with it what can be exchanged in place.
            let primary = format!("egress_ip_pool.partners.ids[\"{}\"]", keys[0]);
            format!(
                "      {zone} = {{ subnet_id = \"{subnet}\", addresses = [{ids}], primary_address = {primary}, \
                 route_table_ids = [\"{table}\"] }}\n"
            )
        })
        .collect();
    let zones = zones.concat();
    let everything = if more.contains("destination_") { "" } else { "    destination_cidrs = [\"0.0.0.0/0\"]\n" };
    let more = format!("{everything}{more}");
    format!(
        "resource \"egress_nat_gateway\" \"prod\" {{\n  name = \"prod\"\n  aws {{\n    \
         zones = {{\n{zones}    }}\n    drain_seconds = 1\n{more}  }}\n}}\n\
         output \"tell_partners\" {{\n  value = egress_nat_gateway.prod.egress_cidrs\n}}\n"
    )
}

/// The lines of a footprint for gateways in both zones.
pub(crate) fn gateway_lines(cloud: &Cloud, zones: [&[&str]; 2]) -> Vec<String> {
    let line = |(zone, keys): (&&str, &[&str])| {
        let held: Vec<String> = keys.iter().map(|key| format!("partners/{key}")).collect();
        [
            format!("gateway prod/{zone} in {} with {}", cloud.subnet(zone), held.join(" ")),
            format!("route 0.0.0.0/0 of {} to prod/{zone}, active", cloud.route_table(zone)),
        ]
    };
    ZONES.iter().zip(zones).filter(|(_, keys)| !keys.is_empty()).flat_map(line).collect()
}

/// The lines of a footprint for a pool's addresses.
pub(crate) fn address_lines(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| format!("address partners/{key}")).collect()
}

/// The strings of a JSON list, sorted.
pub(crate) fn sorted_strings(list: &Json) -> Vec<String> {
    let mut strings: Vec<String> =
        list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
    strings.sort();
    strings
}
