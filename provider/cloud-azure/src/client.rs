//! The calls of Azure Resource Manager.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::headers::{self, HeaderName, Headers};
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineSendOptions, RawResponse, Request, RetryOptions, Transport, Url,
};
use cloud::{Class, Error};
use serde_json::Value;

use crate::credentials::Tokens;
use crate::error::{Refusal, unanswered};
use crate::object::Object;

/// The version of `Microsoft.Network` that bodies are written and read in: the first that this crate was checked against which has NAT
/// gateways of SKU `StandardV2` (API description 2025-07-01).
const API_VERSION: &str = "2025-07-01";

const AUTHORIZATION: HeaderName = HeaderName::from_static("authorization");
const IF_MATCH: HeaderName = HeaderName::from_static("if-match");
const IF_NONE_MATCH: HeaderName = HeaderName::from_static("if-none-match");
const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");
const LOCATION: HeaderName = HeaderName::from_static("location");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// What has to be so for a PUT to be done. Nobody has written down which objects are checked: what a condition guards is read as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing.
    Any,
    /// There is no object of the name.
    IsAbsent,
    /// The object is the one that was read.
    Is(String),
}

/// Where an operation that was accepted is asked after; `None` where it is done already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted(pub(crate) Option<Pending>);

/// An operation that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    url: Url,
    /// When it is worth asking.
    pub(crate) retry_after: Duration,
}

/// How far an operation is.
#[derive(Debug)]
pub(crate) enum Status {
    /// It goes on; when it is worth asking again.
    Running(Duration),
    /// It is done, or nobody knows it any more.
    Over,
}

/// Azure Resource Manager.
#[derive(Clone)]
pub(crate) struct Client {
    endpoint: Url,
    tokens: Arc<Tokens>,
    pipeline: Pipeline,
    attempt: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(endpoint: Url, tokens: Tokens, transport: Transport, attempt: Duration) -> Self {
        // What is sent again is decided where the resource's deadline is known.
        let options =
            ClientOptions { retry: RetryOptions::none(), transport: Some(transport), ..ClientOptions::default() };
        let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
        let pipeline = Pipeline::new(name, version, options, Vec::new(), Vec::new(), None);
        Self { endpoint, tokens: Arc::new(tokens), pipeline, attempt }
    }

