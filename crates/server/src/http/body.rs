//! The request body as routes see it: bounded in size, in silence and in total time.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::limits::{CHUNKED_READ_AHEAD_BYTES, Limits};
use super::refusal::Refusal;

/// How reading the body went so far; shared with the exchange, which turns a failure into the right status even when the
/// route answered something else to its broken body.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

const FINE: u8 = 0;
const BROKEN: u8 = 1;
const TIMED_OUT: u8 = 2;
const TOO_LARGE: u8 = 3;

impl Progress {
    /// Why the body could not be read, if it could not.
    pub(super) fn failure(&self) -> Option<Refusal> {
        match self.0.load(Ordering::Relaxed) {
            FINE => None,
            TIMED_OUT => Some(Refusal::BodyTimeout),
            TOO_LARGE => Some(Refusal::BodyTooLarge),
            _ => Some(Refusal::Malformed("The body is not framed as announced.")),
        }
    }

    fn fail(&self, how: u8) -> BodyFailed {
        self.0.store(how, Ordering::Relaxed);
        BodyFailed
    }
}

/// The body ended early; [`Progress::failure`] says why.
#[derive(Debug)]
pub(super) struct BodyFailed;

impl fmt::Display for BodyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request body could not be read")
    }
}

impl std::error::Error for BodyFailed {}

/// A request body with limits.
pub(super) struct RequestBody {
    inner: Incoming,
    ahead: VecDeque<Bytes>,
    left_bytes: u64,
    idle: Duration,
    deadline: Instant,
    /// Runs while the next bytes are waited for; most bodies are there with their head, and need none.
    timer: Option<Pin<Box<Sleep>>>,
    progress: Arc<Progress>,
}

impl RequestBody {
    /// The body of a request whose answer was begun at `started`.
    pub(super) fn new(inner: Incoming, limits: &Limits, started: Instant, progress: Arc<Progress>) -> Self {
        Self {
            inner,
            ahead: VecDeque::new(),
            left_bytes: limits.body_bytes_max,
            idle: limits.body_idle_timeout,
            deadline: started + limits.body_total_timeout,
            timer: None,
            progress,
        }
    }

    /// Reads the beginning of a chunked body, all of it when it is small, so that no route acts on broken framing.
    pub(super) async fn read_ahead(&mut self) -> Result<(), BodyFailed> {
        let mut held_bytes = 0;
        while held_bytes < CHUNKED_READ_AHEAD_BYTES {
            let Some(data) = std::future::poll_fn(|context| self.poll_data(context)).await else { return Ok(()) };
            let data = data?;
            held_bytes += data.len();
            self.ahead.push_back(data);
        }
        Ok(())
    }

    /// The next bytes; trailers are dropped, no route reads them.
    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyFailed>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(self.progress.fail(BROKEN)))),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(self.take(data)));
                    }
                }
                Poll::Pending => {
                    let (idle, deadline) = (self.idle, self.deadline);
                    let timer = self.timer.get_or_insert_with(|| {
                        let silent_until = Instant::now() + idle;
                        Box::pin(sleep_until(silent_until.min(deadline)))
                    });
                    let expired = timer.as_mut().poll(context).is_ready();
                    return if expired { Poll::Ready(Some(Err(self.progress.fail(TIMED_OUT)))) } else { Poll::Pending };
                }
            }
        }
    }

    fn take(&mut self, data: Bytes) -> Result<Bytes, BodyFailed> {
        let Some(left) = self.left_bytes.checked_sub(data.len() as u64) else {
            return Err(self.progress.fail(TOO_LARGE));
        };
        self.left_bytes = left;
        // The silence that counts is the next one.
        self.timer = None;
        Ok(data)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFailed>>> {
        if let Some(data) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.progress.failure().is_some() {
            return Poll::Ready(None);
        }
        self.poll_data(context).map(|next| next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.ahead.is_empty() { self.inner.size_hint() } else { SizeHint::default() }
    }
}
