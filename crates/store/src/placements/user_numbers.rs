//! Numbers of people from the table `placement_events`: distinct users, and who came back (Placements contract, section 13).

use std::collections::BTreeMap;

use floe_model::id::AppId;
use floe_model::placements::numbers::{Cohort, Filter};
use floe_model::{Fault, Scope, Timestamp};

use super::event_filter::{narrowed, values};
use crate::{Tx, statements};

/// How many of a cohort have any event `$days` days after their first day.
macro_rules! back {
    ($from:literal, $to:literal) => {
        concat!(
            "cast(sum(case when exists (select 1 from placement_events l where l.workspace_id = $1 and l.mode = $2 and l.app_id = $3
                 and l.user_id = f.user_id and l.at >= (f.day + ", $from, ") * 86400000000 and l.at < (f.day + ", $to, ") * 86400000000
                 and ($14 or not l.is_debug)) then 1 else 0 end) as bigint)"
        )
    };
}

statements! {
    /// Distinct users.
    USERS = both(concat!("select count(distinct e.user_id)", narrowed!(), " and e.event_type = 'flow_start'")) -> [int];
    /// Distinct users of each day.
    USERS_BY_DAY = both(concat!(
        "select e.at / 86400000000, count(distinct e.user_id)", narrowed!(),
        " and e.event_type = 'flow_start' group by 1 order by 1"
    )) -> [int, int];
    /// Users by the day of their first start, of all time, and how many of them came back.
    COHORTS = both(concat!(
        "select f.day, count(*), ", back!("1", "2"), ", ", back!("3", "4"), ", ", back!("7", "8"), ", ", back!("14", "15"), ", ",
        back!("30", "31"), " from (select e.user_id, min(e.at) / 86400000000 as day", narrowed!(),
        " and e.event_type = 'flow_start' group by e.user_id) f where f.day >= $15 group by f.day order by f.day"
    )) -> [int, int, int, int, int, int, int];
}

/// Distinct users with `flow_start`.
///
/// # Errors
/// Of the database.
pub fn users(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<i64, Fault> {
    let values = values(scope, app, filter, filter.period.begins());
    Ok(tx.row(&USERS, &values, |row| row.int(0))?.unwrap_or(0))
}

/// Distinct users with `flow_start`, by day.
///
/// # Errors
/// Of the database.
pub fn users_by_day(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<BTreeMap<i64, i64>, Fault> {
    let values = values(scope, app, filter, filter.period.begins());
    let rows = tx.rows(&USERS_BY_DAY, &values, |row| Ok((row.int(0)?, row.int(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Users whose first `flow_start` was on a day of the period, by that day. The first is the first of all that were kept, also before the
/// period.
///
/// # Errors
/// Of the database.
pub fn cohorts(tx: &mut Tx<'_>, scope: Scope, app: AppId, filter: &Filter) -> Result<Vec<Cohort>, Fault> {
    let mut values = values(scope, app, filter, Timestamp(0));
    values.push(filter.period.first.into());
    tx.rows(&COHORTS, &values, |row| {
        let back = [row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?, row.int(6)?];
        Ok(Cohort { day: row.int(0)?, users: row.int(1)?, back })
    })
}
