//! Whose gateways these are, and where.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::Desired;
use cloud_aws::nat_gateways::observed::{Gateway, Observed};
use cloud_aws::nat_gateways::operation::Operation;
use cloud_aws::nat_gateways::plan::Plan;
use egress_model::identity::{Identity, KEY_TAG, Key, NAME_TAG, OWNER_TAG, TYPE_TAG};
use egress_model::nat_gateway;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::{aws, gateway_path, list, path};
use crate::resources::adoption::{Finder, Found, age_since, diagnose};
use crate::session::Adoption;

/// The provider looks for gateways in a region where they are not.
pub(in super::super) fn elsewhere(zone: &str, region: &str) -> Diagnostic {
    Diagnostic::error(
        format!("The NAT gateways are not in {region}"),
        format!(
            "The state has a gateway in the zone {zone}, and the provider now looks in {region}. Nothing was changed. Set the region that \
             the gateways are in, in aws.region of the resource or in the provider's aws block or environment."
        ),
    )
    .at(path("region"))
}

/// The region would be another one, without a replacement.
pub(in super::super) fn moved(used: &str, wanted: &str) -> Diagnostic {
    let detail = format!(
        "The gateways are in {used}, and would be in {wanted}. Nothing was changed. Write aws.region = \"{used}\" to keep them; to move, make \
         a new resource for {wanted}."
    );
    Diagnostic::error("Gateways cannot move to another region", detail).at(path("region"))
}

/// The provider looks for a gateway in another account or region than the state has it in.
pub(in super::super) fn elsewhere_by_name(was: &str, now: &str) -> Diagnostic {
    let detail = format!(
        "The state has a gateway as {was}, and with the provider's credentials and region of this run it would be {now}. The gateway is \
         not gone, and nothing was changed. Use the account and region of the gateways."
    );
    Diagnostic::error("The NAT gateways are in another account or region", detail).at(aws())
}

/// Whose tags a gateway carries, if those of others than these.
fn others(gateway: &Gateway, own: &[&Identity]) -> Option<String> {
    let carried = [OWNER_TAG, TYPE_TAG, NAME_TAG].map(|tag| gateway.tags.get(tag));
    let [Some(owner), Some(resource_type), Some(name)] = carried else { return None };
    let is = |identity: &&Identity| {
        let tags = identity.tags().map(|(_, value)| value);
        tags == [owner.as_str(), resource_type, name]
    };
    (!own.iter().any(is)).then(|| format!("{owner}/{resource_type}/{name}"))
}

/// Gateways of the state that carry the tags of others: nothing that would delete one is done, and a change takes them.
pub(in super::super) fn of_others(
    plan: &Plan,
    desired: &Desired,
    observed: &Observed,
    former: Option<&Identity>,
) -> Diagnostics {
    let own: Vec<&Identity> = std::iter::once(&desired.identity).chain(former).collect();
    let identity = &desired.identity;
    let deleted: BTreeSet<&str> = (plan.operations.iter())
        .filter_map(|operation| match operation {
            Operation::Delete { gateway, failed: false } => Some(gateway.as_str()),
            _ => None,
        })
        .collect();
    let live = observed.gateways.iter().filter(|gateway| gateway.state.is_live());
    let diagnostics = live.filter_map(|gateway| {
        let (id, key, others) = (&gateway.id, &gateway.key, others(gateway, &own)?);
        let ips: Vec<String> =
            gateway.addresses.iter().filter_map(|address| Some(address.public_ip?.to_string())).collect();
        let what = format!("{id} ({}) carries the tags of {others}, and the state of {identity} has it.", ips.join(", "));
        let diagnostic = if deleted.contains(id.as_str()) {
            let detail = format!(
                "{what} This plan would delete it, but it may be somebody else's by now, so nothing is changed. If the provider's owner \
                 was changed, set the former one again, or apply the changed owner once before: an apply writes the new tags. If another \
                 state manages it, take it out of this one: \"terraform state rm\", or a removed block with destroy = false."
            );
            Diagnostic::error(format!("The NAT gateway of {key} carries the tags of others"), detail)
        } else {
            let detail = format!(
                "{what} This plan writes the tags of {identity}. That is right after the provider's owner was changed. If another state \
                 manages it under those tags, take it out of this one instead."
            );
            Diagnostic::warning(format!("The NAT gateway of {key} changes its owner"), detail)
        };
        Some(diagnostic.at(gateway_path(key)))
    });
    diagnostics.collect()
}

