//! The whole life of gateways on a cloud that is not AWS: gateways in memory, in a room of a house.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::nat_gateways::memory::{Desired, Held, Memory, Operation as Step};
use cloud::{DefaultTags, Limits, NatGateways as _, Reconcile as _};
use egress_model::identity::Key;
use egress_model::nat_gateway::{Gateway, capacity};
use tfplugin::cty::{Path, Value};
use tfplugin::resource::{
    CreateRequest, DeleteRequest, Deletion, ImportRequest, PlanRequest, PlanResponse, Private, ReadRequest,
    Resource as _, UpdateRequest,
};
use tfplugin::schema::NestedBlock;
use tfplugin::schema::declare::{block, object_map, string_set};
use tfplugin::{Diagnostic, Diagnostics, conformance, plan};
use tokio_util::sync::CancellationToken;

use super::super::NatGateway;
use super::super::backend::{Ahead, Backend, Coming, Forecast, Gateways, Shown, Words};
use super::super::subject::{Ownership, Recorded};
use super::super::translate::{Opened, Translate};
use crate::clouds::{Cloud, Part, Parts, Place, place_attribute};
use crate::resources::configurations::completed;
use crate::resources::whole_diagnostics::messages;
use crate::session::{Adoption, Configured, Failure, InCluster, Session, ThisRun, Unavailable};

/// A house with rooms.
static HOUSE: Cloud = Cloud {
    name: "house",
    title: "the house",
    parts: &[Part { name: "room", description: "The room", example: "hall" }],
    locate: |_| None,
};

/// The room of the provider.
const HALL: &str = "hall";

static WORDS: Words = Words {
    example_import: "NAME,KEY=ID",
    fixed: "it is somewhere else",
    without_loss: "",
    without_gap: "",
    unused: "Nobody uses them.",
    destinations: ("destinations", "everything"),
};

