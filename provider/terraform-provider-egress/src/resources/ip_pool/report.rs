//! What the user is told about addresses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use cloud::ip_pools::Quota;
use cloud::{Class, End, Error};
use egress_model::identity::Key;
use egress_model::ip_pool::AddressId;
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use super::backend::{Fate, Leaving, Row};
use crate::session::Adoption;

/// The path of one address.
pub(super) fn address_path(key: &Key) -> Path {
    Path::attribute("addresses").key(key.as_str())
}

/// The provider looks for addresses where they are not.
pub(super) fn elsewhere(public_ip: &str, was: &str, now: &str) -> Diagnostic {
    Diagnostic::error(
        "The pool is in another account or region",
        format!(
            "The state has {public_ip} as {was}, and with the provider's credentials and region of this run it would be {now}. The address \
             is not lost and nothing was changed. Use the account and region of the pool, or set aws.region of the pool."
        ),
    )
    .at(Path::attribute("aws"))
}

/// Addresses that leave in this plan.
pub(super) fn leaves(
    leaving: &[&Leaving],
    users: &BTreeMap<AddressId, String>,
    guards: bool,
    destroys: bool,
) -> Option<Diagnostic> {
    let given_up: Vec<_> = leaving.iter().filter(|l| matches!(l.fate, Fate::Released | Fate::Postponed)).collect();
    let mut detail = String::new();
    for leaving in leaving {
        let (id, ip) = (&leaving.row.id, leaving.row.public_ip);
        let fate = match leaving.fate {
            Fate::Released => "will be released, and is then somebody else's",
            Fate::Postponed => "leaves the pool now; it is released by a later apply, when nothing uses it any more",
            Fate::Forgotten | Fate::Retained => {
                "leaves the pool; it stays allocated in the account, where it costs money"
            }
        };
        let user = match (users.get(id), &leaving.row.association) {
            (Some(user), _) => format!("used now by {user}"),
            (None, Some(association)) => format!("used now by {}", association.user),
            (None, None) => "not used now".to_owned(),
        };
        let _ = writeln!(detail, "- {ip} ({id}), {user}: {fate}.");
    }
    if leaving.is_empty() {
        return None;
    }
    let what = if destroys { "The pool is destroyed" } else { "Public IPs leave the pool" };
    if given_up.is_empty() {
        return Some(Diagnostic::warning(format!("{what}, and its addresses stay allocated"), detail));
    }
    detail.push_str("\nWhoever has these IPs on an allow-list must hear of it first.");
    if !guards {
        return Some(Diagnostic::warning(format!("{what}: IPs will be given up"), detail));
    }
    detail.push_str(
        " If that is done, set on_ip_change = \"warn\", apply, and then make this change. To keep the addresses allocated, set \
         release_policy = \"retain\".",
    );
    Some(Diagnostic::error(format!("{what}: IPs would be given up"), detail).at(Path::attribute("on_ip_change")))
}

/// Addresses that left in an earlier run and go now, or still wait.
pub(super) fn left_before(leaving: &[&Leaving], users: &BTreeMap<AddressId, String>) -> Option<Diagnostic> {
    let mut detail = String::new();
    for leaving in leaving {
        let (id, ip) = (&leaving.row.id, leaving.row.public_ip);
        let what = match leaving.fate {
            Fate::Released => "will be released now".to_owned(),
            Fate::Forgotten => "stays allocated; the pool's tags are removed".to_owned(),
            Fate::Retained => continue,
            Fate::Postponed => {
                let association = leaving.row.association.as_ref().map(|association| association.user.clone());
                let user = users.get(id).cloned().or(association).unwrap_or_default();
                format!("is still used by {user}, and is released by the first apply after that has ended")
            }
        };
        let _ = writeln!(detail, "- {ip} ({id}) {what}.");
    }
    (!detail.is_empty()).then(|| Diagnostic::warning("Addresses that left the pool are still allocated", detail))
}

/// The address of a key is gone.
pub(super) fn lost(key: &Key, ip: &str, guards: bool) -> Diagnostic {
    let summary = format!("The public IP {ip} of key \"{key}\" is gone");
    let detail = format!(
        "The address was released outside of Terraform. Set recover = \"{ip}\" on this address to ask the cloud for the same IP back, \
         which works as long as nobody else has it."
    );
    let diagnostic = if guards {
        let detail = format!("{detail} To take another IP instead, set on_ip_change = \"warn\".");
        Diagnostic::error(summary, detail)
    } else {
        Diagnostic::warning(summary, format!("{detail} Otherwise this plan takes another IP."))
    };
    diagnostic.at(address_path(key))
}

