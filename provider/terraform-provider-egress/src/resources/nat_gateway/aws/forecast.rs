//! What a plan can promise on AWS.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cloud_aws::nat_gateways::desired::{Desired, route_text};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::forecast::{self, Fate, Known, Lists};
use egress_model::cidr::Cidr;
use egress_model::identity::Key;

use crate::resources::nat_gateway::backend::{Coming, Forecast, List};

/// What a plan can promise. `known` are the gateways as the state has them.
pub(super) fn forecast(desired: &Desired, observed: &Observed, known: &BTreeMap<Key, Known>) -> Forecast {
    let keys = || forecast::keys(desired).into_iter();
    let coming = |key: &Key| (key.clone(), coming(desired, observed, known.get(key), key));
    let stays = |key: &Key| match forecast::fate(desired, observed, key) {
        Fate::Kept(gateway) => Some(gateway.id.clone()),
        Fate::Replaced(_) | Fate::Open(_) | Fate::Made => None,
    };
    let routes = forecast::routes(desired);
    let egress = forecast::egress(desired, observed);
    Forecast {
        gateways: (!desired.unknown.gateways).then(|| keys().map(coming).collect()),
        routes: routes.map(|routes| routes.iter().map(|(route, key)| (route_text(route), stays(key))).collect()),
        egress_cidrs: egress.map(|ips| ips.into_iter().map(|ip| Cidr::of_address(ip.into())).collect()),
        replaced: forecast::replacements(desired, observed),
        tags: (!desired.unknown.tags).then(|| desired.tags.clone()),
    }
}

fn coming(desired: &Desired, observed: &Observed, known: Option<&Known>, key: &Key) -> Coming {
    let stays = match forecast::fate(desired, observed, key) {
        Fate::Kept(gateway) => Some((gateway.id.clone(), gateway.state.clone())),
        Fate::Replaced(_) | Fate::Open(_) | Fate::Made => None,
    };
    let Lists { addresses, public_ips, private_ips } = forecast::lists(desired, observed, known, key);
    let ips = |list: List<Ipv4Addr>| list.map(|ips| ips.into_iter().map(|ip| ip.map(Into::into)).collect());
    Coming { stays, addresses, public_ips: ips(public_ips), private_ips: ips(private_ips) }
}
