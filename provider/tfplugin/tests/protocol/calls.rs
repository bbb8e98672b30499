//! The calls, in the order and with the values in which Terraform makes them.

use tfplugin::cty::{Type, Value};
use tfplugin_proto::tfplugin6 as proto;
use tfplugin_proto::tfplugin6::provider_client::ProviderClient;
use tonic::Code;
use tonic::transport::Channel;

use crate::host::{Host, Options, provider};
use crate::values::{decode, encode, errors, type_of, with};

/// A configured provider with an empty shelf.
pub(crate) struct Session {
    pub(crate) host: Host,
    pub(crate) channel: Channel,
    pub(crate) client: ProviderClient<Channel>,
    schema: proto::get_provider_schema::Response,
    pub(crate) folder: tempfile::TempDir,
}

impl Session {
    pub(crate) async fn start() -> Self {
        Self::start_with(&Options::default()).await
    }

    pub(crate) async fn start_with(options: &Options<'_>) -> Self {
        let host = Host::start_with(options);
        let channel = host.connect().await.unwrap();
        let mut client = provider(channel.clone());
        let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
        assert_eq!(schema.diagnostics, []);
        let folder = tempfile::tempdir().unwrap();
        let ty = type_of(schema.provider.as_ref().unwrap());
        let config = with(&ty, [("directory", folder.path().to_str().unwrap().into())]);
        let request = proto::configure_provider::Request {
            terraform_version: "1.15.5".to_owned(),
            config: encode(&config, &ty),
            client_capabilities: None,
        };
        let reply = client.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(reply.diagnostics, []);
        Self { host, channel, client, schema, folder }
    }

    /// Another user of the same connection.
    pub(crate) fn clone_client(&self) -> ProviderClient<Channel> {
        self.client.clone()
    }

    pub(crate) fn type_of(&self, resource: &str) -> Type {
        type_of(&self.schema.resource_schemas[resource])
    }

    /// The request to make a gremlin.
    pub(crate) fn gremlin_create(&self, mischief: &str, note: &str) -> proto::apply_resource_change::Request {
        let ty = self.type_of("shelf_gremlin");
        let config = with(&ty, [("mischief", mischief.into()), ("note", note.into())]);
        let planned = with(&ty, [("mischief", mischief.into()), ("note", note.into()), ("result", Value::UNKNOWN)]);
        proto::apply_resource_change::Request {
            type_name: "shelf_gremlin".to_owned(),
            planned_state: encode(&planned, &ty),
            config: encode(&config, &ty),
            ..proto::apply_resource_change::Request::default()
        }
    }

    /// A gremlin's state.
    pub(crate) fn gremlin(&self, wire: Option<&proto::DynamicValue>) -> Value {
        decode(wire, &self.type_of("shelf_gremlin"))
    }

    /// Plans and applies a book, as Terraform does with `proposed` as the new state that it proposes.
    async fn put(
        &mut self,
        prior: Option<&proto::apply_resource_change::Response>,
        config: &Value,
        proposed: &Value,
    ) -> (proto::plan_resource_change::Response, proto::apply_resource_change::Response) {
        let ty = self.type_of("shelf_book");
        let prior_state = prior.map_or(encode(&Value::Null, &ty), |prior| prior.new_state.clone());
        let request = proto::plan_resource_change::Request {
            type_name: "shelf_book".to_owned(),
            prior_state: prior_state.clone(),
            proposed_new_state: encode(proposed, &ty),
            config: encode(config, &ty),
            prior_private: prior.map(|prior| prior.private.clone()).unwrap_or_default(),
            prior_identity: prior.and_then(|prior| prior.new_identity.clone()),
            ..proto::plan_resource_change::Request::default()
        };
        let plan = self.client.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(errors(&plan.diagnostics), [] as [&str; 0], "{:?}", plan.diagnostics);
        let request = proto::apply_resource_change::Request {
            type_name: "shelf_book".to_owned(),
            prior_state,
            planned_state: plan.planned_state.clone(),
            config: encode(config, &ty),
            planned_private: plan.planned_private.clone(),
            planned_identity: plan.planned_identity.clone(),
            provider_meta: None,
        };
        let applied = self.client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(errors(&applied.diagnostics), [] as [&str; 0], "{:?}", applied.diagnostics);
        (plan, applied)
    }

    fn identity_type() -> Type {
        Type::object([("number", Type::String)])
    }
}

fn identity_of(wire: Option<&proto::ResourceIdentityData>) -> Value {
    decode(wire.and_then(|identity| identity.identity_data.as_ref()), &Session::identity_type())
}