/// Live addresses that carry the identity and that the state does not know.
pub(super) fn found(rows: &[(&Key, &Row)], adoption: Adoption) -> Option<Diagnostic> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut detail = String::new();
    for (key, row) in rows {
        let created = row.mark.as_ref().and_then(|mark| mark.created);
        let age =
            created.map_or("of unknown age".to_owned(), |created| format!("{} old", age(now.saturating_sub(created))));
        let _ = writeln!(detail, "- key \"{key}\": {} ({}), {age}", row.public_ip, row.id);
    }
    if rows.is_empty() {
        return None;
    }
    detail.push_str(
        "\nThey carry the owner, the name and these keys, but are not in this state. That is right after an interrupted run. If \
         another state uses the same owner and name, it is wrong: both would manage the same addresses; give this one another name.",
    );
    Some(match adoption {
        Adoption::Automatic => Diagnostic::warning("Addresses that exist already will be adopted", detail),
        Adoption::Error => {
            detail.push_str(" The provider's adoption = \"error\" refuses to adopt them; import them, or allow it.");
            Diagnostic::error("Addresses that exist already would be adopted", detail)
        }
    })
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The account does not allow as many addresses.
pub(super) fn quota(quota: &Quota, new: usize) -> Option<Diagnostic> {
    let wanted = quota.used.saturating_add(new as u64);
    (wanted > quota.limit).then(|| {
        let detail = format!(
            "The account has {} of {} addresses here, and this plan allocates {new} more. Ask for a higher limit of \"{}\", or release \
             addresses that nobody needs; otherwise the apply will stop at the limit.",
            quota.used, quota.limit, quota.name
        );
        Diagnostic::warning("The account's limit of addresses will be reached", detail).at(Path::attribute("addresses"))
    })
}

/// A named address does not exist.
pub(super) fn missing(key: &Key, id: &str) -> Diagnostic {
    let detail = format!(
        "There is no address {id} in this account and region. Look for a typing error, another region or account, or remove \
         existing_id to allocate a new address."
    );
    Diagnostic::error(format!("The address of key \"{key}\" does not exist"), detail)
        .at(address_path(key).child("existing_id"))
}

/// A named address is another pool's.
pub(super) fn foreign(key: &Key, row: &Row, pool: &str) -> Diagnostic {
    let detail = format!(
        "{} ({}) carries the tags of {pool}, which may release it. Remove it there first, with release_policy = \"retain\".",
        row.id, row.public_ip
    );
    Diagnostic::error(format!("The address of key \"{key}\" belongs to another pool"), detail)
        .at(address_path(key).child("existing_id"))
}

/// An address that was adopted becomes the pool's own.
pub(super) fn taken_over(key: &Key, row: &Row) -> Diagnostic {
    let detail = format!(
        "existing_id was removed, and the key stays: {} ({}) is kept, but from now on it is the pool's own. It is tagged now, and \
         released when the key is removed. To give it up instead, remove the key.",
        row.public_ip, row.id
    );
    Diagnostic::warning(format!("The adopted address of key \"{key}\" becomes the pool's own"), detail)
        .at(address_path(key))
}

/// The tags that find an address again were changed.
pub(super) fn retagged(key: &Key, row: &Row) -> Diagnostic {
    let detail = format!(
        "{} ({}) no longer carries the owner, name and key by which the provider finds it. They were changed outside of Terraform; \
         this plan sets them again.",
        row.public_ip, row.id
    );
    Diagnostic::warning(format!("The address of key \"{key}\" was tagged anew outside of Terraform"), detail)
        .at(address_path(key))
}

/// A call failed while the cloud was only looked at.
pub(super) fn unreadable(what: &str, error: &Error) -> Diagnostic {
    Diagnostic::error(format!("Could not {what}"), format!("{error}.\n\n{}", advice(error)))
}

/// How an apply ended, if it did not do everything; `exists` says what there is now.
pub(super) fn end(end: &End, exists: &str, creates: bool) -> Option<Diagnostic> {
    let remaining = |rest: &[String]| match rest {
        [] => String::new(),
        rest => format!("\n\nNot started: {}.", rest.join("; ")),
    };
    match end {
        End::Done => None,
        End::Failed { operation, error, remaining: rest } => Some(Diagnostic::error(
            format!("Could not {operation}"),
            format!("{error}.\n\n{}\n\n{exists}{}", advice(error), remaining(rest)),
        )),
        End::Stopped(rest) => {
            let summary = "The run was interrupted";
            let detail = format!("{exists}{}\n\nApply again to go on.", remaining(rest));
            // An error would make Terraform replace what was just made.
            Some(if creates { Diagnostic::warning(summary, detail) } else { Diagnostic::error(summary, detail) })
        }
        End::Expired(rest) => Some(
            Diagnostic::error(
                "The time was over",
                format!("{exists}{}\n\nApply again to go on, or set a longer timeout.", remaining(rest)),
            )
            .at(Path::attribute("timeouts")),
        ),
        End::Unsettled(rest) => Some(Diagnostic::error(
            "The addresses do not stay as they were set",
            format!(
                "Each call succeeded, and still this remains to be done: {}. Somebody else changes the same addresses: look for another \
                 state with the same owner and name.\n\n{exists}",
                rest.join("; ")
            ),
        )),
    }
}

fn advice(error: &Error) -> &'static str {
    match error.class {
        Class::NotFound => "The object is not there: look for a change outside of Terraform.",
        Class::Conflict => "Something else holds the address or changes it now. End that, then apply again.",
        Class::Throttled => "The account makes too many calls now. Apply again later.",
        Class::QuotaExceeded => {
            "Ask the cloud for a higher limit, or release addresses that nobody needs, then apply again."
        }
        Class::Denied => "Check the credentials and what they allow.",
        Class::Unsupported => "This cloud or region cannot do it.",
        Class::Transient => "The cloud or the network failed for a moment. Apply again: what exists is found again.",
        Class::Other => "Check the arguments that the message names.",
    }
}
