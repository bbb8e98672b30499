//! What is said about addresses.

mod limits;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cloud::{End, Error};
use egress_model::identity::{Identity, Key, Name};
use egress_model::ip_pool::{AddressId, ReleasePolicy};
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use super::arguments::Recorded;
use super::backend::{Fate, Leaving, Row};
use crate::clouds::Place;
use crate::resources::adoption::{Finder, Found, age_since, diagnose};
use crate::resources::cloud_error::{cause, remedy, said};
use crate::session::{Adoption, Failure};

pub(super) use limits::{quota, too_many_tags};

/// The path of one address.
pub(super) fn address_path(key: &Key) -> Path {
    Path::attribute("addresses").key(key.as_str())
}

/// The path of all of them.
fn addresses() -> Path {
    Path::attribute("addresses")
}

/// The provider looks for addresses where they are not.
pub(super) fn elsewhere(public_ip: &str, was: &str, now: &str) -> Diagnostic {
    Diagnostic::error(
        "The pool is in another account or region",
        format!(
            "The state has {public_ip} as {was}, and with the provider's credentials and region of this run it \
             would be {now}. The address is not lost and nothing was changed. Use the account and region of the \
             pool, or set aws.region of the pool."
        ),
    )
    .at(Path::attribute("aws"))
}

/// Addresses that leave in this plan.
pub(super) fn leaves(
    identity: &Identity,
    leaving: &[&Leaving],
    users: &BTreeMap<AddressId, String>,
    guards: bool,
    destroys: bool,
) -> Option<Diagnostic> {
    let given_up = leaving.iter().any(|leaving| leaving.is_given_up());
    let mut detail = String::new();
    for leaving in leaving {
        let (id, ip) = (&leaving.row.id, leaving.row.public_ips);
        let fate = match leaving.fate {
            Fate::Released => "will be released, and is then somebody else's",
            Fate::Postponed => "leaves the pool now; it is released by a later apply, when nothing uses it any more",
            Fate::Forgotten | Fate::Retained => {
                "leaves the pool; it stays allocated in the account, where it costs money"
            }
        };
        let user = match (users.get(id), leaving.row.users.first()) {
            (Some(user), _) => format!("used now by {user}"),
            (None, Some(user)) => format!("used now by {}", user.id),
            (None, None) => "not used now".to_owned(),
        };
        let key = leaving.row.mark.as_ref().map(|mark| format!(", key \"{}\"", mark.key)).unwrap_or_default();
        let _ = writeln!(detail, "- {ip} ({id}{key}), {user}: {fate}.");
    }
    if leaving.is_empty() {
        return None;
    }
    let what = what_happens(identity, destroys);
    if !given_up {
        let summary = format!("{what}, and its addresses stay allocated");
        return Some(Diagnostic::warning(summary, detail).at(addresses()));
    }
    Some(giving_up(&what, detail, guards, destroys))
}

fn what_happens(Identity { name, .. }: &Identity, destroys: bool) -> String {
    if destroys { format!("The pool {name} is destroyed") } else { format!("Public IPs leave the pool {name}") }
}

/// The warning or error of IPs that are given up. A destroy goes by what the state says: it has no configuration, so that what
/// it is to go by has to be applied before.
fn giving_up(what: &str, mut detail: String, guards: bool, destroys: bool) -> Diagnostic {
    detail.push_str("\nWhoever has these IPs on an allow-list must hear of it first.");
    if !guards {
        return Diagnostic::warning(format!("{what}: IPs will be given up"), detail).at(addresses());
    }
    detail.push_str(if destroys {
        " If that is done: a destroy goes by what was applied last, so set on_ip_change = \"warn\" in the resource, \
         apply, and then destroy. To keep the addresses allocated, set release_policy = \"retain\" instead, apply, \
         and then destroy. If its block was only renamed or moved, a moved block keeps the pool as it is."
    } else {
        " If that is done, set on_ip_change = \"warn\" together with this change, and release_policy = \"release\". \
         To keep the addresses allocated, set release_policy = \"retain\" instead."
    });
    Diagnostic::error(format!("{what}: IPs would be given up"), detail).at(Path::attribute("on_ip_change"))
}

/// Addresses that leave by what is written, in a plan that cannot ask the cloud yet.
pub(super) fn leaves_unseen(
    identity: &Identity,
    gone: &[(&Key, &Recorded)],
    guards: bool,
    destroys: bool,
) -> Option<Diagnostic> {
    if gone.is_empty() {
        return None;
    }
    let mut detail = String::new();
    for (key, recorded) in gone {
        let _ = writeln!(detail, "- {} ({}, key \"{key}\").", recorded.public_ip, recorded.id);
    }
    detail.push_str(
        "\nWhere the pool is depends on values that are known only after apply, so that what uses them is not known.",
    );
    Some(giving_up(&what_happens(identity, destroys), detail, guards, destroys))
}

