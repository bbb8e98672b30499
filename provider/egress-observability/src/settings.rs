//! How alerts are tuned: on or off, how long they wait, how bad they are, and from which number on they fire.

use std::collections::BTreeMap;

use crate::alert::{AlertName, Limit, Range};
use crate::duration::{Duration, DurationError};
use crate::severity::{Severity, SeverityError};

/// What a user writes of one alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertSpec {
    /// Whether it exists.
    pub enabled: Option<bool>,
    /// How long the condition lasts before it fires.
    pub hold: Option<String>,
    /// How bad it is.
    pub severity: Option<String>,
    /// The number that decides.
    pub threshold: Option<f64>,
    /// How much there must be at all.
    pub floor: Option<f64>,
    /// What a gigabyte (1e9 bytes) through the NAT gateway costs, in any currency.
    pub price_per_gb: Option<f64>,
}

/// What is wrong with what a user wrote of an alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The length of time is none.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// The severity is none.
    #[error(transparent)]
    Severity(#[from] SeverityError),
    /// The alert has nothing of that kind.
    #[error("does not exist for {0}, which fires at the first sign")]
    Without(AlertName),
    /// The number is outside of what it can be.
    #[error("must be {range}: it is {what}")]
    Outside {
        /// Which numbers it can be.
        range: Range,
        /// What it is.
        what: &'static str,
    },
    /// A price of something that costs nothing.
    #[error("is of EgressCostHigh alone")]
    Price,
    /// A budget without a price.
    #[error("must be there: without what a gigabyte costs there is nothing to compare with")]
    NoPrice,
}

/// A problem and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The alert.
    pub alert: AlertName,
    /// The attribute of it.
    pub attribute: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

/// How all alerts are tuned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tuning {
    by_name: BTreeMap<AlertName, Tuned>,
}

/// How one alert is tuned; what is not said is as by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tuned {
    off: bool,
    hold: Option<Duration>,
    severity: Option<Severity>,
    threshold: Option<f64>,
    floor: Option<f64>,
    price: Option<f64>,
}

impl Tuning {
    /// What users wrote of each alert; or everything that is wrong with it.
    pub fn parse(specs: &BTreeMap<AlertName, AlertSpec>) -> Result<Self, Vec<Invalid>> {
        let mut by_name = BTreeMap::new();
        let mut wrong = Vec::new();
        for (&name, spec) in specs {
            let mut add = |attribute, problem| wrong.push(Invalid { alert: name, attribute, problem });
            let defaults = name.defaults();
            let mut tuned = Tuned { off: spec.enabled == Some(false), ..Tuned::default() };
            match spec.hold.as_deref().map(str::parse).transpose() {
                Ok(hold) => tuned.hold = hold,
                Err(error) => add("for", Problem::Duration(error)),
            }
            match spec.severity.as_deref().map(str::parse).transpose() {
                Ok(severity) => tuned.severity = severity,
                Err(error) => add("severity", Problem::Severity(error)),
            }
            for (attribute, value, limit, slot) in [
                ("threshold", spec.threshold, defaults.threshold, &mut tuned.threshold),
                ("floor", spec.floor, defaults.floor, &mut tuned.floor),
            ] {
                match checked(name, value, limit) {
                    Ok(number) => *slot = number,
                    Err(problem) => add(attribute, problem),
                }
            }
            let price = Limit { default: 0.0, range: Range::Positive, what: "what a gigabyte costs" };
            match (name, spec.price_per_gb) {
                (AlertName::CostHigh, None) if !tuned.off => add("price_per_gb", Problem::NoPrice),
                (AlertName::CostHigh, value) => match checked(name, value, Some(price)) {
                    Ok(number) => tuned.price = number,
                    Err(problem) => add("price_per_gb", problem),
                },
                (_, Some(_)) => add("price_per_gb", Problem::Price),
                (_, None) => {}
            }
            by_name.insert(name, tuned);
        }
        if wrong.is_empty() { Ok(Self { by_name }) } else { Err(wrong) }
    }

    /// The alerts that the user names and wants.
    pub fn asked(&self) -> impl Iterator<Item = AlertName> {
        self.by_name.iter().filter(|(_, tuned)| !tuned.off).map(|(name, _)| *name)
    }

    /// Whether an alert exists. One about cost needs a price first.
    pub fn is_on(&self, name: AlertName) -> bool {
        let tuned = self.of(name);
        !tuned.off && (name != AlertName::CostHigh || tuned.price.is_some())
    }

