//! The way through the screens of one version, and the tests inside of it.

use floe_model::Fault;
use floe_model::id::ScreenVersionId;
use floe_model::placements::numbers::share;
use floe_store::Tx;
use floe_store::placements::funnel::{self as table, Seen, Tested, Time};
use floe_store::placements::versions;
use serde::Serialize;

use super::Question;

/// The way through one version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Funnel {
    /// The version.
    pub flow_version_id: ScreenVersionId,
    /// Sessions with `flow_start`.
    pub sessions: i64,
    /// Sessions with `flow_complete`.
    pub completed: i64,
    /// Completed ones of all; none without sessions.
    pub completion_rate: Option<f64>,
    /// Screens by their lowest place.
    pub screens: Vec<Screen>,
    /// Tests inside of the flow, by node.
    pub in_flow_tests: Vec<Test>,
}

/// One screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Screen {
    /// Its id in the flow.
    pub screen_id: String,
    /// A name that events gave it.
    pub screen_name: Option<String>,
    /// The lowest place at which it was shown.
    pub screen_index: Option<i64>,
    /// Sessions that saw it.
    pub sessions: i64,
    /// Those of all sessions.
    pub reach: Option<f64>,
    /// `flow_exit` there.
    pub exits: i64,
    /// Exits of the sessions that saw it.
    pub drop_off: Option<f64>,
    /// How long it was looked at; none where that was not measured.
    pub time_on_screen_ms: Option<TimeOnScreen>,
}

/// How long a screen was looked at, milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeOnScreen {
    /// How often that was measured.
    pub count: i64,
    /// On average.
    pub mean: f64,
    /// In the middle.
    pub median: f64,
}

/// A test inside of the flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Test {
    /// The node.
    pub node_id: String,
    /// What became of each variant.
    pub variants: Vec<TestVariant>,
}

/// What became of the sessions with a variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestVariant {
    /// Its id in the flow.
    pub variant_id: String,
    /// How many sessions.
    pub sessions: i64,
    /// Their `flow_complete`.
    pub completions: i64,
    /// Completions of sessions.
    pub completion_rate: Option<f64>,
    /// Their `conversion`.
    pub conversions: i64,
}

/// The way through the version of the question.
///
/// # Errors
/// 404 for an app, or a version of it, that is not there; 400 for a question without a version.
pub fn funnel(tx: &mut Tx<'_>, question: &Question) -> Result<Funnel, Fault> {
    let Question { scope, app, filter } = question;
    crate::apps::require(tx, scope.workspace, *app)?;
    let version = filter.version.ok_or_else(|| {
        Fault::field("/flow_version_id", "required", "flow_version_id is required: a funnel is of one version")
    })?;
    if !versions::is_of_app(tx, scope.workspace, *app, version)? {
        return Err(Fault::not_found("Version"));
    }
    let sessions = table::sessions(tx, *scope, *app, filter, "flow_start")?;
    let completed = table::sessions(tx, *scope, *app, filter, "flow_complete")?;
    let seen = table::seen(tx, *scope, *app, filter)?;
    let exits = table::exits(tx, *scope, *app, filter)?;
    let times = table::times(tx, *scope, *app, filter)?;
    Ok(Funnel {
        flow_version_id: version,
        sessions,
        completed,
        completion_rate: share(completed, sessions),
        screens: screens(sessions, seen, &exits, &times),
        in_flow_tests: tests_of(table::tested(tx, *scope, *app, filter)?),
    })
}

/// Screens in the order in which people came to them; those whose place nobody told are last.
fn screens(sessions: i64, seen: Vec<Seen>, exits: &[(String, i64)], times: &[Time]) -> Vec<Screen> {
    let mut screens: Vec<Screen> = seen
        .into_iter()
        .map(|one| {
            let left = exits.iter().find(|(screen, _)| *screen == one.screen).map_or(0, |(_, exits)| *exits);
            let time = times.iter().find(|time| time.screen == one.screen);
            Screen {
                reach: share(one.sessions, sessions),
                exits: left,
                drop_off: share(left, one.sessions),
                time_on_screen_ms: time.map(|time| TimeOnScreen {
                    count: time.count,
                    mean: time.mean_ms,
                    median: time.median_ms,
                }),
                screen_id: one.screen,
                screen_name: one.name,
                screen_index: one.index,
                sessions: one.sessions,
            }
        })
        .collect();
    screens.sort_by(|a, b| {
        let place = |screen: &Screen| screen.screen_index.unwrap_or(i64::MAX);
        place(a).cmp(&place(b)).then_with(|| a.screen_id.cmp(&b.screen_id))
    });
    screens
}

/// Rows in order of their nodes, put together by node.
fn tests_of(rows: Vec<Tested>) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for row in rows {
        let variant = TestVariant {
            variant_id: row.variant,
            sessions: row.sessions,
            completions: row.completions,
            completion_rate: share(row.completions, row.sessions),
            conversions: row.conversions,
        };
        match tests.last_mut().filter(|test| test.node_id == row.node) {
            Some(test) => test.variants.push(variant),
            None => tests.push(Test { node_id: row.node, variants: vec![variant] }),
        }
    }
    tests
}