/// Keys of which the plan does not know whether they keep their IP.
pub(super) fn undecided(keys: &[&Key]) -> Diagnostic {
    let keys = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "What these keys ask for depends on values that are known only after apply: {keys}. If they turn out to \
         need other addresses, the apply changes nothing and says so, because on_ip_change is \"error\"."
    );
    Diagnostic::warning("Whether all keys keep their IPs is not known yet", detail).at(addresses())
}

/// Addresses that should leave, and carry the tags of others.
pub(super) fn left_to_others(
    foreign: &[(Row, ReleasePolicy)],
    identity: &Identity,
    destroys: bool,
) -> Option<Diagnostic> {
    let mut detail = String::new();
    for (row, _) in foreign {
        let others = row.mark.as_ref().map(|mark| mark.identity.to_string()).unwrap_or_default();
        let _ = writeln!(detail, "- {} ({}) carries the tags of {others}.", row.public_ips, row.id);
    }
    if foreign.is_empty() {
        return None;
    }
    let what = if destroys { "destroys the pool" } else { "gives them up" };
    if foreign.iter().all(|(_, policy)| *policy == ReleasePolicy::Retain) {
        detail.push_str("\nThey stay allocated, with those tags.");
        return Some(Diagnostic::warning("Addresses that leave the pool carry other tags", detail).at(addresses()));
    }
    let _ = write!(
        detail,
        "\nThe state of {identity} has them, and this plan {what}; but they may be somebody else's by now, so \
         nothing is released. If the provider's owner was changed, set the former one again, or apply the changed \
         owner once before: an apply writes the new tags. If another state manages them, take them out of this one: \
         \"terraform state rm\", or a removed block with destroy = false."
    );
    Some(Diagnostic::error("Addresses of the pool carry the tags of others", detail).at(addresses()))
}

/// The address of a key carries the tags of others.
pub(super) fn marked_by_others(key: &Key, row: &Row, others: &Identity, own: &Identity) -> Diagnostic {
    let detail = format!(
        "{} ({}) carries the tags of {others}, and the state of {own} has it. This plan writes the tags of {own}. \
         That is right after the provider's owner was changed. If another state manages the address under those \
         tags, take it out of this one instead.",
        row.public_ips, row.id
    );
    Diagnostic::warning(format!("The address of key \"{key}\" changes its owner"), detail).at(address_path(key))
}

/// The name that the pool is to have is another's.
pub(super) fn name_taken(name: &Name, rows: &[&Row]) -> Diagnostic {
    let ids: Vec<_> = rows.iter().map(|row| format!("{} ({})", row.public_ips, row.id)).collect();
    let detail = format!(
        "Another pool of the same owner has this name, with {}. Choose another name, or rename that one first, in an apply of its own.",
        ids.join(", ")
    );
    Diagnostic::error(format!("The name {name} is taken"), detail).at(Path::attribute("name"))
}

/// A renaming with other changes.
pub(super) fn renamed_with_more(before: &Name, now: &Name) -> Diagnostic {
    let detail = format!(
        "The pool is renamed from {before} to {now} by writing the name on its addresses, which all stay. That is \
         done in an apply of its own, so that a run that is interrupted leaves nothing that cannot be told apart \
         from another pool's. Apply the other changes first with the name {before}, or the name first."
    );
    Diagnostic::error("A pool is renamed alone", detail).at(Path::attribute("name"))
}

/// Addresses with the pool's tags that are not in the state and of no key that it has.
pub(super) fn strays(rows: &[&Row], destroys: bool) -> Option<Diagnostic> {
    let mut detail = String::new();
    for row in rows {
        let key = row.mark.as_ref().map(|mark| mark.key.to_string()).unwrap_or_default();
        let _ = writeln!(detail, "- key \"{key}\": {} ({})", row.public_ips, row.id);
    }
    if rows.is_empty() {
        return None;
    }
    detail.push_str(
        "\nThey carry the owner and name of this pool, and the state does not have them: an interrupted apply left \
         them, or another state uses the same owner and name. ",
    );
    detail.push_str(if destroys {
        "They stay allocated, and cost money. If they are this pool's, add their keys to addresses and apply before \
         the destroy; or release them by hand."
    } else {
        "An apply with these keys in addresses adopts them; otherwise they stay allocated, and cost money, until they are released by hand."
    });
    Some(Diagnostic::warning("There are addresses of this pool that it does not know", detail).at(addresses()))
}

