//! What every request head must satisfy before a route sees it (RFC 9110, RFC 9112).
//!
//! The parser already refuses what is not HTTP/1 at all, bad and differing lengths, and any final transfer coding but `chunked`;
//! it closes the connection after a request that carried both a length and a transfer coding. The rest is here.

use std::borrow::Cow;

use axum::http::header::{CONTENT_ENCODING, EXPECT, HOST, TRANSFER_ENCODING};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, Version, request};

use super::limits::Limits;
use super::refusal::Refusal;

/// Below these paths some routes take bodies that are packed with gzip; whatever a route there does not take it refuses in its own form.
const PACKED_BELOW: [&str; 3] = ["/v1/apps/", "/v1/placements/", "/v1/events"];

/// Checks the head and brings its target into origin form.
pub(super) fn check(head: &mut request::Parts, limits: &Limits) -> Result<(), Refusal> {
    check_method(&head.method)?;
    check_host(&head.headers, head.version)?;
    into_origin_form(head)?;
    check_target(&head.uri, limits)?;
    check_framing(&head.headers)?;
    check_encoding(&head.headers, head.uri.path())?;
    check_expectation(&head.headers)
}

/// Whether the body is sent in chunks.
pub(super) fn is_chunked(head: &request::Parts) -> bool {
    head.headers.contains_key(TRANSFER_ENCODING)
}

fn check_method(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            Ok(())
        }
        _ => Err(Refusal::Method),
    }
}

fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(Refusal::Malformed("The Host header is not a host name with an optional port.")),
        (Some(_), Some(_)) => Err(Refusal::Malformed("There is more than one Host header.")),
        (None, _) if version == Version::HTTP_10 => Ok(()),
        (None, _) => Err(Refusal::Malformed("The Host header is missing.")),
    }
}

/// `uri-host [ ":" port ]` without user information, by its characters.
fn is_host(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|byte| IN_HOST[usize::from(*byte)])
}

/// The characters of a host with its port.
const IN_HOST: [bool; 256] = {
    let mut taken = [false; 256];
    let marks = b"-._~!$&'()*+;=%:[]";
    let mut index = 0;
    while index < marks.len() {
        taken[marks[index] as usize] = true;
        index += 1;
    }
    let mut byte: u8 = 0;
    while byte < 128 {
        taken[byte as usize] |= byte.is_ascii_alphanumeric();
        byte += 1;
    }
    taken
};

/// A target with scheme and host is ours only when it names the same host as the `Host` header; nothing is ever forwarded.
fn into_origin_form(head: &mut request::Parts) -> Result<(), Refusal> {
    let Some(authority) = head.uri.authority() else { return Ok(()) };
    let host = head.headers.get(HOST).map(|value| value.as_bytes());
    if host.is_some_and(|host| !host.eq_ignore_ascii_case(authority.as_str().as_bytes())) {
        return Err(Refusal::Misdirected);
    }
    let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(target);
    Ok(())
}

fn check_target(uri: &Uri, limits: &Limits) -> Result<(), Refusal> {
    let target_bytes = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target_bytes > limits.target_bytes_max {
        return Err(Refusal::TargetTooLong);
    }
    if !uri.path().starts_with('/') {
        return Err(Refusal::Malformed("The address does not begin with a slash."));
    }
    let path = percent_decode(uri.path()).ok_or(Refusal::Malformed("The path has a broken percent escape."))?;
    if path.contains('\0') {
        return Err(Refusal::Malformed("The path holds a zero byte."));
    }
    let is_dots = |segment: &str| segment == ".." || segment == ".";
    // Most paths have no dot at all.
    if path.contains('.') && path.split(['/', '\\']).any(is_dots) {
        return Err(Refusal::Malformed("The path holds a dot segment."));
    }
    Ok(())
}

/// The path with its escapes resolved; `None` when an escape is broken or the bytes are not UTF-8.
fn percent_decode(path: &str) -> Option<Cow<'_, str>> {
    if !path.contains('%') {
        return Some(path.into());
    }
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// One transfer coding, and that one exactly `chunked`: lists and repeats are read differently by different servers.
fn check_framing(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Refusal::Malformed("The only transfer coding taken is a single \"chunked\".")),
    }
}

fn check_encoding(headers: &HeaderMap, path: &str) -> Result<(), Refusal> {
    let is_identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(is_identity)
        || PACKED_BELOW.iter().any(|below| path.starts_with(below))
    {
        return Ok(());
    }
    Err(Refusal::ContentEncoding)
}

fn check_expectation(headers: &HeaderMap) -> Result<(), Refusal> {
    let known = |value: &[u8]| value.eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().all(|value| known(value.as_bytes())) { Ok(()) } else { Err(Refusal::Expectation) }
}

#[cfg(test)]
mod tests;
