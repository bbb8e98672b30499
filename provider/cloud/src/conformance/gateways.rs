//! What NAT gateways must do on every cloud.

use std::collections::BTreeSet;

use async_trait::async_trait;
use egress_model::identity::{Identity, ResourceType};
use egress_model::nat_gateway::View;

use super::{Dying, MANY, World, apply, cut, limits, settle, stops};
use crate::nat_gateways::Renaming;
use crate::{Class, End, NatGateways, Reconcile};

/// A cloud under test.
#[async_trait]
pub trait Subject: World {
    /// The implementor.
    type Cloud: NatGateways;

    /// The implementor as another process has it, with nothing remembered.
    fn cloud(&self) -> Self::Cloud;

    /// Wants, for an identity, a gateway in each of these places (0 or 1, both in one network), with these of four free addresses (0 to
    /// 3). `recorded` is what the state has of the resource.
    fn desired(&self, identity: &Identity, gateways: &[Wanted], recorded: &View) -> Desired<Self>;

    /// The ids of the four addresses, in order.
    fn addresses(&self) -> Vec<String>;
}

/// What a subject wants.
pub type Desired<S> = <<S as Subject>::Cloud as Reconcile>::Desired;

/// One wanted gateway.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The place: 0 or 1.
    pub place: usize,
    /// The addresses: of 0 to 3.
    pub addresses: &'static [usize],
}

/// A gateway in a place with these addresses.
const fn in_place(place: usize, addresses: &'static [usize]) -> Wanted {
    Wanted { place, addresses }
}

fn name(text: &str) -> Identity {
    super::identity(ResourceType::NatGateway, text)
}

/// The addresses of the live gateways.
fn addresses(view: &View) -> Vec<BTreeSet<String>> {
    let live = view.gateways.values().filter(|gateway| gateway.state.is_live());
    live.map(|gateway| gateway.addresses.iter().filter_map(|address| address.id.clone()).collect()).collect()
}

fn ids(view: &View) -> BTreeSet<String> {
    view.gateways.values().map(|gateway| gateway.id.clone()).collect()
}

/// Changes in whose middle a process ends: from this to that.
const CHANGES: [(&[Wanted], &[Wanted]); 4] = [
    (&[], &[in_place(0, &[0, 1]), in_place(1, &[2])]),
    (&[in_place(0, &[0, 1])], &[in_place(0, &[0])]),
    (&[in_place(0, &[0])], &[in_place(0, &[1, 2])]),
    (&[in_place(0, &[0, 1])], &[]),
];

/// Ends a process in the middle of calls as well: each time that it went on another so many times. For clouds in memory, where a run goes
/// on before, within and after each of its calls; nothing is left behind. Each time has a name of its own: what a token has made stays its
/// answer when it is gone, for as long as a cloud keeps tokens, and 32 of a part within that time are all that there can be.
pub async fn survives_an_end_within_a_call<S: Subject>(subject: &S, stride: usize) {
    let check = Check { subject, empty: subject.inventory().await };
    for (before, after) in CHANGES {
        for times in (0..).step_by(stride) {
            let one = format!("one-{times}");
            let state = check.reach(&one, before, &View::default()).await;
            let desired = subject.desired(&name(&one), after, &state);
            let died = cut(&subject.cloud(), &desired, times).await;
            let view = check.reach(&one, after, &state).await;
            check.destroy(&one, &view).await;
            if !died {
                break;
            }
        }
    }
}

/// Runs the whole suite. Nothing of ours may exist before; nothing is left behind.
pub async fn suite<S: Subject>(subject: &S) {
    let check = Check { subject, empty: subject.inventory().await };
    check.grows_shrinks_and_exchanges().await;
    check.leaves_others_alone().await;
    check.keeps_gateways_under_another_name().await;
    check.survives_a_lost_answer().await;
    check.survives_a_refused_create().await;
    check.survives_the_death_of_the_process().await;
    check.two_resources_change_one_network_at_once().await;
    check.finds_without_a_state_what_it_made().await;
}

struct Check<'a, S> {
    subject: &'a S,
    /// What exists before a check and after it.
    empty: BTreeSet<String>,
}

