//! Tables `credit_accounts` and `credit_holds`: the state of each ledger of credits, in thousandths. Its entries are in
//! `credit_entries`.
//!
//! [`lock`] comes first in every act: it holds the ledger until the end of the transaction, so that acts on one ledger follow
//! each other on both databases, and the numbers of its entries are in the order of their commits.

use floe_model::{
    Fault, Scope, Timestamp,
    access::credits::{Account, Refill},
    id::WorkspaceId,
};

use crate::{Row, Tx, params, statements};

/// A ledger as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Its state.
    pub account: Account,
    /// Number of its last entry.
    pub seq: i64,
    /// Counts changes of its rules.
    pub revision: i64,
}

statements! {
    /// What a new ledger starts with.
    OPENING = both("select amount from credit_openings where mode = $1") -> [int];
    /// Changes that.
    SET_OPENING = both("update credit_openings set amount = $2 where mode = $1 and amount <> $2");
    /// A new ledger.
    OPEN = both(
        "insert into credit_accounts (workspace_id, mode, balance, held, seq, refill_below, refill_to, low_at, monthly_limit,
             month, month_used, day, day_used, revision)
         values ($1, $2, $3, 0, 0, $4, $5, $6, null, 0, 0, 0, 0, 1) on conflict do nothing"
    );
    /// A ledger, held until the end of the transaction.
    LOCK = both(
        "update credit_accounts set revision = revision where workspace_id = $1 and mode = $2
         returning balance, held, seq, refill_below, refill_to, low_at, monthly_limit, month, month_used, day, day_used, revision"
    ) -> [int, int, int, opt int, opt int, opt int, opt int, int, int, int, int, int];
    /// A ledger as it is now.
    FIND = both(
        "select balance, held, seq, refill_below, refill_to, low_at, monthly_limit, month, month_used, day, day_used, revision
         from credit_accounts where workspace_id = $1 and mode = $2"
    ) -> [int, int, int, opt int, opt int, opt int, opt int, int, int, int, int, int];
    /// Everything of a ledger that is held.
    SAVE = both(
        "update credit_accounts set balance = $3, held = $4, seq = $5, refill_below = $6, refill_to = $7, low_at = $8,
             monthly_limit = $9, month = $10, month_used = $11, day = $12, day_used = $13, revision = $14
         where workspace_id = $1 and mode = $2"
    );
    /// A hold.
    HOLD = both(
        "insert into credit_holds (workspace_id, mode, reference, amount, expires_at) values ($1, $2, $3, $4, $5)"
    );
    /// What a hold holds.
    HELD = both("select amount from credit_holds where workspace_id = $1 and mode = $2 and reference = $3") -> [int];
    /// The end of a hold.
    UNHOLD = both("delete from credit_holds where workspace_id = $1 and mode = $2 and reference = $3 returning amount") -> [int];
    /// Holds whose time is over.
    EXPIRED = both(
        "select workspace_id, mode, reference from credit_holds where expires_at <= $1 order by expires_at limit $2"
    ) -> [id, text, text];
}

/// What a new ledger of a mode starts with.
///
/// # Errors
/// Of the database.
pub fn opening(tx: &mut Tx<'_>, scope: Scope) -> Result<i64, Fault> {
    Ok(tx.row(&OPENING, params![scope.mode], |row| row.int(0))?.unwrap_or(0))
}

/// Sets what new ledgers of a mode start with; writes nothing when it is so already.
///
/// # Errors
/// Of the database.
pub fn set_opening(tx: &mut Tx<'_>, mode: floe_model::Mode, amount: i64) -> Result<(), Fault> {
    tx.execute(&SET_OPENING, params![mode, amount]).map(drop)
}

/// Opens a ledger, empty; false when it is open already.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, scope: Scope, account: &Account) -> Result<bool, Fault> {
    let (below, to) = (account.refill.map(|refill| refill.below), account.refill.map(|refill| refill.to));
    let opened = tx.execute(&OPEN, params![scope.workspace, scope.mode, account.balance, below, to, account.low_at])?;
    Ok(opened == 1)
}

/// A ledger, held until the end of the transaction; none when it is not open.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Ledger>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode], ledger)
}

/// A ledger as it is now.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Ledger>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode], ledger)
}

/// Writes a ledger that was taken with [`lock`].
///
/// # Errors
/// Of the database.
pub fn save(tx: &mut Tx<'_>, scope: Scope, ledger: &Ledger) -> Result<(), Fault> {
    let Ledger { account, seq, revision } = ledger;
    let (below, to) = (account.refill.map(|refill| refill.below), account.refill.map(|refill| refill.to));
    let saved = tx.execute(
        &SAVE,
        params![
            scope.workspace,
            scope.mode,
            account.balance,
            account.held,
            *seq,
            below,
            to,
            account.low_at,
            account.monthly_limit,
            account.month,
            account.month_used,
            account.day,
            account.day_used,
            *revision
        ],
    )?;
    if saved == 1 { Ok(()) } else { Err(Fault::internal("a ledger of credits went away while it was held")) }
}

/// Notes a hold. Its reference must be new.
///
/// # Errors
/// A conflict `already_exists` for a reference that holds already.
pub fn hold(tx: &mut Tx<'_>, scope: Scope, reference: &str, amount: i64, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute(&HOLD, params![scope.workspace, scope.mode, reference, amount, expires_at]).map(drop)
}

/// What a reference holds.
///
/// # Errors
/// Of the database.
pub fn held(tx: &mut Tx<'_>, scope: Scope, reference: &str) -> Result<Option<i64>, Fault> {
    tx.row(&HELD, params![scope.workspace, scope.mode, reference], |row| row.int(0))
}

/// Ends a hold; what it held, none when there was none.
///
/// # Errors
/// Of the database.
pub fn unhold(tx: &mut Tx<'_>, scope: Scope, reference: &str) -> Result<Option<i64>, Fault> {
    tx.row(&UNHOLD, params![scope.workspace, scope.mode, reference], |row| row.int(0))
}

/// Up to `limit` holds of all workspaces whose time is over, the oldest first.
///
/// # Errors
/// Of the database.
pub fn expired(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<Vec<(Scope, String)>, Fault> {
    tx.rows(&EXPIRED, params![now, limit], |row| {
        Ok((Scope { workspace: WorkspaceId(row.id(0)?), mode: row.mode(1)? }, row.string(2)?))
    })
}

fn ledger(row: &Row<'_>) -> Result<Ledger, Fault> {
    let refill = row.opt_int(3)?.zip(row.opt_int(4)?).map(|(below, to)| Refill { below, to });
    let account = Account {
        balance: row.int(0)?,
        held: row.int(1)?,
        refill,
        low_at: row.opt_int(5)?,
        monthly_limit: row.opt_int(6)?,
        month: row.int(7)?,
        month_used: row.int(8)?,
        day: row.int(9)?,
        day_used: row.int(10)?,
    };
    Ok(Ledger { account, seq: row.int(2)?, revision: row.int(11)? })
}
