//! What is asked of the gateways of one resource.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::identity::{Holder, Identity, Key};
use serde::Deserialize;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::model::{self, Arg};

use crate::resources::instance::Instance;

/// Texts of a list or set.
type Texts = Arg<Vec<Arg<String>>>;

/// One resource instance, before and after what is asked of it.
pub(super) struct Subject<'a> {
    /// Whose gateways these are.
    pub(super) identity: Identity,
    /// Which instance this is.
    pub(super) instance: Instance,
    /// The state; null when creating.
    pub(super) prior: &'a Value,
    /// What is planned; null when destroying.
    pub(super) planned: &'a Value,
}

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is made.
    Create,
    /// It stays, changed or not.
    Update,
    /// It is removed.
    Destroy,
}

/// Whose the gateways are, and what the state says of them.
#[derive(Clone, Debug)]
pub(super) struct Ownership {
    pub(super) identity: Identity,
    /// The resource instance; `None` where it is not known.
    pub(super) holder: Option<Holder>,
    /// Whether it takes the place of the instance that the state is of.
    pub(super) takes_over: bool,
    pub(super) recorded: Recorded,
}

/// What a state says.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    /// The gateways.
    pub(super) gateways: BTreeMap<Key, Held>,
    /// The routes that the resource has made or taken over, as the state writes them.
    pub(super) routes: BTreeSet<String>,
    /// The keys of the tags that it has set.
    pub(super) tags: BTreeSet<String>,
    /// The whole state; null where there is none.
    pub(super) state: Value,
}

impl Default for Recorded {
    fn default() -> Self {
        Self { gateways: BTreeMap::new(), routes: BTreeSet::new(), tags: BTreeSet::new(), state: Value::Null }
    }
}

/// The gateway of a key as the state has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) global_id: Option<String>,
    pub(super) addresses: Vec<String>,
    pub(super) private_ips: Vec<String>,
}

#[derive(Deserialize)]
struct Outputs {
    gateways: Arg<BTreeMap<String, Arg<GatewayOutput>>>,
    routes: Arg<BTreeMap<String, Arg<String>>>,
    tags: Arg<BTreeMap<String, Arg<String>>>,
    tags_all: Arg<BTreeMap<String, Arg<String>>>,
}

#[derive(Deserialize)]
struct GatewayOutput {
    id: Arg<String>,
    arn: Arg<String>,
    addresses: Texts,
    private_ips: Texts,
}

impl Subject<'_> {
    /// What is asked.
    pub(super) fn change(&self) -> Change {
        match (self.prior.is_null(), self.planned.is_null()) {
            (_, true) => Change::Destroy,
            (true, false) => Change::Create,
            (false, false) => Change::Update,
        }
    }

    /// What is planned, or of a destroy the state.
    pub(super) fn present(&self) -> &Value {
        if self.planned.is_null() { self.prior } else { self.planned }
    }

    /// The identity that the state has, where the resource is being renamed.
    pub(super) fn former(&self) -> Option<Identity> {
        let name = self.prior.get("name")?.as_str()?.parse().ok()?;
        Some(Identity { name, ..self.identity.clone() }).filter(|former| *former != self.identity)
    }

    /// Whose the gateways are.
    pub(super) fn ownership(&self) -> Result<Ownership, Diagnostic> {
        Ok(Ownership {
            identity: self.identity.clone(),
            holder: self.instance.holder.clone(),
            takes_over: self.instance.takes_over,
            recorded: Recorded::read(self.prior)?,
        })
    }
}

impl Recorded {
    /// What a state says; nothing where there is none.
    pub(super) fn read(state: &Value) -> Result<Self, Diagnostic> {
        if state.is_null() {
            return Ok(Self::default());
        }
        let outputs: Outputs = model::from_value_subset(state)?;
        let texts = |texts: &Texts| texts.known().into_iter().flatten().filter_map(Arg::known).cloned().collect();
        let gateways = outputs.gateways.known().into_iter().flatten().filter_map(|(key, gateway)| {
            let gateway = gateway.known()?;
            let held = Held {
                id: gateway.id.known()?.clone(),
                global_id: gateway.arn.known().cloned(),
                addresses: texts(&gateway.addresses),
                private_ips: texts(&gateway.private_ips),
            };
            Some((key.parse().ok()?, held))
        });
        let tags = outputs.tags_all.known().or(outputs.tags.known());
        Ok(Self {
            gateways: gateways.collect(),
            routes: outputs.routes.known().into_iter().flatten().map(|(route, _)| route.clone()).collect(),
            tags: tags.into_iter().flatten().map(|(key, _)| key.clone()).collect(),
            state: state.clone(),
        })
    }

    /// The key of each gateway by its id.
    pub(super) fn keys(&self) -> BTreeMap<String, Key> {
        self.gateways.iter().map(|(key, held)| (held.id.clone(), key.clone())).collect()
    }

    /// The global ids that the state has, by id.
    pub(super) fn global_ids(&self) -> BTreeMap<String, String> {
        let known = |held: &Held| Some((held.id.clone(), held.global_id.clone()?));
        self.gateways.values().filter_map(known).collect()
    }
}
