//! Answers that go on as things happen: server-sent events of a run, whichever product it is of.
//!
//! A stream looks at its subject again and again, and ends with it. It ends before when its reader is gone or takes nothing, when the
//! session or token that opened it does, and when the server stops.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use floe_model::{Fault, FaultKind};
use http_body_util::channel::{Channel, Sender};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::http::shape::{COUNT, Shape, TEXT, may, object};
use crate::http::{Call, Reply};

/// What such an answer is.
pub(crate) const MEDIA: &str = "text/event-stream";
/// One of its events, which is what a document describes of such an answer (server-sent events, WHATWG HTML, section 9.2).
pub(crate) const EVENT: Shape = object(
    "ServerSentEvent",
    &[
        may("event", TEXT).about("Its kind"),
        may("data", TEXT).about("JSON; what the kind tells"),
        may("id", TEXT).about("Where a reader goes on, in Last-Event-ID"),
        may("retry", COUNT).about("Milliseconds before a reader connects again"),
    ],
);
/// Pause between two looks at a run that another server may move, and at the reader's rights.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(900);
/// Streams of one process at a time.
const STREAMS_MAX: usize = 2_000;
/// Messages that wait for a slow reader; then the run is read no further until he has caught up.
const MESSAGES_WAITING: usize = 64;
/// Time without a message after which a comment tells that the stream lives (Flow API contract, section 13).
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// Time after which a reader who takes nothing is given up.
const STALLED: Duration = Duration::from_secs(60);

static STREAMS: AtomicUsize = AtomicUsize::new(0);

/// How a stream tells that it lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pulse {
    /// Time without a message after which it does.
    pub(crate) every: Duration,
    /// The comment.
    pub(crate) comment: &'static str,
}

const PULSE: Pulse = Pulse { every: COMMENT_EVERY, comment: ": still here\n\n" };

/// The stream ends before its subject does.
pub(crate) struct Cut;

/// One of the places for streams, given back when it is dropped.
pub(crate) struct Place(());

impl Place {
    /// Takes a place.
    ///
    /// # Errors
    /// 503 `overloaded` when too many streams are open.
    pub(crate) fn take() -> Result<Self, Fault> {
        let taken = STREAMS.fetch_add(1, Ordering::AcqRel);
        // A place that was one too many is given back by its drop.
        let place = Self(());
        if taken < STREAMS_MAX {
            return Ok(place);
        }
        Err(Fault::new(FaultKind::Overloaded, "overloaded", "Too many streams are open").with_retry_after(5))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a reader is sent.
pub(crate) struct Messages {
    sender: Sender<Bytes, io::Error>,
    last_sent: Instant,
    pulse: Pulse,
}

impl Messages {
    /// Sends one message, in the form of server-sent events.
    ///
    /// # Errors
    /// When the reader is gone, or takes nothing.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), Cut> {
        match tokio::time::timeout(STALLED, self.sender.send_data(Bytes::from(text))).await {
            Ok(Ok(())) => {
                self.last_sent = Instant::now();
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(Cut),
        }
    }

    /// Between two looks: tells now and then that the stream lives, and proves the reader again.
    ///
    /// # Errors
    /// When the reader may not go on, and when the server stops.
    pub(crate) async fn go_on(&mut self, call: &Call) -> Result<(), Cut> {
        // The next look comes that much later.
        if self.last_sent.elapsed() + LOOK_EVERY > self.pulse.every {
            self.send(self.pulse.comment.to_owned()).await?;
        }
        if !call.app.flows.runs.is_running() {
            return Err(Cut);
        }
        call.prove_again().await.map_err(|_| Cut)
    }
}

/// The next of what is sent here, or none when nothing came within [`LOOK_EVERY`]; the inner none is the end of it.
pub(crate) async fn next<T>(source: &mut mpsc::Receiver<T>) -> Option<Option<T>> {
    tokio::time::timeout(LOOK_EVERY, source.recv()).await.ok()
}

/// The answer that sends what `tell` does, until that ends.
pub(crate) fn reply<T>(place: Place, tell: impl FnOnce(Messages) -> T) -> Reply
where
    T: Future<Output = Result<(), Cut>> + Send + 'static,
{
    reply_with(place, PULSE, tell)
}

/// The same with another pulse; `place` is dropped when it ends.
pub(crate) fn reply_with<P, T>(place: P, pulse: Pulse, tell: impl FnOnce(Messages) -> T) -> Reply
where
    P: Send + 'static,
    T: Future<Output = Result<(), Cut>> + Send + 'static,
{
    let (sender, body) = Channel::<Bytes, io::Error>::new(MESSAGES_WAITING);
    let telling = tell(Messages { sender, last_sent: Instant::now(), pulse });
    tokio::spawn(async move {
        // A reader who went away ends it like one who has seen everything.
        let _ = telling.await;
        drop(place);
    });
    Reply::stream(MEDIA, Body::new(body))
}
