//! Table `credit_entries`: every change of every balance of credits, numbered from 1 in each ledger. Amounts are in thousandths.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{RunId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Entries of one page at most.
pub const PAGE_MAX: usize = 1_000;
/// Entries of one run that are shown at most.
const RUN_MAX: usize = 1_000;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the ledger, from 1.
    pub seq: i64,
    /// Its id.
    pub id: u128,
    /// When.
    pub at: Timestamp,
    /// What is added; taken when below zero.
    pub amount: i64,
    /// The balance with it.
    pub balance_after: i64,
    /// `opening`, `grant`, `refill`, `usage` or `given_back`.
    pub reason: String,
    /// What it was for.
    pub origin: Origin,
    /// Calls of a model that it pays.
    pub calls: i64,
    /// Tokens that went in.
    pub input_tokens: i64,
    /// Tokens that came out.
    pub output_tokens: i64,
    /// What it must not be counted twice for.
    pub reference: Option<String>,
}

/// What an entry was for; empty where it does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// `flows`, `agents`, …
    pub product: Option<String>,
    /// The run.
    pub run_id: Option<RunId>,
    /// The step of it.
    pub step_id: Option<String>,
    /// The agent.
    pub agent_id: Option<u128>,
    /// The model.
    pub model: Option<String>,
}

/// Which entries a list shows; an empty filter shows all of the ledger.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One reason.
    pub reason: Option<String>,
    /// One product.
    pub product: Option<String>,
    /// One agent.
    pub agent_id: Option<u128>,
    /// One run.
    pub run_id: Option<RunId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

statements! {
    /// One entry.
    ADD = both(
        "insert into credit_entries (workspace_id, mode, seq, id, at, amount, balance_after, reason, product, run_id, step_id,
             agent_id, model, calls, input_tokens, output_tokens, reference)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    /// The entry of a reference.
    OF_REFERENCE = both(
        "select seq, id, at, amount, balance_after, reason, product, run_id, step_id, agent_id, model, calls, input_tokens,
             output_tokens, reference
         from credit_entries where workspace_id = $1 and mode = $2 and reference = $3"
    ) -> [int, id, time, int, int, text, opt text, opt id, opt text, opt id, opt text, int, int, int, opt text];
    /// The entries of a run.
    OF_RUN = both(
        "select seq, id, at, amount, balance_after, reason, product, run_id, step_id, agent_id, model, calls, input_tokens,
             output_tokens, reference
         from credit_entries where workspace_id = $1 and run_id = $2 order by mode, seq limit $3"
    ) -> [int, id, time, int, int, text, opt text, opt id, opt text, opt id, opt text, int, int, int, opt text];
    /// What some runs have taken.
    SUMS = split {
        sqlite: "select run_id, cast(-sum(amount) as bigint) from credit_entries
             where workspace_id = $1 and run_id in (select unhex(replace(value, '-', '')) from json_each($2)) group by run_id",
        postgres: "select run_id, cast(-sum(amount) as bigint) from credit_entries
             where workspace_id = $1 and run_id in (select json_array_elements_text($2::text::json)::uuid) group by run_id",
    } -> [id, int];
    /// Entries of a ledger, newest first.
    LIST = both(
        "select seq, id, at, amount, balance_after, reason, product, run_id, step_id, agent_id, model, calls, input_tokens,
             output_tokens, reference
         from credit_entries where workspace_id = $1 and mode = $2 and seq < $3
             and (reason = $4 or $4 is null)
             and (product = $5 or $5 is null)
             and (agent_id = $6 or $6 is null)
             and (run_id = $7 or $7 is null)
             and (at >= $8 or $8 is null)
             and (at < $9 or $9 is null)
         order by seq desc limit $10"
    ) -> [int, id, time, int, int, text, opt text, opt id, opt text, opt id, opt text, int, int, int, opt text];
    /// What an agent used, day by day. What was given back is another entry, and does not count.
    AGENT_DAYS = both(
        "select at / 86400000000, cast(sum(-amount) as bigint) from credit_entries
         where workspace_id = $1 and mode = $2 and agent_id = $3 and at >= $4 and at < $5 and amount < 0
         group by at / 86400000000 order by at / 86400000000"
    ) -> [int, int];
    /// How many entries a list has.
    COUNT = both(
        "select count(*) from credit_entries where workspace_id = $1 and mode = $2
             and (reason = $3 or $3 is null)
             and (product = $4 or $4 is null)
             and (agent_id = $5 or $5 is null)
             and (run_id = $6 or $6 is null)
             and (at >= $7 or $7 is null)
             and (at < $8 or $8 is null)"
    ) -> [int];
}