/// Each room with its gateways.
struct House(BTreeMap<&'static str, Arc<Memory>>);

/// The ids of the addresses of each gateway.
type Spec = BTreeMap<Key, BTreeSet<String>>;

fn texts(of: Option<&Value>) -> BTreeSet<String> {
    of.and_then(Value::elements).into_iter().flatten().filter_map(|it| Some(it.as_str()?.to_owned())).collect()
}

#[async_trait]
impl Backend for House {
    fn cloud(&self) -> &'static Cloud {
        &HOUSE
    }

    fn block(&self) -> NestedBlock {
        let gateway = vec![string_set("addresses", "Its addresses.")];
        let gateways = object_map("gateways", gateway, "By key.");
        block(HOUSE.name, vec![place_attribute("room", "The room."), gateways], "In the house.")
    }

    fn capacity(&self, _: &Value) -> capacity::Limits {
        capacity::Limits { connections_per_address: NonZeroU32::MIN, addresses_per_gateway: 2 }
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    fn address_counts(&self, _: &Value) -> BTreeMap<String, (u64, Path)> {
        BTreeMap::new()
    }

    async fn open(&self, _: &Configured, parts: &Parts) -> Result<Option<Box<dyn Gateways>>, Failure> {
        let room = parts.get("room").map_or(HALL, String::as_str);
        let Some(cloud) = self.0.get(room).cloned() else {
            return Err(Diagnostic::error("There is no such room", "").into());
        };
        let place = Place::new(&HOUSE, [("room", room.to_owned())].into());
        Ok(Some(Box::new(Opened { cloud, place })))
    }
}

#[async_trait]
impl Translate for Memory {
    type Spec = Spec;

    const WORDS: &'static Words = &WORDS;

    fn spec(value: &Value, _: &DefaultTags) -> Result<Option<Spec>, Diagnostics> {
        let gateways = value.get(HOUSE.name).and_then(|house| house.get("gateways")).and_then(Value::as_map);
        let gateway = |(key, gateway): (&String, &Value)| Some((key.parse().ok()?, texts(gateway.get("addresses"))));
        Ok(gateways.map(|gateways| gateways.iter().filter_map(gateway).collect()))
    }

    fn owned_by(ownership: &Ownership, spec: Option<Spec>) -> Desired {
        Desired { identity: ownership.identity.clone(), gateways: spec.unwrap_or_default() }
    }

    fn is_complete(_: &Desired) -> bool {
        true
    }

    fn all(observed: &BTreeMap<Key, Held>) -> Vec<(Key, Gateway)> {
        Self::view(observed).gateways.into_iter().collect()
    }

    fn ahead(desired: &Desired, observed: &BTreeMap<Key, Held>, _: &Recorded) -> Ahead {
        let steps: Vec<Step> = Self::plan(desired, observed).iter().flatten().cloned().collect();
        let mut ahead = Ahead { operations: steps.iter().map(ToString::to_string).collect(), ..Ahead::default() };
        for step in steps {
            match step {
                Step::Put(key, _) if observed.contains_key(&key) => _ = ahead.changes.insert(key),
                Step::Put(key, _) => _ = ahead.makes.insert(key),
                Step::Delete(key) => ahead.deletes.extend(observed.get(&key).map(|held| held.id.clone())),
            }
        }
        ahead
    }

    fn forecast(desired: &Desired, observed: &BTreeMap<Key, Held>, _: &Recorded) -> Forecast {
        let view = Self::view(observed);
        let coming = |(key, addresses): (&Key, &BTreeSet<String>)| {
            let stays = view.gateways.get(key).map(|gateway| (gateway.id.clone(), gateway.state.clone()));
            let addresses = Some(addresses.iter().cloned().map(Some).collect());
            (key.clone(), Coming { stays, addresses, public_ips: Some(Vec::new()), private_ips: Some(Vec::new()) })
        };
        Forecast {
            gateways: Some(desired.gateways.iter().map(coming).collect()),
            routes: Some(BTreeMap::new()),
            egress_cidrs: None,
            replaced: Some(BTreeSet::new()),
            tags: Some(BTreeMap::new()),
        }
    }

    fn shown(value: &Value, _: &Desired, observed: &BTreeMap<Key, Held>) -> Shown {
        let mut block = value.get(HOUSE.name).cloned().unwrap_or(Value::Null);
        if let Some(house) = block.as_object_mut() {
            house.insert("gateways".to_owned(), written(observed));
        }
        let (routes, tags, own_tags) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Shown { block, routes, has_rest: false, tags, own_tags }
    }

    async fn advise(&self, _: &ThisRun, _: &Desired, _: &BTreeMap<Key, Held>) -> Diagnostics {
        Diagnostics::new()
    }

    fn only(observed: &BTreeMap<Key, Held>, ids: &BTreeSet<String>) -> BTreeMap<Key, Held> {
        observed
            .iter()
            .filter(|(_, held)| ids.contains(&held.id))
            .map(|(key, held)| (key.clone(), held.clone()))
            .collect()
    }

    fn block(observed: &BTreeMap<Key, Held>, _: &BTreeMap<Key, BTreeMap<String, String>>) -> Value {
        Value::object([("gateways", written(observed))])
    }

    fn routes(_: &BTreeMap<Key, Held>) -> (BTreeMap<String, String>, BTreeSet<String>) {
        (BTreeMap::new(), BTreeSet::new())
    }

    fn default_tags(&self) -> &DefaultTags {
        static NONE: DefaultTags = DefaultTags { known: BTreeMap::new(), complete: true };
        &NONE
    }

    fn path_of(key: &Key) -> Path {
        Path::attribute(HOUSE.name).child("gateways").key(key.as_str())
    }

    fn misplaced(&self, _: &Value) -> Option<Diagnostic> {
        None
    }

    async fn global_id(&self, id: &str) -> Option<String> {
        Some(format!("house:{id}"))
    }
}

fn written(observed: &BTreeMap<Key, Held>) -> Value {
    let gateway = |held: &Held| Value::object([("addresses", Value::set(held.addresses.clone()))]);
    Value::map(observed.iter().map(|(key, held)| (key.as_str(), gateway(held))))
}

/// The resource, and the state of one instance.
struct Host {
    rooms: BTreeMap<&'static str, Arc<Memory>>,
    resource: NatGateway,
    state: Value,
    private: Private,
}

impl Host {
    fn new() -> Self {
        let rooms: BTreeMap<&str, Arc<Memory>> = [HALL, "attic"].map(|room| (room, Arc::default())).into();
        let session = Session::default();
        session.configure(Configured {
            owner: "acme".parse().expect("an owner"),
            adoption: Adoption::Recent,
            aws: Err(Unavailable::Unknown),
            kubernetes: Err(Unavailable::Unknown),
            in_cluster: InCluster::default(),
            this_run: ThisRun::default(),
        });
        let clouds: Vec<Box<dyn Backend>> = vec![Box::new(House(rooms.clone()))];
        let resource = NatGateway { session: Arc::new(session), clouds };
        Self { rooms, resource, state: Value::Null, private: Private::new() }
    }

    fn config(&self, gateways: &[(&str, &[&str])]) -> Value {
        let gateway = |addresses: &[&str]| Value::object([("addresses", Value::set(addresses.iter().copied()))]);
        let gateways = Value::map(gateways.iter().map(|(key, addresses)| (*key, gateway(addresses))));
        let house = Value::object([("gateways", gateways)]);
        completed(Value::object([("name", Value::from("prod")), ("house", house)]), &self.resource.schema().ty())
    }

    /// Plans, and requires that Terraform would take the plan.
    async fn plan(&self, config: &Value) -> PlanResponse {
        let schema = self.resource.schema();
        let mut proposed = config.clone();
        if let (Some(proposed), Some(prior)) = (proposed.as_object_mut(), self.state.as_object()) {
            for attribute in schema.attributes.iter().filter(|attribute| attribute.is_computed()) {
                let value = proposed.get_mut(attribute.name).expect("an attribute");
                if value.is_null() {
                    *value = prior[attribute.name].clone();
                }
            }
        }
        let recipe = plan::plan(&schema, config, &self.state, &proposed);
        let request = PlanRequest {
            config: config.clone(),
            prior: self.state.clone(),
            planned: recipe.planned,
            requires_replace: recipe.requires_replace,
            private: self.private.clone(),
            identity: None,
        };
        let response = self.resource.plan(&super::Context::default(), request).await;
        let wrong = conformance::check_plan(&schema, config, &self.state, &response.planned);
        assert_eq!(messages(&wrong), [""; 0]);
        response
    }

    /// Plans and applies, requires that Terraform would take the result, and that the next plan changes nothing.
    async fn apply(&mut self, config: &Value) -> Vec<String> {
        let PlanResponse { planned, private, diagnostics, .. } = self.plan(config).await;
        let (cx, prior) = (super::Context::default(), self.state.clone());
        let response = if prior.is_null() {
            let request = CreateRequest { config: config.clone(), planned: planned.clone(), private };
            self.resource.create(&cx, request).await
        } else {
            let request =
                UpdateRequest { config: config.clone(), prior, planned: planned.clone(), private, identity: None };
            self.resource.update(&cx, request).await
        };
        let wrong = conformance::check_apply(&self.resource.schema(), &planned, &response.state);
        assert_eq!(messages(&wrong), [""; 0]);
        assert_eq!(messages(&response.diagnostics), [""; 0]);
        (self.state, self.private) = (response.state, response.private);
        self.refresh().await;
        let again = self.plan(config).await;
        assert_eq!((again.planned, messages(&again.diagnostics)), (self.state.clone(), Vec::new()));
        messages(&diagnostics)
    }

    async fn refresh(&mut self) {
        let request = ReadRequest { state: self.state.clone(), private: self.private.clone(), identity: None };
        let response = self.resource.read(&super::Context::default(), request).await;
        assert_eq!(messages(&response.diagnostics), [""; 0]);
        (self.state, self.private) = (response.state, response.private);
    }

    /// What exists in a room: the addresses by key.
    fn inventory(&self, room: &str) -> BTreeMap<String, BTreeSet<String>> {
        let there = self.rooms[room].inventory().into_iter();
        there.map(|((_, key), held)| (key.to_string(), held.addresses)).collect()
    }

    /// Somebody changes a gateway outside of Terraform; without addresses it is gone.
    async fn drift(&self, key: &str, addresses: Option<&[&str]>) {
        let (key, memory) = (key.parse::<Key>().expect("a key"), &self.rooms[HALL]);
        let identity = self.resource.session.required().map(|configured| NatGateway::identity(&configured, "prod"));
        let desired = Desired { identity: identity.expect("configured").expect("a name"), gateways: Spec::new() };
        let step = match addresses {
            Some(addresses) => Step::Put(key, addresses.iter().map(|id| (*id).to_owned()).collect()),
            None => Step::Delete(key),
        };
        let limits = Limits::within(CancellationToken::new(), Duration::from_secs(1));
        let reached = memory.execute(&desired, &step, &BTreeMap::new(), &limits).await;
        assert!(reached.failure.is_none(), "{:?}", reached.failure);
    }
}

fn addresses(of: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    of.iter().map(|(key, ids)| ((*key).to_owned(), texts(ids))).collect()
}

#[tokio::test]
async fn gateways_are_made_changed_and_removed() {
    let mut host = Host::new();
    let one = host.config(&[("a", &["x"])]);
    assert_eq!(host.apply(&one).await, [""; 0]);
    assert_eq!(host.inventory(HALL), addresses(&[("a", &["x"])]));
    let gateway = host.state.get("gateways").and_then(Value::as_map).and_then(|all| all.get("a")).cloned();
    let id = "acme/nat-gateway/prod/a";
    let gateway = gateway.expect("a gateway");
    assert_eq!((gateway.get("id"), gateway.get("arn")), (Some(&id.into()), Some(&format!("house:{id}").into())));
    assert_eq!(host.state.get("id"), Some(&"prod".into()));
    let two = host.config(&[("a", &["x", "y"]), ("b", &["z"])]);
    assert_eq!(host.apply(&two).await, [""; 0]);
    assert_eq!(host.inventory(HALL), addresses(&[("a", &["x", "y"]), ("b", &["z"])]));

    let (prior, private) = (host.state.clone(), host.private.clone());
    let request = DeleteRequest { reason: Deletion::Destroyed, prior, private, identity: None };
    let removed = host.resource.delete(&super::Context::default(), request).await;
    assert_eq!((removed.state, messages(&removed.diagnostics)), (Value::Null, Vec::new()));
    assert_eq!(host.inventory(HALL), BTreeMap::new());
}

#[tokio::test]
async fn what_others_change_is_seen_and_put_right() {
    let mut host = Host::new();
    let config = host.config(&[("a", &["x"]), ("b", &["y"])]);
    host.apply(&config).await;
    host.drift("a", Some(&["other"])).await;
    host.drift("b", None).await;
    host.refresh().await;
    let seen = host.state.get("gateways").and_then(Value::as_map).expect("gateways");
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["a"]);
    assert_eq!(seen["a"].get("addresses"), Some(&Value::list(["other"])));
    assert_eq!(host.apply(&config).await, [""; 0]);
    assert_eq!(host.inventory(HALL), addresses(&[("a", &["x"]), ("b", &["y"])]));
    host.drift("a", None).await;
    host.drift("b", None).await;
    host.refresh().await;
    assert_eq!(host.state, Value::Null, "nothing of it is there");
}

