//! A failed call to a cloud in words for the user.

use cloud::{Class, End, Error};
use tfplugin::diagnostic::chain;

use crate::session::Cause;

/// The error without the full stop that a cloud's message may end with: a sentence is made of it.
pub(crate) fn said(error: &Error) -> String {
    chain(error).trim_end_matches('.').to_owned()
}

/// What to do about an error, as a sentence: what the cloud's own code calls for, or else its class.
pub(crate) fn remedy(error: &Error) -> &'static str {
    error.remedy().unwrap_or_else(|| remedy_of_class(error.class))
}

fn remedy_of_class(class: Class) -> &'static str {
    match class {
        Class::NotFound => {
            "The object is not there: look for a change outside of Terraform, or another region or account."
        }
        Class::Busy => "Another change of the same object is under way. Apply again when it has ended.",
        Class::InUse => "Something else uses the object. Take it from there, then apply again.",
        Class::Conflict => "Something else holds the object or changes it now. End that, then apply again.",
        Class::Throttled => "The account makes too many calls now. Apply again later.",
        Class::QuotaExceeded => "Ask the cloud for a higher limit, or give back what nobody needs, then apply again.",
        Class::Exhausted => {
            "There is none left to be had there, and a higher limit of the account does not help. Apply again later, or use another \
             place or source."
        }
        Class::Credentials => {
            "The credentials are missing, expired or not accepted. Renew them (log in again, or check the environment, the profile and \
             the assumed role), then run Terraform again."
        }
        Class::Denied => "Allow the credentials this action, then run Terraform again.",
        Class::Unsupported => {
            "This cloud or region cannot do it. Leave out the arguments that ask for it, or use another region."
        }
        Class::Transient => "The cloud or the network failed for a moment. Apply again: what exists is found again.",
        Class::Unreachable => {
            "Check the network, a proxy or firewall on the way, and the region and endpoint_url of the provider, then run Terraform \
             again: what exists is found again."
        }
        Class::Interrupted => "Run Terraform again: what exists is found again.",
        Class::Expired => "Apply again to go on, or set a longer timeout.",
        Class::Other => "Check the arguments that the message names.",
    }
}

/// The cause of a failed call to `place`, such as `AWS in eu-west-1`, if it is one that fails every resource there.
pub(crate) fn cause(error: &Error, place: &str) -> Option<Cause> {
    let place = place.to_owned();
    match error.class {
        Class::Unreachable => Some(Cause::Unreachable { place }),
        Class::Credentials => Some(Cause::Credentials { place }),
        Class::Denied => Some(Cause::Denied { place, action: error.operation.to_owned() }),
        Class::Interrupted => Some(Cause::Interrupted),
        _ => None,
    }
}

/// The cause of work at `place` that ended with a failed call.
pub(crate) fn cause_of_end(end: &End, place: &str) -> Option<Cause> {
    match end {
        End::Failed { error, .. } => cause(error, place),
        End::Done | End::Stopped(_) | End::Expired(_) | End::Unsettled(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_a_full_stop_gets_no_second_one() {
        assert_eq!(said(&Error::new(Class::Other, "ReleaseAddress", "No.")), "ReleaseAddress failed: No");
    }
}
