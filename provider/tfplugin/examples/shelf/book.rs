//! The resource `shelf_book`: every kind of attribute that a schema can have, on one small object.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tfplugin::cty::{Number, Path, Type, Value};
use tfplugin::diagnostic::{Diagnostic, Diagnostics, chain};
use tfplugin::list::{ListRequest, ListResource, Listed};
use tfplugin::model::{from_value, to_value};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, MoveSource, Moved, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{Attribute, IdentityAttribute, IdentitySchema, Nesting, Schema};
use tokio::sync::mpsc;

use crate::Configured;
use crate::shelf::{Shelf, Stored, StoredAuthor, StoredChapter};

/// A book on the shelf.
pub(crate) struct Book(pub(crate) Configured);

/// The state of a book: everything is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    number: String,
    title: String,
    pages: i64,
    price: Option<Number>,
    tags: Option<BTreeSet<String>>,
    authors: Option<BTreeMap<String, Author>>,
    chapters: Option<Vec<Chapter>>,
    secret: Option<String>,
    secret_version: Option<i64>,
    id: String,
    token: String,
    revision: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Author {
    given: Option<String>,
    family: String,
    full_name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chapter {
    heading: String,
    pages: i64,
}

fn schema() -> Schema {
    let authors = vec![
        Attribute::new("given", Type::String, "The given name."),
        Attribute::new("family", Type::String, "The family name.").required(),
        Attribute::new("full_name", Type::String, "Both names.").computed(),
    ];
    let chapters = vec![
        Attribute::new("heading", Type::String, "What stands above it.").required(),
        Attribute::new("pages", Type::Number, "How long it is.").optional_computed().default(10),
    ];
    let attributes = vec![
        Attribute::new("number", Type::String, "The book's number, which names it on the shelf.")
            .required()
            .requires_replace(),
        Attribute::new("title", Type::String, "The title.").required(),
        Attribute::new("pages", Type::Number, "How long it is; 100 pages unless said otherwise.").default(100),
        Attribute::new("price", Type::Number, "What it costs, exactly."),
        Attribute::new("tags", Type::set(Type::String), "What it is about."),
        Attribute::nested("authors", Nesting::Map, authors, "Who wrote it, by any key."),
        Attribute::nested("chapters", Nesting::List, chapters, "What is in it."),
        Attribute::new("secret", Type::String, "What only the shelf may know. Change `secret_version` with it.")
            .write_only(),
        Attribute::new("secret_version", Type::Number, "Change it to store the secret again."),
        Attribute::new("id", Type::String, "The number again.").computed().use_state_for_unknown(),
        Attribute::new("token", Type::String, "Lends the book.").computed().sensitive().use_state_for_unknown(),
        Attribute::new("revision", Type::Number, "How often it was changed.").computed(),
    ];
    Schema { version: 1, ..Schema::new("A book on the shelf.", attributes) }
}

fn identity(number: &str) -> Value {
    Value::object([("number", number)])
}

fn failed(what: &str, error: &io::Error) -> Diagnostics {
    Diagnostic::error(what, format!("The shelf said: {}.", chain(error))).into()
}

/// What a state means for the shelf.
fn stored(planned: &Value, config: &Value, revision: i64) -> Stored {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let objects = |name: &str| planned.get(name).filter(|value| !value.is_null());
    let authors = objects("authors").and_then(Value::as_map).map(|authors| {
        let author = |author: &Value| StoredAuthor {
            given: text(author, "given"),
            family: text(author, "family").unwrap_or_default(),
        };
        authors.iter().map(|(key, value)| (key.clone(), author(value))).collect()
    });
    let chapters = objects("chapters").and_then(Value::elements).map(|chapters| {
        let chapter = |chapter: &Value| StoredChapter {
            heading: text(chapter, "heading").unwrap_or_default(),
            pages: chapter.get("pages").and_then(Value::as_i64).unwrap_or_default(),
        };
        chapters.iter().map(chapter).collect()
    });
    let tags = objects("tags").and_then(Value::elements);
    Stored {
        title: text(planned, "title").unwrap_or_default(),
        pages: planned.get("pages").and_then(Value::as_i64).unwrap_or_default(),
        price: planned.get("price").and_then(Value::as_number).map(ToString::to_string),
        tags: tags.map(|tags| tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        authors,
        chapters,
        revision,
        secret_length: text(config, "secret").map_or(0, |secret| secret.len()),
    }
}

/// What the shelf has, as a state. The version of the secret is the user's own and is not on the shelf.
fn state(number: &str, book: Stored, secret_version: Option<i64>) -> Result<Value, Diagnostic> {
    let authors = book.authors.map(|authors| {
        let author = |author: StoredAuthor| Author {
            full_name: author.given.iter().chain([&author.family]).map(String::as_str).collect::<Vec<_>>().join(" "),
            given: author.given,
            family: author.family,
        };
        authors.into_iter().map(|(key, value)| (key, author(value))).collect()
    });
    let chapters = book.chapters.map(|chapters| {
        chapters.into_iter().map(|chapter| Chapter { heading: chapter.heading, pages: chapter.pages }).collect()
    });
    let state = State {
        number: number.to_owned(),
        title: book.title,
        pages: book.pages,
        price: book.price.and_then(|price| price.parse().ok()),
        tags: book.tags,
        authors,
        chapters,
        secret: None,
        secret_version,
        id: number.to_owned(),
        token: format!("token-{number}"),
        revision: book.revision,
    };
    to_value(&state, &schema().ty())
}

impl Book {
    fn put(&self, number: &str, planned: &Value, config: &Value, revision: i64) -> Result<Value, Diagnostics> {
        let book = stored(planned, config, revision);
        self.0.shelf()?.put(number, &book).map_err(|e| failed("Cannot put the book on the shelf", &e))?;
        Ok(state(number, book, planned.get("secret_version").and_then(Value::as_i64))?)
    }
}

fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[async_trait]
impl Resource for Book {
    fn type_name(&self) -> &'static str {
        "shelf_book"
    }

    fn schema(&self) -> Schema {
        schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        let number = IdentityAttribute {
            name: "number",
            ty: Type::String,
            required_for_import: true,
            description: "The book's number.".to_owned(),
        };
        Some(IdentitySchema { version: 0, attributes: vec![number], mutable: false })
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        if text_of(config, "number").contains('/') {
            let detail = "The number names a file on the shelf, so it cannot hold a slash.";
            return Diagnostic::error("Bad number", detail).at(Path::attribute("number")).into();
        }
        Diagnostics::new()
    }

    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
        let removed = request.planned.is_null();
        let title = text_of(&request.prior, "title").to_owned();
        let mut response = PlanResponse::from(request);
        if removed && title == "Bible" {
            response.diagnostics.push(Diagnostic::warning("A bible leaves the shelf", "It cannot be bought again."));
        }
        response
    }

    async fn create(&self, _cx: &Context, request: CreateRequest) -> ApplyResponse {
        let number = text_of(&request.planned, "number");
        let existing = self.0.shelf().and_then(|s| s.get(number).map_err(|e| failed("Cannot look at the shelf", &e)));
        let created = match existing {
            Ok(Some(_)) => Err(Diagnostic::error(
                "The book is on the shelf already",
                format!("Number {number} exists. Import it, or choose another number."),
            )
            .at(Path::attribute("number"))
            .into()),
            Ok(None) => self.put(number, &request.planned, &request.config, 1),
            Err(diagnostics) => Err(diagnostics),
        };
        let (state, diagnostics) = match created {
            Ok(state) => (state, Diagnostics::new()),
            Err(diagnostics) => (Value::Null, diagnostics),
        };
        ApplyResponse { state, private: b"since v1".to_vec(), identity: Some(identity(number)), diagnostics }
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        let number = text_of(&request.state, "number").to_owned();
        let secret_version = request.state.get("secret_version").and_then(Value::as_i64);
        let found = self.0.shelf().and_then(|s| s.get(&number).map_err(|e| failed("Cannot look at the shelf", &e)));
        let found = found.and_then(|book| match book {
            Some(book) => Ok(state(&number, book, secret_version)?),
            None => Ok(Value::Null),
        });
        let mut response = ReadResponse::from(request);
        match found {
            Ok(state) => response.state = state,
            Err(diagnostics) => response.diagnostics = diagnostics,
        }
        response.identity = Some(identity(&number));
        response
    }

    async fn update(&self, _cx: &Context, request: UpdateRequest) -> ApplyResponse {
        let number = text_of(&request.prior, "number");
        let revision = request.prior.get("revision").and_then(Value::as_i64).unwrap_or_default();
        let (state, diagnostics) = match self.put(number, &request.planned, &request.config, revision + 1) {
            Ok(state) => (state, Diagnostics::new()),
            Err(diagnostics) => (request.prior.clone(), diagnostics),
        };
        ApplyResponse { state, private: request.private, identity: request.identity, diagnostics }
    }

    async fn delete(&self, _cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let number = text_of(&request.prior, "number");
        let removed = self.0.shelf().and_then(|s| s.remove(number).map_err(|e| failed("Cannot remove the book", &e)));
        let (state, diagnostics) = match removed {
            Ok(()) => (Value::Null, Diagnostics::new()),
            Err(diagnostics) => (request.prior, diagnostics),
        };
        ApplyResponse { state, private: request.private, identity: request.identity, diagnostics }
    }

    async fn import(&self, _cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let number = match request {
            ImportRequest::Id(number) => number,
            ImportRequest::Identity(identity) => text_of(&identity, "number").to_owned(),
        };
        let book = self.0.shelf()?.get(&number).map_err(|e| failed("Cannot look at the shelf", &e))?;
        let book = book.ok_or_else(|| {
            Diagnostic::error("There is no such book", format!("The shelf has no book with number {number}."))
        })?;
        Ok(Imported {
            state: state(&number, book, None)?,
            private: Vec::new(),
            identity: Some(identity(&number)),
            diagnostics: Diagnostics::new(),
        })
    }

    fn upgrade(&self, version: i64, mut state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        // Version 0 called the title a name.
        if version == 0
            && let Some(book) = state.as_object_mut()
            && let Some(name) = book.remove("name")
        {
            book.insert("title".to_owned(), name);
        }
        Ok(state)
    }

    fn move_from(&self, source: &MoveSource) -> Option<Result<Moved, Diagnostics>> {
        if source.type_name != "terraform_data" {
            return None;
        }
        // Notes that users kept in Terraform's own resource become books.
        let input = &source.state["input"];
        let input = if input["value"].is_object() { &input["value"] } else { input };
        let number = input["number"].as_str()?;
        let mut book = json!({ "number": number, "id": number, "token": format!("token-{number}") });
        book["title"] = input["title"].clone();
        book["pages"] = json!(100);
        book["revision"] = json!(1);
        let decoded = tfplugin::cty::json::from_json(&book, &schema().ty(), tfplugin::cty::json::Undefined::Refuse);
        Some(match decoded {
            Ok(state) => Ok(Moved { state, private: Vec::new(), identity: Some(identity(number)) }),
            Err(e) => Err(e.into_diagnostic("The notes are not those of a book").into()),
        })
    }
}

