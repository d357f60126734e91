//! Reading files in a child process: the parent's side and the child's.

use std::process::ExitCode;

use crate::sandbox::{Once, OnceConfig, OnceFailure, OnceLimits, once_main};
use floe_model::Fault;
use floe_model::agents::document_kind::{DocumentKind, FILE_BYTES_MAX};
use floe_model::agents::passages::Block;
use serde::{Deserialize, Serialize};

use super::{TEXT_BYTES_MAX, Unreadable, is_hostile, read};

/// The hidden subcommand of the binary whose process reads a file.
pub const COMMAND: &str = "read-file";
/// What one file may take.
const LIMITS: OnceLimits = OnceLimits {
    time_ms: 30_000,
    memory_bytes: 768 << 20,
    // The file behind the name of its kind.
    input_bytes: FILE_BYTES_MAX + KIND_BYTES,
    // JSON may take two bytes for one, and marks around each block.
    output_bytes: 3 * TEXT_BYTES_MAX,
};
/// The name of the kind is filled up with blanks to this length.
const KIND_BYTES: usize = 8;

/// What a child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Blocks(Vec<Block>),
    Unreadable(Unreadable),
}

/// Why there is no text.
#[derive(Debug)]
pub enum ReadFailure {
    /// It is the file.
    File(Unreadable),
    /// It is the server; the work can be done later.
    Server(Fault),
}

/// Reads files. Clones share the bound on children.
#[derive(Debug, Clone)]
pub struct Readers {
    children: Once,
}

impl Default for Readers {
    /// Children are the running program itself.
    fn default() -> Self {
        Self::new(OnceConfig::own(COMMAND))
    }
}

impl Readers {
    /// Readers with children of this program.
    #[must_use]
    pub fn new(config: OnceConfig) -> Self {
        Self { children: Once::new(config) }
    }

    /// What a file says. Takes some seconds at most, and half a minute for hostile files.
    ///
    /// # Errors
    /// [`ReadFailure`].
    pub async fn read(&self, kind: DocumentKind, bytes: Vec<u8>) -> Result<Vec<Block>, ReadFailure> {
        if !is_hostile(kind) {
            let reading = tokio::task::spawn_blocking(move || read(kind, &bytes));
            let blocks = reading.await.map_err(|error| ReadFailure::Server(Fault::internal(error)))?;
            return blocks.map_err(ReadFailure::File);
        }
        let input = [format!("{:KIND_BYTES$}", kind.as_str()).as_bytes(), &bytes].concat();
        drop(bytes);
        let answer = self.children.run(&input, LIMITS).await.map_err(failure)?;
        match serde_json::from_slice(&answer) {
            Ok(Answer::Blocks(blocks)) => Ok(blocks),
            Ok(Answer::Unreadable(why)) => Err(ReadFailure::File(why)),
            // A child that sends something else was taken over by the file.
            Err(_) => Err(ReadFailure::File(Unreadable::Broken)),
        }
    }
}

fn failure(failure: OnceFailure) -> ReadFailure {
    match failure {
        OnceFailure::Late(_) => ReadFailure::File(Unreadable::TooSlow),
        OnceFailure::Crashed => ReadFailure::File(Unreadable::Broken),
        OnceFailure::TooLarge => ReadFailure::File(Unreadable::TooLarge),
        OnceFailure::Overloaded | OnceFailure::Unavailable(_) => ReadFailure::Server(Fault::internal(failure)),
    }
}

/// Runs the child: one file in, its blocks out.
pub fn child_main() -> ExitCode {
    once_main(LIMITS, |input| {
        let answer = match read_input(input) {
            Ok(blocks) => Answer::Blocks(blocks),
            Err(why) => Answer::Unreadable(why),
        };
        serde_json::to_vec(&answer).unwrap_or_default()
    })
}

fn read_input(input: &[u8]) -> Result<Vec<Block>, Unreadable> {
    let (kind, bytes) = input.split_at_checked(KIND_BYTES).ok_or(Unreadable::Broken)?;
    let kind = std::str::from_utf8(kind).ok().and_then(|word| DocumentKind::parse(word.trim_end()));
    read(kind.ok_or(Unreadable::Broken)?, bytes)
}
