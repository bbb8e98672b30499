//! Random policies that use whatever there is, whatever an engine makes of it, with odd values.

use std::collections::BTreeMap;

use egress_model::policy::{ClusterSpec, Spec};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Use, spec_using, text};

/// Headers, also with values that engines read in their own way.
fn headers() -> impl Strategy<Value = BTreeMap<String, String>> {
    let value = prop_oneof![4 => text(&["a", "b c"]), 1 => text(&["", "*", "a*", " a", "é"])];
    prop::collection::btree_map(text(&["x-tenant", "content-type"]), value, 1..3)
}

/// Names that some engines refuse: of one part, with an underscore, so long that nothing fits beside them.
const ODD_NAMES: [&str; 5] = ["localhost", "a_b.example.com", "_a.example.com", "a.1", LONG_NAME];

const LONG_NAME: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.\
                         ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddd.example.com";

/// Blocks that some engines refuse, or that stand for more than one thing.
const ODD_BLOCKS: [&str; 6] =
    ["224.0.0.0/4", "ff02::/16", "::/0", "169.254.169.254/32", "192.168.0.10/32", "10.43.0.1/32"];

/// Policies that use whatever there is, of clusters of which more or less is known, with odd values.
pub(crate) fn wild() -> BoxedStrategy<Spec> {
    let name = prop_oneof![8 => Just("p"), 1 => Just("default"), 1 => Just("a.b")];
    let odd = (
        prop::option::weighted(0.15, select(&ODD_NAMES[..])),
        prop::option::weighted(0.15, select(&ODD_BLOCKS[..])),
        prop::option::weighted(0.3, headers()),
        prop::option::weighted(0.1, select(&["255/ICMP", "any/UDP", "65535", "1-65535"][..])),
        prop::option::weighted(0.1, select(&["PROPFIND", "TRACE"][..])),
        prop::option::weighted(0.1, select(&["/*", "/a{b}", "/a//b"][..])),
    );
    let account = prop::option::weighted(0.05, Just("a".repeat(70)));
    (spec_using(&Use::All), any::<bool>(), name, odd, account)
        .prop_map(|(mut spec, is_known, name, odd, account)| {
            let (domain, block, headers, port, method, path) = odd;
            name.clone_into(&mut spec.name);
            if !is_known {
                spec.cluster = ClusterSpec::default();
            }
            for rule in spec.allow.values_mut().chain(spec.deny.values_mut()).take(1) {
                rule.to_domains.iter_mut().for_each(|domains| domains.extend(domain.map(str::to_owned)));
                rule.to_cidrs.iter_mut().for_each(|blocks| blocks.extend(block.map(str::to_owned)));
                let is_open = rule.http_requests.is_none() && rule.server_names.is_none();
                let some = rule.ports.as_ref().is_some_and(|ports| ports != &["any"]);
                if is_open && some {
                    rule.ports.iter_mut().for_each(|ports| ports.extend(port.map(str::to_owned)));
                }
                for request in rule.http_requests.iter_mut().flatten() {
                    request.headers = headers.clone().or(request.headers.take());
                    request.method = method.map(str::to_owned).or(request.method.take());
                    if let Some(path) = path {
                        (request.path, request.path_prefix) = (Some(path.to_owned()), None);
                    }
                }
            }
            spec.service_accounts.iter_mut().for_each(|accounts| accounts.extend(account.clone()));
            spec
        })
        .boxed()
}
