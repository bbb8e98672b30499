//! A failed call to a cloud in words for the user.

use cloud::{Class, Error};
use tfplugin::diagnostic::chain;

/// The error without the full stop that a cloud's message may end with: a sentence is made of it.
pub(crate) fn said(error: &Error) -> String {
    chain(error).trim_end_matches('.').to_owned()
}

/// What to do about an error of this class, as a sentence.
pub(crate) fn remedy(class: Class) -> &'static str {
    match class {
        Class::NotFound => {
            "The object is not there: look for a change outside of Terraform, or another region or account."
        }
        Class::Conflict => "Something else holds the object or changes it now. End that, then apply again.",
        Class::Throttled => "The account makes too many calls now. Apply again later.",
        Class::QuotaExceeded => "Ask the cloud for a higher limit, or give back what nobody needs, then apply again.",
        Class::Denied => "Check the credentials and what they allow.",
        Class::Unsupported => {
            "This cloud or region cannot do it. Leave out the arguments that ask for it, or use another region."
        }
        Class::Transient => "The cloud or the network failed for a moment. Apply again: what exists is found again.",
        Class::Other => "Check the arguments that the message names.",
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
