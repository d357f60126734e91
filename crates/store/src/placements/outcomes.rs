//! Tables `experiment_outcomes` and `experiment_revenue`: what users did who named an experiment and a variant (Placements contract,
//! section 9.4).
//!
//! Assignments and events are both written after their answers, in whatever order. So both tables are filled without looking at
//! assignments, and `results.rs` joins them with what is assigned by then.

use std::collections::{BTreeMap, HashMap, HashSet};

use floe_model::{
    Fault, Scope, Timestamp,
    id::{AppId, ExperimentId, VariantId, WorkspaceId},
};

use super::{experiments, variants};
use crate::{Tx, Value, params, statements};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// What one event can bring at most. More than anybody pays, and far from where sums of squares leave the range of a double, which is an
/// error on PostgreSQL.
const AMOUNT_MAX: f64 = 1e15;

/// What counts for an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// The user saw the variant: `experiment_exposure` or `flow_start`.
    Exposed,
    /// The user came to the end: `flow_complete`.
    Completed,
    /// The user reached a goal: `conversion`.
    Converted,
}

/// What one event says about an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The experiment that it names.
    pub experiment: ExperimentId,
    /// The variant that it names.
    pub variant: VariantId,
    /// Whose event it is.
    pub user_id: String,
    /// What happened.
    pub kind: OutcomeKind,
    /// The event's own time.
    pub at: Timestamp,
    /// What it brought in, and in which currency.
    pub revenue: Option<(f64, Option<String>)>,
}

/// A user in an experiment, by what the user's events said.
type Who<'a> = (ExperimentId, &'a str, VariantId);
/// The first and the last time of each kind.
type Times = [Option<(Timestamp, Timestamp)>; 3];

statements! {
    /// New ones, or wider spans of known ones.
    PUT = bulk(
        "insert into experiment_outcomes as t (workspace_id, mode, app_id, experiment_id, user_id, variant_id, exposed_first, exposed_last,
             completed_first, completed_last, converted_first, converted_last)",
        [id, text, id, id, text, id, opt time, opt time, opt time, opt time, opt time, opt time],
        "on conflict (workspace_id, mode, app_id, experiment_id, user_id, variant_id) do update set
             exposed_first = case when t.exposed_first <= excluded.exposed_first then t.exposed_first
                 else coalesce(excluded.exposed_first, t.exposed_first) end,
             exposed_last = case when t.exposed_last >= excluded.exposed_last then t.exposed_last
                 else coalesce(excluded.exposed_last, t.exposed_last) end,
             completed_first = case when t.completed_first <= excluded.completed_first then t.completed_first
                 else coalesce(excluded.completed_first, t.completed_first) end,
             completed_last = case when t.completed_last >= excluded.completed_last then t.completed_last
                 else coalesce(excluded.completed_last, t.completed_last) end,
             converted_first = case when t.converted_first <= excluded.converted_first then t.converted_first
                 else coalesce(excluded.converted_first, t.converted_first) end,
             converted_last = case when t.converted_last >= excluded.converted_last then t.converted_last
                 else coalesce(excluded.converted_last, t.converted_last) end"
    );
    /// More of it.
    ADD = bulk(
        "insert into experiment_revenue as t (workspace_id, mode, app_id, experiment_id, user_id, variant_id, currency, day, conversions,
             amount)",
        [id, text, id, id, text, id, text, int, int, float],
        "on conflict (workspace_id, mode, app_id, experiment_id, user_id, variant_id, currency, day) do update set
             conversions = t.conversions + excluded.conversions, amount = t.amount + excluded.amount"
    );
    /// Those of an experiment, gone.
    DELETE = both(
        "delete from experiment_outcomes where workspace_id = $1 and mode in ('live', 'test') and app_id = $2 and experiment_id = $3"
    );
    /// What they brought, gone.
    DELETE_REVENUE = both(
        "delete from experiment_revenue where workspace_id = $1 and mode in ('live', 'test') and app_id = $2 and experiment_id = $3"
    );
    /// Those of a user, gone.
    ERASE = both(
        "delete from experiment_outcomes where workspace_id = $1 and mode in ('live', 'test') and app_id = $2
             and experiment_id in (select id from experiments where workspace_id = $1 and app_id = $2) and user_id = $3"
    );
    /// What the user brought, gone.
    ERASE_REVENUE = both(
        "delete from experiment_revenue where workspace_id = $1 and mode in ('live', 'test') and app_id = $2
             and experiment_id in (select id from experiments where workspace_id = $1 and app_id = $2) and user_id = $3"
    );
    /// What the user was given, gone.
    ERASE_ASSIGNMENTS = both(
        "delete from experiment_assignments where workspace_id = $1 and mode in ('live', 'test')
             and experiment_id in (select id from experiments where workspace_id = $1 and app_id = $2) and user_id = $3"
    );
    /// What was set for the user, gone.
    ERASE_OVERRIDES = both(
        "delete from experiment_overrides where workspace_id = $1
             and experiment_id in (select id from experiments where workspace_id = $1 and app_id = $2) and user_id = $3"
    );
}