/// Second addresses of a key that stay allocated.
pub(super) fn extra(rows: &[&Row]) -> Option<Diagnostic> {
    let ids: Vec<_> = rows.iter().map(|row| format!("{} ({})", row.public_ips, row.id)).collect();
    (!ids.is_empty()).then(|| {
        let detail = format!(
            "A key had more than one address, as an interrupted run can leave it. The pool keeps one, and by \
             release_policy = \"retain\" released none. Without the pool's tags now, and still allocated, where \
             they cost money: {}. Release them by hand when nobody needs them.",
            ids.join(", ")
        );
        Diagnostic::warning("Extra addresses stay allocated", detail).at(addresses())
    })
}

/// Addresses that left in an earlier run and go now, or still wait.
pub(super) fn left_before(leaving: &[&Leaving], users: &BTreeMap<AddressId, String>) -> Option<Diagnostic> {
    let mut detail = String::new();
    for leaving in leaving {
        let (id, ip) = (&leaving.row.id, leaving.row.public_ips);
        let what = match leaving.fate {
            Fate::Released => "will be released now".to_owned(),
            Fate::Forgotten => "stays allocated; the pool's tags are removed".to_owned(),
            Fate::Retained => continue,
            Fate::Postponed => {
                let first = leaving.row.users.first().map(|user| user.id.clone());
                let user = users.get(id).cloned().or(first).unwrap_or_default();
                format!("is still used by {user}, and is released by the first apply after that has ended")
            }
        };
        let _ = writeln!(detail, "- {ip} ({id}) {what}.");
    }
    let summary = "Addresses that left the pool are still allocated";
    (!detail.is_empty()).then(|| Diagnostic::warning(summary, detail).at(addresses()))
}

/// The address of a key was released since the state was read.
pub(super) fn stale(key: &Key, ip: &str) -> Diagnostic {
    let detail = format!(
        "The state has {ip}, and it was released since the state was read, outside of this run. Nothing was \
         changed. Plan again, with a refresh (without -refresh=false): the new plan says which keys get another IP, \
         and how to ask for the same one."
    );
    Diagnostic::error(format!("The address of key \"{key}\" is no longer as it was planned"), detail)
        .at(address_path(key))
}

/// The address of a key is gone.
pub(super) fn lost(key: &Key, ip: &str, guards: bool) -> Diagnostic {
    let summary = format!("The public IP {ip} of key \"{key}\" is gone");
    let detail = format!(
        "The address was released outside of Terraform. Set recover = \"{ip}\" on this address to ask the cloud for \
         the same IP back, which works as long as nobody else has it."
    );
    let diagnostic = if guards {
        let detail = format!("{detail} To take another IP instead, set on_ip_change = \"warn\" and apply.");
        Diagnostic::error(summary, detail)
    } else {
        Diagnostic::warning(summary, format!("{detail} Otherwise this plan takes another IP."))
    };
    diagnostic.at(address_path(key))
}

/// Live addresses that carry the identity and that the state does not know.
pub(super) fn found(rows: &[(&Key, &Row)], identity: &Identity, adoption: Adoption) -> Option<Diagnostic> {
    let found = |(key, row): &(&Key, &Row)| Found {
        what: format!("key \"{key}\": {} ({})", row.public_ips, row.id),
        age: row.mark.as_ref().and_then(|mark| mark.created).map(age_since),
    };
    let found: Vec<Found> = rows.iter().map(found).collect();
    let finder = Finder {
        things: "Addresses",
        resource: "egress_ip_pool",
        identity: &identity.to_string(),
        owner: identity.owner.as_str(),
        import_id: identity.name.as_str(),
        path: if let [(key, _)] = rows { address_path(key) } else { addresses() },
    };
    diagnose(adoption, &found, &finder)
}

/// Addresses of the state that another instance has adopted.
pub(super) fn kept(rows: &[Row], identity: &Identity) -> Option<Diagnostic> {
    let mut detail = String::new();
    for row in rows {
        let _ = writeln!(detail, "- {} ({})", row.public_ips, row.id);
    }
    if rows.is_empty() {
        return None;
    }
    let _ = write!(
        detail,
        "\nAnother instance of {identity} has adopted them: the one that takes the place of this one, as \
         create_before_destroy has it, or one in another state. They are not released; only this state forgets them."
    );
    Some(Diagnostic::warning("Addresses that another instance has adopted are kept", detail).at(addresses()))
}

