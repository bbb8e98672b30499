//! Which resource has which object of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use egress_engines::manifest::ObjectId;

/// The objects of the whole cluster in the plans of one run of Terraform, each with the resource that it belongs to. Two resources
/// of one name in two namespaces would take such an object from each other with every apply.
#[derive(Debug, Default)]
pub(crate) struct Claimed(Mutex<BTreeMap<ObjectId, BTreeSet<Claim>>>);

/// How a resource is bound to an object of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// A resource of this namespace and name is to have it.
    Wanted(String),
    /// A resource of this namespace and name has it, and is replaced.
    Leaving(String),
}

impl Claimed {
    /// Notes a claim. The answer is another resource that wants the object too.
    pub(crate) fn note(&self, id: ObjectId, claim: Claim) -> Option<String> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = claimed.entry(id).or_default();
        let other = match &claim {
            Claim::Wanted(own) => claims.iter().find_map(|claim| match claim {
                Claim::Wanted(other) if other != own => Some(other.clone()),
                Claim::Wanted(_) | Claim::Leaving(_) => None,
            }),
            Claim::Leaving(_) => None,
        };
        claims.insert(claim);
        other
    }

    /// Whether this resource has the object, and is replaced.
    pub(crate) fn is_left_by(&self, id: &ObjectId, resource: &str) -> bool {
        let claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.get(id).is_some_and(|claims| claims.contains(&Claim::Leaving(resource.to_owned())))
    }
}
