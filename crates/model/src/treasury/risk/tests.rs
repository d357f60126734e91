use proptest::prelude::*;

use super::super::institutions::Directory;
use super::*;

const NOW: Timestamp = Timestamp(1_780_000_000_000_000);
const DAY: i64 = 86_400;

fn terms(cap: Option<i64>) -> RiskTerms {
    let budget_cap = cap.and_then(Kobo::naira);
    RiskTerms { tolerance: Score::DEFAULT_TOLERANCE, budget_cap, strict_check_digit: false, now: NOW }
}

fn candidate<'a>(name: &'a str, account: &str, naira: i64, history: &'a AccountHistory) -> RiskCandidate<'a> {
    RiskCandidate {
        name,
        account: AccountNumber::parse(account).expect("ten digits"),
        bank: "058",
        amount: Kobo::naira(naira).expect("in range"),
        history,
        check: AccountCheck::Holder(name),
        has_right_digit: Some(true),
        is_blocked: false,
        is_watched: false,
    }
}

fn paid(first_days: i64, last_days: i64, name: &str) -> AccountHistory {
    AccountHistory {
        first_paid_at: Some(NOW.plus_seconds(-first_days * DAY)),
        last_paid_at: Some(NOW.plus_seconds(-last_days * DAY)),
        names: vec![name.to_owned()],
        ..AccountHistory::default()
    }
}

fn check(scored: &Scored, score: &str, decision: RiskDecision, reasons: &[RiskReason]) {
    assert_eq!((scored.score.to_string().as_str(), scored.decision, &scored.reasons[..]), (score, decision, reasons));
}

#[test]
fn check_values_of_the_contract() {
    use RiskDecision::{AutoApproved, NeedsReview};
    let new = AccountHistory::default();
    let one = score_run(&[candidate("Ngozi Eze", "0108024071", 350_000, &new)], &terms(Some(50_000_000)));
    check(&one[0], "0.2557", AutoApproved, &[]);
    let known = paid(120, 31, "Ngozi Eze");
    let one = score_run(&[candidate("Ngozi Eze", "0108024071", 350_000, &known)], &terms(Some(50_000_000)));
    check(&one[0], "0.0307", AutoApproved, &[]);
    let two = [("Ngozi Eze", 350_000), ("Bola Ade", 350_000)];
    let two: Vec<_> = two.iter().map(|(name, naira)| candidate(name, "0108024071", *naira, &new)).collect();
    let reasons = [RiskReason::DuplicateInRun, RiskReason::AboveTolerance];
    for scored in score_run(&two, &terms(None)) {
        check(&scored, "0.5", NeedsReview, &reasons);
    }
    let names = ["Ann", "Ben", "Cy", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida"];
    let banks = ["011", "044", "058", "070", "214", "221", "057", "033", "068"];
    let nine: Vec<_> = (0..9)
        .map(|at| {
            let account = format!("000000000{at}");
            let naira = if at == 4 { 1_000_000 } else { 100_000 };
            RiskCandidate { bank: banks[at], ..candidate(names[at], &account, naira, &new) }
        })
        .collect();
    for (at, scored) in score_run(&nine, &terms(None)).iter().enumerate() {
        match at {
            4 => check(scored, "0.3822", NeedsReview, &[RiskReason::AboveTolerance]),
            _ => check(scored, "0.295", AutoApproved, &[]),
        }
    }
}

#[test]
fn every_rule_speaks_for_itself() {
    use RiskDecision::{AutoApproved, Blocked, NeedsReview};
    let known = paid(120, 31, "Ngozi Eze");
    let repeated = AccountHistory { recent_amounts: vec![Kobo(1_234_567)], ..known.clone() };
    let plain = RiskCandidate { amount: Kobo(1_234_567), ..candidate("Ngozi Eze", "0108024071", 1, &known) };
    for (changed, strict, score, decision, reasons) in [
        (plain, false, "0", AutoApproved, &[][..]),
        (
            RiskCandidate { is_blocked: true, ..plain },
            false,
            "1",
            Blocked,
            &[RiskReason::Blocklist, RiskReason::FarAboveTolerance][..],
        ),
        (
            RiskCandidate { check: AccountCheck::Invalid, ..plain },
            false,
            "0.9",
            Blocked,
            &[RiskReason::AccountInvalid, RiskReason::FarAboveTolerance],
        ),
        (
            RiskCandidate { check: AccountCheck::Unavailable, ..plain },
            false,
            "0",
            NeedsReview,
            &[RiskReason::AccountUnverified],
        ),
        (
            RiskCandidate { check: AccountCheck::Holder("MISMATCHED HOLDER"), ..plain },
            false,
            "0",
            NeedsReview,
            &[RiskReason::NameMismatch],
        ),
        (RiskCandidate { check: AccountCheck::Holder("EZE NGOZI M"), ..plain }, false, "0", AutoApproved, &[]),
        (
            RiskCandidate { history: &repeated, ..plain },
            false,
            "0.5",
            NeedsReview,
            &[RiskReason::PossibleDuplicatePayment, RiskReason::AboveTolerance],
        ),
        (RiskCandidate { has_right_digit: Some(false), ..plain }, false, "0", AutoApproved, &[RiskReason::CheckDigit]),
        (RiskCandidate { has_right_digit: Some(false), ..plain }, true, "0", NeedsReview, &[RiskReason::CheckDigit]),
        (RiskCandidate { has_right_digit: None, ..plain }, true, "0", AutoApproved, &[]),
        (RiskCandidate { is_watched: true, ..plain }, false, "0", NeedsReview, &[RiskReason::Watchlist]),
    ] {
        let terms = RiskTerms { strict_check_digit: strict, ..terms(None) };
        check(&score_run(&[changed], &terms)[0], score, decision, reasons);
    }
    let over = RiskCandidate { amount: Kobo(1_234_567), ..plain };
    let scored = score_run(&[over], &terms(Some(12_345)));
    check(&scored[0], "0.9", Blocked, &[RiskReason::AboveBudgetCap, RiskReason::FarAboveTolerance]);
}

#[test]
fn an_unusual_amount_for_a_new_payee_asks_for_a_review() {
    let new = AccountHistory::default();
    let names: Vec<String> = (0..20).map(|at| format!("Payee{at}")).collect();
    let many: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, name)| RiskCandidate {
            amount: if at == 7 { Kobo(90_000_001) } else { Kobo(100_001) },
            ..candidate(name, &format!("00000000{at:02}"), 1, &new)
        })
        .collect();
    let scored = score_run(&many, &terms(None));
    assert_eq!(scored[7].reasons, [RiskReason::UnusualAmount, RiskReason::AboveTolerance]);
    check(&scored[7], "0.4", RiskDecision::NeedsReview, &[RiskReason::UnusualAmount, RiskReason::AboveTolerance]);
    assert_eq!(scored[8].decision, RiskDecision::AutoApproved);
}