#[tokio::test]
async fn gateways_that_exist_are_imported_from_their_room() {
    let mut host = Host::new();
    let mut config = host.config(&[("a", &["x"])]);
    if let Some(house) = config.as_object_mut().and_then(|config| config.get_mut("house")?.as_object_mut()) {
        house.insert("room".to_owned(), "attic".into());
    }
    host.apply(&config).await;
    assert_eq!((host.inventory(HALL), host.inventory("attic")), (BTreeMap::new(), addresses(&[("a", &["x"])])));
    let id = host.state.get("id").and_then(Value::as_str).expect("an id").to_owned();
    assert_eq!(id, "prod,house.room=attic");
    let imported = host.resource.import(&super::Context::default(), ImportRequest::Id(id)).await.expect("it is there");
    assert_eq!(imported.state.get("house"), config.get("house"));
    let identity = imported.identity.expect("an identity");
    assert_eq!((identity.get("cloud"), identity.get("room")), (Some(&"house".into()), Some(&"attic".into())));
    let state = std::mem::replace(&mut host.state, imported.state);
    host.refresh().await;
    let planned = host.plan(&config).await;
    assert_eq!(planned.planned.get("gateways"), state.get("gateways"));
    let elsewhere = host.resource.import(&super::Context::default(), ImportRequest::Id("prod".to_owned())).await;
    let why = messages(&elsewhere.expect_err("it is in another room"));
    assert_eq!(
        why,
        [
            "error [] There is no NAT gateway to import\nNo live gateway carries the tags of acme/nat-gateway/prod. Name the gateways: \
          `NAME,KEY=ID`. The room is hall; write `house.room=...` into the import id for another."
        ]
    );
}

#[tokio::test]
async fn objects_of_the_identity_that_no_state_has_are_not_adopted_without_an_age() {
    let mut host = Host::new();
    let config = host.config(&[("a", &["x"])]);
    host.apply(&config).await;
    host.state = Value::Null;
    let planned = host.plan(&config).await;
    let summaries: Vec<&str> = planned.diagnostics.iter().map(|it| it.summary.as_str()).collect();
    assert_eq!(summaries, ["NAT gateways with this identity exist already"]);
}