/// Counts what events said, each event once. What names no started experiment of the app, none of its variants, or happened after its end
/// is left out.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, scope: Scope, app: AppId, outcomes: &[Outcome]) -> Result<(), Fault> {
    let known = Known::read(tx, scope.workspace, app, outcomes)?;
    let mut times: BTreeMap<Who<'_>, Times> = BTreeMap::new();
    let mut revenue: BTreeMap<(Who<'_>, &str, i64), (i64, f64)> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| known.counts(outcome)) {
        let Outcome { experiment, variant, user_id, kind, at, .. } = outcome;
        let who = (*experiment, user_id.as_str(), *variant);
        let span = &mut times.entry(who).or_default()[*kind as usize];
        *span = span.map_or(Some((*at, *at)), |(first, last)| Some((first.min(*at), last.max(*at))));
        if let Some((amount, currency)) = &outcome.revenue {
            let day = at.micros().div_euclid(DAY);
            let sum = revenue.entry((who, currency.as_deref().unwrap_or_default(), day)).or_default();
            *sum = (sum.0 + 1, sum.1 + amount.clamp(-AMOUNT_MAX, AMOUNT_MAX));
        }
    }
    // The maps are sorted: two nodes never wait for each other in a circle.
    let rows: Vec<[Value<'_>; 12]> = times.iter().map(|(who, times)| time_values(scope, app, *who, times)).collect();
    tx.bulk(&PUT, &rows)?;
    let rows: Vec<[Value<'_>; 10]> = revenue
        .iter()
        .map(|((who, currency, day), (conversions, amount))| {
            let [workspace, mode, app, experiment, user, variant] = key_values(scope, app, *who);
            let rest = [Value::Text(currency), (*day).into(), (*conversions).into(), (*amount).into()];
            [workspace, mode, app, experiment, user, variant, rest[0], rest[1], rest[2], rest[3]]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// What is known of the experiments that a list of outcomes names.
struct Known(HashMap<ExperimentId, (Option<Timestamp>, HashSet<VariantId>)>);

impl Known {
    fn read(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, outcomes: &[Outcome]) -> Result<Self, Fault> {
        let named: HashSet<ExperimentId> = outcomes.iter().map(|outcome| outcome.experiment).collect();
        let mut known = HashMap::with_capacity(named.len());
        for id in named {
            let Some(found) = experiments::find(tx, workspace, app, id)?.filter(|one| one.started_at.is_some()) else {
                continue;
            };
            let variants = variants::of(tx, workspace, id)?.into_iter().map(|variant| variant.id).collect();
            known.insert(id, (found.ended_at, variants));
        }
        Ok(Self(known))
    }

    fn counts(&self, outcome: &Outcome) -> bool {
        self.0.get(&outcome.experiment).is_some_and(|(ended_at, variants)| {
            variants.contains(&outcome.variant) && ended_at.is_none_or(|end| outcome.at < end)
        })
    }
}

fn key_values<'a>(scope: Scope, app: AppId, (experiment, user_id, variant): Who<'a>) -> [Value<'a>; 6] {
    [scope.workspace.into(), scope.mode.into(), app.into(), experiment.into(), Value::Text(user_id), variant.into()]
}

fn time_values<'a>(scope: Scope, app: AppId, who: Who<'a>, times: &Times) -> [Value<'a>; 12] {
    let [workspace, mode, app, experiment, user, variant] = key_values(scope, app, who);
    let [exposed, completed, converted] = times.map(|span| {
        let ends = span.unzip();
        [Value::from(ends.0), Value::from(ends.1)]
    });
    [
        workspace,
        mode,
        app,
        experiment,
        user,
        variant,
        exposed[0],
        exposed[1],
        completed[0],
        completed[1],
        converted[0],
        converted[1],
    ]
}

/// Takes those of an experiment away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, experiment: ExperimentId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, app, experiment])?;
    tx.execute(&DELETE_REVENUE, params![workspace, app, experiment]).map(drop)
}

/// Takes away all that the experiments of an app know of a user, in both modes: what the user did and was given, and what was set for the
/// user. Count the change of configuration with it.
///
/// # Errors
/// Of the database.
pub fn erase_user(tx: &mut Tx<'_>, workspace: WorkspaceId, app: AppId, user_id: &str) -> Result<(), Fault> {
    for statement in [&ERASE, &ERASE_REVENUE, &ERASE_ASSIGNMENTS, &ERASE_OVERRIDES] {
        tx.execute(statement, params![workspace, app, user_id])?;
    }
    experiments::forgot_some(tx, workspace, app)
}
