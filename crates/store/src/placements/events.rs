//! Table `placement_events`: what apps reported, each event once (Placements contract, section 5).

use std::borrow::Cow;
use std::collections::HashSet;

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_model::placements::Platform;
use floe_model::placements::event::{Entry, Event, Shown};
use floe_model::{Fault, Mode, Scope, Timestamp};

use crate::{Row, Tx, Value, params, statements};

/// Events of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Events that one list looks at: a filter that few pass gives few events instead of a long wait.
pub const LOOKED_AT_MAX: usize = 20_000;
/// Columns of a row.
const COLUMNS: usize = 27;

/// Which events of an app are meant; an empty filter means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One user.
    pub user_id: Option<String>,
    /// One type.
    pub event_type: Option<String>,
    /// One placement.
    pub placement_id: Option<String>,
    /// One version of a flow.
    pub flow_version: Option<ScreenVersionId>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// Where a page of an export ends: time and position of its last event.
pub type Mark = (Timestamp, i64);

/// The columns of an event, in the order in which they are read and written.
macro_rules! columns {
    () => {
        "workspace_id, mode, app_id, id, event_type, at, received_at, user_id, session_id, device_platform, placement_id, flow_id,
         flow_version_id, experiment_id, variant_id, screen_id, screen_name, screen_index, time_on_screen_ms, revenue, currency,
         app_version, country, is_debug, reason, ab_assignments, more, position"
    };
}

/// Events among the newest ones of a part of an app. `$1` to `$3` are the app, `$4` a user or type of which all are, `$5` and `$6` the
/// time, `$7` how many are looked at, `$8` to `$11` what else is asked of them.
macro_rules! among {
    ($what:expr, $part:literal, $end:literal) => {
        concat!(
            "select ", $what, " from (select ", columns!(), " from placement_events where workspace_id = $1 and mode = $2 and app_id = $3 and ", $part,
            " and at >= $5 and at < $6 order by at desc, position desc limit $7) as looked
             where (user_id = $8 or $8 is null) and (event_type = $9 or $9 is null) and (placement_id = $10 or $10 is null)
                 and (flow_version_id = $11 or $11 is null)", $end
        )
    };
}

/// One page of a list.
macro_rules! page {
    ($part:literal) => {
        among!(columns!(), $part, " order by at desc, position desc limit $12 offset $13")
    };
}

/// One page of an export: events of a part of an app, oldest first.
macro_rules! export {
    ($part:literal) => {
        concat!(
            "select ",
            columns!(),
            " from placement_events
             where workspace_id = $1 and mode = $2 and app_id = $3 and ",
            $part,
            " and at >= $5 and at < $6 and (at, position) > ($5, $7)
             order by at, position limit $8"
        )
    };
}

statements! {
    /// Adds events that are not there.
    ADD = bulk(
        "insert into placement_events (workspace_id, mode, app_id, id, event_type, at, received_at, user_id, session_id,
             device_platform, placement_id, flow_id, flow_version_id, experiment_id, variant_id, screen_id, screen_name, screen_index,
             time_on_screen_ms, revenue, currency, app_version, country, is_debug, reason, ab_assignments, more)",
        [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
         opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json],
        "on conflict (app_id, id) do nothing"
    );
    /// The last position.
    LAST = both("select position from placement_events order by position desc limit 1") -> [int];
    /// Which events came after a position.
    AFTER = both("select app_id, id from placement_events where position > $1") -> [id, id];
    /// Newest events of an app. (`$4` has no meaning.)
    OF_APP = both(page!("$4 = ''"))
        -> [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
            opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json, int];
    /// Newest events of a user.
    OF_USER = both(page!("user_id = $4"))
        -> [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
            opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json, int];
    /// Newest events of a type.
    OF_TYPE = both(page!("event_type = $4"))
        -> [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
            opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json, int];
    /// How many they are.
    COUNT_OF_APP = both(among!("count(*)", "$4 = ''", "")) -> [int];
    /// How many they are.
    COUNT_OF_USER = both(among!("count(*)", "user_id = $4", "")) -> [int];
    /// How many they are.
    COUNT_OF_TYPE = both(among!("count(*)", "event_type = $4", "")) -> [int];
    /// Events of an app, oldest first. (`$4` has no meaning.)
    EXPORT_APP = both(export!("$4 = ''"))
        -> [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
            opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json, int];
    /// Events of a user, oldest first.
    EXPORT_USER = both(export!("user_id = $4"))
        -> [id, text, id, id, text, time, time, text, text, text, opt text, opt id, opt id, opt text, opt text, opt text, opt text,
            opt int, opt int, opt float, opt text, opt text, opt text, bool, opt text, opt json, json, int];
    /// Removes events of a user.
    ERASE = both(
        "delete from placement_events where position in (
             select position from placement_events
             where workspace_id = $1 and mode = $2 and app_id = $3 and user_id = $4 and received_at <= $5 order by at limit $6)"
    );
    /// Removes events of an app.
    REMOVE = both(
        "delete from placement_events where position in (
             select position from placement_events where workspace_id = $1 and mode = $2 and app_id = $3 order by at limit $4)"
    );
    /// The oldest events, with the times at which they came in.
    OLDEST = both("select position, received_at from placement_events order by position limit $1") -> [int, time];
    /// Removes the oldest events.
    PURGE = both("delete from placement_events where position <= $1");
}

