//! One request from its arrival to its answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use floe_access::rate::Verdict;
use floe_model::access::Caller;
use floe_model::id::RequestId;
use floe_model::{Fault, FaultKind, Mode};
use floe_runtime::Ctx;
use http::header::{CACHE_CONTROL, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use serde_json::json;

use super::call::{Call, Params, Query, missing_permission};
use super::capture::{Outcome, Seen};
use super::catch::Catch;
use super::idempotent::foresee;
use super::reply::Reply;
use super::route::{BodyKind, Route};
use super::surface::{FaultSite, Surface};
use super::{body, compress, cors, credentials, rate};
use crate::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of a UUID with its hyphens.
const UUID_LENGTH: usize = 36;

/// Answers a request for a route: every step, and whatever fails in the form of the surface.
pub(super) async fn answer(app: Arc<App>, route: Arc<Route>, request: Request<Body>) -> Response<Body> {
    let surface = route.surface;
    let (request_id, arrived_at) = (id_of(&app, surface, &request), app.platform.clock.now());
    let uri = request.uri().clone();
    let page = surface.customs.allows_origins.then(|| cors::origin(&app.settings, request.headers())).flatten();
    // Files may be asked for in parts, which are parts of what is stored.
    let packs = surface.customs.packs && !uri.path().starts_with("/cdn/") && compress::takes_gzip(request.headers());
    let (mut verdict, mut seen) = (None, None);
    let steps = Box::pin(steps(Arc::clone(&app), route, request, request_id, &mut verdict, &mut seen));
    let outcome =
        Catch(steps).await.unwrap_or_else(|panic| Err(Fault::internal(format!("panic in a handler: {panic}"))));
    let error_code = outcome.as_ref().err().map(surface.doc.code);
    let mut reply = match outcome {
        Ok(reply) => reply,
        Err(fault) => {
            render(surface, &fault, &FaultSite { request_id, path: uri.path(), at: app.platform.clock.now() })
        }
    };
    if packs {
        reply = compress::gzip(reply).await;
    }
    if let Some(seen) = seen {
        let outcome = Outcome { surface: surface.name, id: request_id, arrived_at, error_code, reply: &reply };
        seen.end(&app, &outcome);
    }
    if let Some(verdict) = &verdict {
        rate::write_headers(&mut reply.headers, surface.rate_style, verdict);
    }
    if let Some(origin) = page {
        cors::allow(&mut reply.headers, origin);
    }
    finish_as(reply, id_text(surface, request_id))
}

/// Answers a request that no route takes.
pub(super) fn refuse(
    app: &App,
    surface: &Surface,
    request: &Request<Body>,
    fault: &Fault,
    more: impl FnOnce(Reply) -> Reply,
) -> Response<Body> {
    let request_id = id_of(app, surface, request);
    let site = FaultSite { request_id, path: request.uri().path(), at: app.platform.clock.now() };
    let mut reply = render(surface, fault, &site);
    if let Some(verdict) = rate::wrong_credentials(app, surface, peer_of(request.extensions()), 0) {
        rate::write_headers(&mut reply.headers, surface.rate_style, &verdict);
    }
    finish_as(more(reply), id_text(surface, request_id))
}

/// The id that the front door gave the request, or a new one.
pub(super) fn request_id(app: &App, request: &Request<Body>) -> RequestId {
    request.extensions().get::<Arrival>().map_or_else(|| app.platform.ids.next(), |arrival| arrival.id)
}

/// The id that the client gave, where a surface takes it over; else as [`request_id`].
fn id_of(app: &App, surface: &Surface, request: &Request<Body>) -> RequestId {
    let given = request.headers().get(&REQUEST_ID).filter(|_| surface.customs.uuid_request_ids);
    let given = given.and_then(|value| value.to_str().ok()).filter(|text| text.len() == UUID_LENGTH);
    given.and_then(|text| RequestId::parse(text).ok()).unwrap_or_else(|| request_id(app, request))
}

/// The id of a request in the spelling of a surface.
fn id_text(surface: &Surface, id: RequestId) -> HeaderValue {
    if !surface.customs.uuid_request_ids {
        return id_header(id);
    }
    HeaderValue::from_str(&id.to_string()).unwrap_or(HeaderValue::from_static("req"))
}

/// Adds what every answer has.
pub(super) fn finish(reply: Reply, request_id: RequestId) -> Response<Body> {
    finish_as(reply, id_header(request_id))
}

fn finish_as(mut reply: Reply, request_id: HeaderValue) -> Response<Body> {
    reply.headers.insert(REQUEST_ID, request_id);
    reply.headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    reply.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply.into_response()
}

/// Route → credentials → origin → rate → scope and permission → size and JSON shape → handler.
async fn steps(
    app: Arc<App>,
    route: Arc<Route>,
    request: Request<Body>,
    request_id: RequestId,
    verdict: &mut Option<Verdict>,
    seen: &mut Option<Seen>,
) -> Result<Reply, Fault> {
    let (mut parts, body) = request.into_parts();
    let peer = peer_of(&parts.extensions);
    let params = path_params(&mut parts).await?;
    let identity = match credentials::prove(&app, &route, &parts, peer).await {
        Ok(identity) => identity,
        Err(fault) => {
            let (counted, fault) = rate::wrong(&app, route.surface, peer, fault);
            *verdict = counted;
            return Err(fault);
        }
    };
    *seen = Seen::begin(&app, &route, &parts, identity.as_ref(), peer);
    if let Some(identity) = &identity {
        *verdict = rate::count(&app, &route, identity);
        if let Some(verdict) = verdict
            && !verdict.allowed
        {
            return Err(rate::limited(verdict));
        }
        check_rights(&route, &identity.caller)?;
    }
    let query = Query(query_pairs(&parts));
    if let Some(check) = route.surface.customs.check {
        check(&route, &params, &query)?;
    }
    if let (Some(gate), Some(identity)) = (route.surface.customs.gate, &identity) {
        gate(&app, &identity.caller, &params).await?;
    }
    let (body, stream) = match route.body {
        BodyKind::Stream => {
            body::check_stream(&route, &parts.headers)?;
            (Bytes::new(), Some(body))
        }
        BodyKind::Json | BodyKind::Raw => (body::read(&route, &parts.headers, body).await?, None),
    };
    let trace = seen.as_mut().map_or_else(Arc::default, |seen| {
        seen.body(&body);
        Arc::clone(&seen.trace)
    });
    let caller = match &identity {
        Some(identity) => Arc::clone(&identity.caller),
        None => Arc::new(Caller::anonymous(Mode::Live)),
    };
    let ctx = Ctx::new(Arc::clone(&app.platform), caller, request_id);
    let handler = Arc::clone(&route.handler);
    let path = parts.uri.path().to_owned();
    let call = Call {
        ctx,
        app,
        identity,
        route,
        method: parts.method,
        path,
        base: parts.extensions.get::<Base>().map(|base| base.0),
        params,
        query,
        headers: parts.headers,
        body,
        stream: Mutex::new(stream),
        peer,
        trace,
    };
    if let Some(reply) = foresee(&call).await? {
        return Ok(reply);
    }
    let settle = call.route.surface.customs.settle.filter(|_| !call.method.is_safe());
    let (app, workspace) = (Arc::clone(&call.app), call.ctx.caller.workspace);
    let reply = handler(call).await?;
    if let Some(settle) = settle {
        settle(app, workspace).await;
    }
    Ok(reply)
}

/// What the front door knows of a request; it stands among the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Names the request in its answer, in the log and in the request log.
    pub id: RequestId,
    /// The client's address; behind trusted proxies the forwarded one.
    pub from: SocketAddr,
}

