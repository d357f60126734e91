//! Numbers about what users did (Placements contract, section 13): counts from the sums of days, people from the events themselves.
//!
//! Start reading with [`Question`], then any of the functions.

mod funnel;

use std::collections::BTreeMap;

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_model::placements::numbers::{
    self, Filter, Overview, Period, PeriodProblem, Point, Retention, Revenue, day_of,
};
use floe_model::{Fault, Scope, Timestamp};
use floe_store::Tx;
use floe_store::placements::day_numbers::{self, Part};
use floe_store::placements::{placements, user_numbers};

pub use funnel::{Funnel, Screen, Test, TestVariant, TimeOnScreen, funnel};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose events, live or test.
    pub scope: Scope,
    /// Of which app.
    pub app: AppId,
    /// Which of its events.
    pub filter: Filter,
}

/// What happened in a period, in all, by placement and by version.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// In all, beside the period before.
    pub overview: Overview,
    /// By placement.
    pub placements: Vec<Part<String>>,
    /// By version.
    pub versions: Vec<Part<(ScreenFlowId, ScreenVersionId)>>,
}

/// The period of a question; what is not given is the last thirty days.
///
/// # Errors
/// 400 for days that are no period.
pub fn period(from: Option<i64>, to: Option<i64>, now: Timestamp) -> Result<Period, Fault> {
    Period::of(from, to, day_of(now)).map_err(|problem| {
        let field = if problem == PeriodProblem::Backwards { "/to" } else { "/from" };
        Fault::field(field, "range", problem.to_string())
    })
}

/// What happened in a period.
///
/// # Errors
/// 404 for an app that is not there.
pub fn overview(tx: &mut Tx<'_>, question: &Question) -> Result<Summary, Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    let before = filter.during(filter.period.before());
    let rows = day_numbers::days(tx, *scope, *app, &filter.during(filter.period.with_before()))?;
    let users = (user_numbers::users(tx, *scope, *app, filter)?, user_numbers::users(tx, *scope, *app, &before)?);
    Ok(Summary {
        overview: numbers::overview(&rows, filter.period, users),
        placements: day_numbers::placements(tx, *scope, *app, filter)?,
        versions: day_numbers::versions(tx, *scope, *app, filter)?,
    })
}

/// The same of one placement, and its days.
///
/// # Errors
/// 404 for an app or a placement that is not there.
pub fn placement(tx: &mut Tx<'_>, question: &Question, key: &str) -> Result<(Summary, Vec<Point>), Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    if placements::find(tx, scope.workspace, *app, key)?.is_none() {
        return Err(Fault::not_found("Placement"));
    }
    let filter = Filter { placement: Some(key.to_owned()), ..filter.clone() };
    let question = Question { filter, ..question.clone() };
    Ok((overview(tx, &question)?, series(tx, &question)?))
}

/// Numbers day by day.
///
/// # Errors
/// 404 for an app that is not there.
pub fn series(tx: &mut Tx<'_>, question: &Question) -> Result<Vec<Point>, Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    let rows = day_numbers::days(tx, *scope, *app, filter)?;
    let users: BTreeMap<i64, i64> = user_numbers::users_by_day(tx, *scope, *app, filter)?;
    Ok(numbers::series(&rows, filter.period, &users))
}

/// What conversions brought in.
///
/// # Errors
/// 404 for an app that is not there.
pub fn revenue(tx: &mut Tx<'_>, question: &Question) -> Result<Revenue, Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    let rows = day_numbers::days(tx, *scope, *app, &filter.during(filter.period.with_before()))?;
    Ok(numbers::revenue(&rows, filter.period, user_numbers::users(tx, *scope, *app, filter)?))
}

/// Who came back.
///
/// # Errors
/// 404 for an app that is not there.
pub fn retention(tx: &mut Tx<'_>, question: &Question, now: Timestamp) -> Result<Retention, Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    Ok(numbers::retention(&user_numbers::cohorts(tx, *scope, *app, filter)?, day_of(now)))
}