fn dune(ty: &Type) -> Value {
    let price: tfplugin::cty::Number = "0.1".parse().unwrap();
    with(
        ty,
        [
            ("number", "1".into()),
            ("title", "Dune".into()),
            ("price", Value::Number(price)),
            ("secret", "melange".into()),
            ("secret_version", 1.into()),
            ("tags", Value::set(["sand", "spice"])),
        ],
    )
}

fn changed(value: &Value, name: &str, to: impl Into<Value>) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().insert(name.to_owned(), to.into());
    value
}

#[tokio::test]
async fn a_resource_lives_from_plan_to_removal() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);

    let (plan, created) = session.put(None, &config, &config).await;
    let planned = decode(plan.planned_state.as_ref(), &ty);
    assert!(planned.get("id").unwrap().is_unknown() && planned.get("token").unwrap().is_unknown());
    assert_eq!(planned.get("pages"), Some(&100.into()), "the default");
    assert!(planned.get("secret").unwrap().is_null(), "a write-only value is in no plan");
    let state = decode(created.new_state.as_ref(), &ty);
    assert!(state.is_wholly_known());
    assert!(state.get("secret").unwrap().is_null(), "a write-only value is in no state");
    assert_eq!(state.get("price").unwrap().as_number().unwrap().to_string(), "0.1");
    assert_eq!(identity_of(created.new_identity.as_ref()).get("number"), Some(&"1".into()));
    let shelved = std::fs::read_to_string(session.folder.path().join("1.json")).unwrap();
    assert!(shelved.contains(r#""secret_length":7"#), "the handler saw the write-only value: {shelved}");

    // Nothing changes: the plan is the state.
    let proposed = changed(&state, "secret", "melange");
    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: created.new_state.clone(),
        proposed_new_state: encode(&proposed, &ty),
        config: encode(&config, &ty),
        prior_private: created.private.clone(),
        prior_identity: created.new_identity.clone(),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(decode(plan.planned_state.as_ref(), &ty), state);
    assert_eq!(plan.requires_replace, []);

    // A change in place keeps what stays and leaves open what may change.
    let config = changed(&config, "title", "Dune Messiah");
    let proposed = changed(&proposed, "title", "Dune Messiah");
    let (plan, updated) = session.put(Some(&created), &config, &proposed).await;
    let planned = decode(plan.planned_state.as_ref(), &ty);
    assert_eq!(planned.get("id"), Some(&"1".into()));
    assert!(planned.get("revision").unwrap().is_unknown());
    assert_eq!(decode(updated.new_state.as_ref(), &ty).get("revision"), Some(&2.into()));
    assert_eq!(updated.private, created.private);
    assert_eq!(updated.new_identity, created.new_identity);

    // Another number is another book.
    let other = changed(&config, "number", "2");
    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: updated.new_state.clone(),
        proposed_new_state: encode(&changed(&proposed, "number", "2"), &ty),
        config: encode(&other, &ty),
        prior_identity: updated.new_identity.clone(),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(errors(&plan.diagnostics), [] as [&str; 0]);
    assert_eq!(plan.requires_replace.len(), 1, "{:?}", plan.requires_replace);

    // It is looked at, and then removed.
    let request = proto::read_resource::Request {
        type_name: "shelf_book".to_owned(),
        current_state: updated.new_state.clone(),
        private: updated.private.clone(),
        current_identity: updated.new_identity.clone(),
        ..proto::read_resource::Request::default()
    };
    let read = session.client.read_resource(request.clone()).await.unwrap().into_inner();
    assert_eq!(read.new_state, updated.new_state);
    assert_eq!(read.private, updated.private);
    let remove = proto::apply_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: updated.new_state.clone(),
        planned_state: encode(&Value::Null, &ty),
        config: encode(&Value::Null, &ty),
        planned_private: updated.private.clone(),
        planned_identity: updated.new_identity.clone(),
        provider_meta: None,
    };
    let removed = session.client.apply_resource_change(remove).await.unwrap().into_inner();
    assert_eq!(errors(&removed.diagnostics), [] as [&str; 0]);
    assert!(decode(removed.new_state.as_ref(), &ty).is_null());
    let read = session.client.read_resource(request).await.unwrap().into_inner();
    assert!(decode(read.new_state.as_ref(), &ty).is_null(), "it is gone");
    assert_eq!(read.new_identity, None);
}

