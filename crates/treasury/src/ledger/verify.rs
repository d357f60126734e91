//! Whether a ledger is what it must always be (Treasury contract, section 9.1): for tests and the doctor. It reads all lines.

use floe_model::treasury::{Direction, Kobo, LedgerAccount, TransactionStatus};
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::treasury::wallets::Wallet;
use floe_store::treasury::{payout_orders, payout_transactions, postings, wallets};

/// Transfers that are named at most.
const NAMED_MAX: usize = 10;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Every rule that does not hold, in words; empty when all do.
    pub problems: Vec<String>,
    /// Lines that were read.
    pub lines: i64,
}

/// Checks the ledger of a wallet against its lines, its transactions and its payout orders.
///
/// # Errors
/// Of the database.
pub fn verify(tx: &mut Tx<'_>, scope: Scope) -> Result<Verdict, Fault> {
    let Some(wallet) = wallets::find(tx, scope)? else { return Ok(Verdict { problems: Vec::new(), lines: 0 }) };
    let mut problems = Vec::new();
    let lines = replay(tx, scope, &wallet, &mut problems)?;
    orders(tx, scope, &wallet, &mut problems)?;
    transactions(tx, scope, &wallet, &mut problems)?;
    Ok(Verdict { problems, lines })
}

/// All lines together give the stored balances, and each transfer sums to zero.
fn replay(tx: &mut Tx<'_>, scope: Scope, wallet: &Wallet, problems: &mut Vec<String>) -> Result<i64, Fault> {
    let sums = postings::sums(tx, scope)?;
    for &account in LedgerAccount::ALL {
        let (lines, sum) =
            sums.iter().find(|(of, ..)| *of == account).map_or((0, Kobo::ZERO), |(_, lines, sum)| (*lines, *sum));
        let balance = wallet.balances.of(account);
        if sum != balance {
            problems.push(format!("{account}: its lines sum to {sum}, its balance is {balance}"));
        }
        if lines != wallet.last_line(account) {
            problems.push(format!(
                "{account}: it has {lines} lines, the last has the number {}",
                wallet.last_line(account)
            ));
        }
        if balance < Kobo::ZERO && account != LedgerAccount::Outside {
            problems.push(format!("{account}: below zero: {balance}"));
        }
    }
    for transfer in postings::unbalanced(tx, scope, NAMED_MAX)? {
        problems.push(format!("transfer {transfer} does not sum to zero"));
    }
    if !wallet.balances.is_balanced() {
        problems.push("the balances do not sum to zero".to_owned());
    }
    Ok(sums.iter().map(|(_, lines, _)| lines).sum())
}

/// What is reserved is what open payout orders need.
fn orders(tx: &mut Tx<'_>, scope: Scope, wallet: &Wallet, problems: &mut Vec<String>) -> Result<(), Fault> {
    let (open, held) = payout_orders::open_sum(tx, scope)?;
    if held != wallet.balances.reserved {
        problems.push(format!("{} is reserved, {open} open orders need {held}", wallet.balances.reserved));
    }
    if open != wallet.pending {
        problems.push(format!("{open} orders are open, {} transactions are pending", wallet.pending));
    }
    Ok(())
}

/// What left the wallet for payees is what succeeded, less what came back (section 4.4).
fn transactions(tx: &mut Tx<'_>, scope: Scope, wallet: &Wallet, problems: &mut Vec<String>) -> Result<(), Fault> {
    let sums = payout_transactions::sums(tx, scope)?;
    let of = |direction: Direction, status: TransactionStatus| {
        let found = sums.iter().find(|(a, b, ..)| (*a, *b) == (direction, status));
        found.map_or((0, Kobo::ZERO), |(_, _, count, sum)| (*count, *sum))
    };
    let (paid, back) =
        (of(Direction::Debit, TransactionStatus::Success), of(Direction::Credit, TransactionStatus::Success));
    if paid.1.checked_sub(back.1) != Some(wallet.balances.paid_out) {
        problems
            .push(format!("{} was paid and {} came back, {} is paid out", paid.1, back.1, wallet.balances.paid_out));
    }
    let (pending, failed) =
        (of(Direction::Debit, TransactionStatus::Pending), of(Direction::Debit, TransactionStatus::Failed));
    let counts = [(pending.0, wallet.pending), (paid.0 + back.0, wallet.succeeded), (failed.0, wallet.failed)];
    if counts.iter().any(|(is, noted)| is != noted) {
        problems.push(format!("transactions by status, counted and noted: {counts:?}"));
    }
    Ok(())
}
