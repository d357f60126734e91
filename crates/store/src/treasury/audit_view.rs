//! The treasury's view of `audit_entries`: every entry of its product, by workspace and mode (Treasury contract, sections 2.6 and 7).

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{RunId, WorkspaceId},
};

use crate::platform::audit::{self, Entry};
use crate::{Tx, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 200;
/// The product of all entries of this view.
const PRODUCT: &str = "treasury";

/// Who acts, as rows say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acting<'a> {
    /// An agent of the server, by its name.
    Agent(&'a str),
    /// A person.
    Human,
    /// An API key.
    Api,
    /// The server itself.
    System,
    /// Nobody: there is no such kind.
    Nobody,
}

/// Which entries a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one run.
    pub run: Option<RunId>,
    /// Of one action.
    pub action: Option<String>,
    /// Of one kind of who acts, in the words of the contract.
    pub agent_type: Option<String>,
    /// Of one actor, by id.
    pub actor_id: Option<u128>,
    /// Of one actor, by name.
    pub actor_name: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads an `agent_type` of the contract.
#[must_use]
pub fn acting(agent_type: &str) -> Acting<'_> {
    match agent_type {
        "planner" | "reconciliation" | "risk" | "forecast" | "execution" | "audit" => Acting::Agent(agent_type),
        "human" => Acting::Human,
        "api" => Acting::Api,
        "system" => Acting::System,
        _ => Acting::Nobody,
    }
}

macro_rules! wanted {
    () => {
        "workspace_id = $1 and mode = $2 and product = 'treasury'
             and (cast($3 as text) is null or action = $3)
             and (cast($4 as text) is null or $4 = case
                 when actor_type in ('member', 'token') then 'human'
                 when actor_type = 'key' then 'api'
                 when actor_type = 'agent' then actor_name
                 else 'system' end)
             and (actor_id = $5 or $5 is null)
             and (cast($6 as text) is null or actor_name = $6)
             and (at >= $7 or $7 is null)
             and (at < $8 or $8 is null)"
    };
}

