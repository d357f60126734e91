//! Pages of the origins that an operator named may call the workflow API (workflows contract, section 1; console contract, section 1.1).
//! Credentials of the browser play no part in it: keys are sent by the page itself.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Request, StatusCode};

use super::reply::Reply;
use super::settings::Settings;

/// Seconds for which a browser remembers the answer.
const MAX_AGE_S: &str = "86400";
/// Headers of an answer that pages may read.
const EXPOSED: &str = "X-Request-Id, Retry-After, Location, Idempotent-Replayed, X-RateLimit-Limit, X-RateLimit-Remaining, \
                       X-RateLimit-Reset, X-RateLimit-Limit-Day, X-RateLimit-Remaining-Day";
/// Headers that pages may send.
const TAKEN: &str = "Authorization, X-API-Key, Content-Type, Accept, Idempotency-Key, Last-Event-ID, X-Request-Id";
/// Methods that pages may use.
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";

/// The origin of a page that may call; none for everybody else.
pub(super) fn origin(settings: &Settings, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let is_named = |one: &String| origin.as_bytes().eq_ignore_ascii_case(one.as_bytes());
    settings.cors_origins.iter().any(is_named).then(|| origin.clone())
}

/// The answer to a browser that asks before it calls; `None` for every other request.
pub(super) fn preflight<B>(settings: &Settings, request: &Request<B>) -> Option<Reply> {
    let asks = *request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let origin = origin(settings, request.headers()).filter(|_| asks)?;
    let mut reply = Reply::empty(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS))
        .header(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(TAKEN))
        .header(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
    allow(&mut reply.headers, origin);
    Some(reply)
}

/// Lets a page of that origin read an answer.
pub(super) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
