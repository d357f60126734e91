//! What a user sees at a placement: the resolution order as one pure function (Placements contract, sections 7, 9.2 and 14).
//!
//! [`decide`] is called for every resolve and allocates nothing; [`explain`] goes the same way and writes down each step. Both take
//! the placement as it was made ready by [`Placement`] and the time as an argument, so a simulation at another time is the same call.

mod explanation;
mod placement;
mod rules;

use crate::Timestamp;
use crate::id::{ExperimentId, ScreenVersionId, TargetingRuleId, VariantId};
use crate::words::words;

use super::bucket::{self, HashVersion};
use super::filter::{Filter, Subject};
use super::words::{NoFlow, PlacementStatus};

pub use explanation::{Explanation, Step};
pub use placement::{Allocation, Experiment, Placement, Rollout, Variant};
pub use rules::{RULE_NAME_CHARS_MAX, RULES_MAX, Rule, RuleAudience, RuleSpec};

use explanation::{Recorder, Silent, Trace};

words! {
    /// What made a placement answer with a flow.
    Source {
        /// A targeting rule.
        Rule = "rule",
        /// The version for users outside the rolled out share.
        RolloutFallback = "rollout_fallback",
        /// A variant of the running experiment.
        Experiment = "experiment",
        /// The default version.
        Default = "default",
    }

    /// How a user came to a variant (section 7.2).
    By {
        /// By the bucket.
        Hash = "hash",
        /// As before.
        Stored = "stored",
        /// Somebody said so.
        Forced = "forced",
    }
}

/// What is known about a user beyond the request. It is asked only when an experiment is reached.
pub trait Known {
    /// The stored variant of the user, if there is one; `None` lets the hash decide.
    fn assigned(&self, experiment: ExperimentId) -> Option<VariantId>;

    /// Whether the app names the user as one of its test users, who are left out of results.
    fn is_test_user(&self) -> bool;
}

/// Nothing is known: an export, or a flow without experiments.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Known for Nothing {
    fn assigned(&self, _: ExperimentId) -> Option<VariantId> {
        None
    }

    fn is_test_user(&self) -> bool {
        false
    }
}

/// What a placement answers to a user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision<'p> {
    /// This version.
    Flow(Served<'p>),
    /// Nothing, and why.
    NoFlow(NoFlow),
}

/// The version that is served, and how it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served<'p> {
    /// Which one.
    pub version: ScreenVersionId,
    /// By what.
    pub source: Source,
    /// The targeting rule, when it was one.
    pub rule: Option<TargetingRuleId>,
    /// The variant, when the experiment decided.
    pub chosen: Option<Chosen<'p>>,
}

/// The variant that a user has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen<'p> {
    /// Of which experiment.
    pub experiment: &'p Experiment,
    /// Which one.
    pub variant: &'p Variant,
    /// The user's bucket: 0 to 99 with hash version 1, 0 to 9,999 with 2.
    pub bucket: u32,
    /// How the user came to it.
    pub by: By,
    /// To be stored as forced, and left out of results: an override or a test user.
    pub is_forced: bool,
}

impl PartialEq for Experiment {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What the user sees at the placement.
#[must_use]
pub fn decide<'p>(
    placement: &'p Placement,
    subject: &Subject<'_>,
    known: &(impl Known + ?Sized),
    now: Timestamp,
) -> Decision<'p> {
    walk(placement, subject, known, now, &mut Silent)
}

/// As [`decide`], with each step on the way (section 7.2).
#[must_use]
pub fn explain<'p>(
    placement: &'p Placement,
    subject: &Subject<'_>,
    known: &(impl Known + ?Sized),
    now: Timestamp,
) -> (Decision<'p>, Explanation) {
    let mut recorder = Recorder::default();
    recorder.step("placement", true);
    let decision = walk(placement, subject, known, now, &mut recorder);
    let explanation = recorder.finish(&decision);
    (decision, explanation)
}

