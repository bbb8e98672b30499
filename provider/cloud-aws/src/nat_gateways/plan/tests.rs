//! Every kind of change, with the plan that it gives. `UPDATE_EXPECT=1` rewrites the plans.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes its literals so")]

mod addresses;
mod holders;
mod kinds;
mod names;
mod outside;
mod routes;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use egress_model::nat_gateway::State;
use expect_test::{Expect, expect};

use super::simulation::*;
use super::{Conflict, Plan, plan};
use crate::nat_gateways::desired::{Desired, Gateway, Kind, Recorded, Secondary};
use crate::nat_gateways::observed::Status;

const ADDRESSES: [&str; 6] = ["e1", "e2", "e3", "e4", "e5", "e6"];
const TABLES: [&str; 3] = ["t1", "t2", "t3"];

fn render(plan: &Plan) -> String {
    let mut text = String::new();
    for replacement in &plan.replacements {
        let reasons = replacement.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        _ = writeln!(text, "! {} is replaced ({:?}): {reasons}", replacement.gateway, replacement.traffic);
    }
    for taken in &plan.taken_over {
        _ = writeln!(text, "! {} in {} is taken over from {}", taken.route.1, taken.route.0, taken.from);
    }
    for (route, gateway) in &plan.stranded {
        _ = writeln!(text, "! {} in {} will point nowhere, as {gateway} goes", route.1, route.0);
    }
    for route in &plan.interrupted {
        _ = writeln!(text, "! {} in {} is interrupted", route.1, route.0);
    }
    for gateway in &plan.held {
        _ = writeln!(text, "! {gateway} is kept for another instance");
    }
    for conflict in &plan.conflicts {
        _ = writeln!(text, "x {conflict:?}");
    }
    for operation in &plan.operations {
        _ = writeln!(text, "{operation}");
    }
    text
}

/// The plan from what `before` made to `after`, also that carrying it out leaves nothing to do.
#[track_caller]
fn check(before: Desired, after: Desired, expected: &Expect) {
    check_with(before, |_| {}, after, expected);
}

#[track_caller]
fn check_with(mut before: Desired, outside: impl FnOnce(&mut Ec2), mut after: Desired, expected: &Expect) {
    let mut ec2 = Ec2::new(&ADDRESSES, &TABLES).having(&mut before);
    outside(&mut ec2);
    after.recorded = before.recorded;
    let plan = plan(&after, &ec2.state);
    expected.assert_eq(&render(&plan));
    if plan.conflicts.is_empty() {
        for operation in &plan.operations {
            ec2.execute(operation).unwrap_or_else(|error| panic!("{operation}: {error}"));
        }
        assert_eq!(render(&super::plan(&after, &ec2.state)), "", "the second plan is empty");
    }
}

fn nothing() -> Desired {
    desired([])
}

fn one(addresses: &[&str]) -> Desired {
    desired([("a", public("s1", addresses, &["t1"]))])
}

fn two() -> Desired {
    desired([("a", public("s1", &["e1"], &["t1"])), ("b", public("s2", &["e2"], &["t2"]))])
}

fn with_primary(mut gateway: Gateway, address: &str) -> Gateway {
    if let Kind::Public { primary, .. } = &mut gateway.kind {
        *primary = Some(address.to_owned());
    }
    gateway
}
