use serde_json::json;

use super::*;

const NOON: Timestamp = Timestamp(1_800_000_000_000_000);

fn budget(credits: i64) -> Account {
    Account { refill: None, low_at: None, ..Account::open(credits * MILLI, false) }
}

#[test]
fn what_is_held_is_nobody_elses() {
    let mut account = budget(3);
    assert_eq!(account.hold(2 * MILLI, NOON), Ok(Moved::default()));
    assert_eq!(account.hold(2 * MILLI, NOON), Err(Short::Balance));
    assert_eq!((account.balance, account.held), (3 * MILLI, 2 * MILLI), "a refusal changes nothing");
    let moved = account.settle(2 * MILLI, 500, NOON);
    assert_eq!((moved.charged, account.balance, account.available()), (500, 2_500, 2_500));
    account.hold(MILLI, NOON).expect("enough");
    account.release(MILLI);
    assert_eq!(account.available(), 2_500);
}

#[test]
fn a_call_that_used_more_than_it_held_takes_what_is_there() {
    let mut account = budget(3);
    account.hold(MILLI, NOON).expect("enough");
    account.hold(MILLI, NOON).expect("enough");
    // One credit of the other call stays held.
    assert_eq!(account.settle(MILLI, 9 * MILLI, NOON).charged, 2 * MILLI);
    assert_eq!((account.balance, account.held), (MILLI, MILLI));
}

#[test]
fn live_ledgers_fill_up() {
    let mut account = Account::open(150 * MILLI, true);
    assert_eq!(account.hold(50 * MILLI, NOON), Ok(Moved::default()), "150 are not below 100");
    let moved = account.settle(50 * MILLI, 60 * MILLI, NOON);
    assert_eq!((moved.charged, moved.refilled, moved.is_low), (60 * MILLI, 0, false), "90 left will be filled up");
    assert_eq!((account.fill_up(), account.balance), (910 * MILLI, 1_000 * MILLI));
    assert_eq!(account.hold(5_000 * MILLI, NOON), Err(Short::Balance), "more than it is filled up to");
}

#[test]
fn a_budget_tells_once_that_it_runs_low() {
    let mut account = Account { low_at: Some(2 * MILLI), ..budget(3) };
    assert!(!account.settle(0, MILLI, NOON).is_low);
    assert!(account.settle(0, MILLI, NOON).is_low);
    assert!(!account.settle(0, MILLI, NOON).is_low);
}

#[test]
fn days_and_months_start_anew() {
    let mut account = Account { monthly_limit: Some(10 * MILLI), ..budget(100) };
    account.settle(0, 9 * MILLI, NOON);
    assert_eq!(account.hold(2 * MILLI, NOON), Err(Short::MonthlyLimit));
    assert_eq!((account.used_today(NOON), account.used_this_month(NOON)), (9 * MILLI, 9 * MILLI));
    let tomorrow = NOON.plus_seconds(86_400);
    assert_eq!((account.used_today(tomorrow), account.used_this_month(tomorrow)), (0, 9 * MILLI));
    let next_month = NOON.plus_seconds(32 * 86_400);
    assert_eq!(account.used_this_month(next_month), 0);
    assert!(account.hold(2 * MILLI, next_month).is_ok());
}

#[test]
fn credits_are_numbers_without_needless_fractions() {
    for (milli, text) in
        [(1_000, "1"), (0, "0"), (1_500, "1.5"), (1, "0.001"), (-2_000, "-2"), (999_999_999, "999999.999")]
    {
        assert_eq!(number(milli).to_string(), text);
        assert_eq!(read(&number(milli)), Some(milli));
    }
    for wrong in [json!(0.0001), json!("1"), json!(1e30), json!(null), json!(1_000_000_001)] {
        assert_eq!(read(&wrong), None, "{wrong}");
    }
}
