//! The `aws` block of the provider block.

use std::collections::BTreeMap;

use cloud::{DefaultTags, Poll};
use cloud_aws::Timeouts;
use cloud_aws::config::{AssumeRole, Config, Endpoints, RetryMode};
use egress_model::identity::RESERVED_TAGS;
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics};

use super::wrong::{beneath, wrong_url};
use crate::clouds::aws::{self, WrongTag};
use crate::duration;
use crate::session::Aws;

/// The attributes by which AWS is reached: all but the tags of what is made there.
pub(super) const REACH: [&str; 8] =
    ["region", "profile", "endpoint_url", "endpoints", "assume_role", "max_attempts", "retry_mode", "poll_interval"];

#[derive(Deserialize)]
struct Part {
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    endpoints: Option<EndpointsPart>,
    assume_role: Option<AssumeRolePart>,
    default_tags: Arg<BTreeMap<String, Arg<String>>>,
    max_attempts: Option<u32>,
    retry_mode: Option<String>,
    poll_interval: Option<String>,
}

#[derive(Deserialize)]
struct EndpointsPart {
    ec2: Option<String>,
    sts: Option<String>,
}

#[derive(Deserialize)]
struct AssumeRolePart {
    role_arn: String,
    session_name: Option<String>,
    external_id: Option<String>,
    duration: Option<String>,
    policy: Option<String>,
}

/// Parses the `aws` block at this path, of which the attributes of [`REACH`] are known.
pub(super) fn parse(path: &Path, value: &Value) -> Result<Aws, Diagnostics> {
    let part: Part = model::from_value(value).map_err(|error| beneath(path, error))?;
    let mut wrong = Diagnostics::new();
    let mut check = |name: &str, problem: Option<String>| {
        if let Some(problem) = problem {
            let at = name.split('.').fold(path.clone(), |path, step| path.child(step));
            wrong.push(Diagnostic::error(format!("The aws {name} cannot be used"), problem).at(at));
        }
    };
    check("region", part.region.as_deref().and_then(wrong_region));
    check("endpoint_url", part.endpoint_url.as_deref().and_then(wrong_url));
    if let Some(endpoints) = &part.endpoints {
        check("endpoints.ec2", endpoints.ec2.as_deref().and_then(wrong_url));
        check("endpoints.sts", endpoints.sts.as_deref().and_then(wrong_url));
    }
    check(
        "max_attempts",
        part.max_attempts
            .filter(|attempts| !(1..=100).contains(attempts))
            .map(|attempts| format!("{attempts} is not between 1 and 100.")),
    );
    let retry_mode = match part.retry_mode.as_deref() {
        None => None,
        Some("standard") => Some(RetryMode::Standard),
        Some("adaptive") => Some(RetryMode::Adaptive),
        Some(other) => {
            let hint = hint(other, ["standard", "adaptive"]);
            check("retry_mode", Some(format!("{other:?} is no retry mode; write \"standard\" or \"adaptive\".{hint}")));
            None
        }
    };
    let first_poll = match part.poll_interval.as_deref().map(duration::parse).transpose() {
        Ok(interval) => interval,
        Err(error) => {
            check("poll_interval", Some(format!("The value {error}.")));
            None
        }
    };
    let assume_role = part.assume_role.map(|role| {
        check("assume_role.role_arn", wrong_role(&role.role_arn));
        check("assume_role.session_name", role.session_name.as_deref().and_then(wrong_session_name));
        let duration = match role.duration.as_deref().map(duration::parse).transpose() {
            Ok(duration) => {
                let allowed = 15 * 60..=12 * 60 * 60;
                if duration.is_some_and(|duration| !allowed.contains(&duration.as_secs())) {
                    check("assume_role.duration", Some("A session of a role lasts 15 minutes to 12 hours.".to_owned()));
                }
                duration
            }
            Err(error) => {
                check("assume_role.duration", Some(format!("The value {error}.")));
                None
            }
        };
        check("assume_role.policy", role.policy.as_deref().and_then(wrong_policy));
        AssumeRole {
            role_arn: role.role_arn,
            session_name: role.session_name,
            external_id: role.external_id,
            duration,
            policy: role.policy,
        }
    });
    let complete = !part.default_tags.is_unknown();
    let written = part.default_tags.into_known().unwrap_or_default();
    for (key, value) in &written {
        let missing = value.is_null().then(|| "Its value is null. Write a text, or leave the tag out.".to_owned());
        if let Some(problem) = wrong_tag(key).or(missing) {
            wrong.push(
                Diagnostic::error(format!("The default tag {key:?} cannot be used"), problem)
                    .at(path.child("default_tags").key(key.clone())),
            );
        }
    }
    if wrong.has_errors() {
        return Err(wrong);
    }
    let default_tags = DefaultTags {
        complete: complete && !written.values().any(Arg::is_unknown),
        known: written.into_iter().filter_map(|(key, value)| Some((key, value.into_known()?))).collect(),
    };
    let endpoints = part.endpoints.map(|endpoints| Endpoints { ec2: endpoints.ec2, sts: endpoints.sts });
    Ok(Aws::new(Config {
        region: part.region,
        profile: part.profile,
        endpoint_url: part.endpoint_url,
        endpoints: endpoints.unwrap_or_default(),
        assume_role,
        default_tags,
        max_attempts: part.max_attempts,
        retry_mode,
        poll: first_poll.map_or(Poll::DEFAULT, Poll::starting_at),
        timeouts: Timeouts::default(),
    }))
}

fn wrong_region(region: &str) -> Option<String> {
    let right = region.split('-').count() >= 3
        && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && region.ends_with(|c: char| c.is_ascii_digit());
    (!right).then(|| {
        format!("{region:?} is not a region; one looks like eu-west-1 (an availability zone has a letter more).")
    })
}

/// `arn:PARTITION:iam::ACCOUNT:role/NAME`, from the IAM identifiers reference.
fn wrong_role(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let right = matches!(parts[..], ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()));
    (!right).then(|| format!("{arn:?} is not the ARN of a role; one looks like arn:aws:iam::123456789012:role/egress."))
}

/// The constraint of `RoleSessionName` in the STS API reference.
fn wrong_session_name(name: &str) -> Option<String> {
    let right =
        (2..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_=,.@-".contains(&b));
    (!right).then(|| format!("{name:?} is not 2 to 64 letters, digits or any of _ = , . @ -."))
}

/// What is wrong with the key of a tag: our own keys, and the rules of EC2.
fn wrong_tag(key: &str) -> Option<String> {
    if RESERVED_TAGS.contains(&key) {
        return Some(format!("{key} is how the provider finds its objects again; it sets that tag itself."));
    }
    let problem = match aws::wrong_tag(key, None)? {
        WrongTag::OfAws => "Keys that begin with aws: are AWS's own.",
        WrongTag::Key => "A tag key has 1 to 128 characters.",
        WrongTag::Value => "A tag's value has at most 256 characters.",
    };
    Some(problem.to_owned())
}

/// The limits are those of `Policy` in the AWS STS API reference, `AssumeRole`.
fn wrong_policy(policy: &str) -> Option<String> {
    if policy.chars().count() > 2048 {
        return Some(format!("It has {} characters; a policy for a session has at most 2048.", policy.chars().count()));
    }
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy).is_ok();
    (!is_object).then(|| "It is not a JSON object; write the policy with jsonencode.".to_owned())
}