/// What an export answers: the default version, whoever asks and whatever the placement's status is (section 11.2).
#[must_use]
pub fn decide_export(placement: &Placement, now: Timestamp) -> Decision<'_> {
    default_version(placement.in_force(now).1)
}

fn walk<'p>(
    placement: &'p Placement,
    subject: &Subject<'_>,
    known: &(impl Known + ?Sized),
    now: Timestamp,
    trace: &mut impl Trace,
) -> Decision<'p> {
    let (status, default) = placement.in_force(now);
    if !trace.step("status", status == PlacementStatus::Active) {
        return Decision::NoFlow(NoFlow::PlacementPaused);
    }
    if !trace.step("platform", placement.platforms.has(subject.platform)) {
        return Decision::NoFlow(NoFlow::PlatformMismatch);
    }
    if let Some(is_open) = placement.is_open(now)
        && !trace.step("schedule", is_open)
    {
        return Decision::NoFlow(NoFlow::ScheduleInactive);
    }
    for rule in &placement.rules {
        if trace.rule(rule, subject) {
            return served(rule.version, Source::Rule, Some(rule.id), None);
        }
    }
    if let Some(rollout) = &placement.rollout
        && !trace.bucket_step("rollout", rollout.holds(subject.user_id))
    {
        return match rollout.fallback {
            Some(version) => served(version, Source::RolloutFallback, None, None),
            None => Decision::NoFlow(NoFlow::RolloutExcluded),
        };
    }
    if let Some(audience) = &placement.audience
        && !trace.filter("audience", audience, subject)
    {
        return Decision::NoFlow(NoFlow::AudienceMismatch);
    }
    if let Some(experiment) = placement.experiment.as_ref().filter(|experiment| experiment.is_running(now)) {
        let chosen = choose(experiment, subject.user_id, known);
        trace.step("experiment", chosen.is_some());
        if let Some(chosen) = chosen {
            return served(chosen.variant.version, Source::Experiment, None, Some(chosen));
        }
    }
    trace.step("default", default.is_some());
    default_version(default)
}

fn default_version<'p>(version: Option<ScreenVersionId>) -> Decision<'p> {
    version.map_or(Decision::NoFlow(NoFlow::NoDefaultFlow), |version| served(version, Source::Default, None, None))
}

const fn served(
    version: ScreenVersionId,
    source: Source,
    rule: Option<TargetingRuleId>,
    chosen: Option<Chosen<'_>>,
) -> Decision<'_> {
    Decision::Flow(Served { version, source, rule, chosen })
}

/// The variant of a user: forced, else stored, else by the bucket; `None` outside the allocated share (sections 9.2 and 14).
#[must_use]
pub fn choose<'p>(experiment: &'p Experiment, user_id: &str, known: &(impl Known + ?Sized)) -> Option<Chosen<'p>> {
    let bucket = experiment.bucket(user_id);
    let chosen = |variant, by, is_forced| Some(Chosen { experiment, variant, bucket, by, is_forced });
    if let Some(variant) = experiment.forced.get(user_id).and_then(|id| experiment.variant(*id)) {
        return chosen(variant, By::Forced, true);
    }
    let is_test_user = known.is_test_user();
    if let Some(variant) = known.assigned(experiment.id).and_then(|id| experiment.variant(id)) {
        return chosen(variant, By::Stored, is_test_user);
    }
    if !experiment.is_allocated(user_id) {
        return None;
    }
    let of_10_000 = match experiment.hash {
        HashVersion::V1 => bucket * (bucket::V2_BUCKETS / bucket::V1_BUCKETS),
        HashVersion::V2 => bucket,
    };
    let index = bucket::choose(experiment.variants.iter().map(|variant| variant.weight), of_10_000)?;
    chosen(&experiment.variants[index], By::Hash, is_test_user)
}

#[cfg(test)]
mod tests;
