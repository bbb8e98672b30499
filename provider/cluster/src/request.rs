//! One request: sent with a time limit, and answered or classified.

use std::time::Duration;

use egress_engines::manifest::ObjectId;
use kube::core::Request;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::classify::{Sent, Subject, classify};
use crate::{Cluster, Error};

/// How long one request may take from the connection to the last byte of its answer. An API server gives up after a minute itself
/// (kube-apiserver, `--request-timeout`).
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(75);
/// How long to go on asking an API server that sheds load.
const THROTTLE_PATIENCE: Duration = Duration::from_mins(1);
/// The longest pause between two of these requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A request as the client library makes it.
pub(crate) type BuiltRequest = Result<http::Request<Vec<u8>>, kube::core::request::Error>;

impl Cluster {
    /// Sends a request; `None` when the answer is that there is no such object. Only what the API server was too busy to look at is sent
    /// again.
    pub(crate) async fn send(&self, subject: Subject<'_>, request: BuiltRequest) -> Result<Option<Value>, Error> {
        let request = request.map_err(|error| Error::Config(error.to_string()))?;
        let begin = Instant::now();
        let mut pause = Duration::from_secs(1);
        loop {
            match self.attempt(subject, request.clone()).await {
                Err(Error::Api { code: 429, .. }) if begin.elapsed() < THROTTLE_PATIENCE => {
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(Error::Api { code: 429, .. }) => return Err(Error::Throttled { waited: begin.elapsed() }),
                answer => return answer,
            }
        }
    }

    async fn attempt(&self, subject: Subject<'_>, request: http::Request<Vec<u8>>) -> Result<Option<Value>, Error> {
        if let Some(error) = self.outage.current() {
            return Err(error);
        }
        let begin = Instant::now();
        let answer = timeout(ATTEMPT_TIMEOUT, self.client.request::<Value>(request)).await;
        let waited = begin.elapsed();
        let error = match answer {
            Ok(Ok(value)) => return Ok(Some(value)),
            Ok(Err(error)) => classify(subject, Sent { server: &self.server, waited }, &error),
            Err(_) => Some(Error::Silent { server: self.server.clone(), waited }),
        };
        let Some(error) = error else { return Ok(None) };
        self.outage.note(waited, &error);
        Err(error)
    }
}

/// The requests of an object's kind, in its namespace.
pub(crate) fn requests(id: &ObjectId) -> Request {
    Request::new(collection(&id.api_version, &id.plural, id.namespace.as_deref()))
}

/// The path of a collection (Kubernetes API concepts, "Resource URIs").
pub(crate) fn collection(api_version: &str, plural: &str, namespace: Option<&str>) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    match namespace {
        Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}"),
        None => format!("/{root}/{api_version}/{plural}"),
    }
}

pub(crate) fn subject(id: &ObjectId) -> Subject<'_> {
    Subject { api_version: &id.api_version, kind: &id.kind, namespace: id.namespace.as_deref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_where_the_api_has_them() {
        let cases = [
            ("v1", "namespaces", None, "/api/v1/namespaces"),
            ("networking.k8s.io/v1", "networkpolicies", None, "/apis/networking.k8s.io/v1/networkpolicies"),
            (
                "networking.k8s.io/v1",
                "networkpolicies",
                Some("a"),
                "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies",
            ),
        ];
        for (api_version, plural, namespace, path) in cases {
            assert_eq!(collection(api_version, plural, namespace), path);
        }
    }
}
