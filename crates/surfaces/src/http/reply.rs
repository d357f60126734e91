//! Answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use floe_model::Fault;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Response, StatusCode};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use serde_json::Value;

/// Headers for which there is room at once: as many as most answers have in the end.
const HEADERS_ROOM: usize = 12;

/// An answer before it is sent.
#[derive(Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers; the runner adds those that every answer has.
    pub headers: HeaderMap,
    /// Body.
    pub body: ReplyBody,
    /// What a repeat with the same idempotency key is answered instead of `body`: the same without one-time secrets.
    pub replay_body: Option<Bytes>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum ReplyBody {
    /// Ready bytes.
    Full(Bytes),
    /// Ready bytes in several pieces. Cannot be saved for a repeat.
    Pieces(Vec<Bytes>),
    /// A stream, e.g. server-sent events. Cannot be saved for a repeat.
    Stream(Body),
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::with_capacity(HEADERS_ROOM),
            body: ReplyBody::Full(Bytes::new()),
            replay_body: None,
        }
    }

    /// Ready bytes of a type.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let reply = Self { body: ReplyBody::Full(body.into()), ..Self::empty(status) };
        reply.header(CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// Ready bytes of a type in several pieces, which are sent without being copied together.
    #[must_use]
    pub fn pieces(status: StatusCode, content_type: &'static str, mut pieces: Vec<Bytes>) -> Self {
        if pieces.len() <= 1 {
            return Self::bytes(status, content_type, pieces.pop().unwrap_or_default());
        }
        let body = ReplyBody::Pieces(pieces);
        Self { body, ..Self::empty(status) }.header(CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// A stream of a type.
    #[must_use]
    pub fn stream(content_type: &'static str, body: Body) -> Self {
        let reply = Self { body: ReplyBody::Stream(body), ..Self::empty(StatusCode::OK) };
        reply.header(CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// A JSON value.
    #[must_use]
    pub fn value(status: StatusCode, value: &Value) -> Self {
        Self::bytes(status, "application/json", value.to_string())
    }

    /// Anything that serializes, as JSON.
    ///
    /// # Errors
    /// An internal fault when it does not serialize.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Fault> {
        let bytes = serde_json::to_vec(body).map_err(Fault::internal)?;
        Ok(Self::bytes(status, "application/json", bytes))
    }

    /// 200 with JSON.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn ok(body: &impl Serialize) -> Result<Self, Fault> {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with `Location` and JSON.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn created(location: &str, body: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self::json(StatusCode::CREATED, body)?.text_header(LOCATION, location))
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a header from text; characters that no header may hold make it left out.
    #[must_use]
    pub fn text_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets `ETag: "<revision>"`.
    #[must_use]
    pub fn revision(self, revision: i64) -> Self {
        self.text_header(ETAG, &format!("\"{revision}\""))
    }

    /// What a repeat is answered instead: the same body with its one-time secrets as null.
    ///
    /// # Errors
    /// As [`Reply::json`].
    pub fn replay_as(mut self, body: &impl Serialize) -> Result<Self, Fault> {
        self.replay_body = Some(serde_json::to_vec(body).map_err(Fault::internal)?.into());
        Ok(self)
    }

    /// The ready bytes; nothing for a stream.
    #[must_use]
    pub fn full_body(&self) -> Option<&Bytes> {
        match &self.body {
            ReplyBody::Full(bytes) => Some(bytes),
            ReplyBody::Pieces(_) | ReplyBody::Stream(_) => None,
        }
    }

    /// The bytes that are there, in order; none of a stream.
    #[must_use]
    pub fn known_bytes(&self) -> &[Bytes] {
        match &self.body {
            ReplyBody::Full(bytes) => std::slice::from_ref(bytes),
            ReplyBody::Pieces(pieces) => pieces,
            ReplyBody::Stream(_) => &[],
        }
    }

    /// The answer as the server sends it.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let body = match self.body {
            ReplyBody::Full(bytes) => Body::from(bytes),
            ReplyBody::Pieces(pieces) => Body::new(Pieces::new(pieces)),
            ReplyBody::Stream(body) => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Pieces of known length as a body: the answer has a `Content-Length`.
struct Pieces {
    left: VecDeque<Bytes>,
    bytes: u64,
}

impl Pieces {
    fn new(pieces: Vec<Bytes>) -> Self {
        let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { left: pieces.into(), bytes }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.left.pop_front();
        if let Some(piece) = &next {
            self.bytes -= piece.len() as u64;
        }
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }
}
