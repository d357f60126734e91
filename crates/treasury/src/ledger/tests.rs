use floe_model::id::{PaymentRunId, WorkspaceId};
use floe_model::treasury::{Kobo, LedgerAccount, Transfer};
use floe_model::{Fault, FaultKind, Mode, Scope, Timestamp};
use floe_store::treasury::postings::{self, Line, Span};
use floe_testkit::store::TestStore;

use super::{About, Book, verify, wallet};

const SCOPE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Test };

fn at(seconds: i64) -> Timestamp {
    Timestamp(0).plus_seconds(seconds)
}

fn about(reference: &str) -> About<'_> {
    About { reference: Some(reference), run: Some(PaymentRunId(9)) }
}

#[tokio::test]
async fn lines_tell_every_balance_and_nothing_is_kept_of_what_cannot_be() {
    let store = TestStore::quick().await;
    let filled = |tx: &mut floe_store::Tx<'_>| {
        let mut book = Book::open(tx, SCOPE, at(10))?;
        book.enter(&Transfer::funding(Kobo(1_000)).map_err(Fault::internal)?, about("a"))?;
        book.enter(&Transfer::release(Kobo(300), Kobo(20)).map_err(Fault::internal)?, about("b"))?;
        book.enter(&Transfer::settlement(Kobo(300), Kobo(20)).map_err(Fault::internal)?, about("b"))?;
        book.close(tx)
    };
    let after = store.write(filled).await.unwrap();
    assert_eq!(
        (after.balances.available, after.balances.paid_out, after.balances.fees),
        (Kobo(680), Kobo(300), Kobo(20))
    );

    // An act of a node whose clock is behind stands after what was there; one that takes too much leaves nothing.
    let too_much = |tx: &mut floe_store::Tx<'_>| {
        let mut book = Book::open(tx, SCOPE, at(5))?;
        assert_eq!(book.at(), at(10));
        book.enter(&Transfer::funding(Kobo(1)).map_err(Fault::internal)?, about("c"))?;
        book.enter(&Transfer::release(Kobo(682), Kobo::ZERO).map_err(Fault::internal)?, about("d"))?;
        book.close(tx)
    };
    let refused = store.write(too_much).await.unwrap_err();
    assert_eq!(refused.kind(), FaultKind::PaymentRequired);
    assert_eq!(refused.message(), "Insufficient wallet balance: need 6.82, available 6.81.");

    store
        .read(move |tx| {
            assert_eq!(wallet(tx, SCOPE, at(20))?, after);
            let verdict = verify(tx, SCOPE)?;
            // Everything adds up, except that no payout stands behind what was paid here.
            let problems = vec!["0.00 was paid and 0.00 came back, 3.00 is paid out".to_owned()];
            assert_eq!((verdict.problems, verdict.lines), (problems, 7));
            let span = Span { first: 1, last: 9 };
            let lines = postings::newest(tx, SCOPE, LedgerAccount::Available, span, 10)?;
            let told: Vec<_> = lines.iter().map(|line| (line.seq, line.amount.0, line.balance_after.0)).collect();
            assert_eq!(told, [(2, -320, 680), (1, 1_000, 1_000)]);
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn lines_that_do_not_balance_are_refused_when_they_are_stored() {
    let store = TestStore::quick().await;
    let line = |account, amount| Line {
        account,
        seq: 1,
        transfer: 1,
        kind: "funding".to_owned(),
        amount: Kobo(amount),
        balance_after: Kobo(amount),
        reference: None,
        run: None,
        at: at(1),
    };
    let lines = [line(LedgerAccount::Available, 100), line(LedgerAccount::Outside, -99)];
    let refused = store.write(move |tx| postings::add_all(tx, SCOPE, &lines)).await.unwrap_err();
    assert_eq!(refused.kind(), FaultKind::Internal);
    let sums = store.read(|tx| postings::sums(tx, SCOPE)).await.unwrap();
    assert!(sums.is_empty(), "nothing was written: {sums:?}");
}

#[tokio::test]
async fn references_count_through_a_day_and_begin_anew_with_the_next() {
    let store = TestStore::quick().await;
    let made = |seconds: i64, count: usize| {
        let act = move |tx: &mut floe_store::Tx<'_>| {
            let mut book = Book::open(tx, SCOPE, at(seconds))?;
            let made: Vec<String> = (0..count)
                .map(|id| book.transaction((id as u128).into(), PaymentRunId(9), Kobo(1), None).reference)
                .collect();
            book.close(tx)?;
            Ok(made)
        };
        store.write(act)
    };
    assert_eq!(made(1, 2).await.unwrap(), ["FP-19700101-00001", "FP-19700101-00002"]);
    assert_eq!(made(86_399, 1).await.unwrap(), ["FP-19700101-00003"]);
    assert_eq!(made(86_400, 1).await.unwrap(), ["FP-19700102-00001"]);
    // A clock that is behind gives no reference of yesterday any more.
    assert_eq!(made(10, 1).await.unwrap(), ["FP-19700102-00002"]);
    assert_eq!(made(90_000, 100_000).await.unwrap().last().unwrap(), "FP-19700102-100002");
}