#[tokio::test]
async fn a_failed_create_leaves_no_state_and_a_destroy_plan_is_heard() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = changed(&dune(&ty), "title", "Bible");
    let (_, created) = session.put(None, &config, &config).await;

    let planned = changed(&decode(created.new_state.as_ref(), &ty), "title", "Bible");
    let request = proto::apply_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        planned_state: encode(&planned, &ty),
        config: encode(&config, &ty),
        ..proto::apply_resource_change::Request::default()
    };
    let reply = session.client.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The book is on the shelf already"]);
    assert!(reply.diagnostics[0].attribute.is_some());
    assert!(decode(reply.new_state.as_ref(), &ty).is_null());
    assert_eq!(reply.new_identity, None);

    let request = proto::plan_resource_change::Request {
        type_name: "shelf_book".to_owned(),
        prior_state: created.new_state.clone(),
        proposed_new_state: encode(&Value::Null, &ty),
        config: encode(&Value::Null, &ty),
        ..proto::plan_resource_change::Request::default()
    };
    let plan = session.client.plan_resource_change(request).await.unwrap().into_inner();
    assert!(decode(plan.planned_state.as_ref(), &ty).is_null());
    assert_eq!(plan.diagnostics.len(), 1);
    assert_eq!(plan.diagnostics[0].summary, "A bible leaves the shelf");
}

#[tokio::test]
async fn an_object_is_imported_by_id_and_by_identity() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);
    session.put(None, &config, &config).await;
    let identity = Value::object([("number", "1")]);
    let by_id = proto::import_resource_state::Request {
        type_name: "shelf_book".to_owned(),
        id: "1".to_owned(),
        ..proto::import_resource_state::Request::default()
    };
    let by_identity = proto::import_resource_state::Request {
        id: String::new(),
        identity: Some(proto::ResourceIdentityData { identity_data: encode(&identity, &Session::identity_type()) }),
        ..by_id.clone()
    };
    for request in [by_id, by_identity] {
        let reply = session.client.import_resource_state(request).await.unwrap().into_inner();
        assert_eq!(reply.diagnostics, []);
        let [imported] = &reply.imported_resources[..] else { panic!("not one object") };
        assert_eq!(imported.type_name, "shelf_book");
        assert_eq!(decode(imported.state.as_ref(), &ty).get("title"), Some(&"Dune".into()));
        assert_eq!(identity_of(imported.identity.as_ref()), identity);
        // The first read after an import ends the framework's own note in the private data.
        assert!(!imported.private.is_empty());
        let request = proto::read_resource::Request {
            type_name: "shelf_book".to_owned(),
            current_state: imported.state.clone(),
            private: imported.private.clone(),
            current_identity: imported.identity.clone(),
            ..proto::read_resource::Request::default()
        };
        let read = session.client.read_resource(request).await.unwrap().into_inner();
        assert_eq!(read.diagnostics, []);
        assert!(read.private.is_empty());
    }
    let missing = proto::import_resource_state::Request {
        type_name: "shelf_book".to_owned(),
        id: "404".to_owned(),
        ..proto::import_resource_state::Request::default()
    };
    let reply = session.client.import_resource_state(missing).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["There is no such book"]);
}

