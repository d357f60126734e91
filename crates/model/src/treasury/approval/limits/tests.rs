use super::*;

#[test]
fn the_first_limit_that_would_be_passed_is_named() {
    let kobo = |amount| Some(Kobo(amount));
    let limits = Limits { single_payout_cap: kobo(50), daily_payout_limit: kobo(100), monthly_payout_limit: kobo(500) };
    for (amounts, cap, today, month, expected) in [
        (&[50, 50][..], kobo(100), 0, 0, None),
        (&[50, 50], kobo(99), 0, 0, Some("budget_cap")),
        (&[51], None, 0, 0, Some("single_payout_cap")),
        (&[50, 50], None, 1, 1, Some("daily_payout_limit")),
        (&[50], None, 50, 450, None),
        (&[50], None, 50, 451, Some("monthly_payout_limit")),
        (&[i64::MAX, i64::MAX], kobo(i64::MAX), 0, 0, Some("single_payout_cap")),
    ] {
        let amounts: Vec<Kobo> = amounts.iter().copied().map(Kobo).collect();
        let spent = Spent { today: Kobo(today), this_month: Kobo(month) };
        let passed = limits.check(&amounts, cap, spent).err().map(|problem| problem.name);
        assert_eq!(passed, expected, "{amounts:?} {cap:?} {spent:?}");
    }
    assert_eq!(Limits::default().check(&[Kobo(i64::MAX), Kobo(1)], None, Spent::default()), Ok(()));
    let problem = limits.check(&[Kobo(51)], None, Spent::default()).expect_err("above");
    assert_eq!(problem.to_string(), "single_payout_cap: an amount of 0.51 is above the limit of 0.50");
}