#[test]
fn names_at_one_bank_are_compared_without_those_of_others() {
    let new = AccountHistory::default();
    let similarity = |others: &[(&str, &str)]| {
        let mut all = vec![candidate("Ngozi Ada Eze", "0000000001", 1, &new)];
        all.extend(others.iter().enumerate().map(|(at, (name, bank))| {
            let account = format!("00000001{at:02}");
            RiskCandidate { bank, ..candidate(name, &account, 1, &new) }
        }));
        score_run(&all, &terms(None))[0].factors[Factor::DuplicateSimilarity as usize].1.to_string()
    };
    assert_eq!(similarity(&[]), "0");
    assert_eq!(similarity(&[("Ngozi Eze", "044")]), "0");
    assert_eq!(similarity(&[("Ngozi Bello", "058"), ("Ngozi Eze", "058")]), "0.8667");
    assert_eq!(similarity(&[("eze ada NGOZI", "058")]), "1");
}

#[test]
fn blocklists_know_accounts_names_and_banks() {
    let directory = Directory::shipped();
    let list = Blocklist::new(
        [
            (BlockKind::AccountNumber, "0108024071"),
            (BlockKind::BeneficiaryName, "Eze, Ngozi"),
            (BlockKind::BankCode, "000016"),
        ],
        directory,
    );
    let account = |text| AccountNumber::parse(text).expect("ten digits");
    for (name, number, code, expected) in [
        ("Bola", "0108024071", "044", Some(BlockKind::AccountNumber)),
        ("ngozi EZE", "0000000001", "044", Some(BlockKind::BeneficiaryName)),
        ("Ngozi Ada Eze", "0000000001", "044", None),
        ("Bola", "0000000001", "011", Some(BlockKind::BankCode)),
    ] {
        assert_eq!(list.blocks(name, &account(number), directory.bank_key(code)), expected, "{name}");
    }
}

proptest! {
    /// The fast way through shared words gives what comparing every pair gives, and neither order nor repetition changes a score.
    #[test]
    fn scores_are_repeatable(rows in prop::collection::vec(("[a-d]{1,2}( [a-d]{1,2}){0,3}", 0_u8..3, 1_i64..999_999_999_999_999), 1..25)) {
        let new = AccountHistory::default();
        let banks = ["011", "044", "058"];
        let all: Vec<_> = rows.iter().enumerate().map(|(at, (name, bank, kobo))| RiskCandidate {
            bank: banks[usize::from(*bank)],
            amount: Kobo(*kobo),
            ..candidate(name, &format!("{at:010}"), 1, &new)
        }).collect();
        let scored = score_run(&all, &terms(Some(1_000_000_000)));
        let reversed: Vec<_> = all.iter().rev().copied().collect();
        let mut again = score_run(&reversed, &terms(Some(1_000_000_000)));
        again.reverse();
        prop_assert_eq!(&scored, &again);
        for (at, one) in all.iter().enumerate() {
            let words = super::super::names::NameWords::of(one.name);
            let others = all.iter().enumerate().filter(|(other, two)| *other != at && two.bank == one.bank);
            let overlap = others.map(|(_, two)| words.overlap(&super::super::names::NameWords::of(two.name))).fold(0.0, f64::max);
            let expected = Score::from_fraction((overlap * 1.3).min(1.0));
            prop_assert_eq!(scored[at].factors[Factor::DuplicateSimilarity as usize].1, expected);
        }
    }
}

/// Ten thousand people at one bank, whose names share their words in every way.
#[test]
fn a_large_run_is_compared_within_a_bound() {
    let new = AccountHistory::default();
    let names: Vec<String> =
        (0..10_000).map(|at| format!("first{} last{} tribe{}", at % 200, at / 50, at % 7)).collect();
    let all: Vec<_> =
        names.iter().enumerate().map(|(at, name)| candidate(name, &format!("{at:010}"), 100_001, &new)).collect();
    let scored = score_run(&all, &terms(None));
    // Every name has another one that shares two of its three words.
    assert!(scored.iter().all(|one| one.factors[Factor::DuplicateSimilarity as usize].1.to_string() == "0.65"));
}
