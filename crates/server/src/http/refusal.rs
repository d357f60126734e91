//! Answers of the front door itself, as problem documents (console contract, section 4).

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

/// Methods that any route may have.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Why a request was not given to the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request breaks a rule of HTTP; the text says which.
    Malformed(&'static str),
    /// A method that no route has.
    Method,
    /// The absolute target names another host: this server is no proxy.
    Misdirected,
    /// The request target is too long.
    TargetTooLong,
    /// The body is larger than any route takes.
    BodyTooLarge,
    /// The body is compressed; no route takes that.
    ContentEncoding,
    /// An expectation other than `100-continue`.
    Expectation,
    /// The body did not come in time.
    BodyTimeout,
    /// A route broke; the cause is in the log.
    Internal,
}

impl Refusal {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(detail) => (StatusCode::BAD_REQUEST, "malformed_request", detail),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This server does not know the method.")
            }
            Self::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                "The address names another host; this server is no proxy.",
            ),
            Self::TargetTooLong => (StatusCode::URI_TOO_LONG, "uri_too_long", "The address is too long."),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large."),
            Self::ContentEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Compressed request bodies are not accepted; send the body without Content-Encoding.",
            ),
            Self::Expectation => {
                (StatusCode::EXPECTATION_FAILED, "expectation_failed", "Only the expectation 100-continue is known.")
            }
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time."),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side."),
        }
    }

    /// Whether the rest of the connection can no longer be trusted to begin with a request.
    fn closes(self) -> bool {
        !matches!(self, Self::Method | Self::Internal)
    }

    /// The answer. `request_id` is the id under which the log knows the request.
    pub(super) fn answer(self, request_id: &str) -> Response<Body> {
        let (status, code, detail) = self.parts();
        let document = json!({
            "type": format!("urn:floe:problem:{code}"),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
            "request_id": request_id,
        });
        let mut answer = Response::new(Body::from(document.to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self == Self::Method {
            headers.insert(ALLOW, HeaderValue::from_static(METHODS));
        }
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}
