//! What steering must do on every cloud that has it.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Dying, MANY, World, apply, limits, settle, stops};
use crate::steering::Record;
use crate::{End, Reconcile, Steering};

/// A cloud under test, with a gateway that another resource has.
#[async_trait]
pub trait Subject: World {
    /// The implementor.
    type Cloud: Steering;
    /// The implementor as another process has it, with nothing remembered.
    fn cloud(&self) -> Self::Cloud;

    /// Wants that these of four destinations (0 to 3) go to the gateway, for one of several resources.
    fn desired(&self, resource: &str, destinations: &[usize], recorded: &Record) -> Desired<Self>;

    /// Which of the four destinations go to the gateway now.
    async fn steered(&self) -> BTreeSet<usize>;

    /// Another resource than any of these changes the object that all of them have a part of, such as the gateway itself.
    async fn change_gateway(&self);
}

/// What a subject wants.
pub type Desired<S> = <<S as Subject>::Cloud as Reconcile>::Desired;

/// Runs the whole suite. Nothing of ours may be there before; nothing is left behind.
pub async fn suite<S: Subject>(subject: &S) {
    let check = Check { subject, empty: subject.inventory().await };
    check.adds_and_removes().await;
    check.survives_lost_answers().await;
    check.survives_the_death_of_the_process().await;
    check.several_resources_share_a_gateway().await;
}

struct Check<'a, S> {
    subject: &'a S,
    empty: BTreeSet<String>,
}

impl<S: Subject> Check<'_, S> {
    async fn reach(&self, resource: &str, destinations: &[usize], recorded: &Record) -> Record {
        let desired = self.subject.desired(resource, destinations, recorded);
        let observed = settle(&self.subject.cloud(), &desired, &self.subject.cloud()).await;
        let steered = self.subject.steered().await;
        assert!(destinations.iter().all(|destination| steered.contains(destination)), "{steered:?}");
        S::Cloud::record(&desired, &observed)
    }

    async fn end(&self, resource: &str, recorded: &Record) {
        self.reach(resource, &[], recorded).await;
        assert_eq!(self.subject.steered().await, BTreeSet::new());
        assert_eq!(self.subject.inventory().await, self.empty, "nothing is left, and what others have is as it was");
    }

    async fn adds_and_removes(&self) {
        let none = Record::default();
        let one = self.reach("one", &[0], &none).await;
        let two = self.reach("one", &[0, 1], &one).await;
        let other = self.reach("one", &[1, 2], &two).await;
        assert_eq!(self.subject.steered().await, BTreeSet::from([1, 2]));
        stops(&self.subject.cloud(), &self.subject.desired("one", &[3], &other)).await;
        assert_eq!(self.subject.steered().await, BTreeSet::from([1, 2]));
        self.end("one", &other).await;
    }

    async fn survives_lost_answers(&self) {
        let mut state = Record::default();
        for destinations in [&[0, 1][..], &[1, 2], &[]] {
            self.subject.lose_next_answer().await;
            let desired = self.subject.desired("one", destinations, &state);
            let outcome = apply(&self.subject.cloud(), &desired, &limits()).await;
            assert!(matches!(outcome.end, End::Done | End::Failed { .. }), "{:?}", outcome.end);
            state = self.reach("one", destinations, &state).await;
        }
        self.end("one", &state).await;
    }

    async fn survives_the_death_of_the_process(&self) {
        for operations in 0.. {
            assert!(operations < MANY, "it does not end");
            let state = self.reach("one", &[0, 1], &Record::default()).await;
            let desired = self.subject.desired("one", &[1, 2, 3], &state);
            let died = Dying::apply(&self.subject.cloud(), &desired, operations).await;
            let state = self.reach("one", &[1, 2, 3], &state).await;
            assert_eq!(self.subject.steered().await, BTreeSet::from([1, 2, 3]));
            self.end("one", &state).await;
            if !died {
                break;
            }
        }
    }

    /// Two policies, while a third resource changes the gateway itself: in one process and in several.
    async fn several_resources_share_a_gateway(&self) {
        for processes in [1, 2] {
            let (first, second) = (self.subject.cloud(), self.subject.cloud());
            let second = if processes == 1 { &first } else { &second };
            let (mut ones, mut others) = (Record::default(), Record::default());
            for (one, other) in [(&[0][..], &[1][..]), (&[0, 2], &[1, 3]), (&[2], &[3]), (&[], &[])] {
                let (wanted, too) =
                    (self.subject.desired("one", one, &ones), self.subject.desired("other", other, &others));
                let limits = limits();
                let (made, made_too, ()) = tokio::join!(
                    apply(&first, &wanted, &limits),
                    apply(second, &too, &limits),
                    self.subject.change_gateway()
                );
                assert!(
                    matches!((&made.end, &made_too.end), (End::Done, End::Done)),
                    "{made:?} {made_too:?}",
                    made = made.end,
                    made_too = made_too.end
                );
                ones = self.reach("one", one, &ones).await;
                others = self.reach("other", other, &others).await;
                let both: BTreeSet<usize> = one.iter().chain(other).copied().collect();
                assert_eq!(self.subject.steered().await, both, "nothing of one another is lost");
            }
            self.end("one", &ones).await;
        }
    }
}
