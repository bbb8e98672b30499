//! The stand-in Azure as tests reach it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport, Url};
use cloud::{Limits, Poll};
use stand_in_cloud::azure::{Azure, CLIENT_SECRET, Settings};
use stand_in_cloud::{Config as ServerConfig, Server};
use tokio_util::sync::CancellationToken;

use crate::config::Credentials;
use crate::{Cloud, Config, Place};

pub(crate) const GROUP: &str = "/subscriptions/s1/resourceGroups/egress/providers/Microsoft.Network";

pub(crate) fn server(settings: Settings) -> Server<Azure> {
    Server::start(ServerConfig { settings, ..ServerConfig::default() }).expect("a free port")
}

/// Carries calls for tokens, which go to addresses that are written into Azure's library, to the stand-in.
#[derive(Debug)]
struct ToStandIn {
    http: reqwest::Client,
    endpoint: Url,
}

#[async_trait]
impl HttpClient for ToStandIn {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        let (own, url) = (&self.endpoint, request.url_mut());
        url.set_scheme(own.scheme()).expect("a scheme");
        url.set_host(own.host_str()).expect("a host");
        url.set_port(own.port()).expect("a port");
        self.http.execute_request(&request).await
    }
}

/// The configuration of a process that has the right secret.
pub(crate) fn config(server: &Server<Azure>) -> Config {
    let secret = Secret::new(CLIENT_SECRET);
    Config {
        tenant_id: Some("tenant".to_owned()),
        endpoint: Some(server.endpoint()),
        poll: Poll::starting_at(Duration::from_millis(5)),
        ..Config::new("s1", Credentials::ClientSecret { client_id: "app".to_owned(), secret })
    }
}

pub(crate) fn connect(server: &Server<Azure>, config: &Config) -> Cloud {
    let endpoint = Url::parse(&server.endpoint()).expect("a URL");
    let transport = Transport::new(Arc::new(ToStandIn { http: reqwest::Client::new(), endpoint }));
    Cloud::connect_through(config, transport, CancellationToken::new()).expect("a connection")
}

/// What a process of its own sees: nothing is remembered.
pub(crate) fn place(server: &Server<Azure>) -> Place {
    connect(server, &config(server)).new_place("egress", "westeurope")
}

pub(crate) fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(20))
}
