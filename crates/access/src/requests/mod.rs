//! The request log: what came in during the last days (console contract, section 5.6).
//!
//! A request that was answered is put into a buffer in memory and written off its way, many in one transaction. When the buffer
//! is full, requests are left out and counted: the log never slows a request down, and never takes more memory than its bound.
//! Nothing is written while nothing comes in. What is secret is masked before anything is written.
//!
//! Start reading with [`RequestLog::offer`], then `write.rs`; what is taken for a secret is in `mask.rs`.

pub mod mask;
mod read;
mod tally;
mod write;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use floe_model::access::Caller;
use floe_model::id::{KeyId, RequestId, RunId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use tokio::sync::Notify;

pub use floe_store::access::requests::{Filter, Page, Request};
pub use read::Found;
pub use write::REQUEST_BATCH;

/// Requests that wait to be written at most.
const WAITING_MAX: usize = 8_192;
/// Bytes of headers for which there is room at once.
const HEADERS_ROOM: usize = 384;
/// Bytes of bodies that wait to be written at most.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Workspaces whose rule about bodies is remembered.
const RULES_MAX: usize = 10_000;

/// Of which requests the bodies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// Of none.
    Off,
    /// Of those in test mode.
    Test,
    /// Of all.
    All,
}

impl BodyRule {
    /// Reads the word of a setting.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "test" => Some(Self::Test),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    /// Whether it keeps the bodies of a mode.
    #[must_use]
    pub const fn keeps(self, mode: Mode) -> bool {
        match self {
            Self::Off => false,
            Self::Test => matches!(mode, Mode::Test),
            Self::All => true,
        }
    }
}

/// A request that was answered, as it is before anything costly was done with it.
pub struct Answered {
    /// Its id.
    pub id: RequestId,
    /// When it arrived.
    pub at: Timestamp,
    /// Who called; somebody without a workspace leaves no trace.
    pub caller: Arc<Caller>,
    /// Workspace and mode to which it belongs, where that is not the caller's.
    pub scope: Option<Scope>,
    /// The surface.
    pub surface: &'static str,
    /// Status of the answer.
    pub status: u16,
    /// Code of the fault.
    pub error_code: Option<&'static str>,
    /// Milliseconds until the answer.
    pub duration_ms: i64,
    /// Address of the client.
    pub address: IpAddr,
    /// The run that it started or moved on.
    pub run: Option<RunId>,
    /// Bytes of the bodies in `facts`.
    pub body_bytes: usize,
    /// The rest, made when it is written.
    pub facts: Box<dyn FnOnce() -> Facts + Send>,
}

/// What is written of a request besides numbers.
#[derive(Debug, Default)]
pub struct Facts {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// Headers.
    pub headers: Headers,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    /// The body that came in.
    pub request: Option<BodyPart>,
    /// The body of the answer.
    pub response: Option<BodyPart>,
}

/// Headers as one text, name and value in turn, each ended by a NUL, which neither can hold.
#[derive(Debug, Default)]
pub struct Headers(String);

impl Headers {
    /// None yet, with room for the text of most requests.
    #[must_use]
    pub fn with_room() -> Self {
        Self(String::with_capacity(HEADERS_ROOM))
    }

    /// Adds one; a NUL in it is left out.
    pub fn push(&mut self, name: &str, value: &str) {
        for text in [name, value] {
            self.0.extend(text.split('\0'));
            self.0.push('\0');
        }
    }

    /// Name and value of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut parts = self.0.split_terminator('\0');
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// The value of the first one with this name.
    #[must_use]
    pub fn get(&self, wanted: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

/// The beginning of a body.
#[derive(Debug, Default)]
pub struct BodyPart {
    /// Its media type.
    pub content_type: String,
    /// Its first bytes, [`mask::BODY_MAX`] at most.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub size: usize,
}

/// The requests that wait to be written.
#[derive(Debug)]
pub struct RequestLog {
    days: u32,
    default_rule: BodyRule,
    rules: RwLock<HashMap<WorkspaceId, BodyRule>>,
    waiting: Mutex<Waiting>,
    arrived: Notify,
    /// Told when a whole batch waits.
    piled_up: Notify,
    dropped: AtomicU64,
    tells_of_drops: AtomicBool,
    /// Requests that are counted and not kept.
    tally: tally::Tally,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Answered>,
    body_bytes: usize,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests, {} bytes", self.requests.len(), self.body_bytes)
    }
}

impl RequestLog {
    /// A log that keeps requests for so many days; 0 keeps none.
    pub(crate) fn new(days: u32, default_rule: BodyRule) -> Self {
        Self {
            days,
            default_rule,
            rules: RwLock::default(),
            waiting: Mutex::default(),
            arrived: Notify::new(),
            piled_up: Notify::new(),
            dropped: AtomicU64::new(0),
            tells_of_drops: AtomicBool::new(true),
            tally: tally::Tally::default(),
        }
    }

    /// Whether requests are kept at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.days > 0
    }

    /// Whether it is worth while to copy the bodies of a request. The rule of the workspace is asked again when it is written.
    #[must_use]
    pub fn may_keep_bodies(&self, scope: Scope) -> bool {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.get(&scope.workspace).copied().unwrap_or(self.default_rule).keeps(scope.mode)
    }

    /// Takes a request for the log; never waits. Requests of nobody's workspace are not kept: nobody could read them.
    pub fn offer(&self, answered: Answered) {
        if !self.is_on() || answered.scope().workspace == WorkspaceId(0) {
            return;
        }
        let mut waiting = self.lock();
        let is_full = waiting.requests.len() >= WAITING_MAX
            || waiting.body_bytes.saturating_add(answered.body_bytes) > WAITING_BYTES_MAX;
        if is_full {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.body_bytes += answered.body_bytes;
        waiting.requests.push_back(answered);
        let count = waiting.requests.len();
        drop(waiting);
        if count == 1 {
            self.arrived.notify_one();
        } else if count == REQUEST_BATCH {
            self.piled_up.notify_one();
        }
    }

    /// Whether a request of the SDK that went well is one of the few that are kept; the others are given to [`RequestLog::count`].
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_on() && self.tally.is_kept()
    }

    /// Counts a request that went well and is not kept; never waits.
    pub fn count(&self, scope: Scope, surface: &'static str, key: KeyId, at: Timestamp) {
        if self.tally.count(scope, surface, key, at) {
            self.arrived.notify_one();
        }
    }

    /// Waits until there is something to write.
    pub async fn arrival(&self) {
        while self.lock().requests.is_empty() && self.tally.is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Waits until there is a whole batch to write.
    pub async fn batch(&self) {
        while self.lock().requests.len() < REQUEST_BATCH {
            self.piled_up.notified().await;
        }
    }

    /// Requests that were left out since the start, because more came in than could be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> usize {
        self.lock().requests.len()
    }

    fn take(&self, most: usize) -> Vec<Answered> {
        let mut waiting = self.lock();
        let count = waiting.requests.len().min(most);
        let taken: Vec<Answered> = waiting.requests.drain(..count).collect();
        waiting.body_bytes -= taken.iter().map(|answered| answered.body_bytes).sum::<usize>();
        taken
    }

    fn remember_rules(&self, rules: &[(WorkspaceId, BodyRule)]) {
        let mut known = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() + rules.len() > RULES_MAX {
            known.clear();
        }
        known.extend(rules.iter().copied());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        // Nothing inside can panic half-way through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answered {
    fn scope(&self) -> Scope {
        self.scope.unwrap_or_else(|| self.caller.scope())
    }
}
