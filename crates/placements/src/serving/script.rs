//! An answer as it is put together: text that is made for it, and flows that are not copied into it.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::gzip::Stream;
use super::version::ServedVersion;

/// Bytes of an answer up to which one piece is cheaper than several.
const JOINED_MAX: usize = 32 * 1024;
/// Bytes for which there is room at once.
const ROOM: usize = 1_024;

/// An answer: text, and where flows stand in it.
#[derive(Debug)]
pub struct Script {
    text: BytesMut,
    flows: Vec<(usize, Arc<ServedVersion>)>,
    schema_bytes: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self { text: BytesMut::with_capacity(ROOM), flows: Vec::new(), schema_bytes: 0 }
    }
}

impl Script {
    /// Adds text.
    pub fn text(&mut self, text: &str) {
        self.text.put_slice(text.as_bytes());
    }

    /// Adds a flow.
    pub(super) fn flow(&mut self, version: &Arc<ServedVersion>) {
        self.schema_bytes += version.schema.len();
        self.flows.push((self.text.len(), Arc::clone(version)));
    }

    /// Bytes of the whole answer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len() + self.schema_bytes
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answer as it is, in as few pieces as are worth while.
    #[must_use]
    pub fn plain(self) -> Vec<Bytes> {
        if self.flows.is_empty() {
            return vec![self.text.freeze()];
        }
        if self.len() <= JOINED_MAX {
            let mut joined = BytesMut::with_capacity(self.len());
            let mut from = 0;
            for (at, version) in &self.flows {
                joined.put_slice(&self.text[from..*at]);
                joined.put_slice(&version.schema);
                from = *at;
            }
            joined.put_slice(&self.text[from..]);
            return vec![joined.freeze()];
        }
        let text = self.text.freeze();
        let mut pieces = Vec::with_capacity(2 * self.flows.len() + 1);
        let mut from = 0;
        for (at, version) in &self.flows {
            pieces.push(text.slice(from..*at));
            pieces.push(version.schema.clone());
            from = *at;
        }
        pieces.push(text.slice(from..));
        pieces
    }

    /// The answer packed with gzip; `None` when it holds nothing that was packed before, or something that cannot be.
    #[must_use]
    pub fn gzip(&self) -> Option<Bytes> {
        let mut room = self.text.len();
        for (_, version) in &self.flows {
            room += version.packed()?.len() + 8;
        }
        if self.flows.is_empty() {
            return None;
        }
        let mut stream = Stream::with_room(room);
        let mut from = 0;
        for (at, version) in &self.flows {
            stream.text(&self.text[from..*at]);
            stream.packed(version.packed()?);
            from = *at;
        }
        stream.text(&self.text[from..]);
        Some(stream.finish().into())
    }
}