/// The list of all books.
pub(crate) struct Books(pub(crate) Configured);

#[derive(Deserialize)]
struct Wanted {
    starts_with: Option<String>,
}

impl Books {
    async fn send(&self, folder: Shelf, request: ListRequest, found: mpsc::Sender<Listed>) -> Result<(), Diagnostics> {
        let wanted: Wanted = from_value(&request.config)?;
        let numbers = folder.numbers().map_err(|e| failed("Cannot look at the shelf", &e))?;
        let prefix = wanted.starts_with.unwrap_or_default();
        for number in numbers.into_iter().filter(|number| number.starts_with(&prefix)) {
            let Some(book) = folder.get(&number).map_err(|e| failed("Cannot look at the shelf", &e))? else { continue };
            let display_name = book.title.clone();
            let resource = if request.include_resource { Some(state(&number, book, None)?) } else { None };
            let listed =
                Listed { identity: identity(&number), display_name, resource, diagnostics: Diagnostics::new() };
            if found.send(listed).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl ListResource for Books {
    fn type_name(&self) -> &'static str {
        "shelf_book"
    }

    fn schema(&self) -> Schema {
        let prefix = Attribute::new("starts_with", Type::String, "Only books whose numbers start so.");
        Schema::new("The books on the shelf.", vec![prefix])
    }

    async fn list(&self, _cx: &Context, request: ListRequest, found: mpsc::Sender<Listed>) -> Diagnostics {
        match self.0.shelf() {
            Ok(folder) => self.send(folder, request, found).await.err().unwrap_or_default(),
            Err(diagnostics) => diagnostics,
        }
    }
}
