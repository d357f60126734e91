//! Lists of one status among a wallet's transactions, against the whole list.

use floe_model::id::{PaymentRunId, TransactionId, WorkspaceId};
use floe_model::treasury::{Direction, Kobo, TransactionStatus};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::treasury::payout_transactions::{self, Transaction};

use crate::on_both;

const SCOPE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Test };
/// Transactions of the wallet.
const ALL: i64 = 90;

/// Most succeeded; those that did not lie close together here and there.
fn status(seq: i64) -> TransactionStatus {
    match seq {
        20..=28 | 88 => TransactionStatus::Failed,
        29..=31 | 60 | 90 => TransactionStatus::Pending,
        _ => TransactionStatus::Success,
    }
}

fn transaction(seq: i64) -> Transaction {
    Transaction {
        seq,
        id: TransactionId(seq as u128),
        run: PaymentRunId(7),
        reference: format!("FP-20260601-{seq:05}"),
        amount: Kobo(100),
        direction: Direction::Debit,
        status: status(seq),
        debit: None,
        created_at: Timestamp(seq),
    }
}

on_both! {
    async fn every_page_of_a_status_is_that_of_the_whole_list(store: TestStore) {
        store.write(|tx| payout_transactions::add_all(tx, SCOPE, &(1..=ALL).map(transaction).collect::<Vec<_>>())).await.unwrap();
        for &wanted in TransactionStatus::ALL {
            let whole: Vec<i64> = (1..=ALL).rev().filter(|&seq| status(seq) == wanted).collect();
            let total = whole.len() as i64;
            for (limit, offset) in [1, 5, 200].into_iter().flat_map(|limit| (0..=total).map(move |offset| (limit, offset))) {
                let page = store.read(move |tx| payout_transactions::of_status(tx, SCOPE, wanted, limit, offset, (total, ALL))).await.unwrap();
                let seqs: Vec<i64> = page.iter().map(|one| one.seq).collect();
                let expected: Vec<i64> = whole.iter().copied().skip(offset as usize).take(limit as usize).collect();
                assert_eq!(seqs, expected, "{wanted} {limit} {offset}");
            }
        }
    }
}
