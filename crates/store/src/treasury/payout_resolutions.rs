//! Table `payout_resolutions`: what people found out about orders that have no answer (Treasury contract, section 10.5).

use floe_model::{Fault, Scope, Timestamp, id::TransactionId, treasury::OrderState};

use crate::{Row, Tx, params, statements};

/// Proposals of one answer at most.
pub const LISTED_MAX: usize = 10_000;

/// What the second person says.
#[derive(Debug, Clone, Copy)]
pub struct SecondWord<'a> {
    /// Who says it.
    pub by: u128,
    /// The name of that person.
    pub name: &'a str,
    /// When.
    pub at: Timestamp,
    /// A word about it.
    pub comment: Option<&'a str>,
}

/// What a person proposed, and another confirmed or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The number of the order.
    pub seq: i64,
    /// `success` or `failed`.
    pub outcome: String,
    /// How it is known.
    pub evidence: String,
    /// Who proposed it.
    pub proposed_by: u128,
    /// The name of that person.
    pub proposed_name: String,
    /// When.
    pub proposed_at: Timestamp,
    /// Who confirmed it.
    pub confirmed_by: Option<u128>,
    /// The name of that person.
    pub confirmed_name: Option<String>,
    /// When.
    pub confirmed_at: Option<Timestamp>,
    /// Who refused it instead.
    pub rejected_by: Option<u128>,
    /// The name of that person.
    pub rejected_name: Option<String>,
    /// When.
    pub rejected_at: Option<Timestamp>,
    /// The word of the second person.
    pub comment: Option<String>,
}

/// What the inbox lists of a proposal: only what decides about order and filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The transaction that it is about.
    pub transaction: TransactionId,
    /// Whom it was to pay.
    pub beneficiary: String,
    /// The reference of the transaction.
    pub reference: String,
    /// Where the order is.
    pub state: OrderState,
    /// Who proposed it.
    pub proposed_by: u128,
    /// When.
    pub proposed_at: Timestamp,
    /// Whether another person confirmed it.
    pub is_confirmed: bool,
    /// Whether another person refused it.
    pub is_rejected: bool,
}

/// Proposals with what they are about, newest first. The words `cross join` keep SQLite from walking the larger tables.
macro_rules! listed {
    ($which:literal) => {
        concat!(
            "select t.id, o.beneficiary_name, o.reference, o.state, r.proposed_by, r.proposed_at, r.confirmed_by, r.rejected_by
             from payout_resolutions r
             cross join payout_orders o cross join payout_transactions t
             where r.workspace_id = $1 and r.mode = $2 and ",
            $which,
            " and o.workspace_id = $1 and o.mode = $2 and o.seq = r.seq and t.workspace_id = $1 and t.mode = $2 and t.seq = r.seq
             order by r.proposed_at desc limit $3"
        )
    };
}

statements! {
    /// The first word about an order.
    PROPOSE = both(
        "insert into payout_resolutions (workspace_id, mode, seq, outcome, evidence, proposed_by, proposed_name, proposed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (workspace_id, mode, seq) do update set outcome = excluded.outcome, evidence = excluded.evidence,
             proposed_by = excluded.proposed_by, proposed_name = excluded.proposed_name, proposed_at = excluded.proposed_at,
             rejected_by = null, rejected_name = null, rejected_at = null, comment = null
         where payout_resolutions.rejected_by is not null"
    );
    /// The second, of another person.
    CONFIRM = both(
        "update payout_resolutions set confirmed_by = $4, confirmed_name = $5, confirmed_at = $6, comment = $7
         where workspace_id = $1 and mode = $2 and seq = $3 and confirmed_by is null and rejected_by is null and proposed_by <> $4"
    );
    /// Another person's no.
    REJECT = both(
        "update payout_resolutions set rejected_by = $4, rejected_name = $5, rejected_at = $6, comment = $7
         where workspace_id = $1 and mode = $2 and seq = $3 and confirmed_by is null and rejected_by is null and proposed_by <> $4"
    );
    /// What was said about an order.
    FIND = both(
        "select seq, outcome, evidence, proposed_by, proposed_name, proposed_at, confirmed_by, confirmed_name, confirmed_at, rejected_by,
             rejected_name, rejected_at, comment
         from payout_resolutions where workspace_id = $1 and mode = $2 and seq = $3"
    ) -> [int, text, text, id, text, time, opt id, opt text, opt time, opt id, opt text, opt time, opt text];
    /// Proposals that nobody answered, newest first.
    OPEN = both(listed!("r.confirmed_by is null and r.rejected_by is null"))
        -> [id, text, text, text, id, time, opt id, opt id];
    /// Proposals, newest first.
    ALL = both(listed!("r.proposed_at > 0")) -> [id, text, text, text, id, time, opt id, opt id];
}