macro_rules! page {
    ($index:literal, $more:literal) => {
        concat!(
            "select a.workspace_id, a.id, a.seq, a.mode, a.product, a.action, a.actor_type, a.actor_id, a.actor_name,
                 a.target_type, a.target_id, a.target_name, a.run_id, a.detail, a.request_id, a.ip, a.at
             from (select id from audit_entries ",
            $index,
            " where ",
            wanted!(),
            $more,
            " order by id desc limit $9 offset $10) p
             cross join audit_entries a where a.workspace_id = $1 and a.id = p.id order by p.id desc"
        )
    };
}

macro_rules! all {
    ($index:literal, $more:literal, $order:literal) => {
        concat!(
            "select a.workspace_id, a.id, a.seq, a.mode, a.product, a.action, a.actor_type, a.actor_id, a.actor_name,
                 a.target_type, a.target_id, a.target_name, a.run_id, a.detail, a.request_id, a.ip, a.at
             from (select id from audit_entries ",
            $index,
            " where workspace_id = $1 and mode = $2 and product = 'treasury' ",
            $more,
            " order by id ",
            $order,
            " limit $3 offset $4) p
             cross join audit_entries a where a.workspace_id = $1 and a.id = p.id order by p.id desc"
        )
    };
}

macro_rules! unsealed {
    ($index:literal) => {
        concat!(
            "select count(*) from audit_entries ",
            $index,
            " where workspace_id = $1 and seq is null and mode = $2 and product = 'treasury'"
        )
    };
}

statements! {
    /// A page of everything, newest first; the rows to pass over are counted in the index alone.
    ALL_DOWN = split { sqlite: all!("indexed by audit_entries_treasury", "", "desc"), postgres: all!("", "", "desc") }
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// The same page, reached from the oldest.
    ALL_UP = split { sqlite: all!("indexed by audit_entries_treasury", "", "asc"), postgres: all!("", "", "asc") }
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// A counter for a workspace and mode that has none.
    START = both("insert into treasury_audit_totals (workspace_id, mode, sealed) values ($1, $2, 0) on conflict do nothing");
    /// More that are sealed.
    SEALED = both("update treasury_audit_totals set sealed = sealed + $3 where workspace_id = $1 and mode = $2");
    /// How many are sealed.
    TOTAL = both("select sealed from treasury_audit_totals where workspace_id = $1 and mode = $2") -> [int];
    /// How many are not.
    UNSEALED = split {
        sqlite: unsealed!("indexed by audit_entries_unsealed"),
        postgres: unsealed!(""),
    } -> [int];
    /// A page, newest first.
    LIST = both(page!("", ""))
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// A page of a run, newest first.
    LIST_OF_RUN = both(page!("", " and run_id = $11"))
        -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// A page of an action and nothing else, newest first; the rows to pass over are counted in the index alone.
    ACTION = split {
        sqlite: all!("indexed by audit_entries_action", "and action = $5", "desc"),
        postgres: all!("", "and action = $5", "desc"),
    } -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// How many an action has.
    COUNT_ACTION = split {
        sqlite: "select count(*) from audit_entries indexed by audit_entries_action
             where workspace_id = $1 and mode = $2 and product = 'treasury' and action = $3",
        postgres: "select count(*) from audit_entries
             where workspace_id = $1 and mode = $2 and product = 'treasury' and action = $3",
    } -> [int];
    /// A page of an action with other filters, newest first. SQLite is told which index: another one has the order too.
    LIST_OF_ACTION = split {
        sqlite: page!("indexed by audit_entries_action", " and action = $3"),
        postgres: page!("", " and action = $3"),
    } -> [id, id, opt int, opt text, text, text, text, opt id, text, opt text, opt id, opt text, opt id, json, opt id, opt text, time];
    /// How many a list of an action has.
    COUNT_OF_ACTION = split {
        sqlite: concat!(
            "select count(*) from audit_entries indexed by audit_entries_action where ", wanted!(), " and action = $3"),
        postgres: concat!("select count(*) from audit_entries where ", wanted!(), " and action = $3"),
    } -> [int];
    /// How many a list has.
    COUNT = both(concat!("select count(*) from audit_entries where ", wanted!())) -> [int];
    /// How many a list of a run has.
    COUNT_OF_RUN = both(concat!("select count(*) from audit_entries where ", wanted!(), " and run_id = $9")) -> [int];
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries from a number on, newest first, and how many there are.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    filter: &Filter,
    limit: usize,
    offset: i64,
) -> Result<(Vec<Entry>, i64), Fault> {
    let limit = limit.min(PAGE_MAX);
    if filter.is_empty() {
        let total = total(tx, scope)?;
        return Ok((all(tx, scope, limit, offset, total)?, total));
    }
    let Filter { run, action, agent_type, actor_id, actor_name, from, to } = filter;
    if agent_type.as_deref().is_some_and(|word| acting(word) == Acting::Nobody) {
        return Ok((Vec::new(), 0));
    }
    let (workspace, mode) = (scope.workspace, scope.mode);
    if let Some(name) = action
        && *filter == (Filter { action: Some(name.clone()), ..Filter::default() })
    {
        let rows = tx.rows(&ACTION, params![workspace, mode, limit, offset, name], audit::entry)?;
        let total = tx.row(&COUNT_ACTION, params![workspace, mode, name], |row| row.int(0))?;
        return Ok((rows, total.unwrap_or(0)));
    }
    let Some(run) = *run else {
        let page = params![workspace, mode, action, agent_type, *actor_id, actor_name, *from, *to, limit, offset];
        let (list, count) = if action.is_some() { (&LIST_OF_ACTION, &COUNT_OF_ACTION) } else { (&LIST, &COUNT) };
        let rows = tx.rows(list, page, audit::entry)?;
        let all = params![workspace, mode, action, agent_type, *actor_id, actor_name, *from, *to];
        return Ok((rows, tx.row(count, all, |row| row.int(0))?.unwrap_or(0)));
    };
    let page = params![workspace, mode, action, agent_type, *actor_id, actor_name, *from, *to, limit, offset, run];
    let rows = tx.rows(&LIST_OF_RUN, page, audit::entry)?;
    let all = params![workspace, mode, action, agent_type, *actor_id, actor_name, *from, *to, run];
    Ok((rows, tx.row(&COUNT_OF_RUN, all, |row| row.int(0))?.unwrap_or(0)))
}

/// Counts entries that were just sealed.
///
/// # Errors
/// Of the database.
pub(crate) fn count_sealed(tx: &mut Tx<'_>, workspace: WorkspaceId, entries: &[Entry]) -> Result<(), Fault> {
    for mode in [Mode::Live, Mode::Test] {
        let more = entries.iter().filter(|entry| entry.product == PRODUCT && entry.mode == Some(mode)).count();
        if more > 0 {
            tx.execute(&START, params![workspace, mode])?;
            tx.execute(&SEALED, params![workspace, mode, more])?;
        }
    }
    Ok(())
}

fn total(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, Fault> {
    let sealed = tx.row(&TOTAL, params![scope.workspace, scope.mode], |row| row.int(0))?.unwrap_or(0);
    let others = tx.row(&UNSEALED, params![scope.workspace, scope.mode], |row| row.int(0))?.unwrap_or(0);
    Ok(sealed + others)
}

/// A page of everything, reached from the nearer end.
fn all(tx: &mut Tx<'_>, scope: Scope, limit: usize, offset: i64, total: i64) -> Result<Vec<Entry>, Fault> {
    let behind = total - offset;
    if behind <= 0 {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).min(behind);
    let (sql, passed) = if offset <= behind { (&ALL_DOWN, offset) } else { (&ALL_UP, behind - limit) };
    tx.rows(sql, params![scope.workspace, scope.mode, limit, passed], audit::entry)
}
