//! Table `wallets`: the balances of each wallet and the last numbers that it gave out. Amounts are in kobo.
//!
//! [`lock`] comes first in every act on money: it holds the wallet until the end of the transaction, so that acts on one wallet
//! follow each other on both databases, and numbers are in the order of commits. [`save`] writes only over what was locked.

use floe_model::{
    Fault, Scope, Timestamp,
    treasury::{Balances, Kobo, LedgerAccount},
};

use crate::{Row, Tx, params, statements};

/// Accounts of a wallet.
const ACCOUNTS: usize = LedgerAccount::ALL.len();

/// A wallet as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// The balance of each account.
    pub balances: Balances,
    /// The number of the last line of each account, in the order of [`LedgerAccount::ALL`].
    pub lines: [i64; ACCOUNTS],
    /// The number of the last transfer.
    pub transfers: i64,
    /// The number of the last transaction, which is how many there are.
    pub transactions: i64,
    /// Transactions that are not final.
    pub pending: i64,
    /// Transactions that succeeded.
    pub succeeded: i64,
    /// Transactions that failed.
    pub failed: i64,
    /// The UTC day of `day_transactions`, counted from 1970.
    pub day: i64,
    /// Transactions of that day.
    pub day_transactions: i64,
    /// The instant of the last act; never goes back.
    pub last_at: Timestamp,
    /// When the wallet was opened.
    pub created_at: Timestamp,
    /// When the available balance last changed.
    pub updated_at: Timestamp,
}

impl Wallet {
    /// A wallet to which nothing happened yet.
    #[must_use]
    pub fn new(created_at: Timestamp) -> Self {
        Self {
            balances: Balances::default(),
            lines: [0; ACCOUNTS],
            transfers: 0,
            transactions: 0,
            pending: 0,
            succeeded: 0,
            failed: 0,
            day: 0,
            day_transactions: 0,
            last_at: created_at,
            created_at,
            updated_at: created_at,
        }
    }

    /// What can be spent now.
    #[must_use]
    pub fn available(&self) -> Kobo {
        self.balances.available
    }

    /// The number of the last line of an account, which is how many it has.
    #[must_use]
    pub fn last_line(&self, account: LedgerAccount) -> i64 {
        self.lines[place(account)]
    }
}

/// Where an account stands in the lines of a wallet.
#[must_use]
pub fn place(account: LedgerAccount) -> usize {
    match account {
        LedgerAccount::Available => 0,
        LedgerAccount::Reserved => 1,
        LedgerAccount::PaidOut => 2,
        LedgerAccount::Fees => 3,
        LedgerAccount::Outside => 4,
    }
}

statements! {
    /// A new wallet; it counts from the making of its workspace.
    OPEN = both(
        "insert into wallets (workspace_id, mode, available, reserved, paid_out, fees, outside, available_lines, reserved_lines,
             paid_out_lines, fees_lines, outside_lines, transfers, transactions, pending, succeeded, failed, day, day_transactions,
             last_at, created_at, updated_at)
         values ($1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $3, $3, $3) on conflict do nothing"
    );
    /// A wallet, held until the end of the transaction.
    LOCK = both(
        "update wallets set transfers = transfers where workspace_id = $1 and mode = $2
         returning available, reserved, paid_out, fees, outside, available_lines, reserved_lines, paid_out_lines, fees_lines,
             outside_lines, transfers, transactions, pending, succeeded, failed, day, day_transactions, last_at, created_at, updated_at"
    ) -> [int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, time, time, time];
    /// A wallet as it is now.
    FIND = both(
        "select available, reserved, paid_out, fees, outside, available_lines, reserved_lines, paid_out_lines, fees_lines,
             outside_lines, transfers, transactions, pending, succeeded, failed, day, day_transactions, last_at, created_at, updated_at
         from wallets where workspace_id = $1 and mode = $2"
    ) -> [int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, time, time, time];
    /// Everything of a wallet, over the balances and numbers that were read with [`LOCK`].
    SAVE = both(
        "update wallets set available = $3, reserved = $4, paid_out = $5, fees = $6, outside = $7, available_lines = $8,
             reserved_lines = $9, paid_out_lines = $10, fees_lines = $11, outside_lines = $12, transfers = $13, transactions = $14,
             pending = $15, succeeded = $16, failed = $17, day = $18, day_transactions = $19, last_at = $20, updated_at = $21
         where workspace_id = $1 and mode = $2 and available = $22 and reserved = $23 and transfers = $24 and transactions = $25"
    );
}

/// Opens a wallet; nothing happens when it is open.
///
/// # Errors
/// Of the database.
pub fn open(tx: &mut Tx<'_>, scope: Scope, created_at: Timestamp) -> Result<(), Fault> {
    tx.execute(&OPEN, params![scope.workspace, scope.mode, created_at]).map(drop)
}

/// A wallet, held until the end of the transaction; none when it is not open.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Wallet>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode], wallet)
}

/// A wallet as it is now; none when it is not open.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope) -> Result<Option<Wallet>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode], wallet)
}

/// Writes a wallet over what [`lock`] gave. The database refuses balances below zero and accounts that do not sum to zero.
///
/// # Errors
/// An internal fault when the wallet is not as it was locked.
pub fn save(tx: &mut Tx<'_>, scope: Scope, before: &Wallet, after: &Wallet) -> Result<(), Fault> {
    let Balances { available, reserved, paid_out, fees, outside } = after.balances;
    let [a, b, c, d, e] = after.lines;
    let saved = tx.execute(
        &SAVE,
        params![
            scope.workspace,
            scope.mode,
            available.0,
            reserved.0,
            paid_out.0,
            fees.0,
            outside.0,
            a,
            b,
            c,
            d,
            e,
            after.transfers,
            after.transactions,
            after.pending,
            after.succeeded,
            after.failed,
            after.day,
            after.day_transactions,
            after.last_at,
            after.updated_at,
            before.balances.available.0,
            before.balances.reserved.0,
            before.transfers,
            before.transactions
        ],
    )?;
    if saved == 1 { Ok(()) } else { Err(Fault::internal("a wallet changed while it was held")) }
}

fn wallet(row: &Row<'_>) -> Result<Wallet, Fault> {
    let balances = Balances {
        available: Kobo(row.int(0)?),
        reserved: Kobo(row.int(1)?),
        paid_out: Kobo(row.int(2)?),
        fees: Kobo(row.int(3)?),
        outside: Kobo(row.int(4)?),
    };
    Ok(Wallet {
        balances,
        lines: [row.int(5)?, row.int(6)?, row.int(7)?, row.int(8)?, row.int(9)?],
        transfers: row.int(10)?,
        transactions: row.int(11)?,
        pending: row.int(12)?,
        succeeded: row.int(13)?,
        failed: row.int(14)?,
        day: row.int(15)?,
        day_transactions: row.int(16)?,
        last_at: row.time(17)?,
        created_at: row.time(18)?,
        updated_at: row.time(19)?,
    })
}
