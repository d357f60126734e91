//! What the two event streams have in common (workflows contract, section 9.1).

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use floe_model::access::Credential;
use floe_model::id::KeyId;
use floe_model::{Fault, FaultKind};
use http::header::{CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::http::{Call, Reply, Settings};
use crate::stream::{self as streams, Cut, Messages, Place, Pulse};

/// Streams of one key at a time.
const STREAMS_OF_KEY_MAX: u32 = 100;
/// Milliseconds after which a reader that was cut off comes again.
const BEGINNING: &str = "retry: 3000\n\n";
/// What tells that a stream lives.
const COMMENT: &str = ": keepalive\n\n";
/// Seconds after which a place may be free again.
const RETRY_S: u64 = 1;

static OF_KEYS: LazyLock<Mutex<HashMap<KeyId, u32>>> = LazyLock::new(Mutex::default);

/// A place for a stream, of this process and of the key; given back when it is dropped.
pub(super) struct StreamPlace {
    _place: Place,
    key: Option<KeyId>,
}

impl StreamPlace {
    /// Takes a place.
    ///
    /// # Errors
    /// 429 with `details.window` `streams` when the key has too many open; 503 when this process has.
    pub(super) fn take(call: &Call) -> Result<Self, Fault> {
        let key = match call.ctx.caller.credential {
            Credential::WorkflowsKey(id) => Some(id),
            _ => None,
        };
        let place = Place::take()?;
        if let Some(key) = key {
            let mut open = OF_KEYS.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(key).or_default();
            if *count >= STREAMS_OF_KEY_MAX {
                let details = json!({ "limit": STREAMS_OF_KEY_MAX, "window": "streams", "retry_after": RETRY_S });
                return Err(Fault::new(
                    FaultKind::RateLimited,
                    "rate_limited",
                    "Too many streams of this key are open",
                )
                .with_retry_after(RETRY_S)
                .with_details(details));
            }
            *count += 1;
        }
        Ok(Self { _place: place, key })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let mut open = OF_KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&key);
            }
        }
    }
}

/// The answer that sends what `tell` does, until that ends; it has begun as every stream does.
pub(super) fn reply<F, T>(settings: &Settings, place: StreamPlace, tell: F) -> Reply
where
    F: FnOnce(Messages) -> T + Send + 'static,
    T: Future<Output = Result<(), Cut>> + Send + 'static,
{
    let pulse = Pulse { every: settings.heartbeat, comment: COMMENT };
    let reply = streams::reply_with(place, pulse, |mut messages| async move {
        messages.send(BEGINNING.to_owned()).await?;
        tell(messages).await
    });
    reply
        .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .header(CONNECTION, HeaderValue::from_static("keep-alive"))
        .header(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))
}

/// One message: the type is its name and in its data, which is one line.
pub(super) fn message(kind: &str, id: Option<(&str, u64)>, data: &Value) -> String {
    let id = id.map(|(subject, sequence)| format!("id: {subject}-{sequence}\n")).unwrap_or_default();
    format!("event: {kind}\n{id}data: {data}\n\n")
}

/// After which message of a subject the reader goes on: `Last-Event-ID`, else `last_event_id` of the query; 0 for one that is not known.
pub(super) fn resumed(call: &Call, subject: &str) -> u64 {
    let given = call.header("last-event-id").or_else(|| call.query.get("last_event_id"));
    let number = given.and_then(|text| text.trim().strip_prefix(subject)?.strip_prefix('-')?.parse().ok());
    number.unwrap_or(0)
}
