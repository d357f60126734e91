use proptest::prelude::*;

use super::*;

#[test]
fn a_payout_moves_through_the_accounts() {
    let (amount, fee) = (Kobo(35_000_000), Kobo(5_375));
    let mut balances = Balances::default();
    for (transfer, expected) in [
        (Transfer::funding(Kobo(50_000_000)), [50_000_000, 0, 0, 0, -50_000_000]),
        (Transfer::release(amount, fee), [14_994_625, 35_005_375, 0, 0, -50_000_000]),
        (Transfer::refund(amount, fee), [50_000_000, 0, 0, 0, -50_000_000]),
        (Transfer::release(amount, fee), [14_994_625, 35_005_375, 0, 0, -50_000_000]),
        (Transfer::settlement(amount, fee), [14_994_625, 0, 35_000_000, 5_375, -50_000_000]),
        (Transfer::reversal(amount, Kobo::ZERO), [49_994_625, 0, 0, 5_375, -50_000_000]),
        (Transfer::withdrawal(Kobo(49_994_625)), [0, 0, 0, 5_375, -5_375]),
        (Transfer::correction(Kobo(1)), [1, 0, 0, 5_375, -5_376]),
        (Transfer::correction(Kobo(-1)), [0, 0, 0, 5_375, -5_375]),
    ] {
        let transfer = transfer.expect("a transfer");
        balances = balances.after(&transfer).expect("enough");
        assert_eq!(
            LedgerAccount::ALL.iter().map(|&a| balances.of(a).minor()).collect::<Vec<_>>(),
            expected,
            "{transfer:?}"
        );
    }
}

#[test]
fn nothing_is_taken_that_is_not_there() {
    let release = Transfer::release(Kobo(100), Kobo(1)).expect("a transfer");
    let funded = Balances::default().after(&Transfer::funding(Kobo(100)).expect("a transfer")).expect("room");
    let short = LedgerProblem::Short { account: LedgerAccount::Available, need: Kobo(101), has: Kobo(100) };
    assert_eq!(funded.after(&release), Err(short));
    assert_eq!(short.to_string(), "Insufficient available balance: need 1.01, available 1.00.");
    assert_eq!(Transfer::release(Kobo::ZERO, Kobo(1)), Err(LedgerProblem::Amount));
    assert_eq!(Transfer::release(Kobo(1), Kobo(-1)), Err(LedgerProblem::Amount));
    assert_eq!(Transfer::release(Kobo(i64::MAX), Kobo(1)), Err(LedgerProblem::Overflow));
    let full = Balances { available: Kobo(i64::MAX), ..Balances::default() };
    assert_eq!(full.after(&Transfer::funding(Kobo(1)).expect("a transfer")), Err(LedgerProblem::Overflow));
}

#[test]
fn stored_postings_must_sum_to_zero() {
    let line = |account, amount| Posting { account, amount: Kobo(amount) };
    let unbalanced = vec![line(LedgerAccount::Available, 5), line(LedgerAccount::Outside, -4)];
    let empty_line =
        vec![line(LedgerAccount::Available, 5), line(LedgerAccount::Outside, -5), line(LedgerAccount::Fees, 0)];
    for postings in [unbalanced, empty_line, Vec::new()] {
        assert_eq!(Transfer::from_postings(TransferKind::Funding, postings), Err(LedgerProblem::Unbalanced));
    }
}

proptest! {
    /// Whatever happens in whatever order: balances sum to zero, nothing falls below zero, and money in minus money out is what is left.
    #[test]
    fn the_books_always_balance(steps in prop::collection::vec((0_u8..7, 1_i64..1_000_000, 0_i64..100), 0..200)) {
        let mut balances = Balances::default();
        let mut open: Vec<(Kobo, Kobo)> = Vec::new();
        let mut paid: Vec<(Kobo, Kobo)> = Vec::new();
        for (step, amount, fee) in steps {
            let (amount, fee) = (Kobo(amount), Kobo(fee));
            let transfer = match step {
                0 => Transfer::funding(amount),
                1 => Transfer::release(amount, fee),
                2 => match open.last() { Some(&(amount, fee)) => Transfer::settlement(amount, fee), None => continue },
                3 => match open.last() { Some(&(amount, fee)) => Transfer::refund(amount, fee), None => continue },
                4 => match paid.last() { Some(&(amount, _)) => Transfer::reversal(amount, Kobo::ZERO), None => continue },
                5 => Transfer::withdrawal(amount),
                _ => Transfer::correction(amount),
            }.expect("a transfer");
            match balances.after(&transfer) {
                Ok(next) => balances = next,
                Err(LedgerProblem::Short { account, .. }) => {
                    prop_assert_eq!(account, LedgerAccount::Available);
                    continue;
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
            match step {
                1 => open.push((amount, fee)),
                2 => paid.extend(open.pop()),
                3 => { open.pop(); }
                4 => { paid.pop(); }
                _ => {}
            }
            prop_assert!(balances.is_balanced());
            let reserved = Kobo::checked_sum(open.iter().flat_map(|&(amount, fee)| [amount, fee]));
            prop_assert_eq!(Some(balances.reserved), reserved);
            prop_assert_eq!(Some(balances.paid_out), Kobo::checked_sum(paid.iter().map(|&(amount, _)| amount)));
        }
    }
}
