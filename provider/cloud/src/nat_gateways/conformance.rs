//! What every implementor of [`NatGateways`] must do. A back end runs [`suite`] in its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use egress_model::identity::{Identity, ResourceType};
use egress_model::nat_gateway::{State, View};
use tokio_util::sync::CancellationToken;

use super::{NatGateways, apply};
use crate::{End, Limits};

/// A cloud under test, in which nothing of ours exists yet.
pub trait Subject: Sync {
    /// The implementor.
    type Cloud: NatGateways;

    /// The implementor; each time as another process would have it, with nothing remembered.
    fn cloud(&self) -> Self::Cloud;

    /// Wants, for an identity, a gateway in each of these zones (0 or 1), with these of four free addresses (0 to 3).
    fn desired(&self, identity: &Identity, gateways: &[(usize, &[usize])]) -> <Self::Cloud as NatGateways>::Desired;
}

fn identity(name: &str) -> Identity {
    Identity {
        owner: "conformance".parse().expect("an owner"),
        resource_type: ResourceType::NatGateway,
        name: name.parse().expect("a name"),
    }
}

fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(30))
}

/// The number of addresses per live gateway.
fn shape(view: &View) -> Vec<usize> {
    let live = view.gateways.values().filter(|gateway| gateway.state == State::Available);
    live.map(|gateway| gateway.addresses.len()).collect()
}

fn ids(view: &View) -> BTreeSet<String> {
    view.gateways.values().map(|gateway| gateway.id.clone()).collect()
}

async fn reach<S: Subject>(subject: &S, name: &str, gateways: &[(usize, &[usize])]) -> View {
    let (cloud, desired) = (subject.cloud(), subject.desired(&identity(name), gateways));
    let observed = cloud.observe(&desired).await.expect("it can be observed");
    let outcome = apply(&cloud, &desired, observed, &limits()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let again = subject.cloud().observe(&desired).await.expect("it can be observed");
    assert_eq!(S::Cloud::plan(&desired, &again), vec![], "another process has nothing left to do");
    let view = S::Cloud::view(&again);
    assert_eq!(S::Cloud::view(&outcome.observed), view, "what was folded is what is there");
    view
}

/// Runs the whole suite; panics where the contract is broken.
pub async fn suite<S: Subject>(subject: &S) {
    assert_eq!(reach(subject, "one", &[]).await, View { gateways: BTreeMap::new() });
    let first = reach(subject, "one", &[(0, &[0])]).await;
    assert_eq!(shape(&first), [1]);
    let more = reach(subject, "one", &[(0, &[0, 1])]).await;
    assert_eq!((shape(&more), ids(&more)), (vec![2], ids(&first)), "an address is added in place");
    let other = reach(subject, "other", &[(1, &[2])]).await;
    assert!(ids(&other).is_disjoint(&ids(&more)), "nothing of another identity is adopted");

    let desired = subject.desired(&identity("one"), &[]);
    let cloud = subject.cloud();
    let observed = cloud.observe(&desired).await.expect("it can be observed");
    let stopped = limits();
    stopped.stop.cancel();
    let outcome = apply(&cloud, &desired, observed, &stopped).await;
    assert!(matches!(outcome.end, End::Stopped(_)), "nothing is started after an interruption: {:?}", outcome.end);
    assert_eq!(shape(&S::Cloud::view(&outcome.observed)), [2]);

    reach(subject, "one", &[]).await;
    assert_eq!(reach(subject, "other", &[(1, &[2])]).await, other, "nothing of another identity is removed");
    let again = reach(subject, "one", &[(0, &[1])]).await;
    assert!(ids(&again).is_disjoint(&ids(&other)), "an address that became free can be used again");
    reach(subject, "one", &[]).await;
    reach(subject, "other", &[]).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::Error;
    use crate::nat_gateways::memory::{Desired, Held, Memory, Operation};

    /// One memory that every process sees.
    struct Shared(Arc<Memory>);

    #[async_trait]
    impl NatGateways for Shared {
        type Desired = Desired;
        type Observed = BTreeMap<egress_model::identity::Key, Held>;
        type Operation = Operation;

        async fn observe(&self, desired: &Desired) -> Result<Self::Observed, Error> {
            self.0.observe(desired).await
        }

        fn plan(desired: &Desired, observed: &Self::Observed) -> Vec<Operation> {
            Memory::plan(desired, observed)
        }

        async fn execute(
            &self,
            desired: &Desired,
            operation: &Operation,
            observed: &mut Self::Observed,
            limits: &Limits,
        ) -> Result<(), Error> {
            self.0.execute(desired, operation, observed, limits).await
        }

        fn view(observed: &Self::Observed) -> View {
            Memory::view(observed)
        }
    }

    struct InMemory(Arc<Memory>);

    impl Subject for InMemory {
        type Cloud = Shared;

        fn cloud(&self) -> Shared {
            Shared(Arc::clone(&self.0))
        }

        fn desired(&self, identity: &Identity, gateways: &[(usize, &[usize])]) -> Desired {
            let gateways = gateways.iter().map(|(zone, addresses)| {
                let addresses = addresses.iter().map(|address| format!("address-{address}")).collect();
                (format!("zone-{zone}").parse().expect("a key"), addresses)
            });
            Desired { identity: identity.clone(), gateways: gateways.collect() }
        }
    }

    #[tokio::test]
    async fn memory_conforms() {
        let memory = Arc::new(Memory::default());
        suite(&InMemory(Arc::clone(&memory))).await;
        assert_eq!(memory.inventory(), BTreeMap::new());
    }
}
