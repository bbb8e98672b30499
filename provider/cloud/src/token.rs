//! Idempotency tokens that a later process finds again.
//!
//! A random token protects one call against being repeated by its own retry. It does not protect against a crash: the next
//! process would use another. These tokens are a function of what is asked for, so that the next process asks the same.

use egress_model::identity::{Identity, Key};
use sha2::{Digest, Sha256};

/// The token for creating one part of a resource: 52 characters of base32, within the 64 ASCII characters that EC2 and
/// Alibaba Cloud take.
///
/// `parameters` are all that the call sends beside the identity, in a fixed order: the same token with other parameters is
/// an error in EC2 (`IdempotentParameterMismatch`). `generation` counts the objects of this identity and these parameters
/// that came and went: a token answers with the object that it once made, also after that failed or was deleted.
pub fn client_token(identity: &Identity, key: Option<&Key>, parameters: &[(&str, &str)], generation: u32) -> String {
    data_encoding::BASE32_NOPAD.encode(digest(identity, key, parameters, generation).as_ref())
}

/// What tokens and names are made of.
pub(crate) fn digest(
    identity: &Identity,
    key: Option<&Key>,
    parameters: &[(&str, &str)],
    generation: u32,
) -> impl AsRef<[u8]> + use<> {
    let mut digest = Sha256::new();
    let mut field = |text: &str| {
        // The length first, so that no two lists of fields give the same bytes.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    field(identity.owner.as_str());
    field(identity.resource_type.as_str());
    field(identity.name.as_str());
    field(key.map_or("", Key::as_str));
    field(&generation.to_string());
    for (name, value) in parameters {
        field(name);
        field(value);
    }
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use egress_model::identity::ResourceType;

    use super::*;

    fn identity(name: &str) -> Identity {
        Identity {
            owner: "acme".parse().expect("an owner"),
            resource_type: ResourceType::NatGateway,
            name: name.parse().expect("a name"),
        }
    }

    #[test]
    fn is_the_same_in_every_process() {
        // Written down: a change of this value would make every create of an interrupted run happen twice.
        let token = client_token(&identity("prod"), None, &[("SubnetId", "subnet-1")], 0);
        assert_eq!(token, "62LKSPHJSEEWRUPLNH2CRX22QB7JWB6NSP6W3O2OFAYSLWZNCNOQ");
    }

    #[test]
    fn differs_where_anything_differs() {
        let key: Key = "a".parse().expect("a key");
        let (prod, test) = (identity("prod"), identity("test"));
        let tokens = [
            client_token(&prod, None, &[], 0),
            client_token(&test, None, &[], 0),
            client_token(&prod, Some(&key), &[], 0),
            client_token(&prod, None, &[], 1),
            client_token(&prod, None, &[("a", "bc")], 0),
            client_token(&prod, None, &[("ab", "c")], 0),
            client_token(&prod, None, &[("a", "b"), ("c", "")], 0),
        ];
        assert!(tokens.iter().all(|token| token.len() == 52 && token.is_ascii()));
        assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len());
    }
}
