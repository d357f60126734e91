//! The double entry ledger of a workspace and mode (Treasury contract, section 9.1).
//!
//! Every act on money opens the [`Book`] of its wallet, which holds the wallet until the end of the transaction, enters balanced
//! transfers, and closes the book: balances, lines and numbers are written together, over exactly what was held. So no two acts
//! on one wallet see the same balance, on either database.

mod verify;

use floe_model::id::{PaymentRunId, TransactionId};
use floe_model::treasury::{
    Direction, Kobo, LedgerAccount, LedgerProblem, TransactionStatus, Transfer, day_number, transaction_reference,
};
use floe_model::{Fault, FaultKind, Scope, Timestamp};
use floe_store::Tx;
use floe_store::access::workspaces;
use floe_store::treasury::payout_transactions::Transaction;
use floe_store::treasury::postings::{self, Line};
use floe_store::treasury::wallets::{self, Wallet, place};

pub use verify::{Verdict, verify};

/// The code of the refusal when a wallet has not enough.
pub const INSUFFICIENT: &str = "insufficient_balance";

/// What a transfer is entered with.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// What it stands for, e.g. the reference of a transaction or of a provider.
    pub reference: Option<&'a str>,
    /// The run that it belongs to.
    pub run: Option<PaymentRunId>,
}

/// The ledger of a wallet, held until the end of the transaction.
pub struct Book {
    scope: Scope,
    before: Wallet,
    wallet: Wallet,
    lines: Vec<Line>,
    at: Timestamp,
}

impl Book {
    /// Opens the ledger of a wallet, and the wallet itself when this is its first act.
    ///
    /// # Errors
    /// Of the database.
    pub fn open(tx: &mut Tx<'_>, scope: Scope, now: Timestamp) -> Result<Self, Fault> {
        let wallet = match wallets::lock(tx, scope)? {
            Some(wallet) => wallet,
            None => {
                let born = born(tx, scope, now)?;
                wallets::open(tx, scope, born)?;
                wallets::lock(tx, scope)?
                    .ok_or_else(|| Fault::internal("a wallet that was just opened is not there"))?
            }
        };
        // Clocks of several nodes differ a little; lines and transactions of a wallet are in the order of their instants all the same.
        let at = now.max(wallet.last_at);
        Ok(Self { scope, before: wallet.clone(), wallet, lines: Vec::new(), at })
    }

    /// The instant of this act: now, and never before the wallet's last one.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The wallet with what was entered.
    #[must_use]
    pub fn wallet(&self) -> &Wallet {
        &self.wallet
    }

    /// Enters a transfer.
    ///
    /// # Errors
    /// `insufficient_balance` when what can be spent is less than it takes (HTTP 402), an internal fault when another account would
    /// fall below zero: then the transaction must be given up.
    pub fn enter(&mut self, transfer: &Transfer, about: About<'_>) -> Result<(), Fault> {
        self.wallet.balances = self.wallet.balances.after(transfer).map_err(refusal)?;
        self.wallet.transfers += 1;
        let balances = self.wallet.balances;
        // Each account occurs once in a transfer, so that its balance after the line is that after the transfer.
        for posting in transfer.postings() {
            let line = &mut self.wallet.lines[place(posting.account)];
            *line += 1;
            self.lines.push(Line {
                account: posting.account,
                seq: *line,
                transfer: self.wallet.transfers,
                kind: transfer.kind().as_str().to_owned(),
                amount: posting.amount,
                balance_after: balances.of(posting.account),
                reference: about.reference.map(str::to_owned),
                run: about.run,
                at: self.at,
            });
        }
        debug_assert!(balances.is_balanced(), "transfers are balanced");
        if transfer.change_of(LedgerAccount::Available) != Kobo::ZERO {
            self.wallet.updated_at = self.at;
        }
        Ok(())
    }

    /// The next transaction of the wallet. It is counted here; the caller stores it.
    pub fn transaction(
        &mut self,
        id: TransactionId,
        run: PaymentRunId,
        amount: Kobo,
        debit: Option<i64>,
    ) -> Transaction {
        let wallet = &mut self.wallet;
        let day = day_number(self.at);
        if wallet.day != day {
            (wallet.day, wallet.day_transactions) = (day, 0);
        }
        wallet.day_transactions += 1;
        wallet.transactions += 1;
        let (direction, status) = if debit.is_some() {
            wallet.succeeded += 1;
            (Direction::Credit, TransactionStatus::Success)
        } else {
            wallet.pending += 1;
            (Direction::Debit, TransactionStatus::Pending)
        };
        Transaction {
            seq: wallet.transactions,
            id,
            run,
            reference: transaction_reference(self.at, wallet.day_transactions.unsigned_abs()),
            amount,
            direction,
            status,
            debit,
            created_at: self.at,
        }
    }

    /// Counts transactions that became final.
    pub fn settled(&mut self, status: TransactionStatus, count: i64) {
        match status {
            TransactionStatus::Success => self.wallet.succeeded += count,
            TransactionStatus::Failed => self.wallet.failed += count,
            TransactionStatus::Pending => return,
        }
        self.wallet.pending -= count;
    }

    /// Writes everything that was entered; the wallet as it is now.
    ///
    /// # Errors
    /// Of the database.
    pub fn close(mut self, tx: &mut Tx<'_>) -> Result<Wallet, Fault> {
        if self.wallet == self.before {
            return Ok(self.wallet);
        }
        self.wallet.last_at = self.at;
        postings::add_all(tx, self.scope, &self.lines)?;
        wallets::save(tx, self.scope, &self.before, &self.wallet)?;
        Ok(self.wallet)
    }
}

/// The wallet as it is now, also before its first act.
///
/// # Errors
/// Of the database.
pub fn wallet(tx: &mut Tx<'_>, scope: Scope, now: Timestamp) -> Result<Wallet, Fault> {
    match wallets::find(tx, scope)? {
        Some(wallet) => Ok(wallet),
        None => Ok(Wallet::new(born(tx, scope, now)?)),
    }
}

/// A wallet counts from the making of its workspace (Treasury contract, section 2.4).
fn born(tx: &mut Tx<'_>, scope: Scope, now: Timestamp) -> Result<Timestamp, Fault> {
    Ok(workspaces::find(tx, scope.workspace)?.map_or(now, |workspace| workspace.created_at.min(now)))
}

/// The refusal of a wallet that has not enough (Treasury contract, section 1.4).
#[must_use]
pub fn short(need: Kobo, has: Kobo) -> Fault {
    let message = format!("Insufficient wallet balance: need {need}, available {has}.");
    Fault::new(FaultKind::PaymentRequired, INSUFFICIENT, message)
}

/// A transfer that cannot be: a wallet that has not enough is the caller's matter, all else is ours.
pub(crate) fn refusal(problem: LedgerProblem) -> Fault {
    match problem {
        LedgerProblem::Short { account: LedgerAccount::Available, need, has } => short(need, has),
        LedgerProblem::Overflow => Fault::conflict("wallet_full", "The wallet cannot hold so much."),
        problem => Fault::internal(problem),
    }
}

#[cfg(test)]
mod tests;
