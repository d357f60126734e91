//! A response whose body is read while it arrives: the streams of model providers and of tool servers.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::body::Body;
use super::error::{OutsideError, ProtocolFailure};

/// The head of a response, and its body piece by piece. Dropping it before the end closes the connection, which is how a stream is
/// given up.
pub struct Opened {
    /// Status, 100 to 999.
    pub status: StatusCode,
    /// Headers of the last response.
    pub headers: HeaderMap,
    pub(super) body: Body,
    pub(super) deadline: Instant,
    pub(super) limit_ms: u64,
    pub(super) bytes_left: usize,
    pub(super) bytes_max: usize,
}

impl Opened {
    /// The next piece, never empty; `None` at the end. The limits of the call go on counting: the time in all, and the bytes of the
    /// body.
    ///
    /// # Errors
    /// `Timeout`, `TooLarge`, and `Protocol` when the connection broke before the body was complete.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutsideError> {
        loop {
            let next = tokio::time::timeout_at(self.deadline, self.body.chunk()).await;
            let piece = next.unwrap_or(Err(OutsideError::Timeout { limit_ms: self.limit_ms }))?;
            let Some(piece) = piece else { return Ok(None) };
            let left = self.bytes_left.checked_sub(piece.len());
            self.bytes_left = left.ok_or(OutsideError::TooLarge { limit_bytes: self.bytes_max })?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// The rest of the body as a whole, for an answer that turns out not to be a stream.
    ///
    /// # Errors
    /// As [`Opened::chunk`].
    pub async fn rest(&mut self) -> Result<Vec<u8>, OutsideError> {
        let mut rest = Vec::new();
        while let Some(piece) = self.chunk().await? {
            rest.extend_from_slice(&piece);
        }
        Ok(rest)
    }
}

/// A packed body cannot be read piece by piece; it was asked to come plain.
pub(super) fn check_plain(headers: &HeaderMap) -> Result<(), OutsideError> {
    let is_plain = |value: &http::HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    let mut codings = headers.get_all(http::header::CONTENT_ENCODING).iter();
    if codings.all(is_plain) { Ok(()) } else { Err(ProtocolFailure::Encoding.into()) }
}
