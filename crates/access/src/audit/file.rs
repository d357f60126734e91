//! Checking an export without a server: line by line, from its first head to its last one.

use floe_engine::canonical::canonical_json;
use serde_json::Value;

use super::chain::{Walk, unhex};
use super::head::SignedHead;

/// A check under way.
#[derive(Debug)]
pub struct FileCheck<'h> {
    outside: &'h [SignedHead],
    begin: Option<SignedHead>,
    end: Option<SignedHead>,
    walk: Walk,
    lines: usize,
}

/// What is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileProblem {
    /// It is no export: it does not begin with a head.
    NoExport(String),
    /// The first entry that is wrong, or that is missing.
    Broken {
        /// Its line, from 1.
        line: usize,
        /// Its place in the chain.
        seq: i64,
        /// The id that stands there.
        id: Option<String>,
        /// A sentence.
        reason: String,
    },
}

/// An export that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Entries.
    pub entries: i64,
    /// Place of the first entry.
    pub first_seq: i64,
    /// The head at its end.
    pub head: SignedHead,
    /// Heads from outside that name an entry of it.
    pub heads_met: usize,
}

impl<'h> FileCheck<'h> {
    /// Begins, with heads that were kept elsewhere.
    #[must_use]
    pub const fn new(outside: &'h [SignedHead]) -> Self {
        Self { outside, begin: None, end: None, walk: Walk::after(0, [0; 32]), lines: 0 }
    }

    /// Looks at the next line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn line(&mut self, text: &str) -> Result<(), FileProblem> {
        self.lines += 1;
        let value: Value = serde_json::from_str(text).map_err(|_| self.bad(None, "the line is not JSON"))?;
        if self.end.is_some() {
            return Err(self.bad(None, "there is more behind the last head"));
        }
        match value.get("head") {
            Some(head) => self.head(head),
            None => self.entry(value),
        }
    }

    /// Looks at the end.
    ///
    /// # Errors
    /// When the export was cut, or does not reach as far as a head from outside.
    pub fn finish(mut self) -> Result<FileReport, FileProblem> {
        self.lines += 1;
        let Some(begin) = self.begin.clone() else {
            return Err(FileProblem::NoExport("the file is empty".to_owned()));
        };
        let Some(end) = self.end.take() else {
            return Err(self.bad(None, "the file ends before its last head"));
        };
        let own: Vec<&SignedHead> = self.outside.iter().filter(|head| head.workspace == begin.workspace).collect();
        if let Some(beyond) = own.iter().find(|head| head.seq > self.walk.seq) {
            let reason = format!("the head from outside names entry {}; the file ends before it", beyond.seq);
            return Err(self.bad(None, &reason));
        }
        let heads_met = own.iter().filter(|head| head.seq >= begin.seq).count();
        Ok(FileReport { entries: self.walk.seq - begin.seq, first_seq: begin.seq + 1, head: end, heads_met })
    }

    fn head(&mut self, value: &Value) -> Result<(), FileProblem> {
        let read = SignedHead::read(value);
        let Some(begin) = &self.begin else {
            let head = read.map_err(|name| FileProblem::NoExport(format!("the first head has no sound {name}")))?;
            if !head.is_signed() {
                return Err(self.bad(None, "the signature of the first head is wrong"));
            }
            self.walk = Walk::after(head.seq, head.hash);
            self.check_outside(None, &head)?;
            self.begin = Some(head);
            return Ok(());
        };
        let head = read.map_err(|name| self.bad(None, &format!("the last head has no sound {name}")))?;
        let same_chain = head.workspace == begin.workspace && head.public_key == begin.public_key;
        if !same_chain || !head.is_signed() {
            return Err(self.bad(None, "the last head is of another chain, or its signature is wrong"));
        }
        if head.seq != self.walk.seq || head.hash != self.walk.hash {
            let reason = format!("the last head names entry {}, which is not the last one here", head.seq);
            return Err(self.bad(None, &reason));
        }
        self.end = Some(head);
        Ok(())
    }

    fn entry(&mut self, mut value: Value) -> Result<(), FileProblem> {
        let Some(begin) = self.begin.clone() else {
            return Err(FileProblem::NoExport("the first line is no head".to_owned()));
        };
        let id = value.get("id").and_then(Value::as_str).map(str::to_owned);
        let own_hash = value.as_object_mut().and_then(|object| object.swap_remove("hash"));
        let own_hash = own_hash.as_ref().and_then(Value::as_str).and_then(unhex);
        let prev_hash = value.get("prev_hash").and_then(Value::as_str).and_then(unhex);
        let seq = value.get("seq").and_then(Value::as_i64);
        let (Some(own_hash), Some(prev_hash), Some(seq)) = (own_hash, prev_hash, seq) else {
            return Err(self.bad(id, "the line is no sealed entry"));
        };
        if let Err(broken) = self.walk.step(seq, &prev_hash, &canonical_json(&value), &own_hash) {
            return Err(self.bad(id, &broken.to_string()));
        }
        self.check_outside(id, &begin)
    }

    /// Compares the heads from outside that name the entry where the walk is now.
    fn check_outside(&self, id: Option<String>, begin: &SignedHead) -> Result<(), FileProblem> {
        let here = |head: &&SignedHead| head.workspace == begin.workspace && head.seq == self.walk.seq;
        for head in self.outside.iter().filter(here) {
            let reason = if !head.is_signed() {
                "the head from outside has a wrong signature"
            } else if head.public_key != begin.public_key {
                "the head from outside was signed by another server than this file"
            } else if head.hash != self.walk.hash {
                "the head from outside names another entry: the chain was written anew"
            } else {
                continue;
            };
            return Err(FileProblem::Broken { line: self.lines, seq: self.walk.seq, id, reason: reason.to_owned() });
        }
        Ok(())
    }

    fn bad(&self, id: Option<String>, reason: &str) -> FileProblem {
        FileProblem::Broken { line: self.lines, seq: self.walk.seq + 1, id, reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests;