/// A named address does not exist.
pub(super) fn missing(key: &Key, id: &str) -> Diagnostic {
    let detail = format!(
        "There is no address {id} in this account and region. Look for a typing error, another region or account, \
         or remove existing_id to allocate a new address."
    );
    Diagnostic::error(format!("The address of key \"{key}\" does not exist"), detail)
        .at(address_path(key).child("existing_id"))
}

/// A named address is another pool's.
pub(super) fn foreign(key: &Key, row: &Row, pool: &str) -> Diagnostic {
    let detail = format!(
        "{} ({}) carries the tags of {pool}, which may release it. Remove it there first, with release_policy = \"retain\".",
        row.id, row.public_ips
    );
    Diagnostic::error(format!("The address of key \"{key}\" belongs to another pool"), detail)
        .at(address_path(key).child("existing_id"))
}

/// An address that was adopted becomes the pool's own.
pub(super) fn taken_over(key: &Key, row: &Row) -> Diagnostic {
    let detail = format!(
        "existing_id was removed, and the key stays: {} ({}) is kept, but from now on it is the pool's own. It is \
         tagged now, and released when the key is removed. To give it up instead, remove the key.",
        row.public_ips, row.id
    );
    Diagnostic::warning(format!("The adopted address of key \"{key}\" becomes the pool's own"), detail)
        .at(address_path(key))
}

/// The tags that find an address again were changed.
pub(super) fn retagged(key: &Key, row: &Row) -> Diagnostic {
    let detail = format!(
        "{} ({}) does not carry the owner, name and key by which the provider finds it. This plan sets them again.",
        row.public_ips, row.id
    );
    Diagnostic::warning(format!("The tags of the address of key \"{key}\" were changed outside of Terraform"), detail)
        .at(address_path(key))
}

/// Another instance has adopted an address of the state.
pub(super) fn taken_back(key: &Key, row: &Row) -> Diagnostic {
    let detail = format!(
        "{} ({}) carries the holder of another instance of this resource: one in another state with the same owner \
         and name, or one whose creation was interrupted. This plan takes it back. If another state manages it, \
         give one of the two another owner, or take it out of this state (\"terraform state rm\").",
        row.public_ips, row.id
    );
    Diagnostic::warning(format!("The address of key \"{key}\" was adopted by another instance"), detail)
        .at(address_path(key))
}

/// A call failed while the cloud was only read.
pub(super) fn unreadable(what: &str, error: &Error, place: &Place) -> Failure {
    let detail = format!("{}.\n\n{}", said(error), remedy(error));
    Failure::new(
        cause(error, &place.to_string()),
        Diagnostic::error(format!("Could not {what}"), detail).at(addresses()),
    )
}

/// How an apply ended at `place`, if it did not do everything; `exists` says what there is now.
pub(super) fn end(end: &End, place: &Place, exists: &str, creates: bool) -> Option<Failure> {
    let remaining = |rest: &[String]| match rest {
        [] => String::new(),
        rest => format!("\n\nNot started: {}.", rest.join("; ")),
    };
    let diagnostic = match end {
        End::Done => return None,
        End::Failed { operation, error, remaining: rest } => {
            let exists = format!("{exists}{}", remaining(rest));
            let detail = format!("{}.\n\n{}\n\n{exists}", said(error), remedy(error));
            let diagnostic = Diagnostic::error(format!("Could not {operation}"), detail).at(addresses());
            return Some(Failure { cause: cause(error, &place.to_string()), diagnostic, exists });
        }
        End::Stopped(rest) => {
            let summary = "The run was interrupted";
            let detail = format!("{exists}{}\n\nApply again to go on.", remaining(rest));
            // An error would make Terraform replace what was just made.
            if creates { Diagnostic::warning(summary, detail) } else { Diagnostic::error(summary, detail) }
        }
        End::Expired(rest) => {
            let detail = format!("{exists}{}\n\nApply again to go on, or set a longer timeout.", remaining(rest));
            return Some(Diagnostic::error("The time was over", detail).at(Path::attribute("timeouts")).into());
        }
        End::Unsettled(rest) => Diagnostic::error(
            "The addresses do not stay as they were set",
            format!(
                "Each call succeeded, and still this remains to be done: {}. Somebody else changes the same \
                 addresses: look for another state with the same owner and name.\n\n{exists}",
                rest.join("; ")
            ),
        ),
    };
    Some(diagnostic.at(addresses()).into())
}
