//! From a cloud's own types to what all clouds say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::{DefaultTags, End, Error, Freshness, Limits, NatGateways, drive};
use egress_model::identity::Key;
use egress_model::nat_gateway::{Gateway, View};
use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::{Ahead, Forecast, Gateways, Importable, Seen, Shown, Wanted, Words};
use super::layers::layers;
use super::subject::{Change, Ownership, Recorded, Subject};
use crate::clouds::Place;
use crate::session::ThisRun;

/// The gateways of a cloud in one place of it, with what the resource has to know of the cloud's own types. It translates; what is said
/// and done follows from that, in the same way for every cloud.
#[async_trait]
pub(super) trait Translate: NatGateways + Sized + 'static {
    /// What a value says is wanted, whosever it is.
    type Spec: Send;

    /// See [`Gateways::words`].
    const WORDS: &'static Words;

    /// Parses a value; `None` while nothing of it is known.
    fn spec(value: &Value, default_tags: &DefaultTags) -> Result<Option<Self::Spec>, Diagnostics>;

    /// What is wanted of one resource; nothing without a specification.
    fn owned_by(ownership: &Ownership, spec: Option<Self::Spec>) -> Self::Desired;

    /// Whether nothing of it is unknown.
    fn is_complete(desired: &Self::Desired) -> bool;

    /// See [`Seen::all`].
    fn all(observed: &Self::Observed) -> Vec<(Key, Gateway)>;

    /// See [`Seen::ahead`].
    fn ahead(desired: &Self::Desired, observed: &Self::Observed, recorded: &Recorded) -> Ahead;

    /// See [`Seen::forecast`].
    fn forecast(desired: &Self::Desired, observed: &Self::Observed, recorded: &Recorded) -> Forecast;

    /// What the state is to say of a resource with this value.
    fn shown(value: &Value, desired: &Self::Desired, observed: &Self::Observed) -> Shown;

    /// See [`Seen::advise`].
    async fn advise(&self, this_run: &ThisRun, desired: &Self::Desired, observed: &Self::Observed) -> Diagnostics;

    /// The gateways with these ids alone.
    fn only(observed: &Self::Observed, ids: &BTreeSet<String>) -> Self::Observed;

    /// The block of a configuration that would make what there is, without the parts of the place. Each gateway has these tags of its own.
    fn block(observed: &Self::Observed, own_tags: &BTreeMap<Key, BTreeMap<String, String>>) -> Value;

    /// The routes that an import takes, with what each goes to, and those that it leaves to others.
    fn routes(observed: &Self::Observed) -> (BTreeMap<String, String>, BTreeSet<String>);

    /// See [`Gateways::default_tags`].
    fn default_tags(&self) -> &DefaultTags;

    /// See [`Gateways::path_of`].
    fn path_of(key: &Key) -> Path;

    /// See [`Gateways::misplaced`].
    fn misplaced(&self, state: &Value) -> Option<Diagnostic>;

    /// See [`Gateways::global_id`].
    async fn global_id(&self, id: &str) -> Option<String>;
}

/// Gateways in one place of a cloud of one kind.
pub(super) struct Opened<T> {
    pub(super) cloud: Arc<T>,
    pub(super) place: Place,
}

struct Asked<T: Translate> {
    cloud: Arc<T>,
    desired: T::Desired,
    /// What the state is to be shown by, where that is not what is wanted: of a destroy, what it says itself.
    shown_by: Option<Result<T::Desired, Diagnostics>>,
    recorded: Recorded,
    /// What is planned, or of a destroy the state.
    present: Value,
}

struct There<T: Translate> {
    asked: Asked<T>,
    observed: T::Observed,
}

impl<T: Translate> Opened<T> {
    /// What a value wants of which all must be known by now, such as one in the state.
    fn desired_wholly(&self, value: &Value, ownership: &Ownership) -> Result<T::Desired, Diagnostics> {
        // In an apply they are all known; for a look at what is there it makes no difference what they will be.
        let default_tags = DefaultTags { complete: true, ..self.cloud.default_tags().clone() };
        let desired = T::spec(value, &default_tags)?.map(|spec| T::owned_by(ownership, Some(spec)));
        desired.filter(T::is_complete).ok_or_else(|| {
            let detail = "Everything must be known by now. This is a bug in the provider.";
            Diagnostic::error("A value is not known", detail).into()
        })
    }

