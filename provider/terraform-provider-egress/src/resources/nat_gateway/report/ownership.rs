//! Whose gateways these are.

use std::collections::BTreeMap;

use egress_model::identity::{Identity, Key};
use egress_model::nat_gateway::{Gateway, View};
use tfplugin::{Diagnostic, Diagnostics};

use super::block;
use crate::resources::adoption::{Finder, Found, age_since, diagnose};
use crate::resources::nat_gateway::backend::{Ahead, Gateways};
use crate::resources::nat_gateway::subject::{Recorded, Subject};
use crate::resources::ownership::{self, Objects};
use crate::session::Adoption;

const OBJECTS: Objects =
    Objects { things: "NAT gateways", of: "resource", stay: "They and the routes to them are not removed" };

/// A gateway with all its public addresses.
fn text(gateway: &Gateway) -> String {
    let ips: Vec<String> = gateway.public_ips().map(|ip| ip.to_string()).collect();
    format!("{} ({})", gateway.id, ips.join(", "))
}

/// Gateways of the state that carry the tags of others: nothing that would delete one is done, and a change takes them.
pub(in super::super) fn of_others(
    gateways: &dyn Gateways,
    ahead: &Ahead,
    all: &[(Key, Gateway)],
    subject: &Subject<'_>,
) -> Diagnostics {
    let (own, former) = (&subject.identity, subject.former());
    let live = all.iter().filter(|(_, gateway)| gateway.state.is_live());
    let diagnostics = live.filter_map(|(key, gateway)| {
        let others = &gateway.mark.as_ref()?.identity;
        if others == own || Some(others) == former.as_ref() {
            return None;
        }
        let what = text(gateway);
        let diagnostic = if ahead.deletes.contains(&gateway.id) {
            let detail = format!(
                "{what} carries the tags of {others}, and the state of {own} has it. This plan would delete it, but \
                 it may be somebody else's by now, so nothing is changed. If the provider's owner was changed, set \
                 the former one again, or apply the changed owner once before: an apply writes the new tags. If \
                 another state manages it, take it out of this one: \"terraform state rm\", or a removed block with \
                 destroy = false."
            );
            Diagnostic::error(format!("The NAT gateway of {key} carries the tags of others"), detail)
        } else {
            let summary = format!("The NAT gateway of {key} changes its owner");
            ownership::changes_owner(summary, &what, "it", others, own)
        };
        Some(diagnostic.at(gateways.path_of(key)))
    });
    diagnostics.collect()
}

/// Why renaming in this plan is refused. The new name must be free, or two resources would become one; and a gateway that
/// is made under the new name by a run that dies could not be told apart from another resource's by the next.
pub(in super::super) fn refused_rename(
    ahead: &Ahead,
    all: &[(Key, Gateway)],
    subject: &Subject<'_>,
    recorded: &Recorded,
) -> Option<Diagnostic> {
    let (before, now) = (subject.former()?.name, &subject.identity.name);
    let known = recorded.keys();
    let taken = all.iter().filter(|(_, gateway)| gateway.state.is_live() && !known.contains_key(&gateway.id));
    let taken: BTreeMap<_, _> = taken.map(|(key, gateway)| (&gateway.id, key)).collect();
    if !taken.is_empty() {
        let ids: Vec<String> = taken.iter().map(|(id, key)| format!("{id} ({key})")).collect();
        return Some(ownership::name_taken(OBJECTS, now, &ids));
    }
    let how = format!(
        "The gateways are renamed from {before} to {now} by writing the name on them, and this plan also makes a gateway"
    );
    let summary = "NAT gateways are renamed alone";
    (!ahead.makes.is_empty()).then(|| ownership::renamed_with_more(OBJECTS, summary, &before, &how))
}

/// Live gateways with the identity that is about to be created.
pub(in super::super) fn adoption(
    gateways: &dyn Gateways,
    view: &View,
    identity: &Identity,
    adoption: Adoption,
) -> Option<Diagnostic> {
    let found = |(key, gateway): (&Key, &Gateway)| {
        let created = gateway.mark.as_ref().and_then(|mark| mark.created);
        Found { what: format!("{key}: {}", text(gateway)), age: created.map(age_since) }
    };
    let found: Vec<Found> = view.gateways.iter().map(found).collect();
    let finder = Finder {
        things: OBJECTS.things,
        resource: "egress_nat_gateway",
        identity: &identity.to_string(),
        owner: identity.owner.as_str(),
        import_id: identity.name.as_str(),
        path: block(gateways),
    };
    diagnose(adoption, &found, &finder)
}

/// That gateways are not removed, because another instance has adopted them.
pub(in super::super) fn kept(gateways: &dyn Gateways, ahead: &Ahead, identity: &Identity) -> Option<Diagnostic> {
    let held: Vec<String> = ahead.held.iter().cloned().collect();
    ownership::kept(OBJECTS, &held, identity, block(gateways))
}
