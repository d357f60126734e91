//! Pages of any site may call the SDK routes, without credentials of the browser (placements contract, section 1.1).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use crate::http::reply::Reply;

/// Seconds for which a browser remembers the answer.
const MAX_AGE_S: &str = "86400";
/// Headers of an answer that pages may read.
const EXPOSED: &str =
    "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Deprecation, Link";
/// Headers that pages may send.
const TAKEN: &str = "Authorization, Content-Type, Content-Encoding, User-Agent, X-Request-Id";

/// The answer to a browser that asks before it sends a `POST`; `None` for every other request.
pub(in crate::http) fn preflight<B>(request: &Request<B>) -> Option<Reply> {
    let headers = request.headers();
    let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if *request.method() != Method::OPTIONS || !headers.contains_key(ORIGIN) || asked.as_bytes() != b"POST" {
        return None;
    }
    let mut reply = Reply::empty(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"))
        .header(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(TAKEN))
        .header(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S))
        .header(VARY, HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers"));
    reply.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Some(reply)
}

/// Lets pages of any site read an answer; `to_page` when a page asked, which is told what it may read of the headers too.
pub(in crate::http) fn allows_any_origin(headers: &mut HeaderMap, to_page: bool) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if to_page {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
