//! Series that make alerts fire, that do not, and that are just at the edge: a table for each source.
//!
//! A case is a minute per sample and half an hour long, unless it needs the day before.

pub(crate) mod antrea;
pub(crate) mod calico;
pub(crate) mod cilium;
pub(crate) mod clouds;
pub(crate) mod cluster;
pub(crate) mod istio;
pub(crate) mod ovn_kubernetes;

use egress_observability::alert::AlertName;
use egress_observability::source::Source;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The alert fires.
    Fires,
    /// It does not.
    Silent,
    /// It does not, by a little: the number is the limit itself, or the time is not up.
    Edge,
}

/// When it is looked whether an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// After half an hour, at which series of 30 samples end.
    HalfHour,
    /// After an hour and a half, for what waits for an hour.
    HourAndHalf,
    /// After a day and three quarters of an hour, for what is compared with the day before.
    NextDay,
}

/// Series, and which alerts fire at their end.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) alert: AlertName,
    pub(crate) kind: Kind,
    /// Selectors with their samples, in promtool's notation.
    pub(crate) series: Vec<(String, String)>,
    /// The labels of the alerts that fire, without those that the rule itself sets.
    pub(crate) fires: Vec<String>,
    /// When it is looked.
    pub(crate) at: At,
}

pub(crate) fn of(source: Source) -> Vec<Case> {
    match source {
        Source::IstioSidecar => istio::sidecar(),
        Source::IstioAmbient => istio::ambient(),
        Source::IstioGateway => istio::gateway(),
        Source::Cilium => cilium::cases(),
        Source::Calico => calico::open_source(),
        Source::CalicoEnterprise => calico::enterprise(),
        Source::OvnKubernetes => ovn_kubernetes::cases(),
        Source::Antrea => antrea::cases(),
        Source::Cluster => cluster::cases(),
        Source::CoreDns => cluster::core_dns(),
        Source::Aws => clouds::aws("dimension_NatGatewayId"),
        Source::Azure => clouds::azure(),
        Source::Google => clouds::google(clouds::STACKDRIVER),
        Source::Alibaba => clouds::alibaba(),
    }
}

pub(crate) fn case(alert: AlertName, kind: Kind, series: &[(&str, &str)], fires: &[&str]) -> Case {
    Case {
        alert,
        kind,
        series: series.iter().map(|(selector, samples)| ((*selector).to_owned(), (*samples).to_owned())).collect(),
        fires: fires.iter().map(|&labels| labels.to_owned()).collect(),
        at: At::HalfHour,
    }
}

/// An alert that fires when a counter grows. At the edge it has just begun to.
pub(crate) fn events(alert: AlertName, selector: &str, labels: &str) -> Vec<Case> {
    vec![
        case(alert, Kind::Fires, &[(selector, "0+5x30")], &[labels]),
        case(alert, Kind::Silent, &[(selector, "7x30")], &[]),
        case(alert, Kind::Edge, &[(selector, "7x29 8")], &[]),
    ]
}

/// An alert that fires when a gauge is above a limit.
pub(crate) fn gauge(alert: AlertName, selector: &str, labels: &str, [above, limit, fine]: [&str; 3]) -> Vec<Case> {
    let constant = |value: &str| format!("{value}x30");
    vec![
        case(alert, Kind::Fires, &[(selector, &constant(above))], &[labels]),
        case(alert, Kind::Silent, &[(selector, &constant(fine))], &[]),
        case(alert, Kind::Edge, &[(selector, &constant(limit))], &[]),
    ]
}

/// An alert that fires when there is no series. At the edge it has gone, but not for long enough.
pub(crate) fn absent(alert: AlertName, selector: &str, labels: &str) -> Vec<Case> {
    vec![
        case(alert, Kind::Fires, &[("unrelated", "1x30")], &[labels]),
        case(alert, Kind::Silent, &[(selector, "1x30")], &[]),
        case(alert, Kind::Edge, &[(selector, "1x20 _x10")], &[]),
    ]
}

/// What a share is of: a part and a whole, each with the growth per minute (or the value) that fires, that does not, and that is the limit.
pub(crate) struct Share<'a> {
    pub(crate) part: (&'a str, [&'a str; 3]),
    pub(crate) whole: (&'a str, [&'a str; 3]),
}

/// An alert about the share of a part in a whole.
pub(crate) fn share(alert: AlertName, labels: &str, of: &Share<'_>, more: &[(&str, &str)]) -> Vec<Case> {
    let one = |kind, index: usize, fires: &[&str]| {
        let mut series = vec![(of.part.0, of.part.1[index]), (of.whole.0, of.whole.1[index])];
        series.extend(more);
        case(alert, kind, &series, fires)
    };
    vec![one(Kind::Fires, 0, &[labels]), one(Kind::Silent, 1, &[]), one(Kind::Edge, 2, &[])]
}

/// An alert about growth of a counter against the day before, from one rate per minute to another. `floor` is a rate per minute that is
/// just too small to count.
pub(crate) fn growth(alert: AlertName, selector: &str, labels: &str, [before, after, floor]: [u64; 3]) -> Vec<Case> {
    // A day at the first rate, and the rest at the second.
    let samples = |first: u64, second: u64| {
        let then = first * 1440;
        format!("0+{first}x1440 {}+{second}x50", then + second)
    };
    let one = |kind, first, second, fires: &[&str]| Case {
        at: At::NextDay,
        ..case(alert, kind, &[(selector, &samples(first, second))], fires)
    };
    vec![
        one(Kind::Fires, before, after, &[labels]),
        one(Kind::Silent, before, before, &[]),
        // Far more than the day before, and still too little to count.
        one(Kind::Edge, 60, floor, &[]),
    ]
}
