//! Users who keep the variant that they were given although the weights were changed since (Placements contract, section 9.2).
//!
//! As long as nobody changes the weights, the hash gives every user the stored variant. After a change it does not for some of those
//! who were enrolled before, and these are held in memory: 64 bits of a hash of the user, and the number of the variant.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};

use floe_model::id::{ExperimentId, VariantId, WorkspaceId};
use floe_model::placements::decide::{Experiment, Nothing, choose};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_store::Store;
use floe_store::placements::assignments;

/// Pages of stored assignments that are read for one experiment and mode at most: ten million users.
const PAGES_MAX: usize = 1_000;
/// How far back a later look begins: assignments are written some time after they were made.
const OVERLAP_S: i64 = 60;

/// Those users of one experiment.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Of which experiment.
    pub(super) experiment: ExperimentId,
    /// The change of the weights for which it was read.
    pub(super) changed_at: Timestamp,
    /// When it was read.
    pub(super) read_at: Timestamp,
    /// How often stored assignments had been taken away then.
    forgotten: i64,
    modes: [HashMap<u64, u8>; 2],
}

impl Kept {
    /// The variant of a user, if it is another one than the hash gives.
    pub(super) fn variant(&self, mode: Mode, user_id: &str, experiment: &Experiment) -> Option<VariantId> {
        let users = &self.modes[usize::from(mode == Mode::Test)];
        if users.is_empty() {
            return None;
        }
        let index = users.get(&digest(user_id))?;
        experiment.variants.get(usize::from(*index)).map(|variant| variant.id)
    }

    /// Reads what is stored. What was read for the same weights before is gone on from, unless something was taken away since: `forgotten`
    /// is how often that happened.
    pub(super) async fn read(
        store: &Store,
        workspace: WorkspaceId,
        experiment: &Experiment,
        (changed_at, forgotten): (Timestamp, i64),
        before: Option<&Self>,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let goes_on = |before: &&Self| {
            before.experiment == experiment.id && before.changed_at == changed_at && before.forgotten == forgotten
        };
        let before = before.filter(goes_on);
        let since = before.map_or(Timestamp(0), |before| before.read_at.plus_seconds(-OVERLAP_S));
        let modes = before.map(|before| before.modes.clone()).unwrap_or_default();
        let mut kept = Self { experiment: experiment.id, changed_at, read_at: now, forgotten, modes };
        for (index, mode) in [Mode::Live, Mode::Test].into_iter().enumerate() {
            let scope = Scope { workspace, mode };
            let mut after = (since, String::new());
            for _ in 0..PAGES_MAX {
                let (id, from) = (experiment.id, after.clone());
                let page = store
                    .read(move |tx| assignments::after(tx, scope, id, (from.0, &from.1), assignments::PAGE_MAX))
                    .await?;
                for one in &page {
                    kept.note(index, experiment, &one.user_id, one.variant);
                }
                match page.last() {
                    Some(last) if page.len() == assignments::PAGE_MAX => {
                        after = (last.assigned_at, last.user_id.clone());
                    }
                    _ => break,
                }
            }
        }
        Ok(kept)
    }

    fn note(&mut self, mode: usize, experiment: &Experiment, user_id: &str, variant: VariantId) {
        let by_hash = choose(experiment, user_id, &Nothing).map(|chosen| chosen.variant.id);
        if by_hash == Some(variant) {
            return;
        }
        let index = experiment.variants.iter().position(|one| one.id == variant);
        if let Some(index) = index.and_then(|index| u8::try_from(index).ok()) {
            self.modes[mode].insert(digest(user_id), index);
        }
    }
}

/// 64 bits of a user: two of a million users share them once in about forty million experiments.
fn digest(user_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(user_id.as_bytes());
    hasher.finish()
}
