//! A placement made ready for being asked: everything that can be computed before a user comes is.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Timestamp;
use crate::id::{ExperimentId, PlacementId, ScreenVersionId, VariantId};

use super::super::bucket::{self, HashVersion, Share};
use super::super::filter::Filter;
use super::super::schedule::{self, ScheduledChange};
use super::super::words::{PlacementStatus, Platforms};
use super::Rule;

/// Text that tells the buckets of allocation from those of variants (section 14).
const ALLOCATION_SEED: &str = ":alloc";

/// A placement, ready to be asked.
#[derive(Debug)]
pub struct Placement {
    /// Its id.
    pub id: PlacementId,
    /// Whether it answers with flows, before scheduled changes.
    pub status: PlacementStatus,
    /// Which platforms it is for.
    pub platforms: Platforms,
    /// What it serves unless something else decides, before scheduled changes.
    pub default_version: Option<ScreenVersionId>,
    /// Whom it is for; nobody is left out without one.
    pub audience: Option<Arc<Filter>>,
    /// From when it answers with flows.
    pub active_from: Option<Timestamp>,
    /// Until when, this instant not included.
    pub active_until: Option<Timestamp>,
    /// Changes that are not made yet, by time.
    pub changes: Box<[ScheduledChange]>,
    /// Targeting rules, top to bottom.
    pub rules: Box<[Rule]>,
    /// The share of users that it is rolled out to.
    pub rollout: Option<Rollout>,
    /// The experiment that runs on it.
    pub experiment: Option<Experiment>,
}

/// A gradual rollout: the bucket of a user is of version 2 with the placement's id as the seed.
#[derive(Debug, Clone)]
pub struct Rollout {
    seed: Box<str>,
    share: Share,
    /// What users outside the share see; nothing without one.
    pub fallback: Option<ScreenVersionId>,
}

/// An experiment that runs.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Its id.
    pub id: ExperimentId,
    /// Which hash it uses.
    pub hash: HashVersion,
    /// Its variants by `bucket_order`.
    pub variants: Box<[Variant]>,
    /// Users whose variant was set by hand.
    pub forced: HashMap<Box<str>, VariantId>,
    /// When it ends by itself.
    pub stop_at: Option<Timestamp>,
    id_text: Box<str>,
    seed: Box<str>,
    allocation: Option<Allocation>,
}

/// A variant of an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// Shown name.
    pub name: Box<str>,
    /// What its users see.
    pub version: ScreenVersionId,
    /// Hundredths of a percent.
    pub weight: u32,
}

/// The share of users that an experiment enrols.
#[derive(Debug, Clone)]
pub struct Allocation {
    seed: Box<str>,
    share: Share,
}

impl Placement {
    /// Status and default version at an instant: scheduled changes hold from their time on, also before they are stored as made.
    #[must_use]
    pub fn in_force(&self, now: Timestamp) -> (PlacementStatus, Option<ScreenVersionId>) {
        let (mut status, mut default) = (self.status, self.default_version);
        if !self.changes.is_empty() {
            schedule::apply(schedule::due(&self.changes, now).0, &mut default, &mut status);
        }
        (status, default)
    }

    /// Whether the instant is within the time of the placement; `None` when it has no such time.
    pub(super) fn is_open(&self, now: Timestamp) -> Option<bool> {
        if self.active_from.is_none() && self.active_until.is_none() {
            return None;
        }
        let has_begun = self.active_from.is_none_or(|from| from <= now);
        Some(has_begun && self.active_until.is_none_or(|until| now < until))
    }

    /// Every version that the placement can answer with, each once.
    #[must_use]
    pub fn versions(&self) -> Vec<ScreenVersionId> {
        let changes = self.changes.iter().filter_map(|change| match change.change {
            schedule::Change::Default(version) => version,
            schedule::Change::Status(_) => None,
        });
        let variants = self.experiment.iter().flat_map(|experiment| experiment.variants.iter().map(|one| one.version));
        let rollout = self.rollout.iter().filter_map(|rollout| rollout.fallback);
        let rules = self.rules.iter().map(|rule| rule.version);
        let mut versions: Vec<_> =
            self.default_version.into_iter().chain(changes).chain(variants).chain(rollout).chain(rules).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }
}

impl Rollout {
    /// A rollout of a placement to a share of the users.
    #[must_use]
    pub fn new(placement: PlacementId, share: Share, fallback: Option<ScreenVersionId>) -> Self {
        Self { seed: placement.to_string().into(), share, fallback }
    }

    /// The user's bucket, and whether it is inside.
    pub(super) fn holds(&self, user_id: &str) -> (u32, bool) {
        let bucket = bucket::v2(&self.seed, user_id);
        (bucket, self.share.holds(bucket))
    }
}

impl Experiment {
    /// An experiment that runs. `variants` are sorted by `bucket_order`; `seed` is that of hash version 2; `allocation` is the share of
    /// the users that are enrolled.
    #[must_use]
    pub fn new(
        id: ExperimentId,
        hash: HashVersion,
        seed: &str,
        variants: Vec<Variant>,
        allocation: Option<Share>,
    ) -> Self {
        let id_text: Box<str> = id.to_string().into();
        // Everybody needs no bucket.
        let allocation = allocation
            .filter(|share| *share < Share::ALL)
            .map(|share| Allocation { seed: format!("{id_text}{ALLOCATION_SEED}").into(), share });
        Self {
            id,
            hash,
            variants: variants.into_boxed_slice(),
            forced: HashMap::new(),
            stop_at: None,
            id_text,
            seed: seed.into(),
            allocation,
        }
    }

    /// The user's bucket: 0 to 99 with hash version 1, 0 to 9,999 with 2.
    #[must_use]
    pub fn bucket(&self, user_id: &str) -> u32 {
        match self.hash {
            HashVersion::V1 => bucket::v1(user_id, &self.id_text),
            HashVersion::V2 => bucket::v2(&self.seed, user_id),
        }
    }

    /// Whether the user is in the share that is enrolled.
    #[must_use]
    pub fn is_allocated(&self, user_id: &str) -> bool {
        self.allocation.as_ref().is_none_or(|allocation| allocation.share.holds(bucket::v2(&allocation.seed, user_id)))
    }

    /// A variant by its id.
    #[must_use]
    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    pub(super) fn is_running(&self, now: Timestamp) -> bool {
        self.stop_at.is_none_or(|stop| now < stop)
    }
}
