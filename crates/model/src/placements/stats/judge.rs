//! The verdict on a whole experiment: its variants against its control, by the metric that decides it.

use super::{Comparison, DataState, Mean, Rate, Srm, compare, compare_means, holm, srm};
use crate::placements::experiment::Metric;

/// A variant as it was observed. Everything is counted among `users`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Arm {
    /// Its share, in whatever unit.
    pub weight: u32,
    /// Users who count: enrolled, or those of them who saw it.
    pub users: u64,
    /// Those who completed.
    pub completions: u64,
    /// Those with a conversion.
    pub converted: u64,
    /// What they brought in, in the currency that decides.
    pub revenue: Mean,
}

/// How to look at an experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// What decides.
    pub metric: Metric,
    /// The confidence that is wanted, 0 to 1 exclusive.
    pub target: f64,
    /// Whether the weights were changed after the start: then the split says nothing.
    pub weights_changed: bool,
    /// Whether it is looked at again and again.
    pub sequential: bool,
}

/// A variant against the control.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// All numbers.
    pub comparison: Comparison,
    /// p, corrected for all comparisons of the experiment; none where there is only one.
    pub corrected: Option<f64>,
    /// Whether there is a difference.
    pub significant: bool,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether there is enough to say something.
    pub state: DataState,
    /// Whether some variant differs from the control.
    pub significant: bool,
    /// Whether the split can be trusted; none where it cannot be told.
    pub srm: Option<Srm>,
    /// For each variant, the control included; none for the control, and while there is not enough.
    pub variants: Vec<Option<Judged>>,
}

/// Judges the variants of an experiment, the control first.
#[must_use]
pub fn judge(arms: &[Arm], question: Question) -> Verdict {
    let state = DataState::of(arms.iter().map(|arm| arm.users));
    let split: Vec<(u64, u32)> = arms.iter().map(|arm| (arm.users, arm.weight)).collect();
    let srm = if question.weights_changed { None } else { srm(&split) };
    let (Some((control, others)), DataState::Sufficient) = (arms.split_first(), state) else {
        return Verdict { state, significant: false, srm, variants: vec![None; arms.len()] };
    };
    let comparisons: Vec<Comparison> = others.iter().map(|arm| against(control, arm, question)).collect();
    let p_values: Vec<f64> = comparisons.iter().map(|one| one.p_value).collect();
    let corrected = if comparisons.len() > 1 { Some(holm(&p_values)) } else { None };
    let judged = comparisons.into_iter().enumerate().map(|(at, comparison)| {
        let corrected = corrected.as_ref().map(|list| list[at]);
        let confidence = 1.0 - corrected.unwrap_or(comparison.p_value);
        let significant =
            if question.sequential { comparison.is_sequentially_significant() } else { confidence >= question.target };
        Some(Judged { comparison, corrected, significant })
    });
    let variants: Vec<Option<Judged>> = std::iter::once(None).chain(judged).collect();
    let significant = variants.iter().flatten().any(|one| one.significant);
    Verdict { state, significant, srm, variants }
}

fn against(control: &Arm, arm: &Arm, Question { metric, target, .. }: Question) -> Comparison {
    let rate = |arm: &Arm, hits: u64| Rate { users: arm.users, hits: hits.min(arm.users) };
    match metric {
        Metric::CompletionRate => compare(rate(control, control.completions), rate(arm, arm.completions), target),
        Metric::ConversionRate => compare(rate(control, control.converted), rate(arm, arm.converted), target),
        Metric::RevenuePerUser => {
            let mean = |arm: &Arm| Mean { users: arm.users, ..arm.revenue };
            compare_means(mean(control), mean(arm), target)
        }
    }
}
