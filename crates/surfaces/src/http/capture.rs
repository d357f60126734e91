//! What the request log is given of a request. Nothing here waits, and what costs something is done later, off the request's way.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use floe_access::Identity;
use floe_access::requests::mask::BODY_MAX;
use floe_access::requests::{Answered, BodyPart, Facts, Headers};
use floe_model::access::Caller;
use floe_model::id::{RequestId, RunId};
use floe_model::{Mode, Scope, Timestamp};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

use super::reply::Reply;
use super::route::Route;
use super::run::Base;
use crate::App;

/// Routes of the console whose bodies may be kept. The others manage what is secret, or what leads to it.
const OPEN_ROUTES: &[&str] = &["audit", "automations", "credits", "inbox", "jobs", "runs", "usage"];

/// Bytes of a header's value that are kept until it is written; the log shows fewer.
const HEADER_VALUE_MAX: usize = 1_024;

/// What a handler tells the request log about its request.
#[derive(Debug, Default)]
pub struct Trace {
    scope: OnceLock<Scope>,
    run: OnceLock<RunId>,
}

impl Trace {
    /// Whose request it is, where no credential says so, as with a share link. The first word counts.
    pub fn belongs_to(&self, scope: Scope) {
        let _ = self.scope.set(scope);
    }

    /// The run that it started or moved on. The first word counts.
    pub fn caused_run(&self, run: RunId) {
        let _ = self.run.set(run);
    }
}

/// A request on its way, as far as the log has seen it.
pub(super) struct Seen {
    /// What the handler tells.
    pub(super) trace: Arc<Trace>,
    method: Method,
    /// Path and query.
    target: String,
    headers: Headers,
    caller: Option<Arc<Caller>>,
    address: IpAddr,
    keeps_bodies: bool,
    request: Option<BodyPart>,
}

/// What came of it.
pub(super) struct Outcome<'a> {
    pub(super) surface: &'static str,
    pub(super) id: RequestId,
    pub(super) arrived_at: Timestamp,
    pub(super) error_code: Option<&'static str>,
    pub(super) reply: &'a Reply,
}

impl Seen {
    /// Begins when it is known who calls; nothing when no requests are kept.
    pub(super) fn begin(
        app: &App,
        route: &Route,
        parts: &Parts,
        identity: Option<&Identity>,
        address: IpAddr,
    ) -> Option<Self> {
        if !app.access.requests.is_on() {
            return None;
        }
        let caller = identity.map(|identity| Arc::clone(&identity.caller));
        let keeps_bodies = has_open_bodies(route)
            && caller.as_ref().is_some_and(|caller| app.access.requests.may_keep_bodies(caller.scope()));
        Some(Self {
            trace: Arc::default(),
            method: parts.method.clone(),
            target: as_sent(route, parts),
            headers: kept(&parts.headers),
            caller,
            address,
            keeps_bodies,
            request: None,
        })
    }

    /// Keeps the beginning of the body, where bodies are kept.
    pub(super) fn body(&mut self, body: &Bytes) {
        if self.keeps_bodies && !body.is_empty() {
            self.request = Some(beginning(self.headers.get(CONTENT_TYPE.as_str()), std::slice::from_ref(body)));
        }
    }

    /// Hands it to the log.
    pub(super) fn end(self, app: &App, outcome: &Outcome<'_>) {
        let Outcome { surface, id, arrived_at, error_code, reply } = *outcome;
        let scope = self.trace.scope.get().copied();
        if self.caller.is_none() && scope.is_none() {
            return;
        }
        let caller = self.caller.unwrap_or_else(|| Arc::new(Caller::anonymous(Mode::Live)));
        // Nobody could read what is packed.
        let is_plain = !reply.headers.contains_key(CONTENT_ENCODING);
        let bytes = Some(reply.known_bytes())
            .filter(|bytes| self.keeps_bodies && is_plain && bytes.iter().any(|piece| !piece.is_empty()));
        let content_type = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let response = bytes.map(|bytes| beginning(content_type, bytes));
        let held = |part: &Option<BodyPart>| part.as_ref().map_or(0, |part| part.bytes.len());
        let body_bytes = held(&self.request) + held(&response);
        let (method, target, headers, request) = (self.method, self.target, self.headers, self.request);
        app.access.requests.offer(Answered {
            id,
            at: arrived_at,
            caller,
            scope,
            surface,
            status: reply.status.as_u16(),
            error_code,
            duration_ms: app.platform.clock.now().millis_since(arrived_at).max(0),
            address: self.address,
            run: self.trace.run.get().copied(),
            body_bytes,
            facts: Box::new(move || facts(&method, &target, headers, request, response)),
        });
    }
}

/// Path and query as they were sent, but for a key in the query.
fn as_sent(route: &Route, parts: &Parts) -> String {
    let target = if route.query_key { without_key(&parts.uri) } else { target_of(&parts.uri).to_owned() };
    let bases = route.surface.customs.bases.zip(parts.extensions.get::<Base>());
    let below = bases.and_then(|((_, own), base)| Some(format!("{}{}", base.0, target.strip_prefix(own)?)));
    below.unwrap_or(target)
}

fn target_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Path and query without the key that a query may carry: it is never logged (Workflow API contract, section 2). Whatever is written
/// in another way than the name is taken for a key too.
fn without_key(uri: &Uri) -> String {
    let kept = |pair: &&str| matches!(pair.split('=').next(), Some("last_event_id" | "follow"));
    let query: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(kept).collect();
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), query.join("&")) }
}

/// Those headers whose values are text; a value is cut. A copy, since a header map would keep the buffer of its connection in memory for
/// as long as the request waits to be written.
fn kept(headers: &HeaderMap) -> Headers {
    let mut kept = Headers::with_room();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            // Text of headers is ASCII.
            kept.push(name.as_str(), value.get(..HEADER_VALUE_MAX).unwrap_or(value));
        }
    }
    kept
}

fn facts(
    method: &Method,
    target: &str,
    headers: Headers,
    request: Option<BodyPart>,
    response: Option<BodyPart>,
) -> Facts {
    // It was a URI's when it came.
    let uri: Uri = target.parse().unwrap_or_default();
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let without_nul = |(name, value): (String, String)| (name.replace('\0', ""), value.replace('\0', ""));
    Facts {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        idempotency_key: headers.get("idempotency-key").map(str::to_owned),
        headers,
        query: query.map(|query| query.0).unwrap_or_default().into_iter().map(without_nul).collect(),
        request,
        response,
    }
}

/// A copy of the first bytes: a part of the buffer would keep the whole of it in memory.
fn beginning(content_type: Option<&str>, body: &[Bytes]) -> BodyPart {
    let size = body.iter().map(Bytes::len).sum();
    let mut bytes = Vec::with_capacity(BODY_MAX.min(size));
    for piece in body {
        let room = BODY_MAX - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    BodyPart { content_type: content_type.unwrap_or_default().to_owned(), bytes, size }
}

fn has_open_bodies(route: &Route) -> bool {
    match route.path.strip_prefix("/console/v1/") {
        Some(rest) => OPEN_ROUTES.contains(&rest.split('/').next().unwrap_or_default()),
        None => !route.path.starts_with("/api/v1/developer/"),
    }
}