/// Adds events, and tells which were not there before: of equal ids within `entries` the first one counts.
///
/// Whoever calls this holds the right to enter events ([`super::event_journal::take`]), so nobody else adds any meanwhile.
///
/// # Errors
/// Of the database.
pub fn add(tx: &mut Tx<'_>, entries: &[Entry<'_>]) -> Result<Vec<bool>, Fault> {
    let before = tx.row(&LAST, &[], |row| row.int(0))?.unwrap_or(0);
    let rows: Vec<[Value<'_>; COLUMNS]> = entries.iter().map(values).collect();
    if tx.bulk(&ADD, &rows)? == entries.len() as u64 {
        return Ok(vec![true; entries.len()]);
    }
    let mut new: HashSet<(u128, u128)> =
        tx.rows(&AFTER, params![before], |row| Ok((row.id(0)?, row.id(1)?)))?.into_iter().collect();
    Ok(entries.iter().map(|entry| new.remove(&(entry.event.app.0, entry.event.id))).collect())
}

fn values<'v>(entry: &'v Entry<'_>) -> [Value<'v>; COLUMNS] {
    let Entry { scope, received_at, event } = entry;
    let text = |text: &'v Option<Cow<'_, str>>| Value::from(text.as_deref());
    [
        scope.workspace.into(),
        scope.mode.into(),
        event.app.0.into(),
        event.id.into(),
        event.kind.as_ref().into(),
        event.at.into(),
        (*received_at).into(),
        event.user_id.as_ref().into(),
        event.session_id.as_ref().into(),
        event.platform.as_str().into(),
        text(&event.placement),
        event.flow.map(|id| id.0).into(),
        event.version.map(|id| id.0).into(),
        text(&event.experiment),
        text(&event.variant),
        text(&event.screen_id),
        text(&event.screen_name),
        event.screen_index.into(),
        event.time_on_screen_ms.into(),
        event.revenue.into(),
        text(&event.currency),
        text(&event.app_version),
        text(&event.country),
        event.is_debug.into(),
        text(&event.reason),
        text(&event.ab_assignments),
        event.more.as_ref().into(),
    ]
}

/// Up to `limit` ([`PAGE_MAX`] at most) events, newest first, and how many there are among the [`LOOKED_AT_MAX`] newest ones.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    filter: &Filter,
    limit: usize,
    offset: usize,
) -> Result<(Vec<Shown<'static>>, u64), Fault> {
    let (page, count, part) = match (&filter.user_id, &filter.event_type) {
        (Some(user), _) => (&OF_USER, &COUNT_OF_USER, user.as_str()),
        (None, Some(kind)) => (&OF_TYPE, &COUNT_OF_TYPE, kind.as_str()),
        (None, None) => (&OF_APP, &COUNT_OF_APP, ""),
    };
    let (since, until) = times(filter);
    let Filter { user_id, event_type, placement_id, flow_version, .. } = filter;
    let version = flow_version.map(|id| id.0);
    let looked = params![
        scope.workspace,
        scope.mode,
        app.0,
        part,
        since,
        until,
        LOOKED_AT_MAX,
        user_id,
        event_type,
        placement_id,
        version
    ];
    let total = tx.row(count, looked, |row| row.int(0))?.unwrap_or(0).unsigned_abs();
    let paged = [looked, params![limit.min(PAGE_MAX), offset]].concat();
    let events = tx.rows(page, &paged, shown)?;
    Ok((events, total))
}

