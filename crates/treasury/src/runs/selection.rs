//! Digests of what is approved: the content of a run, and a choice among its candidates.

use floe_model::id::CandidateId;
use floe_store::treasury::candidates::Candidate;
use sha2::{Digest, Sha256};

/// A digest of whom all candidates of a run pay, at which account, and how much. What is released must be what people saw: it is taken
/// when a run comes to approval, and compared at the release.
pub(crate) fn content_hash(candidates: &[Candidate]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for candidate in candidates {
        hash.update(candidate.id.0.to_be_bytes());
        hash.update(candidate.amount.0.to_be_bytes());
        let Candidate { beneficiary_name, account_number, institution_code, purpose, .. } = candidate;
        for text in [beneficiary_name, account_number, institution_code, purpose.as_deref().unwrap_or("")] {
            // With its length, so that no text runs into the next one.
            hash.update(text.len().to_be_bytes());
            hash.update(text.as_bytes());
        }
    }
    hash.finalize().into()
}

/// A digest of a choice, whatever its order.
pub(crate) fn selection_hash(chosen: impl IntoIterator<Item = CandidateId>) -> [u8; 32] {
    let mut ids: Vec<u128> = chosen.into_iter().map(|id| id.0).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.to_be_bytes());
    }
    hash.finalize().into()
}
