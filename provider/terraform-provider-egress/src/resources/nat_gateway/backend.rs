//! What a cloud does for the resource, without the cloud's own types.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use async_trait::async_trait;
use cloud::{DefaultTags, End, Error, Freshness, Limits};
use egress_model::cidr::Cidr;
use egress_model::identity::Key;
use egress_model::nat_gateway::{Gateway, State, View, capacity};
use tfplugin::cty::{Path, Value};
use tfplugin::schema::NestedBlock;
use tfplugin::{Diagnostic, Diagnostics};

use super::subject::{Ownership, Subject};
use crate::clouds::{Cloud, Parts, Place};
use crate::session::{Configured, Failure, ThisRun};

/// A cloud behind the resource. It parses; values are those of the whole resource.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// The cloud.
    fn cloud(&self) -> &'static Cloud;

    /// The block that chooses it.
    fn block(&self) -> NestedBlock;

    /// What a gateway of this value can do; of null, one of which nothing is said.
    fn capacity(&self, value: &Value) -> capacity::Limits;

    /// Checks a configuration, in which values may be unknown, without the cloud.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// How many public addresses each gateway has, and where that is said; only for those where it is known and the user's choice.
    fn address_counts(&self, planned: &Value) -> BTreeMap<String, (u64, Path)>;

    /// The place with these parts. `None` while it is not known how the cloud is reached.
    async fn open(&self, configured: &Configured, parts: &Parts) -> Result<Option<Box<dyn Gateways>>, Failure>;
}

/// Gateways in one place of a cloud.
#[async_trait]
pub(super) trait Gateways: Send + Sync {
    /// The place.
    fn place(&self) -> &Place;

    /// The cloud's own words.
    fn words(&self) -> &'static Words;

    /// Where a gateway is written.
    fn path_of(&self, key: &Key) -> Path;

    /// The provider's tags for everything it makes there.
    fn default_tags(&self) -> &DefaultTags;

    /// Why a state cannot be one of this place, as far as that is to be seen without asking the cloud.
    fn misplaced(&self, state: &Value) -> Option<Diagnostic>;

    /// The cloud's global id of a gateway, where it has such ids.
    async fn global_id(&self, id: &str) -> Option<String>;

    /// What is wanted by what is planned, and nothing of a destroy; `None` while nothing of it is known.
    fn wanted(&self, subject: &Subject<'_>) -> Result<Option<Box<dyn Wanted>>, Diagnostics>;

    /// The same of a plan of which all is known.
    fn wanted_wholly(&self, subject: &Subject<'_>) -> Result<Box<dyn Wanted>, Diagnostics>;

    /// No gateways.
    fn nothing(&self, ownership: Ownership) -> Box<dyn Wanted>;
}

/// What is wanted of the gateways of one resource.
#[async_trait]
pub(super) trait Wanted: Send + Sync {
    /// Whether all of it is known.
    fn is_complete(&self) -> bool;

    /// Looks at what there is.
    async fn look(self: Box<Self>, freshness: Freshness) -> Result<Box<dyn Seen>, Error>;
}

/// What is wanted and what there is.
#[async_trait]
pub(super) trait Seen: Send + Sync {
    /// The gateway that stands for each key.
    fn view(&self) -> View;

    /// All gateways that are the resource's or were, also second ones of a key, and those that failed, are going or gone.
    fn all(&self) -> Vec<(Key, Gateway)>;

    /// What an apply would do.
    fn ahead(&self) -> Ahead;

    /// What a plan can promise of what an apply gives.
    fn forecast(&self) -> Forecast;

    /// What the state is to say of it.
    fn shown(&self) -> Result<Shown, Diagnostics>;

    /// What an import makes of the gateways with these ids.
    fn importable(&self, ids: &BTreeSet<String>) -> Importable;

    /// Checks that take further calls, about what is yet to be made, or the other resources of the run. None of it is needed to decide, so
    /// that a call that fails is a warning.
    async fn advise(&self, this_run: &ThisRun) -> Diagnostics;

    /// Makes the gateways what is wanted.
    async fn apply(self: Box<Self>, limits: &Limits) -> (Box<dyn Seen>, End);
}

/// A cloud's own words in sentences that all clouds share.
#[derive(Debug)]
pub(super) struct Words {
    /// An import id with a gateway, such as `NAME,ZONE=nat-...`.
    pub(super) example_import: &'static str,
    /// What can make a replacement, to complete "If ...".
    pub(super) fixed: &'static str,
    /// How to take a way out without a gap, as a sentence that begins with a space.
    pub(super) without_loss: &'static str,
    /// How to avoid the gap of a replacement, as a sentence that begins with a space.
    pub(super) without_gap: &'static str,
    /// What is said of a destroy that no subnet notices.
    pub(super) unused: &'static str,
    /// The attribute in the cloud's block that says what is routed to the gateways, and how the default route is written in it.
    pub(super) destinations: (&'static str, &'static str),
}

/// What an apply would do.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead {
    /// The steps, in order, as texts that complete "could not ...".
    pub(super) operations: Vec<String>,
    /// The keys for which a gateway is made.
    pub(super) makes: BTreeSet<Key>,
    /// The ids of the gateways that are deleted, but for those that never came to be.
    pub(super) deletes: BTreeSet<String>,
    /// The ids of those that are not, because another resource instance has adopted them.
    pub(super) held: BTreeSet<String>,
    /// The keys of the gateways that the steps are about; all of them where they do not say.
    pub(super) changes: BTreeSet<Key>,
    /// What is replaced.
    pub(super) replacements: Vec<Replacement>,
    /// What is not known yet.
    pub(super) undecided: Undecided,
    /// What stands in the way.
    pub(super) conflicts: Diagnostics,
    /// What is taken from others, on the user's word.
    pub(super) taken_over: Diagnostics,
    /// What of others a gateway that goes leaves behind.
    pub(super) stranded: Diagnostics,
    /// What loses its way out for good, a line each.
    pub(super) lost: Vec<String>,
    /// What has no way out for some minutes, a line each.
    pub(super) interrupted: Vec<String>,
    /// Where the world is no longer what the state says, of what a plan relies on.
    pub(super) stale: Vec<Stale>,
}

/// A gateway that gives way to a new one of the same key.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    pub(super) key: Key,
    /// The old gateway's id.
    pub(super) gateway: String,
    /// Why it cannot be changed in place.
    pub(super) reasons: Vec<String>,
    /// What becomes of the traffic meanwhile, as a sentence.
    pub(super) traffic: String,
}

