//! The body of a reply, which may break off, and tells when it has been sent.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

/// How much longer than it is a truncated body claims to be, in bytes.
const MISSING: u64 = 64;

/// How long what was written needs to be in the caller's hands.
pub(crate) const DELIVERY: Duration = Duration::from_millis(20);

/// The body of a reply.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    data: Option<Bytes>,
    /// Set on a body that breaks off: the time until then.
    breaks: Option<Pin<Box<Sleep>>>,
    /// Dropped with the body, once all of it has been written.
    sent: Option<oneshot::Sender<Infallible>>,
}

impl ReplyBody {
    /// A whole body.
    pub(crate) fn whole(text: String) -> Self {
        Self { data: Some(text.into()), breaks: None, sent: None }
    }

    /// A body that breaks off in the middle.
    pub(crate) fn truncated(mut text: String) -> Self {
        let mut middle = text.len() / 2;
        while !text.is_char_boundary(middle) {
            middle -= 1;
        }
        text.truncate(middle);
        Self { data: Some(text.into()), breaks: Some(Box::pin(sleep(DELIVERY))), sent: None }
    }

    /// A receiver that ends when the body has been written.
    pub(crate) fn on_sent(&mut self) -> oneshot::Receiver<Infallible> {
        let (sender, receiver) = oneshot::channel();
        self.sent = Some(sender);
        receiver
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let Some(breaks) = &mut self.breaks else { return Poll::Ready(None) };
        // An error at once would keep back what was not written yet.
        ready!(breaks.as_mut().poll(context));
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.data.as_ref().map_or(0, |data| data.len() as u64);
        SizeHint::with_exact(if self.breaks.is_some() { length + MISSING } else { length })
    }
}
