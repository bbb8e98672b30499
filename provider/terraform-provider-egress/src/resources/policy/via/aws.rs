//! The routes of a policy on AWS.

mod input;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use cloud_aws::nat_gateways::desired::{RouteKey, parse_route, route_text};
use cloud_aws::steering::{Desired, Ec2Routes, Observed, plan};
use egress_model::via::Unroutable;
use tfplugin::cty::Value;
use tfplugin::schema::{Attribute, NestedBlock, Nesting, declare};
use tfplugin::{Diagnostic, Diagnostics};

use self::input::Spec;
use super::backend::{Ahead, Sight};
use super::schema::{of_a_whole_resource, set};
use super::translate::{Opened, Task, Translate};
use super::{Wanted, report as words};
use crate::clouds::aws::{AWS, parts, place, region};
use crate::clouds::{Cloud, Parts};
use crate::resources::objects::attributes::{single, text};
use crate::session::{Configured, Failure};

#[async_trait]
impl Translate for Ec2Routes {
    type Spec = Spec;

    const CLOUD: &'static Cloud = &AWS;

    fn options() -> NestedBlock {
        let attributes = vec![
            set(
                "prefix_list_ids",
                "Managed prefix lists (`pl-...`) that are routed through the gateway too. A list counts with its maximum of entries \
                 towards the table's quota of routes. The policy itself does not allow their addresses: write these in a rule.",
            ),
            set(
                "take_over_routes",
                "Ids of targets (`igw-...`, `eni-...`, `tgw-...`, `nat-...`) from which existing routes may be taken over. A route to \
                 anything else is an error. The swap is atomic.",
            ),
        ];
        declare::block(AWS.name, attributes, "More about the routes of a `nat_gateway` on AWS.")
    }

    fn of_gateways() -> Attribute {
        let zone = vec![set("route_table_ids", "The route tables whose traffic goes to this zone's gateway.")];
        let attributes = vec![
            text("region", "The region. Default: the provider's."),
            Attribute::nested("zones", Nesting::Map, of_a_whole_resource(zone).collect(), "By availability zone."),
            set("route_table_ids", "The route tables of a regional gateway."),
            set("destination_cidrs", "What the gateway's resource itself routes to the gateway."),
            set("destination_prefix_list_ids", "The same as managed prefix lists."),
        ];
        single(AWS.name, of_a_whole_resource(attributes).collect(), "The gateways on AWS.")
    }

    fn check(via: &Value) -> Diagnostics {
        input::check(via)
    }

    fn sends_more(via: &Value) -> bool {
        let lists = super::part(via, AWS.name).and_then(|aws| super::part(aws, "prefix_list_ids"));
        lists.is_some_and(|lists| lists.elements().is_none_or(|lists| !lists.is_empty()))
    }

    fn remedy(why: &Unroutable) -> &'static str {
        match why {
            Unroutable::Domains => {
                "Write the provider's published blocks in to_cidrs or a managed prefix list in via.aws.prefix_list_ids, move the rule to a \
                 policy without via, or route names with an in-cluster egress_gateway."
            }
            Unroutable::ServiceAccounts => "Select the pods by their labels.",
            Unroutable::Everything => {
                "Set destination_cidrs = [\"0.0.0.0/0\"] on the gateway, or move the rule to a policy without via."
            }
            Unroutable::Ipv6 => {
                "IPv6 traffic leaves with its own addresses, by an egress-only internet gateway; a NAT gateway translates 64:ff9b::/96 \
                 alone, by NAT64. Move the block to a policy without via."
            }
            Unroutable::Except => "Write the blocks that are left in to_cidrs.",
            Unroutable::WithinCluster { .. } => words::MOVE_BLOCK,
            Unroutable::NotEnforced { .. } => words::ENFORCE,
            Unroutable::Nothing => "Write to_cidrs in a rule, or via.aws.prefix_list_ids, or leave via out.",
        }
    }

    fn spec(policy: &Value, wanted: &Wanted) -> Result<Spec, Diagnostic> {
        Spec::read(policy, wanted)
    }

    fn is_complete(spec: &Spec) -> bool {
        spec.complete
    }

    fn is_empty(spec: &Spec) -> bool {
        spec.tables.is_empty() || spec.destinations.is_empty()
    }

    fn parts(spec: &Spec) -> Parts {
        spec.region.as_deref().map(parts).unwrap_or_default()
    }

    async fn open(configured: &Configured, parts: &Parts) -> Result<Option<Opened<Self>>, Failure> {
        let Some(aws) = configured.aws().await? else { return Ok(None) };
        let region = aws.region(region(parts));
        Ok(Some(Opened { place: place(region.name()), steering: Self(Arc::clone(&region)) }))
    }

    fn desired(task: &Task<'_, Spec>) -> Desired {
        let Task { before, after, .. } = task;
        Desired {
            owner: task.owner.clone(),
            tables: after.tables.clone(),
            destinations: after.destinations.clone(),
            covered: after.covered.clone(),
            take_over: after.take_over.clone(),
            gateways: before.gateways.union(&after.gateways).cloned().collect(),
            recorded: task.recorded.keys().filter_map(|route| parse_route(route)).collect(),
            ceded: task.ceded.iter().filter_map(|route| parse_route(route)).collect(),
            stage: task.stage,
        }
    }

    fn ahead(desired: &Desired, observed: &Observed) -> Ahead {
        let plan = plan(desired, observed);
        let fresh: BTreeSet<&RouteKey> =
            plan.routes.keys().filter(|route| !desired.recorded.contains(*route)).collect();
        Ahead {
            conflicts: report::conflicts(&plan),
            side_effects: report::for_all_of_a_table(&fresh),
            taken_over: report::taken_over(&plan),
            found: plan.found.iter().map(route_text).collect(),
            routes: plan.routes.into_iter().map(|(route, gateway)| (route_text(&route), gateway)).collect(),
        }
    }

    fn has_form_of(route: &str) -> bool {
        parse_route(route).is_some()
    }

    /// A table that is not there may be in another account.
    fn sight(route: &str, observed: &Observed) -> Sight {
        let Some(route) = parse_route(route) else { return Sight::Gone };
        match observed.routes.get(&route) {
            Some(now) => Sight::To(now.target.clone()),
            None if observed.tables.contains(&route.0) => Sight::Gone,
            None => Sight::Unseen,
        }
    }

    fn shared(route: &str, other: &str) -> Diagnostic {
        report::shared(route, other)
    }
}