    /// One object, by its path; `None` where it does not exist.
    pub(crate) async fn get(&self, operation: &'static str, path: &str) -> Result<Option<Object>, Error> {
        let request = Request::new(self.url(path), Method::Get);
        match self.send(operation, request).await {
            Ok(response) => Ok(Object::of(json(operation, &response)?)),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The members `value` of all pages. A collection that does not exist, for its resource group does not, is empty.
    pub(crate) async fn list(&self, operation: &'static str, path: &str) -> Result<Vec<Value>, Error> {
        let (mut next, mut all) = (Some(self.url(path)), Vec::new());
        while let Some(url) = next.take() {
            let answer = self.send(operation, Request::new(url, Method::Get)).await;
            let mut page = match answer {
                Ok(response) => json(operation, &response)?,
                Err(error) if error.class == Class::NotFound => return Ok(all),
                Err(error) => return Err(error),
            };
            if let Value::Array(values) = page["value"].take() {
                all.extend(values);
            }
            next = page["nextLink"].as_str().map(|link| self.own(operation, link)).transpose()?;
        }
        Ok(all)
    }

    pub(crate) async fn put(
        &self,
        operation: &'static str,
        path: &str,
        object: &Object,
        condition: &Condition,
    ) -> Result<Accepted, Error> {
        let mut request = Request::new(self.url(path), Method::Put);
        request.insert_header(headers::CONTENT_TYPE, "application/json");
        match condition {
            Condition::Any => {}
            Condition::IsAbsent => request.insert_header(IF_NONE_MATCH, "*"),
            Condition::Is(etag) => request.insert_header(IF_MATCH, etag.clone()),
        }
        let body = serde_json::to_vec(object.as_map());
        request.set_body(body.map_err(|error| Error::new(Class::Other, operation, error.to_string()))?);
        self.accepted(operation, request).await
    }

    pub(crate) async fn delete(&self, operation: &'static str, path: &str) -> Result<Accepted, Error> {
        self.accepted(operation, Request::new(self.url(path), Method::Delete)).await
    }

    /// How far an operation is. One that failed is an error.
    pub(crate) async fn status(&self, operation: &'static str, pending: &Pending) -> Result<Status, Error> {
        let request = Request::new(pending.url.clone(), Method::Get);
        let response = match self.send(operation, request).await {
            Ok(response) => response,
            Err(error) if error.class == Class::NotFound => return Ok(Status::Over),
            Err(error) => return Err(error),
        };
        let again = retry_after(response.headers()).unwrap_or_default();
        if u16::from(response.status()) == 202 {
            return Ok(Status::Running(again));
        }
        let body: Value = serde_json::from_slice(response.body().as_ref()).unwrap_or_default();
        match body["status"].as_str() {
            Some("Failed" | "Canceled") => Err(Refusal::of(&body).into_error(operation)),
            None | Some("Succeeded") => Ok(Status::Over),
            Some(_) => Ok(Status::Running(again)),
        }
    }

    async fn accepted(&self, operation: &'static str, request: Request) -> Result<Accepted, Error> {
        let response = self.send(operation, request).await?;
        let headers = response.headers();
        let link = headers.get_optional_str(&ASYNC_OPERATION).or_else(|| headers.get_optional_str(&LOCATION));
        let Some(link) = link else { return Ok(Accepted(None)) };
        let (url, retry_after) = (self.own(operation, link)?, retry_after(headers).unwrap_or_default());
        Ok(Accepted(Some(Pending { url, retry_after })))
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().append_pair("api-version", API_VERSION);
        url
    }

    /// A link in an answer. It is followed with a token, and so nowhere else than to where the answer came from.
    fn own(&self, operation: &'static str, link: &str) -> Result<Url, Error> {
        let foreign = || Error::new(Class::Other, operation, "the answer points to another server than it came from");
        Url::parse(link).ok().filter(|url| url.origin() == self.endpoint.origin()).ok_or_else(foreign)
    }

    /// Sends one attempt.
    async fn send(&self, operation: &'static str, mut request: Request) -> Result<RawResponse, Error> {
        request.insert_header(AUTHORIZATION, self.tokens.authorization(operation).await?);
        request.insert_header(headers::ACCEPT, "application/json");
        let options = PipelineSendOptions { skip_checks: true, ..PipelineSendOptions::default() };
        let context = Context::new();
        let sent = self.pipeline.send(&context, &mut request, Some(options));
        let response = match tokio::time::timeout(self.attempt, sent).await {
            Ok(answer) => answer.map_err(|error| unanswered(operation, error))?,
            Err(_) => return Err(Error::new(Class::Unreachable, operation, "there was no answer in time")),
        };
        let status = u16::from(response.status());
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let body: Value = serde_json::from_slice(response.body().as_ref()).unwrap_or_default();
        let headers = response.headers();
        let refusal = Refusal {
            status: Some(status),
            retry_after: retry_after(headers),
            request_id: headers.get_optional_str(&REQUEST_ID).map(str::to_owned),
            ..Refusal::of(&body)
        };
        Err(refusal.into_error(operation))
    }
}

fn json(operation: &'static str, response: &RawResponse) -> Result<Value, Error> {
    serde_json::from_slice(response.body().as_ref()).map_err(|error| Error {
        source: Some(Arc::new(error)),
        ..Error::new(Class::Unreachable, operation, "the answer is no JSON")
    })
}

/// In seconds, as Azure writes it.
fn retry_after(headers: &Headers) -> Option<Duration> {
    headers.get_optional_str(&RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
}
