//! Gateways that another state manages.

use std::collections::BTreeMap;

use cloud_aws::nat_gateways::observed::{Gateway, Observed};
use egress_model::identity::{Identity, Key};
use egress_model::nat_gateway::State;
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

/// Why the gateways of an identity are not all that it has or will have, as far as that can be seen.
pub(super) fn incomplete(observed: &Observed, identity: &Identity, region: &str) -> Option<Diagnostic> {
    let is_there = |gateway: &&Gateway| gateway.state.is_live() || gateway.state == State::Deleting;
    let there: Vec<&Gateway> = observed.gateways.iter().filter(is_there).collect();
    if there.is_empty() {
        return Some(not_found(identity, region));
    }
    let mut by_key: BTreeMap<&Key, Vec<&Gateway>> = BTreeMap::new();
    for gateway in &there {
        by_key.entry(&gateway.key).or_default().push(gateway);
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
    observed.view().egress_cidrs().is_none().then(|| {
        let detail = "AWS does not say the public IP of each address yet. Read it again in a moment.";
        Diagnostic::error(format!("The public IPs of {identity} are not known"), detail).at(name())
    })
}

fn not_found(identity: &Identity, region: &str) -> Diagnostic {
    let tags = identity.tags().map(|(name, value)| format!("{name} = \"{value}\"")).join(", ");
    let detail = format!(
        "No NAT gateway in the account of the provider's credentials (AWS in {region}) carries the tags {tags}. Check the name, the owner, the \
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
    use cloud_aws::nat_gateways::observed::{Address, Mode};
    use egress_model::identity::ResourceType;

    use super::*;

    fn gateway(key: &str, id: &str, state: State) -> Gateway {
        let address = Address {
            allocation: Some(format!("eipalloc-{id}")),
            public_ip: Some("203.0.113.7".parse().unwrap()),
            ..Address::default()
        };
        Gateway {
            id: id.to_owned(),
            key: key.parse().unwrap(),
            state,
            mode: Mode::Public,
            subnet: Some("subnet-1".to_owned()),
            vpc: "vpc-1".to_owned(),
            addresses: vec![address],
            created: 0,
            tags: BTreeMap::new(),
        }
    }

    fn judged(gateways: Vec<Gateway>) -> Option<(String, String)> {
        let identity = Identity {
            owner: "acme".parse().unwrap(),
            resource_type: ResourceType::NatGateway,
            name: "prod".parse().unwrap(),
        };
        let observed = Observed { gateways, ..Observed::default() };
        incomplete(&observed, &identity, "eu-west-1").map(|diagnostic| (diagnostic.summary, diagnostic.detail))
    }

    #[test]
    fn only_gateways_that_stay_are_complete() {
        let failed = || State::Dead { code: "x".to_owned(), message: String::new() };
        assert_eq!(
            judged(vec![gateway("a", "nat-1", State::Available), gateway("b", "nat-2", State::Available)]),
            None
        );
        assert_eq!(
            judged(vec![
                gateway("a", "nat-1", State::Available),
                gateway("a", "nat-2", State::Deleted),
                gateway("a", "nat-3", failed())
            ]),
            None,
            "what is gone is no part of it"
        );
        let not_found = (
            "There are no NAT gateways \"prod\" of the owner \"acme\"".to_owned(),
            "No NAT gateway in the account of the provider's credentials (AWS in eu-west-1) carries the tags egress-owner = \"acme\", \
             egress-type = \"nat-gateway\", egress-name = \"prod\". Check the name, the owner, the region and the account."
                .to_owned(),
        );
        assert_eq!(judged(vec![]), Some(not_found.clone()));
        assert_eq!(judged(vec![gateway("a", "nat-1", State::Deleted)]), Some(not_found));
    }

    #[test]
    fn gateways_that_come_or_go_make_it_incomplete() {
        let summary = "The NAT gateways of acme/nat-gateway/prod are being changed";
        let cases = [
            (
                vec![gateway("a", "nat-1", State::Available), gateway("b", "nat-2", State::Pending)],
                "b: nat-2 (pending)",
            ),
            (
                vec![gateway("a", "nat-1", State::Available), gateway("b", "nat-2", State::Deleting)],
                "b: nat-2 (deleting)",
            ),
            (
                vec![gateway("a", "nat-1", State::Available), gateway("a", "nat-2", State::Available)],
                "a: nat-1 (available), a: nat-2 (available)",
            ),
        ];
        for (gateways, named) in cases {
            let (said, detail) = judged(gateways).unwrap();
            assert_eq!(said, summary);
            assert!(detail.contains(&format!("stay: {named}.")), "{detail}");
        }
    }
}
