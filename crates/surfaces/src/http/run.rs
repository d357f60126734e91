//! One request from its arrival to its answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
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
use super::{body, compress, credentials, rate};
use crate::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request for a route: every step, and whatever fails in the form of the surface.
pub(super) async fn answer(app: Arc<App>, route: Arc<Route>, request: Request<Body>) -> Response<Body> {
    let (request_id, arrived_at) = (request_id(&app, &request), app.platform.clock.now());
    let surface = route.surface;
    let uri = request.uri().clone();
    // Files may be asked for in parts, which are parts of what is stored.
    let packs = surface.customs.packs && !uri.path().starts_with("/cdn/") && compress::takes_gzip(request.headers());
    let (mut verdict, mut seen) = (None, None);
    let steps = Box::pin(steps(Arc::clone(&app), route, request, request_id, &mut verdict, &mut seen));
    let outcome =
        Catch(steps).await.unwrap_or_else(|panic| Err(Fault::internal(format!("panic in a handler: {panic}"))));
    let error_code = outcome.as_ref().err().map(surface.doc.code);
    let mut reply = match outcome {
        Ok(reply) => reply,
        Err(fault) => render(surface, &fault, &FaultSite { request_id, path: uri.path() }),
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
    finish(reply, request_id)
}

/// Answers a request that no route takes.
pub(super) fn refuse(
    app: &App,
    surface: &Surface,
    request: &Request<Body>,
    fault: &Fault,
    more: impl FnOnce(Reply) -> Reply,
) -> Response<Body> {
    let request_id = request_id(app, request);
    let mut reply = render(surface, fault, &FaultSite { request_id, path: request.uri().path() });
    if let Some(verdict) = rate::wrong_credentials(app, surface, peer_of(request.extensions()), 0) {
        rate::write_headers(&mut reply.headers, surface.rate_style, &verdict);
    }
    finish(more(reply), request_id)
}

/// The id that the front door gave the request, or a new one.
pub(super) fn request_id(app: &App, request: &Request<Body>) -> RequestId {
    request.extensions().get::<RequestId>().copied().unwrap_or_else(|| app.platform.ids.next())
}

/// Adds what every answer has.
pub(super) fn finish(mut reply: Reply, request_id: RequestId) -> Response<Body> {
    reply.headers.insert(REQUEST_ID, id_header(request_id));
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

/// The address of the client, looked up behind trusted proxies.
pub(super) fn peer_of(extensions: &http::Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())
}

/// Scope of tokens and keys, permission of members: rights are what both allow.
fn check_rights(route: &Route, caller: &Caller) -> Result<(), Fault> {
    if let Some(scope) = route.scope
        && !caller.has_scope(scope)
    {
        let message = format!("This token does not have the scope {scope}");
        return Err(
            Fault::new(FaultKind::Forbidden, "insufficient_scope", message).with_details(json!({ "required": scope }))
        );
    }
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
    // Only a path that is not UTF-8 after decoding fails, and nothing has such a name.
    let raw = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| unknown_path())?;
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
    HeaderValue::from_str(&id.prefixed()).unwrap_or(HeaderValue::from_static("req"))
}
