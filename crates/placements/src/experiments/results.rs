//! The results of an experiment (Placements contract, section 9.4).

use std::collections::BTreeMap;

use floe_model::id::{AppId, ExperimentId, VariantId};
use floe_model::placements::experiment::Metric;
use floe_model::placements::stats::{Arm, Judged, Mean, Question, Rate, Verdict, judge};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::placements::overrides;
use floe_store::placements::variants::Variant;

use super::tally::{Counts, Day, Tally};
use super::{Whole, create, get};

/// Days of the series at most: the last ones.
const SERIES_DAYS_MAX: usize = 400;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How results are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Whether only users who saw their variant count.
    pub exposed_only: bool,
    /// Whether the results are looked at again and again.
    pub sequential: bool,
}

/// What users brought in one currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Earned {
    /// Three letters; none where conversions named none.
    pub currency: Option<String>,
    /// The sum.
    pub amount: f64,
    /// The sum by users of the variant.
    pub per_user: Option<f64>,
}

/// One variant.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmResult {
    /// The variant.
    pub variant: VariantId,
    /// Users with an assignment that counts.
    pub enrolled: u64,
    /// Those of them who saw it.
    pub exposed: u64,
    /// Users of the denominator who completed.
    pub completions: u64,
    /// Their share; none without users.
    pub completion_rate: Option<f64>,
    /// Users of the denominator with a conversion.
    pub converted: u64,
    /// Their share; none without users.
    pub conversion_rate: Option<f64>,
    /// What they brought, by currency.
    pub revenue: Vec<Earned>,
    /// Against the control; none for the control and while there is not enough.
    pub judged: Option<Judged>,
}

/// The cumulative state of a variant at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Midnight of the day.
    pub day: Timestamp,
    /// The variant.
    pub variant: VariantId,
    /// Users of the denominator so far.
    pub users: u64,
    /// Completions so far.
    pub completions: u64,
}

impl Point {
    /// The completion rate so far; none without users.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        Rate { users: self.users, hits: self.completions }.share()
    }
}

/// The results.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// The experiment.
    pub whole: Whole,
    /// The verdict, without what is in `arms`.
    pub verdict: Verdict,
    /// The currency that decides about revenue; none while there is no revenue.
    pub currency: Option<String>,
    /// Each variant, the control first.
    pub arms: Vec<ArmResult>,
    /// Days from the first user on, each with every variant.
    pub series: Vec<Point>,
}

/// The results of an experiment in a mode.
///
/// # Errors
/// `not_found`.
pub fn results(tx: &mut Tx<'_>, scope: Scope, app: AppId, id: ExperimentId, look: Look) -> Result<Results, Fault> {
    let whole = get(tx, scope.workspace, app, id)?;
    // Also those who were given a variant by chance before they were named.
    let mut left_out = create::app(tx, scope.workspace, app)?.test_users;
    left_out.extend(overrides::of(tx, scope.workspace, id)?.into_iter().map(|one| one.user_id));
    let counts = Counts::read(tx, scope, &whole, &left_out)?;
    let tallies: Vec<Tally> = whole.variants.iter().map(|variant| counts.of(variant.id, look.exposed_only)).collect();
    let currency = deciding_currency(&tallies);
    let users = |tally: &Tally| if look.exposed_only { tally.exposed } else { tally.enrolled };
    let arm = |(variant, tally): (&Variant, &Tally)| Arm {
        weight: variant.weight,
        users: users(tally),
        completions: tally.completions,
        converted: tally.converted,
        revenue: currency.as_ref().and_then(|currency| tally.revenue.get(currency)).copied().unwrap_or_default(),
    };
    let arms: Vec<Arm> = whole.variants.iter().zip(&tallies).map(arm).collect();
    let experiment = &whole.experiment;
    let question = Question {
        metric: experiment.metric,
        target: experiment.confidence_target,
        weights_changed: experiment.weights_changed_at.is_some(),
        sequential: look.sequential,
    };
    let verdict = judge(&arms, question);
    let series = series(&whole, &tallies);
    let shown = whole.variants.iter().zip(&tallies).zip(&verdict.variants);
    let arms = shown.map(|((variant, tally), judged)| result(variant.id, tally, users(tally), *judged)).collect();
    let currency = currency.filter(|_| experiment.metric == Metric::RevenuePerUser).filter(|text| !text.is_empty());
    Ok(Results { whole, verdict, currency, arms, series })
}

/// Currencies are never added up: the one with the most paying users decides, of equal ones the first by name.
fn deciding_currency(tallies: &[Tally]) -> Option<String> {
    let mut users: BTreeMap<&str, u64> = BTreeMap::new();
    for (currency, mean) in tallies.iter().flat_map(|tally| &tally.revenue) {
        *users.entry(currency).or_default() += mean.users;
    }
    let most = users.values().copied().max()?;
    users.into_iter().find(|(_, users)| *users == most).map(|(currency, _)| currency.to_owned())
}

fn result(variant: VariantId, tally: &Tally, users: u64, judged: Option<Judged>) -> ArmResult {
    let share = |hits: u64| Rate { users, hits }.share();
    let earned = |(currency, mean): (&String, &Mean)| Earned {
        currency: Some(currency.clone()).filter(|text| !text.is_empty()),
        amount: mean.sum,
        per_user: Mean { users, ..*mean }.average(),
    };
    ArmResult {
        variant,
        enrolled: tally.enrolled,
        exposed: tally.exposed,
        completions: tally.completions,
        completion_rate: share(tally.completions),
        converted: tally.converted,
        conversion_rate: share(tally.converted),
        revenue: tally.revenue.iter().map(earned).collect(),
        judged,
    }
}

/// Every day from the first to the last on which something was added, with what there was by its end.
fn series(whole: &Whole, tallies: &[Tally]) -> Vec<Point> {
    let days = || tallies.iter().flat_map(|tally| tally.days.keys().copied());
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return Vec::new() };
    let shown_from = first.max(last.saturating_sub(SERIES_DAYS_MAX as i64 - 1));
    let mut sums: Vec<Day> =
        tallies.iter().map(|tally| sum(tally.days.range(..shown_from).map(|(_, day)| *day))).collect();
    let mut points = Vec::new();
    for day in shown_from..=last {
        for ((variant, tally), so_far) in whole.variants.iter().zip(tallies).zip(&mut sums) {
            *so_far = sum([*so_far, tally.days.get(&day).copied().unwrap_or_default()].into_iter());
            let Day { users, completions } = *so_far;
            points.push(Point { day: Timestamp(day.saturating_mul(DAY)), variant: variant.id, users, completions });
        }
    }
    points
}

fn sum(days: impl Iterator<Item = Day>) -> Day {
    days.fold(Day::default(), |sum, day| Day {
        users: sum.users + day.users,
        completions: sum.completions + day.completions,
    })
}
