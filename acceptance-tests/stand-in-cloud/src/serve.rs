//! From HTTP to a call and back, with the faults and holds on the way.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::body::{DELIVERY, ReplyBody};
use crate::control;
use crate::ec2::{Call, Caller, Reply};
use crate::error::ApiError;
use crate::faults::{Effect, FaultPhase, HeldCall, HoldPhase};
use crate::log::Sent;
use crate::params::Params;
use crate::shared::Shared;

/// The caller's connection is to be closed without a reply.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Cut;

/// Accepts connections until the runtime stops.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
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

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    if let Some(path) = head.uri.path().strip_prefix("/_stand-in") {
        let query = head.uri.query().unwrap_or_default();
        let (status, json) = control::answer(&shared, &head.method, path, query, &body).await;
        return Ok(response(status, "application/json", ReplyBody::whole(json)));
    }
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let query = head.uri.query().unwrap_or_default().to_owned();
    // A call goes on when its caller dies, as it does in the cloud.
    let task = tokio::spawn(async move { carry_out(&shared, authorization.as_deref(), &query, &body).await });
    task.await.unwrap_or(Err(Cut))
}

/// The caller, from the scope of the signature: `Credential=<access key>/<date>/<region>/<service>/aws4_request`. As
/// `LocalStack` does, an access key of 12 digits is the account.
fn caller(authorization: Option<&str>) -> Option<Caller> {
    let (_, credential) = authorization?.split_once("Credential=")?;
    let mut scope = credential.split(',').next()?.split('/');
    let (key, _date, region) = (scope.next()?, scope.next()?, scope.next()?);
    let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
    let account = if is_account { key } else { "000000000000" };
    Some(Caller { account: account.to_owned(), region: region.to_owned() })
}

async fn carry_out(
    shared: &Arc<Shared>,
    authorization: Option<&str>,
    query: &str,
    body: &Bytes,
) -> Result<Response<ReplyBody>, Cut> {
    // GET carries the parameters in the URL, POST in the body.
    let params = Params::from_form(if body.is_empty() { query.as_bytes() } else { body });
    let action = params.get("Action").unwrap_or_default().to_owned();
    let params = params.without("Action").without("Version");
    let Some(caller) = caller(authorization) else {
        let error = ApiError::new("AuthFailure", "AWS was not able to validate the provided access credentials");
        let reply = shared.state().ec2.refuse(&action, error.with_status(401));
        return Ok(xml(reply.status, ReplyBody::whole(reply.body)));
    };
    if !shared.gate.pass().await {
        return Err(Cut);
    }
    let call = Call { caller, action, params };
    let (number, nth, epoch, world, latency) = {
        let now = shared.now();
        let mut state = shared.state();
        let (number, nth) = state.arrive(&call, now);
        (number, nth, state.epoch, state.world, state.ec2.settings().timings.latency_ms)
    };
    sleep(Duration::from_millis(latency)).await;
    let progress = Progress { shared, call: &call, number, nth, epoch, world };
    progress.carry_out().await
}

/// A call on its way.
struct Progress<'a> {
    shared: &'a Arc<Shared>,
    call: &'a Call,
    number: u64,
    nth: u64,
    epoch: u64,
    world: u64,
}

impl Progress<'_> {
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
        let mut body = ReplyBody::whole(reply.body);
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
        Ok(xml(reply.status, body))
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
        let reply = state.ec2.handle(self.call, now);
        if state.epoch == self.epoch
            && let Some(entry) = usize::try_from(self.number - 1).ok().and_then(|at| state.log.get_mut(at))
        {
            entry.committed = true;
            entry.status = Some(reply.status);
            entry.code.clone_from(&reply.code);
        }
        let closed = self.shared.gate.close_for(HoldPhase::AfterCommit, &self.call.action, self.number, self.nth);
        Ok(Some((reply, closed)))
    }

    fn closes(&self, phase: HoldPhase) -> bool {
        let _nothing_else_happens = self.shared.state();
        self.shared.gate.close_for(phase, &self.call.action, self.number, self.nth)
    }

    fn held(&self, phase: HoldPhase) -> HeldCall {
        HeldCall { number: self.number, action: self.call.action.clone(), phase }
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
            let effect = self.shared.state().faults.strike(phase, &self.call.action, self.number, self.nth)?;
            let (sent, response) = match effect {
                // After the delay others may follow.
                Effect::Delay { ms } => {
                    sleep(Duration::from_millis(ms)).await;
                    continue;
                }
                Effect::Error { status, code, message } => {
                    let error = ApiError::new(&code, message).with_status(status);
                    let reply = self.shared.state().ec2.refuse(&self.call.action, error);
                    (Sent::Error(code), Ok(xml(status, ReplyBody::whole(reply.body))))
                }
                Effect::Truncate => {
                    let text = reply.map_or("<Response><Errors></Errors></Response>", |reply| &reply.body);
                    (Sent::Truncated, Ok(xml(200, ReplyBody::truncated(text.to_owned()))))
                }
                Effect::Garbage => {
                    let page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>";
                    (Sent::Garbage, Ok(response(502, "text/html", ReplyBody::whole(page.to_owned()))))
                }
                Effect::Cut => (Sent::Cut, Err(Cut)),
            };
            self.finish(sent);
            return Some(response);
        }
    }

    fn finish(&self, sent: Sent) {
        self.shared.finish(self.epoch, self.number, sent);
    }
}

fn xml(status: u16, body: ReplyBody) -> Response<ReplyBody> {
    response(status, "text/xml;charset=UTF-8", body)
}

fn response(status: u16, content_type: &str, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}