/// Notes the first word about an order; false when there is one already that was not refused.
///
/// # Errors
/// Of the database.
pub fn propose(tx: &mut Tx<'_>, scope: Scope, resolution: &Resolution) -> Result<bool, Fault> {
    let Resolution { seq, outcome, evidence, proposed_by, proposed_name, proposed_at, .. } = resolution;
    let written = tx.execute(
        &PROPOSE,
        params![scope.workspace, scope.mode, *seq, outcome, evidence, *proposed_by, proposed_name, *proposed_at],
    )?;
    Ok(written == 1)
}

/// Notes that another person confirmed it; false when nothing waits for this person.
///
/// # Errors
/// Of the database.
pub fn confirm(tx: &mut Tx<'_>, scope: Scope, seq: i64, answer: &SecondWord<'_>) -> Result<bool, Fault> {
    let SecondWord { by, name, at, comment } = answer;
    Ok(tx.execute(&CONFIRM, params![scope.workspace, scope.mode, seq, *by, *name, *at, *comment])? == 1)
}

/// Notes that another person refused it; false when nothing waits for this person.
///
/// # Errors
/// Of the database.
pub fn reject(tx: &mut Tx<'_>, scope: Scope, seq: i64, answer: &SecondWord<'_>) -> Result<bool, Fault> {
    let SecondWord { by, name, at, comment } = answer;
    Ok(tx.execute(&REJECT, params![scope.workspace, scope.mode, seq, *by, *name, *at, *comment])? == 1)
}

/// The newest proposals that nobody answered, [`LISTED_MAX`] at most. Of some the order is final by itself meanwhile.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Listed>, Fault> {
    tx.rows(&OPEN, params![scope.workspace, scope.mode, LISTED_MAX], listed)
}

/// The newest proposals, [`LISTED_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn all(tx: &mut Tx<'_>, scope: Scope) -> Result<Vec<Listed>, Fault> {
    tx.rows(&ALL, params![scope.workspace, scope.mode, LISTED_MAX], listed)
}

/// What was said about an order.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, seq: i64) -> Result<Option<Resolution>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, seq], resolution)
}

fn resolution(row: &Row<'_>) -> Result<Resolution, Fault> {
    Ok(Resolution {
        seq: row.int(0)?,
        outcome: row.string(1)?,
        evidence: row.string(2)?,
        proposed_by: row.id(3)?,
        proposed_name: row.string(4)?,
        proposed_at: row.time(5)?,
        confirmed_by: row.opt_id(6)?,
        confirmed_name: row.opt_string(7)?,
        confirmed_at: row.opt_time(8)?,
        rejected_by: row.opt_id(9)?,
        rejected_name: row.opt_string(10)?,
        rejected_at: row.opt_time(11)?,
        comment: row.opt_string(12)?,
    })
}

fn listed(row: &Row<'_>) -> Result<Listed, Fault> {
    Ok(Listed {
        transaction: TransactionId(row.id(0)?),
        beneficiary: row.string(1)?,
        reference: row.string(2)?,
        state: OrderState::parse(row.text(3)?).ok_or_else(|| row.mismatch(3, "a state"))?,
        proposed_by: row.id(4)?,
        proposed_at: row.time(5)?,
        is_confirmed: row.opt_id(6)?.is_some(),
        is_rejected: row.opt_id(7)?.is_some(),
    })
}
