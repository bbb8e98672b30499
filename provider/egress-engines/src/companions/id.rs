//! Ids that a cloud gives its objects, as types.

/// Whether a text is a prefix and then an id of lowercase letters and digits, as clouds give their objects.
pub(super) fn is_id(text: &str, prefix: &str) -> bool {
    let is_alphanumeric = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.strip_prefix(prefix).is_some_and(is_alphanumeric)
}

/// Types that hold an id of a cloud: parsed from its text, and shown as it.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $check:expr, $error:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err($error(text.to_owned())) }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(super) use id_type;