    fn removal(&self, subject: &Subject<'_>, ownership: Ownership) -> Box<dyn Wanted> {
        Box::new(Asked {
            cloud: Arc::clone(&self.cloud),
            desired: T::owned_by(&ownership, None),
            shown_by: Some(self.desired_wholly(subject.prior, &ownership)),
            recorded: ownership.recorded,
            present: subject.prior.clone(),
        })
    }

    fn asked(&self, subject: &Subject<'_>, desired: T::Desired, recorded: Recorded) -> Box<dyn Wanted> {
        let (cloud, present) = (Arc::clone(&self.cloud), subject.planned.clone());
        Box::new(Asked { cloud, desired, shown_by: None, recorded, present })
    }
}

#[async_trait]
impl<T: Translate> Gateways for Opened<T> {
    fn place(&self) -> &Place {
        &self.place
    }

    fn words(&self) -> &'static Words {
        T::WORDS
    }

    fn path_of(&self, key: &Key) -> Path {
        T::path_of(key)
    }

    fn default_tags(&self) -> &DefaultTags {
        self.cloud.default_tags()
    }

    fn misplaced(&self, state: &Value) -> Option<Diagnostic> {
        self.cloud.misplaced(state)
    }

    async fn global_id(&self, id: &str) -> Option<String> {
        self.cloud.global_id(id).await
    }

    fn wanted(&self, subject: &Subject<'_>) -> Result<Option<Box<dyn Wanted>>, Diagnostics> {
        let ownership = subject.ownership()?;
        if subject.change() == Change::Destroy {
            return Ok(Some(self.removal(subject, ownership)));
        }
        let Some(spec) = T::spec(subject.planned, self.cloud.default_tags())? else { return Ok(None) };
        let desired = T::owned_by(&ownership, Some(spec));
        Ok(Some(self.asked(subject, desired, ownership.recorded)))
    }

    fn wanted_wholly(&self, subject: &Subject<'_>) -> Result<Box<dyn Wanted>, Diagnostics> {
        let ownership = subject.ownership()?;
        if subject.change() == Change::Destroy {
            return Ok(self.removal(subject, ownership));
        }
        let desired = self.desired_wholly(subject.planned, &ownership)?;
        Ok(self.asked(subject, desired, ownership.recorded))
    }

    fn nothing(&self, ownership: Ownership) -> Box<dyn Wanted> {
        Box::new(Asked {
            cloud: Arc::clone(&self.cloud),
            desired: T::owned_by(&ownership, None),
            shown_by: None,
            present: Value::Null,
            recorded: ownership.recorded,
        })
    }
}

#[async_trait]
impl<T: Translate> Wanted for Asked<T> {
    fn is_complete(&self) -> bool {
        T::is_complete(&self.desired)
    }

    async fn look(self: Box<Self>, freshness: Freshness) -> Result<Box<dyn Seen>, Error> {
        let observed = self.cloud.observe(&self.desired, freshness).await?;
        Ok(Box::new(There { asked: *self, observed }))
    }
}

#[async_trait]
impl<T: Translate> Seen for There<T> {
    fn view(&self) -> View {
        T::view(&self.observed)
    }

    fn all(&self) -> Vec<(Key, Gateway)> {
        T::all(&self.observed)
    }

    fn ahead(&self) -> Ahead {
        T::ahead(&self.asked.desired, &self.observed, &self.asked.recorded)
    }

    fn forecast(&self) -> Forecast {
        T::forecast(&self.asked.desired, &self.observed, &self.asked.recorded)
    }

    fn shown(&self) -> Result<Shown, Diagnostics> {
        let desired = match &self.asked.shown_by {
            None => &self.asked.desired,
            Some(shown_by) => shown_by.as_ref().map_err(Clone::clone)?,
        };
        Ok(T::shown(&self.asked.present, desired, &self.observed))
    }

    fn importable(&self, ids: &BTreeSet<String>) -> Importable {
        let observed = &T::only(&self.observed, ids);
        let view = T::view(observed);
        let layers = layers(&view, &self.asked.cloud.default_tags().known);
        let (routes, left) = T::routes(observed);
        Importable { block: T::block(observed, &layers.own), tags: layers.shared, view, routes, left }
    }

    async fn advise(&self, this_run: &ThisRun) -> Diagnostics {
        self.asked.cloud.advise(this_run, &self.asked.desired, &self.observed).await
    }

    async fn apply(self: Box<Self>, limits: &Limits) -> (Box<dyn Seen>, End) {
        let Self { asked, observed } = *self;
        let outcome = drive(asked.cloud.as_ref(), &asked.desired, observed, limits).await;
        (Box::new(Self { asked, observed: outcome.observed }), outcome.end)
    }
}