/// What cannot be said yet.
#[derive(Clone, Debug)]
pub(super) enum Undecided {
    /// Which gateways there are to be, and the state has some.
    All,
    /// What becomes of these of the state, or how.
    Of(Vec<Open>),
}

impl Default for Undecided {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

/// A gateway of the state of which something is not known yet.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) key: Key,
    /// Its id.
    pub(super) gateway: String,
    /// Why it is replaced; empty while it is not known whether it is.
    pub(super) reasons: Vec<String>,
}

/// How the world differs from the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// The gateway of a key is not there any more; what it is now, where it is still listed.
    Gone { key: Key, gateway: String, now: Option<State> },
    /// An address of it was changed.
    Address { key: Key, gateway: String, address: String },
}

/// A list of which all or some elements are known; `None` when not even its length is.
pub(super) type List<T> = Option<Vec<Option<T>>>;

/// What a plan can promise; `None` stands for what it cannot.
#[derive(Clone, Debug, Default)]
pub(super) struct Forecast {
    /// The gateways that there will be.
    pub(super) gateways: Option<BTreeMap<Key, Coming>>,
    /// The routes, as the state writes them, with the id of the gateway that each goes to.
    pub(super) routes: Option<BTreeMap<String, Option<String>>>,
    /// The public addresses from which traffic will leave, sorted.
    pub(super) egress_cidrs: Option<Vec<Cidr>>,
    /// The keys whose gateway is replaced.
    pub(super) replaced: Option<BTreeSet<Key>>,
    /// The tags that the resource sets on all of them.
    pub(super) tags: Option<BTreeMap<String, String>>,
}

/// A gateway that there will be.
#[derive(Clone, Debug, Default)]
pub(super) struct Coming {
    /// The id and state of the one that stays.
    pub(super) stays: Option<(String, State)>,
    pub(super) addresses: List<String>,
    pub(super) public_ips: List<IpAddr>,
    pub(super) private_ips: List<IpAddr>,
}

/// What a state is to say beside the gateways.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// The block that chooses the cloud: what the user wrote, corrected where the cloud has it otherwise.
    pub(super) block: Value,
    /// The routes that are the resource's, as the state writes them, with the id of what each goes to now.
    pub(super) routes: BTreeMap<String, String>,
    /// Whether a route is left that the state says is the resource's, be its gateway gone or not.
    pub(super) has_rest: bool,
    /// The tags that the resource wants on all gateways.
    pub(super) tags: BTreeMap<String, String>,
    /// The keys of tags that are wanted on the gateway of one key alone.
    pub(super) own_tags: BTreeMap<Key, BTreeSet<String>>,
}

/// What an import makes of gateways.
#[derive(Clone, Debug)]
pub(super) struct Importable {
    pub(super) view: View,
    /// The block that chooses the cloud, without the parts of the place.
    pub(super) block: Value,
    /// The tags of users that all of them have.
    pub(super) tags: BTreeMap<String, String>,
    /// The routes that are imported, with what each goes to.
    pub(super) routes: BTreeMap<String, String>,
    /// Those that are left to whoever made them.
    pub(super) left: BTreeSet<String>,
}
