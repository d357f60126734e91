//! What parent and child say to each other: frames of a four-byte little-endian length and that many bytes of JSON.
//!
//! The parent asks with an empty frame and the child says [`Reply::Ready`]; then the parent sends a job and the child answers
//! [`Reply::Done`] or [`Reply::Failed`]. The child hears the next question only after the engine of the job before is torn
//! down, so neither a crash while tearing down nor one while waiting hits the next job. The end of the parent's stream ends
//! the child.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::job::{CodeFailure, JobLimits, LogLine};

/// A job as the child reads it. The globals stay JSON text, for the engine parses them itself.
#[derive(Debug, Deserialize)]
pub(super) struct JobIn {
    pub(super) code: String,
    pub(super) prelude: String,
    pub(super) globals: BTreeMap<String, Box<RawValue>>,
    pub(super) limits: JobLimits,
}

/// What a child says. `V` is JSON text in the child and a parsed value in the parent.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply<V> {
    /// The child waits for a job: the answer to an empty frame.
    Ready,
    /// The code returned.
    Done { value: V, logs: Vec<LogLine> },
    /// The code failed.
    Failed(CodeFailure),
}

const HEADER_BYTES: usize = 4;

/// Reads one frame; `None` when the stream ends before a frame begins.
///
/// # Errors
/// The stream fails, ends inside a frame, or the frame says it is longer than `bytes_max`.
pub(super) fn read_frame(input: &mut impl Read, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; HEADER_BYTES];
    let mut filled = 0;
    while filled < HEADER_BYTES {
        match input.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut body = vec![0; checked_length(header, bytes_max)?];
    input.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Writes one frame and flushes.
///
/// # Errors
/// The stream fails, or the body is longer than a frame can be.
pub(super) fn write_frame(output: &mut impl Write, body: &[u8]) -> io::Result<()> {
    output.write_all(&header(body)?)?;
    output.write_all(body)?;
    output.flush()
}

/// [`read_frame`] for the parent.
///
/// # Errors
/// As [`read_frame`].
pub(super) async fn receive_frame(input: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut header = [0; HEADER_BYTES];
    input.read_exact(&mut header).await?;
    let mut body = vec![0; checked_length(header, bytes_max)?];
    input.read_exact(&mut body).await?;
    Ok(body)
}

/// The length in front of a body.
///
/// # Errors
/// The body is longer than a frame can be.
pub(super) fn header(body: &[u8]) -> io::Result<[u8; HEADER_BYTES]> {
    let length = u32::try_from(body.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    Ok(length.to_le_bytes())
}

fn checked_length(header: [u8; HEADER_BYTES], bytes_max: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(header);
    match usize::try_from(length) {
        Ok(length) if length <= bytes_max => Ok(length),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {length} bytes, allowed {bytes_max}"))),
    }
}

#[cfg(test)]
mod tests;