/// The next events of an export, oldest first, with the mark after them; none at the end. The filter narrows down by user and time, the
/// rest is for whoever calls: so no page is a long wait. `limit` is [`PAGE_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn export(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    filter: &Filter,
    after: Option<Mark>,
    limit: usize,
) -> Result<Option<(Vec<Shown<'static>>, Mark)>, Fault> {
    let (statement, part) =
        filter.user_id.as_ref().map_or((&EXPORT_APP, ""), |user_id| (&EXPORT_USER, user_id.as_str()));
    let (since, until) = times(filter);
    let (from, position) = after.unwrap_or((since, -1));
    let limit = limit.min(PAGE_MAX);
    let mut mark = None;
    let events =
        tx.rows(statement, params![scope.workspace, scope.mode, app.0, part, from, until, position, limit], |row| {
            let event = shown(row)?;
            mark = Some((event.event.at, row.int(COLUMNS)?));
            Ok(event)
        })?;
    Ok(mark.map(|mark| (events, mark)))
}

fn times(filter: &Filter) -> (Timestamp, Timestamp) {
    (filter.since.unwrap_or(Timestamp(i64::MIN)), filter.until.unwrap_or(Timestamp(i64::MAX)))
}

/// Removes up to `limit` events of a user in one mode that came in up to `until`, and tells how many.
///
/// # Errors
/// Of the database.
pub fn erase(
    tx: &mut Tx<'_>,
    scope: Scope,
    app: AppId,
    user_id: &str,
    until: Timestamp,
    limit: usize,
) -> Result<u64, Fault> {
    tx.execute(&ERASE, params![scope.workspace, scope.mode, app.0, user_id, until, limit])
}

/// Removes up to `limit` events of an app in one mode, and tells how many.
///
/// # Errors
/// Of the database.
pub fn remove(tx: &mut Tx<'_>, scope: Scope, app: AppId, limit: usize) -> Result<u64, Fault> {
    tx.execute(&REMOVE, params![scope.workspace, scope.mode, app.0, limit])
}

/// Removes up to `limit` of the oldest events that came in before `before`, and tells how many.
///
/// # Errors
/// Of the database.
pub fn purge(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<u64, Fault> {
    match oldest_before(tx, before, limit)? {
        Some(position) => tx.execute(&PURGE, params![position]),
        None => Ok(0),
    }
}

/// Up to which position the oldest events came in before `before`, of the first `limit`; none when the oldest is younger.
///
/// # Errors
/// Of the database.
pub fn oldest_before(tx: &mut Tx<'_>, before: Timestamp, limit: usize) -> Result<Option<i64>, Fault> {
    let oldest = tx.rows(&OLDEST, params![limit], |row| Ok((row.int(0)?, row.time(1)?)))?;
    // Positions grow with time but for moments; the first young event ends the sweep.
    Ok(oldest.into_iter().take_while(|(_, at)| *at < before).last().map(|(position, _)| position))
}

fn shown(row: &Row<'_>) -> Result<Shown<'static>, Fault> {
    let text = |index: usize| row.opt_string(index).map(|text| text.map(Cow::Owned));
    let mode: Mode = row.mode(1)?;
    let platform = Platform::parse(row.text(9)?).ok_or_else(|| row.mismatch(9, "a platform"))?;
    let event = Event {
        id: row.id(3)?,
        app: AppId(row.id(2)?),
        kind: Cow::Owned(row.string(4)?),
        at: row.time(5)?,
        user_id: Cow::Owned(row.string(7)?),
        session_id: Cow::Owned(row.string(8)?),
        platform,
        placement: text(10)?,
        flow: row.opt_id(11)?.map(ScreenFlowId),
        version: row.opt_id(12)?.map(ScreenVersionId),
        experiment: text(13)?,
        variant: text(14)?,
        screen_id: text(15)?,
        screen_name: text(16)?,
        screen_index: row.opt_int(17)?,
        time_on_screen_ms: row.opt_int(18)?,
        revenue: row.opt_float(19)?,
        currency: text(20)?,
        app_version: text(21)?,
        country: text(22)?,
        is_debug: row.bool(23)?,
        reason: text(24)?,
        ab_assignments: text(25)?,
        more: Cow::Owned(row.string(26)?),
    };
    Ok(Shown { mode, received_at: row.time(6)?, event })
}
