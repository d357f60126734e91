//! The body of a response, as it arrives and as a whole.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::error::{OutsideError, ProtocolFailure};
use super::pool::Lease;

/// What the compressed form of a body may be larger than its decoded limit.
const WIRE_SLACK_BYTES: usize = 16 * 1024;

/// The body of a response, still arriving. Dropping it before its end closes the connection.
pub(super) struct Body {
    incoming: Incoming,
    lease: Option<Lease>,
    wire_bytes: usize,
}

impl Body {
    pub(super) fn new(incoming: Incoming, lease: Lease) -> Self {
        let mut body = Self { incoming, lease: Some(lease), wire_bytes: 0 };
        if body.incoming.is_end_stream() {
            body.end();
        }
        body
    }

    /// The next piece as it came over the wire; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, OutsideError> {
        while let Some(frame) = self.incoming.frame().await {
            let frame = frame.map_err(|error| answer_failure(&error))?;
            // Trailers carry nothing that is used.
            if let Ok(data) = frame.into_data() {
                self.wire_bytes = self.wire_bytes.saturating_add(data.len());
                return Ok(Some(data));
            }
        }
        self.end();
        Ok(None)
    }

    /// Reads to the end, at most `limit` bytes after decoding.
    pub(super) async fn collect(mut self, limit: usize, coding: Coding) -> Result<Bytes, OutsideError> {
        let too_large = OutsideError::TooLarge { limit_bytes: limit };
        let wire_limit = limit.saturating_add(if coding == Coding::Gzip { WIRE_SLACK_BYTES } else { 0 });
        if self.incoming.size_hint().lower() > wire_limit as u64 {
            return Err(too_large);
        }
        let mut sink = Sink::new(limit, coding);
        while let Some(chunk) = self.chunk().await? {
            if self.wire_bytes > wire_limit {
                return Err(too_large);
            }
            sink.write(&chunk)?;
        }
        // An empty body may be called packed, as in the answer to HEAD.
        if self.wire_bytes == 0 { Ok(Bytes::new()) } else { sink.finish() }
    }

    /// Reads at most the first `limit` bytes after decoding; what comes after them is neither read nor a failure.
    pub(super) async fn collect_start(mut self, limit: usize, coding: Coding) -> Result<Bytes, OutsideError> {
        let mut sink = Sink::new(limit, coding);
        while let Some(chunk) = self.chunk().await? {
            match sink.write(&chunk) {
                Ok(()) => {}
                Err(OutsideError::TooLarge { .. }) => return Ok(sink.start()),
                Err(failure) => return Err(failure),
            }
            // What is packed can be empty for ever.
            if self.wire_bytes > limit.saturating_add(WIRE_SLACK_BYTES) {
                return Ok(sink.start());
            }
        }
        if self.wire_bytes == 0 { Ok(Bytes::new()) } else { sink.finish() }
    }

    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is; also every coding that was not asked for.
    Plain,
    Gzip,
}

impl Coding {
    /// Reads the coding from the headers of a response and, if the body is going to be unpacked, takes out the headers
    /// that describe the packed form.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Coding::Plain;
        };
        let value = value.as_bytes().trim_ascii();
        if !value.eq_ignore_ascii_case(b"gzip") && !value.eq_ignore_ascii_case(b"x-gzip") {
            return Coding::Plain;
        }
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        Coding::Gzip
    }
}

/// What the failure of an exchange means.
pub(super) fn answer_failure(error: &hyper::Error) -> OutsideError {
    OutsideError::Protocol(if error.is_parse_too_large() {
        ProtocolFailure::Headers
    } else if error.is_parse() {
        ProtocolFailure::Malformed
    } else {
        ProtocolFailure::Incomplete
    })
}

/// Collects a body, never more than its limit.
enum Sink {
    Plain(Bounded),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
}

impl Sink {
    fn new(limit: usize, coding: Coding) -> Self {
        let bounded = Bounded { bytes: Vec::new(), limit, is_over: false };
        match coding {
            Coding::Plain => Sink::Plain(bounded),
            Coding::Gzip => Sink::Gzip(Box::new(MultiGzDecoder::new(bounded))),
        }
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), OutsideError> {
        let written = match self {
            Sink::Plain(bounded) => bounded.write_all(chunk),
            Sink::Gzip(decoder) => decoder.write_all(chunk),
        };
        written.map_err(|_| self.failure())
    }

    fn finish(self) -> Result<Bytes, OutsideError> {
        match self {
            Sink::Plain(bounded) => Ok(bounded.bytes.into()),
            Sink::Gzip(mut decoder) => match decoder.try_finish() {
                Ok(()) => Ok(std::mem::take(&mut decoder.get_mut().bytes).into()),
                Err(_) => Err(Sink::Gzip(decoder).failure()),
            },
        }
    }

    /// What was decoded so far.
    fn start(self) -> Bytes {
        match self {
            Sink::Plain(bounded) => bounded.bytes.into(),
            Sink::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().bytes).into(),
        }
    }

    fn failure(&self) -> OutsideError {
        let bounded = match self {
            Sink::Plain(bounded) => bounded,
            Sink::Gzip(decoder) => decoder.get_ref(),
        };
        if bounded.is_over {
            OutsideError::TooLarge { limit_bytes: bounded.limit }
        } else {
            OutsideError::Protocol(ProtocolFailure::Encoding)
        }
    }
}

impl io::Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.limit - self.bytes.len() {
            self.is_over = true;
            self.bytes.extend_from_slice(&piece[..self.limit - self.bytes.len()]);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
