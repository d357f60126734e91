//! Table `payout_resolutions`: what people found out about orders that have no answer (Treasury contract, section 10.5).

use floe_model::{Fault, Scope, Timestamp};

use crate::{Row, Tx, params, statements};

/// What a person proposed, and another confirmed.
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
}

statements! {
    /// The first word about an order.
    PROPOSE = both(
        "insert into payout_resolutions (workspace_id, mode, seq, outcome, evidence, proposed_by, proposed_name, proposed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing"
    );
    /// The second, of another person.
    CONFIRM = both(
        "update payout_resolutions set confirmed_by = $4, confirmed_name = $5, confirmed_at = $6
         where workspace_id = $1 and mode = $2 and seq = $3 and confirmed_by is null and proposed_by <> $4"
    );
    /// What was said about an order.
    FIND = both(
        "select seq, outcome, evidence, proposed_by, proposed_name, proposed_at, confirmed_by, confirmed_name, confirmed_at
         from payout_resolutions where workspace_id = $1 and mode = $2 and seq = $3"
    ) -> [int, text, text, id, text, time, opt id, opt text, opt time];
}

/// Notes the first word about an order; false when there is one already.
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
pub fn confirm(
    tx: &mut Tx<'_>,
    scope: Scope,
    seq: i64,
    (by, name): (u128, &str),
    at: Timestamp,
) -> Result<bool, Fault> {
    Ok(tx.execute(&CONFIRM, params![scope.workspace, scope.mode, seq, by, name, at])? == 1)
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
    })
}