impl<S: Subject> Check<'_, S> {
    /// Applies as another process does, to the end; what the state then has.
    async fn reach(&self, of: &str, gateways: &[Wanted], recorded: &View) -> View {
        let desired = self.subject.desired(&name(of), gateways, recorded);
        let view = S::Cloud::view(&settle(&self.subject.cloud(), &desired, &self.subject.cloud()).await);
        let all = self.subject.addresses();
        let wanted: Vec<BTreeSet<String>> =
            gateways.iter().map(|wanted| wanted.addresses.iter().map(|index| all[*index].clone()).collect()).collect();
        assert_eq!(addresses(&view), wanted);
        view
    }

    async fn destroy(&self, of: &str, recorded: &View) {
        self.reach(of, &[], recorded).await;
        assert_eq!(self.subject.inventory().await, self.empty, "nothing is left, and what others have is as it was");
    }

    async fn grows_shrinks_and_exchanges(&self) {
        assert_eq!(self.reach("one", &[], &View::default()).await, View::default());
        let first = self.reach("one", &[in_place(0, &[0])], &View::default()).await;
        let more = self.reach("one", &[in_place(0, &[0, 1])], &first).await;
        assert_eq!(ids(&more), ids(&first), "an address is added in place");
        let fewer = self.reach("one", &[in_place(0, &[0])], &more).await;
        assert_eq!(ids(&fewer), ids(&first), "one that is not the first is taken away in place");
        let other = self.reach("one", &[in_place(0, &[2])], &fewer).await;
        let both = self.reach("one", &[in_place(0, &[2]), in_place(1, &[3])], &other).await;
        let one = self.reach("one", &[in_place(1, &[3])], &both).await;
        let moved = self.reach("one", &[in_place(1, &[2, 3])], &one).await;
        stops(&self.subject.cloud(), &self.subject.desired(&name("one"), &[in_place(0, &[0])], &moved)).await;
        self.destroy("one", &moved).await;
    }

    async fn leaves_others_alone(&self) {
        let one = self.reach("one", &[in_place(0, &[0])], &View::default()).await;
        let other = self.reach("other", &[in_place(1, &[2])], &View::default()).await;
        assert!(ids(&one).is_disjoint(&ids(&other)), "nothing of another identity is adopted");
        self.reach("one", &[], &one).await;
        let again = self.reach("other", &[in_place(1, &[2])], &other).await;
        assert_eq!(again, other, "nothing of another identity is removed");
        self.destroy("other", &other).await;
    }

    async fn keeps_gateways_under_another_name(&self) {
        let before = self.reach("one", &[in_place(0, &[0])], &View::default()).await;
        match S::Cloud::RENAMING {
            Renaming::InPlace => {
                let after = self.reach("renamed", &[in_place(0, &[0])], &before).await;
                assert_eq!(ids(&after), ids(&before));
                self.destroy("renamed", &after).await;
            }
            Renaming::Refused => self.destroy("one", &before).await,
        }
    }

    async fn survives_a_lost_answer(&self) {
        let steps: [&[Wanted]; 3] = [&[in_place(0, &[0])], &[in_place(0, &[0, 1])], &[in_place(0, &[0])]];
        let mut state = View::default();
        for step in steps {
            self.subject.lose_next_answer().await;
            let desired = self.subject.desired(&name("one"), step, &state);
            let outcome = apply(&self.subject.cloud(), &desired, &limits()).await;
            assert!(matches!(outcome.end, End::Done | End::Failed { .. }), "{:?}", outcome.end);
            state = self.reach("one", step, &View::default()).await;
        }
        self.subject.lose_next_answer().await;
        apply(&self.subject.cloud(), &self.subject.desired(&name("one"), &[], &state), &limits()).await;
        self.destroy("one", &state).await;
    }

    async fn survives_a_refused_create(&self) {
        self.subject.refuse_next_create().await;
        let wanted = [in_place(0, &[0])];
        let desired = self.subject.desired(&name("one"), &wanted, &View::default());
        let outcome = apply(&self.subject.cloud(), &desired, &limits()).await;
        let End::Failed { error, .. } = outcome.end else { panic!("{:?}", outcome.end) };
        assert_eq!(error.class, Class::QuotaExceeded, "{error}");
        let view = self.reach("one", &wanted, &View::default()).await;
        self.destroy("one", &view).await;
    }

    /// Cuts the run after each of its operations, without a state. The next one makes what an uncut run makes.
    async fn survives_the_death_of_the_process(&self) {
        for (before, after) in CHANGES {
            for operations in 0.. {
                assert!(operations < MANY, "it does not end");
                let state = self.reach("one", before, &View::default()).await;
                let desired = self.subject.desired(&name("one"), after, &state);
                let died = Dying::apply(&self.subject.cloud(), &desired, operations).await;
                let view = self.reach("one", after, &state).await;
                self.destroy("one", &view).await;
                if !died {
                    break;
                }
            }
        }
    }

    /// As Terraform does it: two resources in one process, and two in two.
    async fn two_resources_change_one_network_at_once(&self) {
        let (one, other) = ([in_place(0, &[0, 1])], [in_place(1, &[2, 3])]);
        let desired = |of: &str, wanted: &[Wanted]| self.subject.desired(&name(of), wanted, &View::default());
        for processes in [1, 2] {
            let (first, second) = (self.subject.cloud(), self.subject.cloud());
            let second = if processes == 1 { &first } else { &second };
            for (one, other) in [(&one[..], &other[..]), (&[in_place(0, &[0])][..], &[in_place(1, &[3])][..])] {
                let (one, other) = (desired("one", one), desired("other", other));
                let limits = limits();
                let (made, too) = tokio::join!(apply(&first, &one, &limits), apply(second, &other, &limits));
                assert!(matches!((&made.end, &too.end), (End::Done, End::Done)), "{:?} {:?}", made.end, too.end);
                for desired in [&one, &other] {
                    let another = self.subject.cloud();
                    settle(&another, desired, &another).await;
                }
            }
            let (gone, none) = (desired("one", &[]), desired("other", &[]));
            let limits = limits();
            let (made, too) = tokio::join!(apply(&first, &gone, &limits), apply(second, &none, &limits));
            assert!(matches!((&made.end, &too.end), (End::Done, End::Done)), "{:?} {:?}", made.end, too.end);
            assert_eq!(
                self.subject.inventory().await,
                self.empty,
                "nothing is left, and what others have is as it was"
            );
        }
    }

    async fn finds_without_a_state_what_it_made(&self) {
        let view = self.reach("one", &[in_place(0, &[0])], &View::default()).await;
        let again = self.reach("one", &[in_place(0, &[0])], &View::default()).await;
        assert_eq!(again, view);
        self.destroy("one", &View::default()).await;
    }
}
