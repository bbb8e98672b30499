//! The body of a reply, which may break off, and tells when it has been sent.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::oneshot;

/// How much longer than it is a truncated body claims to be, in bytes.
const MISSING: u64 = 64;

/// The body of a reply.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    data: Option<Bytes>,
    truncated: bool,
    /// Dropped with the body, once all of it has been written.
    sent: Option<oneshot::Sender<Infallible>>,
}

impl ReplyBody {
    /// A whole body.
    pub(crate) fn whole(text: String) -> Self {
        Self { data: Some(text.into()), truncated: false, sent: None }
    }

    /// A body that breaks off in the middle.
    pub(crate) fn truncated(mut text: String) -> Self {
        let mut middle = text.len() / 2;
        while !text.is_char_boundary(middle) {
            middle -= 1;
        }
        text.truncate(middle);
        Self { data: Some(text.into()), truncated: true, sent: None }
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

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = self.data.take().map(|data| Ok(Frame::data(data)));
        let broken = || Some(Err(io::ErrorKind::ConnectionAborted.into()));
        Poll::Ready(frame.or_else(|| if self.truncated { broken() } else { None }))
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.data.as_ref().map_or(0, |data| data.len() as u64);
        SizeHint::with_exact(if self.truncated { length + MISSING } else { length })
    }
}
