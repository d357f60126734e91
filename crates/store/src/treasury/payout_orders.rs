//! Table `payout_orders`: what is sent for each debit, and how far that went (Treasury contract, section 4.3). Amounts are in kobo.
//!
//! An order has the number of its transaction. Every change names the state that it starts from and tells which orders were in it, so that
//! of two workers with one order exactly one goes on.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{CandidateId, PaymentRunId},
    treasury::{AccountCheck, Kobo, OrderState},
};

use super::{id_list, list};
use crate::{Row, Tx, Value, params, statements};

/// Orders of one answer at most.
pub const PAGE_MAX: usize = 10_000;

/// A payout order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number in the wallet, that of its transaction.
    pub seq: i64,
    /// The run that it belongs to.
    pub run: PaymentRunId,
    /// The candidate that it pays.
    pub candidate: CandidateId,
    /// The reference of its transaction.
    pub reference: String,
    /// The rail that carries it.
    pub rail: String,
    /// Its name on the rail: 30 digits, fixed before anything is sent.
    pub rail_reference: String,
    /// Whom it pays.
    pub beneficiary_name: String,
    /// At which account.
    pub account_number: String,
    /// At which institution, as it was given.
    pub institution_code: String,
    /// The institution's name.
    pub bank_name: Option<String>,
    /// What for; the narration.
    pub purpose: Option<String>,
    /// How much.
    pub amount: Kobo,
    /// What it costs besides.
    pub fee: Kobo,
    /// How far it went.
    pub state: OrderState,
    /// What is known about the account.
    pub account_check: AccountCheck,
    /// Since when that is known.
    pub checked_at: Option<Timestamp>,
    /// Tries to check the account that brought nothing.
    pub checks: i64,
    /// Questions about it that brought no final answer.
    pub questions: i64,
    /// When the rail first said that it does not know the reference, if that was its last word.
    pub not_found_at: Option<Timestamp>,
    /// The last code of the rail.
    pub response_code: Option<String>,
    /// Why it was not paid, or came back.
    pub reason: Option<String>,
    /// When it was released.
    pub created_at: Timestamp,
    /// When it may have left.
    pub sent_at: Option<Timestamp>,
    /// When its last state was reached.
    pub settled_at: Option<Timestamp>,
    /// When something is to be done about it.
    pub next_at: Option<Timestamp>,
}

/// A change of state of several orders.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The state from which it starts.
    pub from: OrderState,
    /// The state to which it leads.
    pub to: OrderState,
    /// The code of the rail; none leaves the last one.
    pub code: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// Questions to count: 1 when this follows from the answer to one.
    pub questions: i64,
    /// When.
    pub at: Timestamp,
}

/// The columns of an order, for `select` and `returning`.
macro_rules! order {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " seq, run_id, candidate_id, reference, rail, rail_reference, beneficiary_name, account_number, institution_code, bank_name, purpose,
              amount, fee, state, account_check, checked_at, checks, questions, not_found_at, response_code, reason, created_at, sent_at,
              settled_at, next_at ",
            $after
        )
    };
}