/// The address of the client, looked up behind trusted proxies.
pub(super) fn peer_of(extensions: &http::Extensions) -> IpAddr {
    let arrival = extensions.get::<Arrival>();
    arrival.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |arrival| arrival.from.ip())
}

/// The base below which a request came; see [`Customs::bases`](super::surface::Customs::bases).
#[derive(Debug, Clone, Copy)]
pub(super) struct Base(pub(super) &'static str);

fn check_scopes(route: &Route, caller: &Caller) -> Result<(), Fault> {
    let needed = || route.scope.iter().chain(route.also_scopes).copied();
    let Some(first) = needed().find(|scope| !caller.has_scope(scope)) else { return Ok(()) };
    if route.or_scope.is_some_and(|scope| caller.has_scope(scope)) {
        return Ok(());
    }
    let message = format!("This token does not have the scope {first}");
    let details = if route.surface.customs.tells_scopes {
        let missing: Vec<&str> = needed().filter(|scope| !caller.has_scope(scope)).collect();
        json!({
            "required_scopes": needed().collect::<Vec<_>>(), "missing_scopes": missing, "your_scopes": caller.scopes,
        })
    } else {
        json!({ "required": first })
    };
    Err(Fault::new(FaultKind::Forbidden, "insufficient_scope", message).with_details(details))
}

/// Scope of tokens and keys, permission of members: rights are what both allow.
fn check_rights(route: &Route, caller: &Caller) -> Result<(), Fault> {
    check_scopes(route, caller)?;
    if !route.treasury_roles.is_empty()
        && let Some(member) = &caller.member
        && !route.treasury_roles.contains(&member.treasury_role)
    {
        let words: Vec<&str> = route.treasury_roles.iter().map(|role| role.as_str()).collect();
        let message = format!("Requires role: {}", words.join(" or "));
        return Err(Fault::forbidden(message).with_details(json!({ "required": words.join(" or ") })));
    }
    match route.permission {
        Some(permission) if caller.member.is_some() && !caller.may(permission) => Err(missing_permission(permission)),
        _ => Ok(()),
    }
}

pub(super) async fn path_params(parts: &mut Parts) -> Result<Params, Fault> {
    let raw = match RawPathParams::from_request_parts(parts, &()).await {
        Ok(raw) => raw,
        // A path that no route has.
        Err(RawPathParamsRejection::MissingPathParams(_)) => return Ok(Params::default()),
        // Only a path that is not UTF-8 after decoding fails, and nothing has such a name.
        Err(_) => return Err(unknown_path()),
    };
    Ok(Params(raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
}

/// The fault for a path that nothing has.
pub(super) fn unknown_path() -> Fault {
    Fault::new(FaultKind::NotFound, "unknown_path", "Page not found")
}

pub(super) fn query_pairs(parts: &Parts) -> Vec<(String, String)> {
    axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default()
}

/// Logs what is our own failure, once, and renders the fault.
pub(super) fn render(surface: &Surface, fault: &Fault, site: &FaultSite<'_>) -> Reply {
    if fault.kind() == FaultKind::Internal {
        let mut causes = String::new();
        let mut source = std::error::Error::source(fault);
        while let Some(cause) = source {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!(request.id = %site.request_id.prefixed(), surface = surface.name, "request failed{causes}");
    }
    let mut reply = (surface.render)(fault, site);
    rate::write_retry_after(&mut reply.headers, fault);
    reply
}

pub(super) fn id_header(id: RequestId) -> HeaderValue {
    HeaderValue::try_from(id.prefixed()).unwrap_or(HeaderValue::from_static("req"))
}
