//! An answer as it is put together: text that is made for it, and flows that are not copied into it.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::gzip::Stream;
use super::version::ServedVersion;

/// Bytes of a flow, plain or packed, up to which copying it is cheaper than sending a piece of its own.
pub(super) const COPIED_MAX: usize = 16 * 1024;
/// Bytes of an answer from which on no more flows are copied into it.
const JOINED_MAX: usize = 64 * 1024;
/// Bytes of an answer for which there is room at once at most.
const ROOM_MAX: usize = JOINED_MAX + COPIED_MAX;

/// An answer: text, and where flows stand in it that are not copied into it.
#[derive(Debug)]
pub struct Script {
    text: BytesMut,
    flows: Vec<(usize, Arc<ServedVersion>)>,
    schema_bytes: usize,
    /// Whether flows are put in as they were packed.
    packs: bool,
}

impl Script {
    /// An empty answer with room for about so many bytes; `packs` for one that [`Script::gzip`] is asked of.
    #[must_use]
    pub fn with_room(bytes: usize, packs: bool) -> Self {
        Self { text: BytesMut::with_capacity(bytes.min(ROOM_MAX)), flows: Vec::new(), schema_bytes: 0, packs }
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) {
        self.text.put_slice(text.as_bytes());
    }

    /// Adds a flow.
    pub(super) fn flow(&mut self, version: &Arc<ServedVersion>) {
        if !self.packs && version.schema.len() <= COPIED_MAX && self.text.len() <= JOINED_MAX {
            return self.text.put_slice(&version.schema);
        }
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
        let text = self.text.freeze();
        if self.flows.is_empty() {
            return vec![text];
        }
        let mut pieces = Vec::with_capacity(2 * self.flows.len() + 1);
        let mut from = 0;
        for (at, version) in &self.flows {
            if from < *at {
                pieces.push(text.slice(from..*at));
            }
            pieces.push(version.schema.clone());
            from = *at;
        }
        pieces.push(text.slice(from..));
        pieces
    }

    /// The answer packed with gzip, in as few pieces as are worth while; `None` when it holds nothing that was packed before, or something that cannot be.
    #[must_use]
    pub fn gzip(&self) -> Option<Vec<Bytes>> {
        let mut room = self.text.len();
        for (_, version) in &self.flows {
            room += version.packed()?.copied_len() + 8;
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
        Some(stream.finish())
    }
}

#[cfg(test)]
mod tests;
