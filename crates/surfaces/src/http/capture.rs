//! What the request log is given of a request. Nothing here waits, and what costs something is done later, off the request's way.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use floe_access::Identity;
use floe_access::requests::mask::BODY_MAX;
use floe_access::requests::{Answered, BodyPart, Facts};
use floe_model::access::Caller;
use floe_model::id::{RequestId, RunId};
use floe_model::{Mode, Scope, Timestamp};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};

use super::reply::Reply;
use super::route::Route;
use crate::App;

/// Routes of the console whose bodies may be kept. The others manage what is secret, or what leads to it.
const OPEN_ROUTES: &[&str] = &["audit", "automations", "credits", "inbox", "jobs", "runs", "usage"];

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
    uri: Uri,
    headers: HeaderMap,
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
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            caller,
            address,
            keeps_bodies,
            request: None,
        })
    }

    /// Keeps the beginning of the body, where bodies are kept.
    pub(super) fn body(&mut self, body: &Bytes) {
        if self.keeps_bodies && !body.is_empty() {
            self.request = Some(beginning(&self.headers, body));
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
        let full = reply.full_body().filter(|body| self.keeps_bodies && !body.is_empty());
        let response = full.map(|body| beginning(&reply.headers, body));
        let held = |part: &Option<BodyPart>| part.as_ref().map_or(0, |part| part.bytes.len());
        let body_bytes = held(&self.request) + held(&response);
        let (method, uri, headers, request) = (self.method, self.uri, self.headers, self.request);
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
            facts: Box::new(move || facts(&method, &uri, &headers, request, response)),
        });
    }
}

fn facts(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    request: Option<BodyPart>,
    response: Option<BodyPart>,
) -> Facts {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let pairs =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    let without_nul = |(name, value): (String, String)| (name.replace('\0', ""), value.replace('\0', ""));
    Facts {
        method: method.as_str().to_owned(),
        path: uri.path().to_owned(),
        idempotency_key: text("idempotency-key"),
        headers: pairs.collect(),
        query: query.map(|query| query.0).unwrap_or_default().into_iter().map(without_nul).collect(),
        request,
        response,
    }
}

fn beginning(headers: &HeaderMap, body: &Bytes) -> BodyPart {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A copy: a part of the buffer would keep the whole of it in memory.
    BodyPart {
        content_type: content_type.to_owned(),
        bytes: body[..body.len().min(BODY_MAX)].to_vec(),
        size: body.len(),
    }
}

fn has_open_bodies(route: &Route) -> bool {
    match route.path.strip_prefix("/console/v1/") {
        Some(rest) => OPEN_ROUTES.contains(&rest.split('/').next().unwrap_or_default()),
        None => true,
    }
}