#[tokio::test]
async fn state_is_upgraded_and_taken_over_on_an_unconfigured_process() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let ty = type_of(&schema.resource_schemas["shelf_book"]);
    let raw = |json: &str| Some(proto::RawState { json: json.as_bytes().to_vec(), ..proto::RawState::default() });
    let mut upgrade = async |version, json| {
        let request = proto::upgrade_resource_state::Request {
            type_name: "shelf_book".to_owned(),
            version,
            raw_state: raw(json),
        };
        client.upgrade_resource_state(request).await.unwrap().into_inner()
    };
    // Of an older version: the resource's own code.
    let reply = upgrade(0, r#"{"number":"1","name":"Dune"}"#).await;
    assert_eq!(reply.diagnostics, []);
    assert_eq!(decode(reply.upgraded_state.as_ref(), &ty).get("title"), Some(&"Dune".into()));
    // Of the same version: what the schema does not have any more is passed over, every digit stays.
    let reply =
        upgrade(1, r#"{"number":"1","title":"Dune","price":0.10000000000000000000000000000000000001,"old":1}"#).await;
    assert_eq!(reply.diagnostics, []);
    let state = decode(reply.upgraded_state.as_ref(), &ty);
    assert_eq!(
        state.get("price").unwrap().as_number().unwrap().to_string(),
        "0.10000000000000000000000000000000000001"
    );
    assert_eq!(errors(&upgrade(2, "{}").await.diagnostics), ["The stored state is of a newer version of the provider"]);
    assert_eq!(errors(&upgrade(1, "{").await.diagnostics), ["The stored state cannot be read"]);
    assert_eq!(
        errors(&upgrade(1, r#"{"title":{}}"#).await.diagnostics),
        ["The stored state does not fit the provider's schema"]
    );
    assert_eq!(
        errors(&upgrade(0, r#"{"other":1}"#).await.diagnostics),
        ["The provider returned an upgraded state that does not fit its schema"]
    );

    let mut take_over = async |from: &str, json| {
        let request = proto::move_resource_state::Request {
            source_provider_address: "terraform.io/builtin/terraform".to_owned(),
            source_type_name: from.to_owned(),
            source_state: raw(json),
            target_type_name: "shelf_book".to_owned(),
            ..proto::move_resource_state::Request::default()
        };
        client.move_resource_state(request).await.unwrap().into_inner()
    };
    let reply = take_over("terraform_data", r#"{"id":"x","input":{"number":"7","title":"Emma"}}"#).await;
    assert_eq!(reply.diagnostics, []);
    assert_eq!(decode(reply.target_state.as_ref(), &ty).get("title"), Some(&"Emma".into()));
    assert_eq!(identity_of(reply.target_identity.as_ref()).get("number"), Some(&"7".into()));
    let reply = take_over("other_thing", "{}").await;
    assert_eq!(errors(&reply.diagnostics), ["other_thing cannot become shelf_book"]);

    let request = proto::upgrade_resource_identity::Request {
        type_name: "shelf_book".to_owned(),
        version: 0,
        raw_identity: raw(r#"{"number":"1"}"#),
    };
    let reply = client.upgrade_resource_identity(request).await.unwrap().into_inner();
    assert_eq!(identity_of(reply.upgraded_identity.as_ref()).get("number"), Some(&"1".into()));
}

#[tokio::test]
async fn a_list_streams_what_exists_until_the_host_has_enough() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    for number in ["1", "2", "30"] {
        let config = changed(&dune(&ty), "number", number);
        session.put(None, &config, &config).await;
    }
    let list_type = type_of(&session.schema.list_resource_schemas["shelf_book"]);
    let request = |include, prefix: Value| proto::list_resource::Request {
        type_name: "shelf_book".to_owned(),
        config: encode(&with(&list_type, [("starts_with", prefix)]), &list_type),
        include_resource_object: include,
        limit: 100,
    };
    let mut events = session.client.list_resource(request(true, Value::Null)).await.unwrap().into_inner();
    let mut numbers = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        assert_eq!(event.diagnostic, []);
        assert_eq!(event.display_name, "Dune");
        let state = decode(event.resource_object.as_ref(), &ty);
        let identity = identity_of(event.identity.as_ref());
        assert_eq!(state.get("number"), identity.get("number"));
        numbers.push(identity.get("number").and_then(Value::as_str).unwrap().to_owned());
    }
    assert_eq!(numbers, ["1", "2", "30"]);

    let mut events = session.client.list_resource(request(false, "3".into())).await.unwrap().into_inner();
    let event = events.message().await.unwrap().unwrap();
    assert_eq!(event.resource_object, None);
    assert_eq!(events.message().await.unwrap(), None);

    let mut events = session.client.list_resource(request(false, Value::Null)).await.unwrap().into_inner();
    events.message().await.unwrap();
    drop(events);
    assert!(session.host.is_running());
}

#[tokio::test]
async fn functions_keep_every_digit_and_name_the_argument_at_fault() {
    let host = Host::start();
    let mut client = host.provider().await;
    let text = |text: &str| encode(&text.into(), &Type::String).unwrap();
    let mut call = async |name: &str, arguments| {
        let request = proto::call_function::Request { name: name.to_owned(), arguments };
        client.call_function(request).await.unwrap().into_inner()
    };
    let reply = call("join", vec![text("-"), text("a"), text("b")]).await;
    assert_eq!(decode(reply.result.as_ref(), &Type::String), "a-b".into());
    let error = call("join", vec![text("")]).await.error.unwrap();
    assert_eq!((error.text.as_str(), error.function_argument), ("the separator is empty", Some(0)));
    let error = call("join", vec![]).await.error.unwrap();
    assert_eq!(error.text, "1 arguments are needed, and 0 were given");
    assert!(call("none", vec![]).await.error.is_some());

    // As Terraform sends them: what no double holds exactly is text. The bytes come back.
    for number in [&b"\xa3\x30.1"[..], b"\xb418446744073709551616", b"\xcb\x40\x04\0\0\0\0\0\0", b"\x07"] {
        let wire = [b"\x92\xc4\x08\"number\"", number].concat();
        let argument = proto::DynamicValue { msgpack: wire.clone(), json: Vec::new() };
        let reply = call("echo", vec![argument]).await;
        assert_eq!(reply.result.map(|result| result.msgpack), Some(wire), "{:?}", reply.error);
    }
}

#[tokio::test]
async fn the_catalogue_reads_what_is_there() {
    let mut session = Session::start().await;
    let ty = session.type_of("shelf_book");
    let config = dune(&ty);
    session.put(None, &config, &config).await;
    let data_type = type_of(&session.schema.data_source_schemas["shelf_catalogue"]);
    let request = proto::read_data_source::Request {
        type_name: "shelf_catalogue".to_owned(),
        config: encode(&with(&data_type, []), &data_type),
        ..proto::read_data_source::Request::default()
    };
    let reply = session.client.read_data_source(request).await.unwrap().into_inner();
    assert_eq!(reply.diagnostics, []);
    let titles = decode(reply.state.as_ref(), &data_type);
    assert_eq!(titles.get("titles"), Some(&Value::map([("1", "Dune")])));
}

#[tokio::test]
async fn what_the_provider_says_of_itself_is_true() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let metadata = client.get_metadata(proto::get_metadata::Request {}).await.unwrap().into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.get_provider_schema_optional && capabilities.plan_destroy && capabilities.move_resource_state);
    assert!(!capabilities.generate_resource_config);
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let names = metadata.resources.into_iter().map(|r| r.type_name).collect();
    assert_eq!(sorted(names), sorted(schema.resource_schemas.keys().cloned().collect()));
    let names = metadata.functions.into_iter().map(|f| f.name).collect();
    assert_eq!(sorted(names), sorted(schema.functions.keys().cloned().collect()));
    let functions = client.get_functions(proto::get_functions::Request {}).await.unwrap().into_inner();
    assert_eq!(functions.functions, schema.functions);
    let identities = client
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    assert!(identities.identity_schemas["shelf_book"].identity_attributes[0].required_for_import);

    // What only other kinds of provider have.
    let generate = client.generate_resource_config(proto::generate_resource_config::Request::default()).await;
    assert_eq!(generate.unwrap_err().code(), Code::Unimplemented);
    let open = client.open_ephemeral_resource(proto::open_ephemeral_resource::Request::default()).await;
    assert_eq!(open.unwrap_err().code(), Code::Unimplemented);
    let action = client.plan_action(proto::plan_action::Request::default()).await;
    assert_eq!(action.unwrap_err().code(), Code::Unimplemented);
    let states = client.get_states(proto::get_states::Request::default()).await;
    assert_eq!(states.unwrap_err().code(), Code::Unimplemented);
    // And a type that no version of this one has.
    let request = proto::read_resource::Request {
        type_name: "shelf_bookend".to_owned(),
        ..proto::read_resource::Request::default()
    };
    let reply = client.read_resource(request).await.unwrap().into_inner();
    assert_eq!(errors(&reply.diagnostics), ["The provider has no resource shelf_bookend"]);
}

#[tokio::test]
async fn configurations_are_checked_before_anything_is_known() {
    let host = Host::start();
    let mut client = host.provider().await;
    let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
    let ty = type_of(&schema.resource_schemas["shelf_book"]);
    let mut validate = async |config: &Value, write_only| {
        let capabilities =
            proto::ClientCapabilities { write_only_attributes_allowed: write_only, ..Default::default() };
        let request = proto::validate_resource_config::Request {
            type_name: "shelf_book".to_owned(),
            config: encode(config, &ty),
            client_capabilities: Some(capabilities),
        };
        client.validate_resource_config(request).await.unwrap().into_inner().diagnostics
    };
    assert_eq!(validate(&dune(&ty), true).await, []);
    assert_eq!(validate(&changed(&dune(&ty), "number", Value::UNKNOWN), true).await, []);
    let diagnostics = validate(&changed(&dune(&ty), "number", "a/b"), true).await;
    assert_eq!(errors(&diagnostics), ["Bad number"]);
    // Before 1.11 Terraform would store the secret.
    let diagnostics = validate(&dune(&ty), false).await;
    assert_eq!(errors(&diagnostics).len(), 1, "{diagnostics:?}");
    assert!(diagnostics[0].attribute.is_some());
}
