//! From HTTP to a call and back, with the faults and holds on the way.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::api::{Api, Call as _};
use crate::body::{DELIVERY, ReplyBody};
use crate::control;
use crate::control_request::ControlRequest;
use crate::error::ApiError;
use crate::faults::{Arrival, Effect, FaultPhase, HeldCall, HoldPhase};
use crate::log::Sent;
use crate::params::Params;
use crate::request::{Reply, Request};
use crate::shared::Shared;

/// The caller's connection is to be closed without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Cut;

/// Accepts connections until the runtime stops.
pub(crate) async fn serve<A: Api>(listener: TcpListener, shared: Arc<Shared<A>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: they come back.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Small replies must not wait for more data.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            // Errors are cut connections, wanted here or by the client.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer<A: Api>(shared: Arc<Shared<A>>, request: HttpRequest<Incoming>) -> Result<Response<ReplyBody>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let query = Params::from_form(head.uri.query().unwrap_or_default().as_bytes());
    let (method, path) = (head.method.as_str().to_owned(), head.uri.path().to_owned());
    if let Some(path) = path.strip_prefix("/_stand-in") {
        let request = ControlRequest { method: &method, path, body: &body };
        let (status, json) = control::answer(&shared, request, &query).await;
        return Ok(whole(Reply::new(status, "application/json", json)));
    }
    let request = Request { endpoint: shared.endpoint.clone(), method, path, query, headers: head.headers, body };
    // A call goes on when its caller dies, as it does in the cloud.
    let task = tokio::spawn(async move { carry_out(&shared, &request).await });
    task.await.unwrap_or(Err(Cut))
}

async fn carry_out<A: Api>(shared: &Arc<Shared<A>>, request: &Request) -> Result<Response<ReplyBody>, Cut> {
    let call = shared.state().api.read(request);
    let call = match call {
        Ok(call) => call,
        Err(reply) => return Ok(whole(reply)),
    };
    if !shared.gate.pass().await {
        return Err(Cut);
    }
    let (progress, latency) = {
        let now = shared.now();
        let mut state = shared.state();
        let arrival = state.arrive(call.describe(), now);
        let latency = state.api.latency(&call);
        (Progress { shared, call: &call, arrival, epoch: state.epoch, world: state.world }, latency)
    };
    sleep(latency).await;
    progress.carry_out().await
}

/// A call on its way.
struct Progress<'a, A: Api> {
    shared: &'a Arc<Shared<A>>,
    call: &'a A::Call,
    arrival: Arrival,
    epoch: u64,
    world: u64,
}

impl<A: Api> Progress<'_, A> {
    async fn carry_out(&self) -> Result<Response<ReplyBody>, Cut> {
        if self.closes(HoldPhase::BeforeCommit) {
            self.wait_at(HoldPhase::BeforeCommit).await?;
        }
        if let Some(response) = self.strike(FaultPhase::BeforeCommit, None).await {
            return response;
        }
        let (reply, closed) = self.commit().await?;
        if closed {
            self.wait_at(HoldPhase::AfterCommit).await?;
        }
        if let Some(response) = self.strike(FaultPhase::AfterCommit, Some(&reply)).await {
            return response;
        }
        let mut body = ReplyBody::whole(reply.body.clone());
        if self.closes(HoldPhase::AfterReply) {
            let sent = body.on_sent();
            let (shared, held) = (Arc::clone(self.shared), self.held(HoldPhase::AfterReply));
            tokio::spawn(async move {
                // Ends with an error when the body is dropped: that is the news.
                let _ = sent.await;
                sleep(DELIVERY).await;
                shared.gate.announce(held);
            });
        }
        self.finish(Sent::Answer);
        Ok(response(reply, body))
    }

    /// Carries the call out, and closes the gate behind it if it is to be held then. Both under one lock, as with all
    /// calls, so that nothing else happens in the cloud once the gate is closed.
    async fn commit(&self) -> Result<(Reply, bool), Cut> {
        loop {
            if let Some(done) = self.commit_if_open()? {
                return Ok(done);
            }
            self.pass().await?;
        }
    }

    fn commit_if_open(&self) -> Result<Option<(Reply, bool)>, Cut> {
        let now = self.shared.now();
        let mut state = self.shared.state();
        if state.world != self.world {
            return Err(Cut);
        }
        if self.shared.gate.is_closed() {
            return Ok(None);
        }
        let reply = state.api.handle(self.call, now);
        if state.epoch == self.epoch
            && let Some(entry) = usize::try_from(self.arrival.number - 1).ok().and_then(|at| state.log.get_mut(at))
        {
            entry.committed = true;
            entry.status = Some(reply.status);
            entry.code.clone_from(&reply.code);
        }
        let closed = self.shared.gate.close_for(HoldPhase::AfterCommit, &self.arrival);
        Ok(Some((reply, closed)))
    }

    fn closes(&self, phase: HoldPhase) -> bool {
        let _nothing_else_happens = self.shared.state();
        self.shared.gate.close_for(phase, &self.arrival)
    }

    fn held(&self, phase: HoldPhase) -> HeldCall {
        HeldCall { number: self.arrival.number, action: self.arrival.action.clone(), phase }
    }

    /// Tells that the call is held here, and waits for what becomes of it.
    async fn wait_at(&self, phase: HoldPhase) -> Result<(), Cut> {
        self.shared.gate.announce(self.held(phase));
        self.pass().await
    }

    async fn pass(&self) -> Result<(), Cut> {
        if self.shared.gate.pass().await {
            return Ok(());
        }
        self.finish(Sent::Cut);
        Err(Cut)
    }

    /// What a fault makes of the call, if one strikes.
    async fn strike(&self, phase: FaultPhase, reply: Option<&Reply>) -> Option<Result<Response<ReplyBody>, Cut>> {
        loop {
            let effect = self.shared.state().faults.strike(phase, &self.arrival)?;
            let (sent, response) = match effect {
                // After the delay others may follow.
                Effect::Delay { ms } => {
                    sleep(Duration::from_millis(ms)).await;
                    continue;
                }
                Effect::Error { status, code, message } => {
                    let reply = self.refuse(ApiError::new(&code, message).with_status(status));
                    (Sent::Error(code), Ok(whole(reply)))
                }
                Effect::Truncate => {
                    // Of a call that did nothing, the start of an answer that it never had.
                    let stump = || self.refuse(ApiError::new("InternalError", "The reply breaks off."));
                    let reply = Reply { status: 200, ..reply.cloned().unwrap_or_else(stump) };
                    let body = ReplyBody::truncated(reply.body.clone());
                    (Sent::Truncated, Ok(response(reply, body)))
                }
                Effect::Garbage => {
                    let page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>";
                    (Sent::Garbage, Ok(whole(Reply::new(502, "text/html", page.to_owned()))))
                }
                Effect::Cut => (Sent::Cut, Err(Cut)),
            };
            self.finish(sent);
            return Some(response);
        }
    }

    fn refuse(&self, error: ApiError) -> Reply {
        self.shared.state().api.refuse(self.call, error)
    }

    fn finish(&self, sent: Sent) {
        self.shared.finish(self.epoch, self.arrival.number, sent);
    }
}

fn whole(reply: Reply) -> Response<ReplyBody> {
    let body = ReplyBody::whole(reply.body.clone());
    response(reply, body)
}

/// A reply with this in the place of its own body.
fn response(reply: Reply, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() =
        hyper::StatusCode::from_u16(reply.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
