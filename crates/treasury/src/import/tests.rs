//! The payroll example of the repository: what it holds, and what the risk agent says of it.

use floe_model::Timestamp;
use floe_model::treasury::risk::{AccountCheck, AccountHistory, RiskCandidate, RiskTerms, score_run};
use floe_model::treasury::simulator::{Enquiry, enquire};
use floe_model::treasury::{Directory, Kobo, RiskDecision, Score};

use super::*;

const NOVEMBER: &[u8] = include_bytes!("../../../../examples/payroll/november.csv");
const EARLIER: &[u8] = include_bytes!("../../../../examples/payroll/earlier-today.csv");
/// The account that the example puts on the blocklist.
const BLOCKED: &str = "0000210390";
const NOW: Timestamp = Timestamp(1_793_500_000_000_000);

#[test]
fn the_payroll_example_is_the_mix_that_it_says_it_is() {
    let directory = Directory::shipped();
    let file = read_candidates(NOVEMBER, directory).expect("the example");
    let earlier = read_candidates(EARLIER, directory).expect("the earlier example");
    assert_eq!((file.total_rows, file.problems.len(), earlier.rows.len()), (142, 0, 2));
    assert_eq!(file.duplicates, [Duplicate { row: 90, same_as_row: 43 }]);
    let fresh = AccountHistory::default();
    let paid_today = AccountHistory {
        paid_7d: 1,
        paid_30d: 1,
        first_paid_at: Some(NOW.plus_seconds(-600)),
        last_paid_at: Some(NOW.plus_seconds(-600)),
        ..AccountHistory::default()
    };
    let histories: Vec<AccountHistory> = file
        .rows
        .iter()
        .map(|row| match earlier.rows.iter().find(|paid| paid.account_number == row.account_number) {
            Some(paid) => AccountHistory {
                names: vec![paid.beneficiary_name.clone()],
                recent_amounts: vec![paid.amount],
                ..paid_today.clone()
            },
            None => fresh.clone(),
        })
        .collect();
    let holders: Vec<Enquiry> =
        file.rows.iter().map(|row| enquire(&row.account_number, &row.beneficiary_name)).collect();
    let candidates = file.rows.iter().zip(&histories).zip(&holders).map(|((row, history), holder)| RiskCandidate {
        name: &row.beneficiary_name,
        account: row.account_number,
        bank: directory.bank_key(&row.institution_code),
        amount: row.amount,
        history,
        check: match holder {
            Enquiry::Holder(name) => AccountCheck::Holder(name),
            Enquiry::Invalid(_) => AccountCheck::Invalid,
        },
        has_right_digit: directory.check_digit(&row.institution_code, &row.account_number),
        is_blocked: row.account_number.as_str() == BLOCKED,
        is_watched: false,
    });
    let candidates: Vec<RiskCandidate<'_>> = candidates.collect();
    assert!(candidates.iter().all(|candidate| candidate.has_right_digit != Some(false)));
    let terms = RiskTerms {
        tolerance: Score::DEFAULT_TOLERANCE,
        budget_cap: Kobo::naira(60_000_000),
        strict_check_digit: true,
        now: NOW,
    };
    let scored = score_run(&candidates, &terms);
    let count = |decision| scored.iter().filter(|one| one.decision == decision).count();
    let counts = [RiskDecision::AutoApproved, RiskDecision::NeedsReview, RiskDecision::Blocked].map(count);
    assert_eq!(counts, [134, 5, 3]);
    let open = candidates.iter().zip(&scored).filter(|(_, one)| one.decision != RiskDecision::Blocked);
    let sum = Kobo::checked_sum(open.map(|(candidate, _)| candidate.amount)).expect("in range");
    assert!(sum < Kobo::naira(50_000_000).expect("in range"), "{sum} is below the balance of the example");
}

/// Workbooks as two other programs write them.
#[test]
fn workbooks_of_other_programs_are_read() {
    let openpyxl: &[u8] = include_bytes!("../../tests/data/staff-openpyxl.xlsx");
    let xlsxwriter: &[u8] = include_bytes!("../../tests/data/staff-xlsxwriter.xlsx");
    // The first one was never opened by a spreadsheet, so that its formula has no value.
    for (name, bytes, formula) in
        [("openpyxl", openpyxl, Err("is missing")), ("xlsxwriter", xlsxwriter, Ok("100000.30"))]
    {
        let file = read_candidates(bytes, Directory::shipped()).expect(name);
        let read: Vec<(u32, &str, &str, &str, String)> = file
            .rows
            .iter()
            .map(|row| {
                let account = row.account_number.as_str();
                (row.row, row.beneficiary_name.as_str(), account, row.institution_code.as_str(), row.amount.to_string())
            })
            .collect();
        let mut good = vec![
            (2, "Adaézé Ọkọ́nkwọ", "0000078309", "050", "350000.50".to_owned()),
            (3, "Bola Ade", "0180240711", "058", "25000.00".to_owned()),
            (4, "Chike & Sons <Ltd>", "0000014579", "011", "1250000.00".to_owned()),
        ];
        good.extend(formula.ok().map(|amount| (6, "Dayo Obi", "0000014579", "011", amount.to_owned())));
        assert_eq!(read, good, "{name}");
        let wrong: Vec<(u32, &str, &str)> =
            file.problems.iter().map(|note| (note.row, note.field, note.message.as_str())).collect();
        let mut bad: Vec<(u32, &str, &str)> = formula.err().map(|message| (6, "amount", message)).into_iter().collect();
        bad.extend([
            (7, "amount", "\"date 46327\" is not an amount"),
            (8, "account_number", "must be exactly 10 digits"),
            (8, "bank_name", "unknown or ambiguous bank \"Nowhere Bank\""),
            (8, "amount", "must have no more than 2 decimal places"),
            (8, "currency", "must be NGN"),
        ]);
        assert_eq!(wrong, bad, "{name}");
        assert_eq!(file.repaired.iter().map(|note| note.row).collect::<Vec<_>>(), [3], "{name}");
    }
}