/// Adds an entry. Its number follows the ledger's last, which the caller holds.
///
/// # Errors
/// A conflict `already_exists` for a reference that has an entry already.
pub fn add(tx: &mut Tx<'_>, scope: Scope, entry: &Entry) -> Result<(), Fault> {
    let Origin { product, run_id, step_id, agent_id, model } = &entry.origin;
    tx.execute(
        &ADD,
        params![
            scope.workspace,
            scope.mode,
            entry.seq,
            entry.id,
            entry.at,
            entry.amount,
            entry.balance_after,
            &entry.reason,
            product,
            *run_id,
            step_id,
            *agent_id,
            model,
            entry.calls,
            entry.input_tokens,
            entry.output_tokens,
            &entry.reference
        ],
    )
    .map(drop)
}

/// The entry of a reference, if it was counted.
///
/// # Errors
/// Of the database.
pub fn of_reference(tx: &mut Tx<'_>, scope: Scope, reference: &str) -> Result<Option<Entry>, Fault> {
    tx.row(&OF_REFERENCE, params![scope.workspace, scope.mode, reference], entry)
}

/// The entries of a run, the oldest first, a bounded number.
///
/// # Errors
/// Of the database.
pub fn of_run(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Vec<Entry>, Fault> {
    tx.rows(&OF_RUN, params![workspace, run, RUN_MAX], entry)
}

/// What some runs have taken, in thousandths; runs that took nothing are left out.
///
/// # Errors
/// Of the database.
pub fn sums_of_runs(tx: &mut Tx<'_>, workspace: WorkspaceId, runs: &[RunId]) -> Result<Vec<(RunId, i64)>, Fault> {
    let runs = serde_json::to_string(runs).map_err(Fault::internal)?;
    tx.rows(&SUMS, params![workspace, &runs], |row| Ok((RunId(row.id(0)?), row.int(1)?)))
}

/// Up to `limit` ([`PAGE_MAX`] at most) entries of a ledger, newest first, before a number (`None`: from the newest).
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    scope: Scope,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Entry>, Fault> {
    let Filter { reason, product, agent_id, run_id, from, to } = filter;
    let (before, limit) = (before.unwrap_or(i64::MAX), limit.min(PAGE_MAX));
    tx.rows(
        &LIST,
        params![scope.workspace, scope.mode, before, reason, product, *agent_id, *run_id, *from, *to, limit],
        entry,
    )
}

/// How many entries [`list`] has over all pages.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, scope: Scope, filter: &Filter) -> Result<i64, Fault> {
    let Filter { reason, product, agent_id, run_id, from, to } = filter;
    let values = params![scope.workspace, scope.mode, reason, product, *agent_id, *run_id, *from, *to];
    Ok(tx.row(&COUNT, values, |row| row.int(0))?.unwrap_or(0))
}

/// What an agent used on each UTC day of a time on which it used something: days since 1970, and thousandths of credits. Credits that
/// came in and that were given back do not count (Agents contract, section 3).
///
/// # Errors
/// Of the database.
pub fn agent_days(
    tx: &mut Tx<'_>,
    scope: Scope,
    agent: u128,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(i64, i64)>, Fault> {
    let values = params![scope.workspace, scope.mode, agent, from, to];
    tx.rows(&AGENT_DAYS, values, |row| Ok((row.int(0)?, row.int(1)?)))
}

fn entry(row: &Row<'_>) -> Result<Entry, Fault> {
    let origin = Origin {
        product: row.opt_string(6)?,
        run_id: row.opt_id(7)?.map(RunId),
        step_id: row.opt_string(8)?,
        agent_id: row.opt_id(9)?,
        model: row.opt_string(10)?,
    };
    Ok(Entry {
        seq: row.int(0)?,
        id: row.id(1)?,
        at: row.time(2)?,
        amount: row.int(3)?,
        balance_after: row.int(4)?,
        reason: row.string(5)?,
        origin,
        calls: row.int(11)?,
        input_tokens: row.int(12)?,
        output_tokens: row.int(13)?,
        reference: row.opt_string(14)?,
    })
}
