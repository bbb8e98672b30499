//! Gateways that another state manages.

use std::collections::BTreeMap;

use cloud::Freshness;
use egress_model::identity::{Identity, Key};
use egress_model::nat_gateway::{Gateway, State, View};
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::outputs::{self, Computed};
use super::report;
use super::task::Task;
use crate::clouds::Place;
use crate::session::Call;

impl Task<'_> {
    /// The plain outputs of the gateways of the identity: of all of them, or an error.
    pub(super) async fn find(&self) -> Result<Computed, Diagnostics> {
        let gateways = self.opened(Call::Apply).await?;
        let gateways = gateways.as_ref();
        let seen = gateways.nothing(self.subject.ownership()?).look(Freshness::Now).await;
        let seen = seen.map_err(|error| report::unreadable(gateways, &error))?;
        let view = seen.view();
        match incomplete(&seen.all(), &view, &self.subject.identity, gateways.place()) {
            Some(why) => Err(why.into()),
            None => Ok(outputs::plain(&view)),
        }
    }
}

/// Why the gateways of an identity are not all that it has or will have, as far as that can be seen.
fn incomplete(all: &[(Key, Gateway)], view: &View, identity: &Identity, place: &Place) -> Option<Diagnostic> {
    let is_there = |(_, gateway): &&(Key, Gateway)| gateway.state.is_live() || gateway.state == State::Deleting;
    let mut by_key: BTreeMap<&Key, Vec<&Gateway>> = BTreeMap::new();
    for (key, gateway) in all.iter().filter(is_there) {
        by_key.entry(key).or_default().push(gateway);
    }
    if by_key.is_empty() {
        return Some(not_found(identity, place));
    }
    let changing = |(_, gateways): &(&&Key, &Vec<&Gateway>)| {
        gateways.len() > 1 || gateways.iter().any(|gateway| gateway.state != State::Available)
    };
    let changing: Vec<String> = (by_key.iter().filter(changing))
        .flat_map(|(key, gateways)| gateways.iter().map(move |g| format!("{key}: {} ({})", g.id, g.state.as_str())))
        .collect();
    if !changing.is_empty() {
        let detail = format!(
            "Not every gateway is there to stay: {}. What leaves now, and from which addresses, is about to change. Read it again when \
             the apply of the state that manages it has ended; after one that was interrupted, apply there again.",
            changing.join(", ")
        );
        return Some(Diagnostic::error(format!("The NAT gateways of {identity} are being changed"), detail).at(name()));
    }
    view.egress_cidrs().is_none().then(|| {
        let cloud = place.cloud().title;
        let detail = format!("{cloud} does not say the public IP of each address yet. Read it again in a moment.");
        Diagnostic::error(format!("The public IPs of {identity} are not known"), detail).at(name())
    })
}

fn not_found(identity: &Identity, place: &Place) -> Diagnostic {
    let tags = identity.tags().map(|(name, value)| format!("{name} = \"{value}\"")).join(", ");
    let detail = format!(
        "No NAT gateway in the account of the provider's credentials ({place}) carries the tags {tags}. Check the name, the owner, the \
         region and the account."
    );
    let summary =
        format!("There are no NAT gateways {:?} of the owner {:?}", identity.name.as_str(), identity.owner.as_str());
    Diagnostic::error(summary, detail).at(name())
}

fn name() -> Path {
    Path::attribute("name")
}

#[cfg(test)]
mod tests {
    use egress_model::identity::ResourceType;
    use egress_model::nat_gateway::Address;

    use super::*;
    use crate::clouds::aws;

    fn gateway(key: &str, id: &str, state: State) -> (Key, Gateway) {
        let address = Address {
            id: Some(format!("eipalloc-{id}")),
            public_ip: Some("203.0.113.7".parse().unwrap()),
            ..Address::default()
        };
        let (mark, tags) = (None, BTreeMap::new());
        (key.parse().unwrap(), Gateway { id: id.to_owned(), state, addresses: vec![address], mark, tags })
    }

    fn judged(all: &[(Key, Gateway)]) -> Option<(String, String)> {
        let identity = Identity {
            owner: "acme".parse().unwrap(),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().unwrap(),
        };
        let live = all.iter().filter(|(_, gateway)| gateway.state.is_live()).cloned();
        let view = View { gateways: live.collect() };
        let why = incomplete(all, &view, &identity, &aws::place("eu-west-1"));
        why.map(|diagnostic| (diagnostic.summary, diagnostic.detail))
    }

    #[test]
    fn only_gateways_that_stay_are_complete() {
        let failed = || State::Dead { code: "x".to_owned(), message: String::new() };
        let both = [gateway("a", "nat-1", State::Available), gateway("b", "nat-2", State::Available)];
        assert_eq!(judged(&both), None);
        let one = [
            gateway("a", "nat-1", State::Available),
            gateway("a", "nat-2", State::Deleted),
            gateway("a", "nat-3", failed()),
        ];
        assert_eq!(judged(&one), None, "what is gone is no part of it");
        let not_found = (
            "There are no NAT gateways \"prod\" of the owner \"acme\"".to_owned(),
            "No NAT gateway in the account of the provider's credentials (AWS in eu-west-1) carries the tags egress-owner = \"acme\", \
             egress-type = \"nat-gateway\", egress-name = \"prod\". Check the name, the owner, the region and the account."
                .to_owned(),
        );
        assert_eq!(judged(&[]), Some(not_found.clone()));
        assert_eq!(judged(&[gateway("a", "nat-1", State::Deleted)]), Some(not_found));
    }

    #[test]
    fn gateways_that_come_or_go_make_it_incomplete() {
        let summary = "The NAT gateways of acme/nat-gateway/prod are being changed";
        let available = |key, id| gateway(key, id, State::Available);
        let cases = [
            ([available("a", "nat-1"), gateway("b", "nat-2", State::Pending)], "b: nat-2 (pending)"),
            ([available("a", "nat-1"), gateway("b", "nat-2", State::Deleting)], "b: nat-2 (deleting)"),
            ([available("a", "nat-1"), available("a", "nat-2")], "a: nat-1 (available), a: nat-2 (available)"),
        ];
        for (gateways, named) in cases {
            let (said, detail) = judged(&gateways).unwrap();
            assert_eq!(said, summary);
            assert!(detail.contains(&format!("stay: {named}.")), "{detail}");
        }
    }
}
