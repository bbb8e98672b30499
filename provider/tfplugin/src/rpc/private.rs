//! Private data: the provider's own, and beside it what the framework has to remember from one call to the next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::resource::Private;

/// What is stored with a resource, as Terraform sees it: a JSON object, or nothing where there is nothing to store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The provider's.
    pub(crate) provider: Private,
    /// The object was imported and not read since: its identity may still become complete.
    pub(crate) imported: bool,
    /// In a plan for a new object: the values that decide which object it is. The plan of a replacement is handed to both of
    /// its halves, so that the removal of the old object learns what takes its place.
    pub(crate) replacement: Option<Json>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replacement: Option<Json>,
}

impl Stored {
    /// The provider's data alone.
    pub(crate) fn of(provider: Private) -> Self {
        Self { provider, ..Self::default() }
    }

    /// Reads what Terraform stored. Bytes that were not written by [`Stored::encode`] (by another SDK, for one) are the
    /// provider's.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let envelope = serde_json::from_slice::<Envelope>(bytes).ok();
        let decoded = envelope.and_then(|Envelope { provider, imported, replacement }| {
            Some(Self { provider: STANDARD.decode(provider).ok()?, imported, replacement })
        });
        decoded.unwrap_or_else(|| Self::of(bytes.to_vec()))
    }

    /// What Terraform is to store: the provider's data as it is where there is nothing else and it cannot be taken for more than that. A
    /// host writes it with each instance of the state, again and again while it applies.
    pub(crate) fn encode(&self) -> Vec<u8> {
        if *self == Self::of(self.provider.clone()) && Self::decode(&self.provider) == *self {
            return self.provider.clone();
        }
        let envelope = Envelope {
            provider: STANDARD.encode(&self.provider),
            imported: self.imported,
            replacement: self.replacement.clone(),
        };
        serde_json::to_vec(&envelope).unwrap_or_else(|_| self.provider.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        for provider in [Vec::new(), b"plain".to_vec(), b"{\"imported\":true}".to_vec(), vec![0, 255, 0]] {
            for imported in [false, true] {
                for replacement in [None, Some(serde_json::json!({"name": "a"}))] {
                    let stored = Stored { provider: provider.clone(), imported, replacement };
                    assert_eq!(Stored::decode(&stored.encode()), stored);
                }
            }
        }
    }

    #[test]
    fn nothing_is_stored_as_nothing() {
        assert_eq!(Stored::default().encode(), b"");
        assert_eq!(Stored::decode(b""), Stored::default());
    }

    #[test]
    fn the_providers_data_alone_are_stored_as_they_are() {
        let holder = br#"{"holder":"e39d357b367fb9ed7ae5f15e58cf340e"}"#;
        assert_eq!(Stored::of(holder.to_vec()).encode(), holder);
        let like_an_envelope = br#"{"imported":true}"#;
        assert_ne!(Stored::of(like_an_envelope.to_vec()).encode(), like_an_envelope);
    }

    #[test]
    fn bytes_of_another_sdk_are_the_providers() {
        for foreign in [&b"not json"[..], br#"{"schema_version":"1"}"#, br#"{"provider":"***"}"#] {
            assert_eq!(Stored::decode(foreign), Stored::of(foreign.to_vec()));
        }
    }
}
