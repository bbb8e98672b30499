//! What the resources of one run of Terraform have to know of each other. A provider process lives as long as one command, and Terraform
//! tells a resource nothing of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use egress_engines::manifest::ObjectId;
use egress_model::identity::Identity;

/// Everything that is known of this run under one configuration.
#[derive(Debug, Default)]
pub(crate) struct ThisRun {
    /// What was created.
    pub(crate) created: Created,
    /// The objects of the whole cluster that were planned.
    pub(crate) claimed: Claimed,
    /// Which resource has which route.
    pub(crate) routes: RouteClaims,
    /// The kinds whose engine is silent.
    pub(crate) silent: SilentKinds,
}

/// The identities that one run of Terraform has created. Each belongs to one resource instance: a second creation of one is
/// another resource of the same name, and a removal after it is that of an older instance, whose objects the newer one has
/// adopted (`create_before_destroy`).
#[derive(Debug, Default)]
pub(crate) struct Created(Mutex<BTreeSet<Identity>>);

impl Created {
    /// Notes a creation; `false` when the identity was created before.
    pub(crate) fn note(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(identity.clone())
    }

    /// Whether the identity was created in this run.
    pub(crate) fn holds(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(identity)
    }
}

/// Which resource of a run has a route that is recorded by its place alone, such as `rtb-0123_203.0.113.0/24`. Two must not have
/// the same one: removing one would cut the other's traffic.
#[derive(Debug, Default)]
pub(crate) struct RouteClaims {
    holders: Mutex<BTreeMap<String, String>>,
    /// Held while routes are removed, from the question whose they are to the last call.
    removal: tokio::sync::Mutex<()>,
}

impl RouteClaims {
    /// Waits until no routes are being removed, and keeps it so. Without it a resource could find a route that another one is
    /// about to remove, take it for its own, and lose it.
    pub(crate) async fn no_removal(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.removal.lock().await
    }

    /// Notes that a resource has a route; the other resource that has it, if there is one.
    pub(crate) fn claim(&self, route: &str, resource: &str) -> Option<String> {
        let mut claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = claims.entry(route.to_owned()).or_insert_with(|| resource.to_owned());
        (holder != resource).then(|| holder.clone())
    }

    /// Whether a resource of this run other than this one has the route; of none, whether any has.
    pub(crate) fn is_of_another(&self, route: &str, resource: Option<&str>) -> bool {
        let claims = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        claims.get(route).is_some_and(|holder| Some(holder.as_str()) != resource)
    }
}

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

/// The kinds about whose objects nobody said anything in this run, and how long that was waited for. Their controller is probably not
/// there, and a wait of that length for each further object would make an apply of many take hours.
#[derive(Debug, Default)]
pub(crate) struct SilentKinds(Mutex<BTreeMap<(String, String), Duration>>);

impl SilentKinds {
    /// Notes that nobody said anything about an object for this long.
    pub(crate) fn note(&self, object: &ObjectId, waited: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = kinds.entry(kind_of(object)).or_default();
        *longest = waited.max(*longest);
    }

    /// Notes that somebody speaks.
    pub(crate) fn forget(&self, object: &ObjectId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&kind_of(object));
    }

    /// How long the longest silence about an object of this kind was.
    pub(crate) fn longest(&self, object: &ObjectId) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind_of(object)).copied()
    }
}

fn kind_of(object: &ObjectId) -> (String, String) {
    (object.api_version.clone(), object.kind.clone())
}
