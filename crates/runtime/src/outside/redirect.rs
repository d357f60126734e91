//! Decides where a redirect leads and what is sent there. Pure; each target is judged like a first URL.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::allow::AllowList;
use super::error::{OutsideError, ProtocolFailure};
use super::refusal::Refusal;
use super::url::{Target, judge};

/// One request on the way to the final response.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) target: Target,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Headers that may follow a redirect to another origin. Everything else might be a credential under a name of the
/// receiver's choice.
const HEADERS_FOR_OTHER_ORIGINS: &[HeaderName] = &[
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
];

/// Headers that describe a body, and go with it.
const BODY_HEADERS: &[HeaderName] =
    &[header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LOCATION, header::CONTENT_TYPE];

/// The request that a response asks for, or `None` if it is not a redirect.
///
/// # Errors
/// If the target is refused or cannot be read.
pub(super) fn next_hop(
    hop: &Hop,
    status: StatusCode,
    answer: &HeaderMap,
    allow: &AllowList,
) -> Result<Option<Hop>, OutsideError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.get(header::LOCATION) else {
        return Ok(None);
    };
    let target = judge_location(hop, location.as_bytes(), allow)?;
    let mut headers = hop.headers.clone();
    if target.url().origin() != hop.target.url().origin() {
        keep_only(&mut headers, HEADERS_FOR_OTHER_ORIGINS);
    }
    let (mut method, mut body) = (hop.method.clone(), hop.body.clone());
    if becomes_get(status, &method) {
        method = Method::GET;
        body = Bytes::new();
        for name in BODY_HEADERS {
            headers.remove(name);
        }
    }
    Ok(Some(Hop { target, method, headers, body }))
}

fn judge_location(hop: &Hop, location: &[u8], allow: &AllowList) -> Result<Target, OutsideError> {
    let text = std::str::from_utf8(location).map_err(|_| ProtocolFailure::Location)?;
    if text.contains('\\') {
        return Err(OutsideError::Blocked(Refusal::Backslash));
    }
    let url = hop.target.url().join(text).map_err(|_| ProtocolFailure::Location)?;
    // What a server writes is not the caller's mistake: every refusal is a blocked redirect.
    let target = judge(url.as_str(), allow).map_err(OutsideError::Blocked)?;
    if hop.target.is_https() && !target.is_https() {
        return Err(OutsideError::Blocked(Refusal::Downgrade));
    }
    Ok(target)
}

/// The rule browsers and the Fetch standard follow: 303 always, 301 and 302 only after POST.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        303 => method != Method::GET && method != Method::HEAD,
        301 | 302 => method == Method::POST,
        _ => false,
    }
}

fn keep_only(headers: &mut HeaderMap, names: &[HeaderName]) {
    let kept = names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect();
    *headers = kept;
}
