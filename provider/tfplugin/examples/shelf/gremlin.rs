//! The resource `shelf_gremlin`: every mistake that a provider can make, to see what the framework makes of it.

use std::time::Duration;

use async_trait::async_trait;
use tfplugin::cty::{Type, Value};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, Schema};

/// What makes mistakes.
pub(crate) struct Gremlin;

fn identity(name: &str) -> Value {
    Value::object([("name", name)])
}

fn made(planned: &Value, result: impl Into<Value>) -> Value {
    let mut state = planned.clone();
    if let Some(object) = state.as_object_mut() {
        object.insert("result".to_owned(), result.into());
    }
    state
}

#[async_trait]
impl Resource for Gremlin {
    fn type_name(&self) -> &'static str {
        "shelf_gremlin"
    }

    fn schema(&self) -> Schema {
        Schema::new(
            "Makes mistakes.",
            vec![
                Attribute::new("mischief", Type::String, "Which mistake.").required(),
                Attribute::new("note", Type::String, "Anything."),
                Attribute::new("result", Type::String, "What came of it.").computed(),
            ],
        )
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        let name = IdentityAttribute {
            name: "name",
            ty: Type::String,
            required_for_import: true,
            description: "Its name.".to_owned(),
        };
        Some(IdentitySchema { version: 0, attributes: vec![name], mutable: false })
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        let mischief = request.planned.get("mischief").and_then(Value::as_str).unwrap_or_default();
        let mut diagnostics = Diagnostics::new();
        tracing::info!(mischief, "a gremlin is born");
        let state = match mischief {
            "panic" => panic!("the gremlin panicked"),
            "unknown" => made(&request.planned, Value::UNKNOWN),
            "contradict" => {
                let mut state = made(&request.planned, "done");
                if let Some(object) = state.as_object_mut() {
                    object.insert("mischief".to_owned(), "none".into());
                }
                state
            }
            "misfit" => made(&request.planned, true),
            "nothing" => Value::Null,
            "fail late" => {
                diagnostics.push(Diagnostic::error("The gremlin stumbled", "It exists, but it is not complete."));
                made(&request.planned, Value::UNKNOWN)
            }
            // Accepted work takes its time, whoever hangs up; a wish to stop is heard.
            "slow" => {
                tokio::select! {
                    () = cx.stop.cancelled() => made(&request.planned, "stopped"),
                    () = tokio::time::sleep(Duration::from_secs(30)) => made(&request.planned, "done"),
                }
            }
            "leave a mark" => {
                tokio::time::sleep(Duration::from_millis(300)).await;
                let path = request.planned.get("note").and_then(Value::as_str).unwrap_or_default();
                if let Err(error) = std::fs::write(path, "was here") {
                    diagnostics.push(Diagnostic::error("The gremlin left no mark", error.to_string()));
                }
                made(&request.planned, "done")
            }
            _ => made(&request.planned, "done"),
        };
        let name = (mischief != "no identity").then(|| identity("gremlin"));
        ApplyResponse { state, private: Vec::new(), identity: name, diagnostics }
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        let mischief = request.state.get("mischief").and_then(Value::as_str).unwrap_or_default().to_owned();
        assert!(mischief != "panic on read", "the gremlin panicked on sight");
        let mut response = ReadResponse::from(request);
        if mischief == "another identity" {
            response.identity = Some(identity("somebody else"));
        }
        response
    }

    async fn update(&self, _cx: &Context, request: UpdateRequest) -> ApplyResponse {
        let state = made(&request.planned, "changed");
        ApplyResponse { state, private: request.private, identity: request.identity, diagnostics: Diagnostics::new() }
    }

    async fn delete(&self, _cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let stays = request.prior.get("mischief").and_then(Value::as_str) == Some("stay");
        let state = if stays { request.prior } else { Value::Null };
        ApplyResponse { state, private: request.private, identity: request.identity, diagnostics: Diagnostics::new() }
    }
}