statements! {
    /// Many orders.
    ADD = bulk(
        "insert into payout_orders (workspace_id, mode, seq, run_id, candidate_id, reference, rail, rail_reference, beneficiary_name, account_number,
             institution_code, bank_name, purpose, amount, fee, state, account_check, checked_at, checks, questions, created_at, next_at)",
        [id, text, int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, time, opt time]
    );
    /// Orders of a span of numbers about which something is to be done.
    DUE = both(order!(
        "select",
        "from payout_orders where workspace_id = $1 and mode = $2 and seq >= $3 and seq <= $4 and next_at <= $5 order by seq limit $6"
    )) -> [int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, opt time, opt text,
        opt text, time, opt time, opt time, opt time];
    /// When something is next to be done about one of a span.
    NEXT = both(
        "select min(next_at) from payout_orders where workspace_id = $1 and mode = $2 and seq >= $3 and seq <= $4"
    ) -> [opt time];
    /// Some, by their numbers.
    SOME = split {
        sqlite: order!("select", "from payout_orders where workspace_id = $1 and mode = $2 and seq >= $4 and seq <= $5
                 and seq in (select value from json_each($3))
             order by seq"),
        postgres: order!("select", "from payout_orders where workspace_id = $1 and mode = $2
             and seq >= $4 and seq <= $5
                 and seq = any(translate($3::text, '[]', '{}')::bigint[]) order by seq"),
    } -> [int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, opt time, opt text,
        opt text, time, opt time, opt time, opt time];
    /// Some, by their candidates.
    OF_CANDIDATES = split {
        sqlite: order!("select", "from payout_orders where workspace_id = $1 and mode = $2
             and candidate_id in (select unhex(replace(value, '-', '')) from json_each($3)) order by seq"),
        postgres: order!("select", "from payout_orders where workspace_id = $1 and mode = $2
             and candidate_id = any(translate($3::text, '[]\"', '{}')::uuid[]) order by seq"),
    } -> [int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, opt time, opt text,
        opt text, time, opt time, opt time, opt time];
    /// Some of a span, by their names on the rail.
    OF_REFERENCES = split {
        sqlite: order!("select", "from payout_orders where workspace_id = $1 and mode = $2
             and rail_reference in (select value from json_each($3)) order by seq"),
        postgres: order!("select", "from payout_orders where workspace_id = $1 and mode = $2
             and rail_reference = any(translate($3::text, '[]\"', '{}')::text[]) order by seq"),
    } -> [int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, opt time, opt text,
        opt text, time, opt time, opt time, opt time];
    /// What is known about accounts.
    CHECKED = split {
        sqlite: "update payout_orders set account_check = $3, checked_at = $4
             where workspace_id = $1 and mode = $2 and state = 'ready' and seq >= $6 and seq <= $7
                 and seq in (select value from json_each($5)) returning seq",
        postgres: "update payout_orders set account_check = $3, checked_at = $4
             where workspace_id = $1 and mode = $2 and state = 'ready'
                 and seq >= $6 and seq <= $7
                 and seq = any(translate($5::text, '[]', '{}')::bigint[]) returning seq",
    } -> [int];
    /// An account check that brought nothing.
    UNCHECKED = split {
        sqlite: "update payout_orders set checks = checks + 1, next_at = $3
             where workspace_id = $1 and mode = $2 and state = 'ready' and seq >= $5 and seq <= $6
                 and seq in (select value from json_each($4))",
        postgres: "update payout_orders set checks = checks + 1, next_at = $3
             where workspace_id = $1 and mode = $2 and state = 'ready'
                 and seq >= $5 and seq <= $6
                 and seq = any(translate($4::text, '[]', '{}')::bigint[])",
    };
    /// About to leave.
    BEGIN = split {
        sqlite: "update payout_orders set state = 'sent', sent_at = $3, next_at = $4
             where workspace_id = $1 and mode = $2 and state = 'ready' and seq >= $6 and seq <= $7
                 and seq in (select value from json_each($5)) returning seq",
        postgres: "update payout_orders set state = 'sent', sent_at = $3, next_at = $4
             where workspace_id = $1 and mode = $2 and state = 'ready'
                 and seq >= $6 and seq <= $7
                 and seq = any(translate($5::text, '[]', '{}')::bigint[]) returning seq",
    } -> [int];
    /// An answer that is not final.
    WAIT = split {
        sqlite: "update payout_orders set questions = questions + $3, response_code = coalesce($4, response_code),
                 not_found_at = case when $5 then coalesce(not_found_at, $6) end, next_at = $7
             where workspace_id = $1 and mode = $2 and state in ('sent', 'followup') and seq >= $9 and seq <= $10
                 and seq in (select value from json_each($8))",
        postgres: "update payout_orders set questions = questions + $3, response_code = coalesce($4, response_code),
                 not_found_at = case when $5 then coalesce(not_found_at, $6) end, next_at = $7
             where workspace_id = $1 and mode = $2 and state in ('sent', 'followup')
                 and seq >= $9 and seq <= $10
                 and seq = any(translate($8::text, '[]', '{}')::bigint[])",
    };
    /// A change of state.
    END = split {
        sqlite: "update payout_orders set state = $4, response_code = coalesce($5, response_code), reason = $6, settled_at = $7,
                 next_at = null, questions = questions + $11
             where workspace_id = $1 and mode = $2 and state = $3 and seq >= $9 and seq <= $10
                 and seq in (select value from json_each($8)) returning seq",
        postgres: "update payout_orders set state = $4, response_code = coalesce($5, response_code), reason = $6, settled_at = $7,
                 next_at = null, questions = questions + $11
             where workspace_id = $1 and mode = $2 and state = $3
                 and seq >= $9 and seq <= $10
                 and seq = any(translate($8::text, '[]', '{}')::bigint[]) returning seq",
    } -> [int];
    /// The end of everything in a span that has not left.
    END_READY = both(order!(
        "update payout_orders set state = 'failed', reason = $5, settled_at = $6, next_at = null
         where workspace_id = $1 and mode = $2 and seq >= $3 and seq <= $4 and state = 'ready' returning",
        ""
    )) -> [int, id, id, text, text, text, text, text, text, opt text, opt text, int, int, text, text, opt time, int, int, opt time, opt text,
        opt text, time, opt time, opt time, opt time];
    /// What is reserved for orders that are not settled, and how many there are, for checks: it reads all of them.
    OPEN_SUM = both(
        "select count(*), cast(coalesce(sum(amount + fee), 0) as bigint) from payout_orders
         where workspace_id = $1 and mode = $2 and state in ('ready', 'sent', 'followup')"
    ) -> [int, int];
}

/// Writes new orders. Their rail references are unique in the whole database.
///
/// # Errors
/// A conflict `already_exists` for a candidate that has an order, or a rail reference that is taken.
pub fn add_all(tx: &mut Tx<'_>, scope: Scope, orders: &[Order]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 22]> = orders
        .iter()
        .map(|one| {
            [
                scope.workspace.into(),
                scope.mode.into(),
                one.seq.into(),
                one.run.0.into(),
                one.candidate.0.into(),
                (&one.reference).into(),
                (&one.rail).into(),
                (&one.rail_reference).into(),
                (&one.beneficiary_name).into(),
                (&one.account_number).into(),
                (&one.institution_code).into(),
                (&one.bank_name).into(),
                (&one.purpose).into(),
                one.amount.0.into(),
                one.fee.0.into(),
                one.state.as_str().into(),
                one.account_check.as_str().into(),
                one.checked_at.into(),
                one.checks.into(),
                one.questions.into(),
                one.created_at.into(),
                one.next_at.into(),
            ]
        })
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// Up to `limit` ([`PAGE_MAX`] at most) orders of a span of numbers about which something is to be done by now.
///
/// # Errors
/// Of the database.
pub fn due(
    tx: &mut Tx<'_>,
    scope: Scope,
    (first, last): (i64, i64),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Order>, Fault> {
    tx.rows(&DUE, params![scope.workspace, scope.mode, first, last, now, limit.min(PAGE_MAX)], order)
}

/// When something is next to be done about an order of a span; none when they are all at their end.
///
/// # Errors
/// Of the database.
pub fn next_at(tx: &mut Tx<'_>, scope: Scope, (first, last): (i64, i64)) -> Result<Option<Timestamp>, Fault> {
    Ok(tx.row(&NEXT, params![scope.workspace, scope.mode, first, last], |row| row.opt_time(0))?.flatten())
}

/// Some orders by their numbers, in order of number.
///
/// # Errors
/// Of the database.
pub fn some(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64]) -> Result<Vec<Order>, Fault> {
    let (seqs, first, last) = list(seqs)?;
    tx.rows(&SOME, params![scope.workspace, scope.mode, &seqs, first, last], order)
}

/// The orders of some candidates, in order of number.
///
/// # Errors
/// Of the database.
pub fn of_candidates(tx: &mut Tx<'_>, scope: Scope, candidates: &[CandidateId]) -> Result<Vec<Order>, Fault> {
    tx.rows(&OF_CANDIDATES, params![scope.workspace, scope.mode, &id_list(candidates)?], order)
}

/// The orders with some names on the rail, in order of number.
///
/// # Errors
/// Of the database.
pub fn of_references(tx: &mut Tx<'_>, scope: Scope, references: &[String]) -> Result<Vec<Order>, Fault> {
    let references = serde_json::to_string(references).map_err(Fault::internal)?;
    tx.rows(&OF_REFERENCES, params![scope.workspace, scope.mode, &references], order)
}

/// Notes what is known about the accounts of orders that have not left; tells which ones had not.
///
/// # Errors
/// Of the database.
pub fn checked(
    tx: &mut Tx<'_>,
    scope: Scope,
    seqs: &[i64],
    check: AccountCheck,
    at: Timestamp,
) -> Result<Vec<i64>, Fault> {
    let (seqs, first, last) = list(seqs)?;
    let values = params![scope.workspace, scope.mode, check.as_str(), at, &seqs, first, last];
    tx.rows(&CHECKED, values, |row| row.int(0))
}

/// Notes that account checks brought nothing, and when they are tried again.
///
/// # Errors
/// Of the database.
pub fn unchecked(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64], next_at: Timestamp) -> Result<(), Fault> {
    let (seqs, first, last) = list(seqs)?;
    tx.execute(&UNCHECKED, params![scope.workspace, scope.mode, next_at, &seqs, first, last]).map(drop)
}

/// Marks orders as sent, before anything leaves, with the first instant at which the rail is asked about them. Only those that are told
/// may be sent, and only by the caller.
///
/// # Errors
/// Of the database.
pub fn begin(
    tx: &mut Tx<'_>,
    scope: Scope,
    seqs: &[i64],
    at: Timestamp,
    next_at: Timestamp,
) -> Result<Vec<i64>, Fault> {
    let (seqs, first, last) = list(seqs)?;
    let values = params![scope.workspace, scope.mode, at, next_at, &seqs, first, last];
    tx.rows(&BEGIN, values, |row| row.int(0))
}

/// An answer that is not final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait<'a> {
    /// Questions to count: 1 when this was the answer to one.
    pub questions: i64,
    /// The code of the rail; none leaves the last one.
    pub code: Option<&'a str>,
    /// Whether the rail does not know the reference.
    pub not_found: bool,
    /// When it is asked again; none when it is not.
    pub next_at: Option<Timestamp>,
}

/// Notes an answer that is not final for orders that were sent.
///
/// # Errors
/// Of the database.
pub fn wait(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64], wait: &Wait<'_>, at: Timestamp) -> Result<(), Fault> {
    let Wait { questions, code, not_found, next_at } = *wait;
    let (seqs, first, last) = list(seqs)?;
    let values = params![scope.workspace, scope.mode, questions, code, not_found, at, next_at, &seqs, first, last];
    tx.execute(&WAIT, values).map(drop)
}

/// Changes the state of those orders that are in the state from which it starts, and tells which ones.
///
/// # Errors
/// Of the database.
pub fn end(tx: &mut Tx<'_>, scope: Scope, seqs: &[i64], end: &End<'_>) -> Result<Vec<i64>, Fault> {
    let (from, to) = (end.from.as_str(), end.to.as_str());
    let (seqs, first, last) = list(seqs)?;
    let values =
        params![scope.workspace, scope.mode, from, to, end.code, end.reason, end.at, &seqs, first, last, end.questions];
    tx.rows(&END, values, |row| row.int(0))
}

/// Fails all orders of a span that have not left, and tells which ones.
///
/// # Errors
/// Of the database.
pub fn end_ready(
    tx: &mut Tx<'_>,
    scope: Scope,
    (first, last): (i64, i64),
    reason: &str,
    at: Timestamp,
) -> Result<Vec<Order>, Fault> {
    tx.rows(&END_READY, params![scope.workspace, scope.mode, first, last, reason, at], order)
}

/// How many orders are not settled, and what is reserved for them with fees, for checks: it reads all of them.
///
/// # Errors
/// Of the database.
pub fn open_sum(tx: &mut Tx<'_>, scope: Scope) -> Result<(i64, Kobo), Fault> {
    let sum = tx.row(&OPEN_SUM, params![scope.workspace, scope.mode], |row| Ok((row.int(0)?, Kobo(row.int(1)?))))?;
    Ok(sum.unwrap_or_default())
}

fn order(row: &Row<'_>) -> Result<Order, Fault> {
    let state = OrderState::parse(row.text(13)?).ok_or_else(|| row.mismatch(13, "a state of an order"))?;
    let check = AccountCheck::parse(row.text(14)?).ok_or_else(|| row.mismatch(14, "an account check"))?;
    Ok(Order {
        seq: row.int(0)?,
        run: PaymentRunId(row.id(1)?),
        candidate: CandidateId(row.id(2)?),
        reference: row.string(3)?,
        rail: row.string(4)?,
        rail_reference: row.string(5)?,
        beneficiary_name: row.string(6)?,
        account_number: row.string(7)?,
        institution_code: row.string(8)?,
        bank_name: row.opt_string(9)?,
        purpose: row.opt_string(10)?,
        amount: Kobo(row.int(11)?),
        fee: Kobo(row.int(12)?),
        state,
        account_check: check,
        checked_at: row.opt_time(15)?,
        checks: row.int(16)?,
        questions: row.int(17)?,
        not_found_at: row.opt_time(18)?,
        response_code: row.opt_string(19)?,
        reason: row.opt_string(20)?,
        created_at: row.time(21)?,
        sent_at: row.opt_time(22)?,
        settled_at: row.opt_time(23)?,
        next_at: row.opt_time(24)?,
    })
}
