//! What is sent and what comes back.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, header};
use serde_json::Value;

/// One call. The limits belong to it: nothing leaves without them.
#[derive(Clone, Debug)]
pub struct Request {
    /// Any method but `CONNECT`.
    pub method: Method,
    /// Absolute http or https URL, judged by [`super::judge`].
    pub url: String,
    /// Headers to send. Those that frame the message or belong to the connection (`Host`, `Content-Length`,
    /// `Transfer-Encoding`, `Connection` …) and `Accept-Encoding` are set here and ignored if given.
    pub headers: HeaderMap,
    /// Body, empty for none.
    pub body: Bytes,
    /// Limits of this call.
    pub limits: Limits,
}

/// Names a call, so that a receiver can tell a repeat (Flow API contract, section 6.7); the first is the common name.
const KEY_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("idempotency-key"), HeaderName::from_static("x-flow-step-key")];

impl Request {
    /// A request with a body of its kind: a text is sent as it is, anything else as JSON.
    #[must_use]
    pub fn with_body(method: Method, url: String, body: Option<&Value>, limits: Limits) -> Self {
        let (kind, body) = match body {
            None => (None, Bytes::new()),
            Some(Value::String(text)) => (Some("text/plain; charset=utf-8"), Bytes::from(text.clone())),
            Some(value) => (Some("application/json"), Bytes::from(value.to_string())),
        };
        let kind = kind.map(|kind| (header::CONTENT_TYPE, HeaderValue::from_static(kind)));
        Self { method, url, headers: kind.into_iter().collect(), body, limits }
    }

    /// Adds the headers that tell a receiver a repeat. A key that no header can carry is left out.
    pub fn mark(&mut self, key: &str) {
        let Ok(value) = HeaderValue::from_str(key) else { return };
        self.headers.extend(KEY_HEADERS.map(|name| (name, value.clone())));
    }
}

/// Limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For everything: lookups, connections, redirects and the body. Milliseconds.
    pub total_ms: u64,
    /// For each connection: lookup, dialling and TLS together. Milliseconds.
    pub connect_ms: u64,
    /// For the body after decompression, in bytes.
    pub response_bytes_max: usize,
    /// Redirects that are followed, at most [`super::REDIRECTS_MAX`]; with 0 a redirect is returned as the response.
    pub redirects_max: u32,
}

/// A complete response, of any status.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status, 100 to 999: servers do send codes outside the standard ones.
    pub status: StatusCode,
    /// Headers of the last response; values may hold bytes that are not UTF-8. `Content-Encoding` and
    /// `Content-Length` are removed if the body was decompressed.
    pub headers: HeaderMap,
    /// Body after decompression.
    pub body: Bytes,
    /// The URL that answered, after redirects.
    pub url: url::Url,
    /// Redirects that were followed.
    pub redirects: u32,
    /// From the start of the call to the end of the body, in milliseconds.
    pub duration_ms: u64,
}

/// Headers of the message frame and of the connection, and those a proxy would act on.
const OWN_HEADERS: &[header::HeaderName] = &[
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes out the headers that the caller may not set, and adds those that each request carries; the coding of the answer is the
/// business of the call.
pub(super) fn prepared_headers(given: &HeaderMap) -> HeaderMap {
    let mut headers = given.clone();
    for name in OWN_HEADERS {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "http2-settings"] {
        headers.remove(name);
    }
    let defaults = [(header::ACCEPT, "*/*"), (header::USER_AGENT, concat!("Floe/", env!("CARGO_PKG_VERSION")))];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers
}