/// Why renaming in this plan is refused. The new name must be free, or two resources would become one; and a gateway that
/// is made under the new name by a run that dies could not be told apart from another resource's by the next.
pub(in super::super) fn refused_rename(
    plan: &Plan,
    desired: &Desired,
    observed: &Observed,
    former: &Identity,
) -> Option<Diagnostic> {
    let (before, now) = (&former.name, &desired.identity.name);
    let taken: BTreeMap<&str, &str> = (observed.gateways.iter())
        .filter(|gateway| gateway.state.is_live() && !desired.recorded.gateways.contains_key(&gateway.id))
        .map(|gateway| (gateway.id.as_str(), gateway.tags.get(KEY_TAG).map_or("", String::as_str)))
        .collect();
    let at = Path::attribute("name");
    if !taken.is_empty() {
        let ids: Vec<String> = taken.iter().map(|(id, key)| format!("{id} ({key})")).collect();
        let detail = format!(
            "Another resource of the same owner has this name, with {}. Choose another name, or rename that one first, in an apply of its \
             own.",
            list(&ids)
        );
        return Some(Diagnostic::error(format!("The name {now} is taken"), detail).at(at));
    }
    let makes = plan.operations.iter().any(|operation| matches!(operation, Operation::Create { .. }));
    makes.then(|| {
        let detail = format!(
            "The gateways are renamed from {before} to {now} by writing the name on them, and this plan also makes a gateway. That is \
             done in an apply of its own, so that a run that is interrupted leaves nothing that cannot be told apart from another resource's. \
             Apply the other changes first with the name {before}, or the name first."
        );
        Diagnostic::error("NAT gateways are renamed alone", detail).at(at)
    })
}

/// Live gateways with the identity that is about to be created.
pub(in super::super) fn adoption(observed: &Observed, identity: &Identity, adoption: Adoption) -> Option<Diagnostic> {
    let found = |(key, gateway): (&Key, &nat_gateway::Gateway)| {
        let ips: Vec<String> =
            gateway.addresses.iter().filter_map(|address| Some(address.public_ip?.to_string())).collect();
        let created = observed.gateway(&gateway.id).and_then(|gateway| u64::try_from(gateway.created).ok());
        Found { what: format!("{key}: {} ({})", gateway.id, ips.join(", ")), age: created.map(age_since) }
    };
    let found: Vec<Found> = observed.view().gateways.iter().map(found).collect();
    let finder = Finder {
        things: "NAT gateways",
        resource: "egress_nat_gateway",
        identity: &identity.to_string(),
        owner: identity.owner.as_str(),
        import_id: identity.name.as_str(),
        path: aws(),
    };
    diagnose(adoption, &found, &finder)
}

/// That gateways are not removed, because another instance has adopted them.
pub(in super::super) fn kept(plan: &Plan, desired: &Desired) -> Option<Diagnostic> {
    if plan.held.is_empty() {
        return None;
    }
    let lines: Vec<String> = plan.held.iter().map(|gateway| format!("- {gateway}")).collect();
    let detail = format!(
        "{}\n\nAnother instance of {} has adopted them: the one that takes the place of this one, as create_before_destroy has it, or one \
         in another state. They and the routes to them are not removed; only this state forgets them.",
        lines.join("\n"),
        desired.identity
    );
    Some(Diagnostic::warning("NAT gateways that another instance has adopted are kept", detail).at(aws()))
}