    /// How long its condition lasts before it fires.
    pub fn hold(&self, name: AlertName) -> Duration {
        self.of(name).hold.unwrap_or(name.defaults().hold)
    }

    /// How bad it is.
    pub fn severity(&self, name: AlertName) -> Severity {
        self.of(name).severity.unwrap_or(name.defaults().severity)
    }

    /// The number from which on it fires; zero for an alert that fires at the first sign.
    pub fn threshold(&self, name: AlertName) -> f64 {
        self.of(name).threshold.or(name.defaults().threshold.map(|limit| limit.default)).unwrap_or_default()
    }

    /// How much there must be at all; zero for an alert that has no such number.
    pub fn floor(&self, name: AlertName) -> f64 {
        self.of(name).floor.or(name.defaults().floor.map(|limit| limit.default)).unwrap_or_default()
    }

    /// What a gigabyte costs, where the user said it.
    pub fn price_per_gb(&self) -> Option<f64> {
        self.of(AlertName::CostHigh).price
    }

    fn of(&self, name: AlertName) -> Tuned {
        self.by_name.get(&name).copied().unwrap_or_default()
    }
}

fn checked(name: AlertName, value: Option<f64>, limit: Option<Limit>) -> Result<Option<f64>, Problem> {
    let Some(value) = value else { return Ok(None) };
    let Limit { range, what, .. } = limit.ok_or(Problem::Without(name))?;
    let fits = value.is_finite()
        && match range {
            Range::Share => value > 0.0 && value < 1.0,
            Range::Times => value > 1.0,
            Range::Positive => value > 0.0,
        };
    if fits { Ok(Some(value)) } else { Err(Problem::Outside { range, what }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_on_its_attribute() {
        let threshold = |threshold| AlertSpec { threshold: Some(threshold), ..AlertSpec::default() };
        let cases = [
            (AlertName::TrafficSpike, threshold(0.5), "threshold", "must be more than 1: it is how many times"),
            (
                AlertName::ConnectionFailures,
                threshold(1.0),
                "threshold",
                "must be more than 0 and less than 1: it is the share",
            ),
            (AlertName::LatencyHigh, threshold(f64::NAN), "threshold", "must be more than 0: it is milliseconds"),
            (
                AlertName::GatewayDown,
                threshold(1.0),
                "threshold",
                "does not exist for EgressGatewayDown, which fires at the first sign",
            ),
            (
                AlertName::NatDrops,
                AlertSpec { floor: Some(1.0), ..AlertSpec::default() },
                "floor",
                "does not exist for EgressNATPacketsDropped",
            ),
            (
                AlertName::NoData,
                AlertSpec { hold: Some("5".into()), ..AlertSpec::default() },
                "for",
                "must be a whole number",
            ),
            (
                AlertName::NoData,
                AlertSpec { severity: Some("page".into()), ..AlertSpec::default() },
                "severity",
                "must be info, warning or critical",
            ),
            (
                AlertName::NoData,
                AlertSpec { price_per_gb: Some(1.0), ..AlertSpec::default() },
                "price_per_gb",
                "is of EgressCostHigh alone",
            ),
            (AlertName::CostHigh, threshold(5.0), "price_per_gb", "must be there"),
        ];
        for (name, spec, attribute, text) in cases {
            let wrong = Tuning::parse(&[(name, spec)].into()).expect_err("it is wrong");
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert_eq!((wrong[0].alert, wrong[0].attribute), (name, attribute));
            assert!(wrong[0].problem.to_string().starts_with(text), "{}", wrong[0].problem);
        }
    }

    #[test]
    fn what_is_not_said_is_as_by_default() {
        let spec = AlertSpec { hold: Some("2m".into()), threshold: Some(0.2), ..AlertSpec::default() };
        let off = AlertSpec { enabled: Some(false), ..AlertSpec::default() };
        let specs = [(AlertName::ConnectionFailures, spec), (AlertName::NoData, off)];
        let tuning = Tuning::parse(&specs.into()).expect("good settings");
        let name = AlertName::ConnectionFailures;
        assert_eq!((tuning.hold(name), tuning.threshold(name)), (Duration::minutes(2), 0.2));
        assert_eq!((tuning.severity(name), tuning.floor(name)), (Severity::Critical, 0.1));
        assert_eq!((tuning.is_on(AlertName::NoData), tuning.is_on(AlertName::CostHigh)), (false, false));
        assert_eq!(tuning.asked().collect::<Vec<_>>(), [name]);
    }
}
