//! Verifying the chain of a workspace against itself, against the heads that were signed, and against a head from outside.

use floe_model::id::{AuditId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_store::platform::audit_chain::{self, End, Sealed};
use floe_store::platform::audit_heads;

use super::chain::{self, Broken, Walk};
use super::head::SignedHead;
use crate::service::Access;

/// Entries of one transaction.
const PAGE: usize = 500;
/// Heads that are compared within one page of entries; there is one a minute at most.
const HEADS_PER_PAGE: usize = 1_000;
/// Seconds after which to come again while another chain is verified.
const BUSY_RETRY_S: u64 = 2;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that were right, from the first one on.
    pub entries: i64,
    /// What is wrong; none for a chain that is whole.
    pub problem: Option<Problem>,
    /// The end of a chain that is whole, signed now.
    pub head: Option<SignedHead>,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place.
    pub seq: i64,
    /// The entry that stands there; none when there is none, where the chain was cut.
    pub id: Option<AuditId>,
    /// A sentence.
    pub reason: String,
}

impl Access {
    /// Verifies the whole chain of a workspace. `outside` is a head that was kept elsewhere; it must be signed by this server.
    ///
    /// # Errors
    /// 400 for a head of another workspace or server; `overloaded` while another chain is verified; of the database.
    pub async fn verify_audit(&self, workspace: WorkspaceId, outside: Option<SignedHead>) -> Result<Verdict, Fault> {
        if let Some(head) = &outside {
            self.check_own(head, workspace)?;
        }
        // One at a time: it reads the whole log.
        let Ok(_turn) = self.verifying.try_lock() else {
            let fault = Fault::new(FaultKind::Overloaded, "overloaded", "Another audit log is being verified");
            return Err(fault.with_retry_after(BUSY_RETRY_S));
        };
        let (end, beyond) = self.chain_end(workspace).await?;
        let mut walk = Walk::after(0, chain::BEGINNING);
        let mut problem = self.walk_chain(workspace, end.seq, &mut walk, outside.as_ref()).await?;
        problem = problem.or_else(|| cut(&walk, &end, beyond.as_ref(), outside.as_ref()));
        if problem.is_none() {
            problem = self.head_beyond(workspace, end.seq).await?;
        }
        let head =
            problem.is_none().then(|| self.signer.sign(workspace, walk.seq, walk.hash, self.platform.clock.now()));
        Ok(Verdict { entries: walk.seq, problem, head })
    }

    fn check_own(&self, head: &SignedHead, workspace: WorkspaceId) -> Result<(), Fault> {
        if head.workspace != workspace {
            return Err(Fault::field("/head/workspace_id", "value", "This head is of another workspace"));
        }
        if head.public_key != *self.signer.public_key() {
            return Err(Fault::field("/head/public_key", "value", "This head was signed by another server"));
        }
        if !head.is_signed() {
            return Err(Fault::field("/head/signature", "value", "The signature of this head is wrong"));
        }
        Ok(())
    }

    /// The end of a chain, and an entry beyond it, which must not be there.
    async fn chain_end(&self, workspace: WorkspaceId) -> Result<(End, Option<Sealed>), Fault> {
        let reading = self.platform.store.read(move |tx| {
            let none = End { seq: 0, hash: chain::BEGINNING.to_vec(), head_seq: 0 };
            let end = audit_chain::end(tx, workspace)?.unwrap_or(none);
            let beyond = audit_chain::walk(tx, workspace, end.seq, i64::MAX, 1)?.pop();
            Ok((end, beyond))
        });
        reading.await
    }

    /// Goes along the chain, page by page, and compares the heads on the way.
    async fn walk_chain(
        &self,
        workspace: WorkspaceId,
        last: i64,
        walk: &mut Walk,
        outside: Option<&SignedHead>,
    ) -> Result<Option<Problem>, Fault> {
        // A number at or below zero is none; the first page would leave it out.
        let mut first = Some(i64::MIN);
        while walk.seq < last {
            let (from, own_key) = (first.take().unwrap_or(walk.seq), *self.signer.public_key());
            let (start, known) = (walk.clone(), outside.cloned());
            let reading = self.platform.store.read(move |tx| {
                let mut next = start.clone();
                let entries = audit_chain::walk(tx, workspace, from, last, PAGE)?;
                let until = entries.last().and_then(|sealed| sealed.entry.seq).unwrap_or(last);
                let stored = audit_heads::heads_from(tx, workspace, from, until, HEADS_PER_PAGE)?;
                let mut heads: Vec<SignedHead> =
                    stored.iter().filter_map(SignedHead::of_stored).filter(|head| head.public_key == own_key).collect();
                heads.extend(known.clone());
                let problem = entries.iter().find_map(|sealed| step(&mut next, sealed, &heads));
                Ok((next, problem, entries.is_empty()))
            });
            let (walked, problem, is_over) = reading.await?;
            *walk = walked;
            if problem.is_some() || is_over {
                return Ok(problem);
            }
        }
        Ok(None)
    }

    /// A head that this server signed for an entry that is not there.
    async fn head_beyond(&self, workspace: WorkspaceId, last: i64) -> Result<Option<Problem>, Fault> {
        let heads =
            self.platform.store.read(move |tx| audit_heads::heads_from(tx, workspace, last, i64::MAX, 1)).await?;
        let head =
            heads.first().and_then(SignedHead::of_stored).filter(|head| head.public_key == *self.signer.public_key());
        // What was sealed and signed since this verification began is no problem.
        let (end, _) = self.chain_end(workspace).await?;
        let beyond = head.filter(|head| head.seq > end.seq && head.is_signed());
        Ok(beyond.map(|head| missing(last + 1, head.seq)))
    }
}

/// Looks at one entry and at the heads that name it.
fn step(walk: &mut Walk, sealed: &Sealed, heads: &[SignedHead]) -> Option<Problem> {
    let entry = &sealed.entry;
    let place = walk.seq + 1;
    let problem = |reason: String| Some(Problem { seq: place, id: Some(entry.id), reason });
    let (Some(seq), Some(prev_hash), Some(hash)) = (entry.seq, &sealed.prev_hash, &sealed.hash) else {
        return problem(Broken::Content.to_string());
    };
    let canonical = chain::canonical(entry, seq, prev_hash);
    if let Err(broken) = walk.step(seq, prev_hash, &canonical, hash) {
        return problem(broken.to_string());
    }
    let head = heads.iter().find(|head| head.seq == seq && (head.hash != walk.hash || !head.is_signed()))?;
    let when = head.at;
    problem(format!("the head that was signed at {when} names another entry: the chain was written anew"))
}

/// Whether the chain ends where its end is noted, and where the outside head says that it went on.
fn cut(walk: &Walk, end: &End, beyond: Option<&Sealed>, outside: Option<&SignedHead>) -> Option<Problem> {
    if let Some(sealed) = beyond {
        let reason = "the entry stands behind the end of the chain".to_owned();
        return Some(Problem { seq: end.seq + 1, id: Some(sealed.entry.id), reason });
    }
    if walk.seq < end.seq {
        return Some(missing(walk.seq + 1, end.seq));
    }
    if end.hash != walk.hash {
        let reason = "the end of the chain is not the hash of its last entry".to_owned();
        return Some(Problem { seq: walk.seq, id: None, reason });
    }
    let head = outside.filter(|head| head.seq > walk.seq)?;
    Some(missing(walk.seq + 1, head.seq))
}

fn missing(first: i64, last: i64) -> Problem {
    Problem { seq: first, id: None, reason: format!("the entries {first} to {last} are missing at the end") }
}
