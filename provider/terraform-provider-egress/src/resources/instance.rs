//! What private data says of a resource instance.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use egress_model::identity::Holder;
use serde::{Deserialize, Serialize};
use tfplugin::resource::Private;

/// What is kept beside the state of a resource instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Which instance this is; its objects carry it.
    pub(crate) holder: Option<Holder>,
    /// In the plan of a new instance: the one that it replaces.
    pub(crate) replaces: Option<Holder>,
    /// In the plan of a new instance: its namespace, where it has one, and its name. The removal of the one that it replaces is given them.
    pub(crate) becomes: Option<Named>,
    /// In the plan of a new instance: the state has what carries the identity, so that it is adopted whatever its age.
    pub(crate) inherits: bool,
    /// In the creation of a new instance: it is given the state of the one whose place it takes.
    pub(crate) takes_over: bool,
    /// The creation stopped halfway.
    pub(crate) incomplete: bool,
}

/// A namespace, where there is one, and a name.
pub(crate) type Named = (Option<String>, String);

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    becomes: Option<Named>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inherits: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    takes_over: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
}

impl Instance {
    /// What private data says; nothing where there is none.
    pub(crate) fn of(private: &[u8]) -> Self {
        let stored: Stored = serde_json::from_slice(private).unwrap_or_default();
        let holder_of = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Self {
            holder: holder_of(stored.holder),
            replaces: holder_of(stored.replaces),
            becomes: stored.becomes,
            inherits: stored.inherits,
            takes_over: stored.takes_over,
            incomplete: stored.incomplete,
        }
    }

    /// As private data.
    pub(crate) fn to_private(&self) -> Private {
        if *self == Self::default() {
            return Private::new();
        }
        let text = |holder: &Option<Holder>| holder.as_ref().map(ToString::to_string);
        let stored = Stored {
            holder: text(&self.holder),
            replaces: text(&self.replaces),
            becomes: self.becomes.clone(),
            inherits: self.inherits,
            takes_over: self.takes_over,
            incomplete: self.incomplete,
        };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// The same of an instance that is not known yet, whose objects carry this holder, as after an import.
    pub(crate) fn or_held_by(self, carried: Option<Holder>) -> Self {
        Self { holder: self.holder.or(carried), ..self }
    }

    /// What is kept after an apply.
    pub(crate) fn settled(self) -> Self {
        Self { replaces: None, becomes: None, inherits: false, takes_over: false, ..self }
    }
}

/// A holder that nobody has. The keys of a hasher are the standard library's only randomness; two of them make 128 bits.
pub(crate) fn new_holder() -> Holder {
    let random = || RandomState::new().build_hasher().finish();
    let text = format!("{:016x}{:016x}", random(), random());
    text.parse().unwrap_or_else(|_| unreachable!("32 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        let instance = Instance {
            holder: Some(new_holder()),
            replaces: Some(new_holder()),
            becomes: Some((None, "partners".to_owned())),
            inherits: true,
            takes_over: true,
            incomplete: true,
        };
        assert_eq!(Instance::of(&instance.to_private()), instance);
        let settled = instance.clone().settled();
        assert_eq!(settled, Instance { replaces: None, becomes: None, inherits: false, takes_over: false, ..instance });
        assert_eq!(Instance::of(b""), Instance::default());
        assert_eq!(Instance::default().to_private(), b"");
    }

    #[test]
    fn no_two_holders_are_the_same() {
        assert_ne!(new_holder(), new_holder());
    }
}
