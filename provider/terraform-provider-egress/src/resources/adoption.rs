//! Whether a plan adopts live objects that carry its identity and that the state does not have.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use crate::session::Adoption;

/// How old what an interrupted run has left can be. Its successor comes at once, or when somebody has looked into a failed pipeline, within
/// the same half-day of work; the longest default timeout of a resource is well below. What is older is somebody's production.
const RECENT: Duration = Duration::from_hours(2);

/// What a plan does about such objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It adopts them, and says so.
    Adopted,
    /// It fails: an interrupted run can not have left them.
    Old,
    /// It fails: the provider's configuration forbids it.
    Forbidden,
}

/// A live object that carries the identity of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// It, for a line of a message, such as `key "a": 203.0.113.7 (eipalloc-1)`.
    pub(crate) what: String,
    /// How old it is; `None` where nothing says so.
    pub(crate) age: Option<Duration>,
}

/// For whom objects were found.
#[derive(Clone, Debug)]
pub(crate) struct Finder<'a> {
    /// What they are, in the plural, such as `Addresses`.
    pub(crate) things: &'a str,
    /// The type of the resource, such as `egress_ip_pool`.
    pub(crate) resource: &'a str,
    /// The identity that they carry.
    pub(crate) identity: &'a str,
    /// The provider's owner.
    pub(crate) owner: &'a str,
    /// What imports them.
    pub(crate) import_id: &'a str,
    /// Where the message belongs.
    pub(crate) path: Path,
}

fn verdict(adoption: Adoption, found: &[Found]) -> Verdict {
    let is_recent = |found: &Found| found.age.is_some_and(|age| age <= RECENT);
    match adoption {
        Adoption::Automatic => Verdict::Adopted,
        Adoption::Recent if found.iter().all(is_recent) => Verdict::Adopted,
        Adoption::Recent => Verdict::Old,
        Adoption::Error => Verdict::Forbidden,
    }
}

/// What a plan says of them; nothing when there are none.
pub(crate) fn diagnose(adoption: Adoption, found: &[Found], finder: &Finder<'_>) -> Option<Diagnostic> {
    if found.is_empty() {
        return None;
    }
    let Finder { things, resource, identity, owner, import_id, path } = finder;
    let mut lines = String::new();
    for Found { what, age } in found {
        let age = age.map_or("of unknown age".to_owned(), |age| format!("{} old", in_words(age)));
        let _ = writeln!(lines, "  - {what}, {age}");
    }
    let carried = format!("{lines}\nThey carry the identity {identity} and are not in this state.");
    let go_on = format!(
        "\n\nIf another state manages them, such as another workspace of this configuration, give each an owner of \
         its own in the provider block: owner = \"{owner}-${{terraform.workspace}}\".\n\nIf they belong to this \
         resource, import them:\n\n  \
         import {{\n    to = {resource}.NAME\n    id = \"{import_id}\"\n  }}\n\n"
    );
    let diagnostic = match verdict(adoption, found) {
        Verdict::Adopted => {
            let detail = format!(
                "{carried} An interrupted apply leaves them so, and then it is right to adopt them. If another \
                 state manages them, it has the same provider owner: give this one another, or both will change the \
                 same objects."
            );
            Diagnostic::warning(format!("{things} that exist will be adopted"), detail)
        }
        Verdict::Old => {
            let detail = format!(
                "{carried} Not all of them were made in the last 2 hours, so that it is not an interrupted apply \
                 that left them. Nothing was changed.{go_on}If the whole state is lost, or Terraform replaces the \
                 resource with create_before_destroy, set adoption = \"automatic\" in the provider block for one \
                 apply: it adopts whatever carries exactly its identities."
            );
            Diagnostic::error(format!("{things} with this identity exist already"), detail)
        }
        Verdict::Forbidden => {
            let detail = format!(
                "{carried} The provider's adoption = \"error\" forbids adopting them. Nothing was changed.{go_on}If \
                 an interrupted apply left them, adoption = \"recent\" adopts them."
            );
            Diagnostic::error(format!("{things} with this identity exist already"), detail)
        }
    };
    Some(diagnostic.at(path.clone()))
}

/// How long ago that was, in seconds since the Unix epoch.
pub(crate) fn age_since(seconds: u64) -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.saturating_sub(Duration::from_secs(seconds))
}

fn in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Duration = Duration::from_mins(90);
    const OLD: Duration = Duration::from_hours(3);

    fn found(age: Option<Duration>) -> Found {
        Found { what: "key \"a\": 203.0.113.7 (eipalloc-1)".to_owned(), age }
    }

    fn finder() -> Finder<'static> {
        Finder {
            things: "Addresses",
            resource: "egress_ip_pool",
            identity: "acme/ip-pool/partners",
            owner: "acme",
            import_id: "partners",
            path: Path::attribute("addresses"),
        }
    }

    #[test]
    fn only_what_an_interrupted_run_can_have_left_is_adopted() {
        let cases = [
            (Adoption::Recent, vec![Some(NEW)], Verdict::Adopted),
            (Adoption::Recent, vec![Some(RECENT)], Verdict::Adopted),
            (Adoption::Recent, vec![Some(NEW), Some(OLD)], Verdict::Old),
            (Adoption::Recent, vec![None], Verdict::Old),
            (Adoption::Automatic, vec![Some(OLD), None], Verdict::Adopted),
            (Adoption::Error, vec![Some(NEW)], Verdict::Forbidden),
        ];
        for (adoption, ages, expected) in cases {
            let found: Vec<Found> = ages.iter().copied().map(found).collect();
            assert_eq!(verdict(adoption, &found), expected, "{adoption:?} {ages:?}");
        }
        assert_eq!(diagnose(Adoption::Error, &[], &finder()), None);
    }

    #[test]
    fn what_a_second_state_reads() {
        let said = diagnose(Adoption::Recent, &[found(Some(OLD))], &finder());
        let expected = Diagnostic::error(
            "Addresses with this identity exist already",
            "  - key \"a\": 203.0.113.7 (eipalloc-1), 3 hours old\n\nThey carry the identity acme/ip-pool/partners \
             and are not in this state. Not all of them were made in the last 2 hours, so that it is not an \
             interrupted apply that left them. Nothing was changed.\n\nIf another state manages them, such as \
             another workspace of this configuration, give each an owner of its own in the provider block: owner = \
             \"acme-${terraform.workspace}\".\n\nIf they belong to this resource, import them:\n\n  \
             import {\n    to = egress_ip_pool.NAME\n    id = \"partners\"\n  }\n\nIf the whole state is lost, or \
             Terraform replaces the resource with create_before_destroy, set adoption = \"automatic\" in the \
             provider block for one apply: it adopts whatever carries exactly its identities.",
        );
        assert_eq!(said, Some(expected.at(Path::attribute("addresses"))));
    }

    #[test]
    fn what_the_successor_of_an_interrupted_run_reads() {
        let said = diagnose(Adoption::Recent, &[found(Some(Duration::from_mins(5)))], &finder());
        let expected = Diagnostic::warning(
            "Addresses that exist will be adopted",
            "  - key \"a\": 203.0.113.7 (eipalloc-1), 5 minutes old\n\nThey carry the identity \
             acme/ip-pool/partners and are not in this state. An interrupted apply leaves them so, and then it is \
             right to adopt them. If another state manages them, it has the same provider owner: give this one \
             another, or both will change the same objects.",
        );
        assert_eq!(said, Some(expected.at(Path::attribute("addresses"))));
    }
}
