//! The way through the screens of one version, from the table `placement_events` (Placements contract, section 13). A session is that of
//! one user: two users with the same session id are two sessions.

use floe_model::id::AppId;
use floe_model::placements::numbers::Filter;
use floe_model::{Fault, Scope};

use super::event_filter::{narrowed, values};
use crate::{Tx, Value, statements};

/// Screens, and variants of tests inside of a flow, that are told apart in one answer.
pub const ROWS_MAX: usize = 1_000;

/// Sessions that saw a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The screen.
    pub screen: String,
    /// A name that events gave it.
    pub name: Option<String>,
    /// The lowest place at which it was shown.
    pub index: Option<i64>,
    /// How many sessions.
    pub sessions: i64,
}

/// How long a screen was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// The screen.
    pub screen: String,
    /// How often that was measured.
    pub count: i64,
    /// Milliseconds on average.
    pub mean_ms: f64,
    /// Milliseconds in the middle.
    pub median_ms: f64,
}

/// What became of the sessions with one variant of a test inside of the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The node.
    pub node: String,
    /// The variant.
    pub variant: String,
    /// How many sessions.
    pub sessions: i64,
    /// Their `flow_complete`.
    pub completions: i64,
    /// Their `conversion`.
    pub conversions: i64,
}

/// How often the sessions of a test have an event of a type, in the same days and version.
macro_rules! of_session {
    ($event_type:literal) => {
        concat!(
            "cast(sum((select count(*) from placement_events c where c.workspace_id = $1 and c.mode = $2 and c.app_id = $3
                 and c.user_id = t.user_id and c.session_id = t.session_id and c.event_type = '", $event_type, "'
                 and c.at >= $4 and c.at < $5 and c.flow_version_id = $8 and ($14 or not c.is_debug))) as bigint)"
        )
    };
}

macro_rules! tested {
    ($from:literal, $node:literal, $variant:literal) => {
        concat!(
            "select t.node, t.variant, count(*), ",
            of_session!("flow_complete"),
            ", ",
            of_session!("conversion"),
            " from (select distinct ",
            $node,
            " as node, ",
            $variant,
            " as variant, e.user_id, e.session_id
                 from (select e.user_id, e.session_id, e.ab_assignments",
            narrowed!(),
            " and e.flow_version_id = $8 and e.ab_assignments is not null) e, ",
            $from,
            ") t
             group by t.node, t.variant order by t.node, t.variant limit $15"
        )
    };
}

statements! {
    /// Sessions with an event of a type.
    SESSIONS = both(concat!(
        "select count(*) from (select distinct e.user_id, e.session_id", narrowed!(),
        " and e.flow_version_id = $8 and e.event_type = $15) s"
    )) -> [int];
    /// Sessions by screen.
    SEEN = both(concat!(
        "select s.screen_id, max(s.screen_name), min(s.screen_index), count(*) from (
             select e.screen_id, e.user_id, e.session_id, max(e.screen_name) as screen_name, min(e.screen_index) as screen_index",
        narrowed!(), " and e.flow_version_id = $8 and e.event_type = 'screen_view' and e.screen_id is not null
             group by e.screen_id, e.user_id, e.session_id) s
         group by s.screen_id order by s.screen_id limit $15"
    )) -> [text, opt text, opt int, int];
    /// Exits by screen.
    EXITS = both(concat!(
        "select e.screen_id, count(*)", narrowed!(),
        " and e.flow_version_id = $8 and e.event_type = 'flow_exit' and e.screen_id is not null
         group by e.screen_id order by e.screen_id limit $15"
    )) -> [text, int];
    /// How long screens were looked at: all of it, and the one or two values in the middle.
    TIMES = both(concat!(
        "select s.screen_id, max(s.n), max(s.mean), avg(cast(s.ms as double precision)) from (
             select e.screen_id, e.time_on_screen_ms as ms,
                 row_number() over (partition by e.screen_id order by e.time_on_screen_ms) as place,
                 count(*) over (partition by e.screen_id) as n,
                 avg(cast(e.time_on_screen_ms as double precision)) over (partition by e.screen_id) as mean",
        narrowed!(), " and e.flow_version_id = $8 and e.event_type = 'screen_exit' and e.screen_id is not null
             and e.time_on_screen_ms is not null) s
         where s.place = (s.n + 1) / 2 or s.place = (s.n + 2) / 2
         group by s.screen_id order by s.screen_id limit $15"
    )) -> [text, int, float, float];
    /// Tests inside of the flow.
    TESTED = split {
        sqlite: tested!("json_each(e.ab_assignments) j", "j.key", "cast(j.value as text)"),
        postgres: tested!("jsonb_each_text(e.ab_assignments::jsonb) j", "j.key", "j.value"),
    } -> [text, text, int, int, int];
}

/// Sessions with an event of a type.
///
/// # Errors
/// Of the database.
pub fn sessions(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter, event_type: &str) -> Result<i64, Fault> {
    let mut values = values(scope, app, filter, filter.period.begins());
    values.push(event_type.into());
    Ok(tx.row(&SESSIONS, &values, |row| row.int(0))?.unwrap_or(0))
}

/// Sessions by the screens that they saw.
///
/// # Errors
/// Of the database.
pub fn seen(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<Seen>, Fault> {
    tx.rows(&SEEN, &limited(scope, app, filter), |row| {
        Ok(Seen { screen: row.string(0)?, name: row.opt_string(1)?, index: row.opt_int(2)?, sessions: row.int(3)? })
    })
}

/// How often the flow was left, by screen.
///
/// # Errors
/// Of the database.
pub fn exits(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<(String, i64)>, Fault> {
    tx.rows(&EXITS, &limited(scope, app, filter), |row| Ok((row.string(0)?, row.int(1)?)))
}

/// How long screens were looked at.
///
/// # Errors
/// Of the database.
pub fn times(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<Time>, Fault> {
    tx.rows(&TIMES, &limited(scope, app, filter), |row| {
        Ok(Time { screen: row.string(0)?, count: row.int(1)?, mean_ms: row.float(2)?, median_ms: row.float(3)? })
    })
}

/// Tests inside of the flow, by node and variant.
///
/// # Errors
/// Of the database.
pub fn tested(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<Tested>, Fault> {
    tx.rows(&TESTED, &limited(scope, app, filter), |row| {
        Ok(Tested {
            node: row.string(0)?,
            variant: row.string(1)?,
            sessions: row.int(2)?,
            completions: row.int(3)?,
            conversions: row.int(4)?,
        })
    })
}

fn limited(scope: Scope, app: AppId, filter: &Filter) -> Vec<Value<'_>> {
    let mut values = values(scope, app, filter, filter.period.begins());
    values.push(ROWS_MAX.into());
    values
}
