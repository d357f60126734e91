//! What must become of a payout to an account of the simulator, written down from the contract's tables (section 9.3), not from the code.

use floe_model::treasury::{AccountCheck, ExecutionStatus, Kobo};

use super::world::Payee;

/// Codes of final refusals.
const REFUSALS: [&str; 24] = [
    "03", "05", "06", "07", "08", "12", "13", "14", "15", "16", "17", "18", "30", "34", "35", "51", "57", "58", "61",
    "63", "65", "69", "70", "71",
];
/// Codes of all other kinds: unclear, duplicate, not found, and one that nobody knows.
const UNCLEAR: [&str; 14] = ["01", "09", "25", "26", "33", "68", "91", "92", "94", "96", "97", "98", "99", "77"];
/// Above this the simulator refuses: ten million naira.
const LIMIT: Kobo = Kobo(1_000_000_000);

/// Whether the account check of a payee fails before anything is sent.
pub(super) fn check_fails(payee: &Payee) -> bool {
    match payee.check {
        AccountCheck::Invalid | AccountCheck::Mismatch => true,
        AccountCheck::Needed => matches!(payee.account.as_str(), "0000000000" | "9700000000"),
        AccountCheck::Passed | AccountCheck::Accepted | AccountCheck::Unsupported => false,
    }
}

/// How the payout to a payee ends when the rail is asked for as long as it takes.
pub(super) fn of(payee: &Payee) -> ExecutionStatus {
    let account = payee.account.as_str();
    let told = |code: &str, later: ExecutionStatus| match code {
        "00" => ExecutionStatus::Success,
        code if REFUSALS.contains(&code) => ExecutionStatus::Failed,
        _ => later,
    };
    if check_fails(payee) || account == "0000000000" || payee.amount > LIMIT {
        return ExecutionStatus::Failed;
    }
    match account {
        "9600000000" => ExecutionStatus::Reversed,
        "9500000000" => ExecutionStatus::RequiresFollowup,
        _ if account.starts_with("99000000") => told(&account[8..], ExecutionStatus::Success),
        _ if account.starts_with("98000000") => told(&account[8..], ExecutionStatus::Failed),
        _ => ExecutionStatus::Success,
    }
}

/// The `n`th account of the zoo: every kind comes up, ordinary ones most of all.
pub(super) fn account(n: u64) -> String {
    let code = |n: u64| {
        let n = n as usize % (REFUSALS.len() + UNCLEAR.len() + 1);
        REFUSALS.iter().chain(&UNCLEAR).chain(&["00"]).nth(n).expect("a code").to_string()
    };
    match n % 16 {
        0 => "0000000000".to_owned(),
        1 => "9700000000".to_owned(),
        2 => "9600000000".to_owned(),
        3 => "9500000000".to_owned(),
        4 | 5 => format!("99000000{}", code(n / 16)),
        6 | 7 => format!("98000000{}", code(n / 16)),
        _ => format!("01{:08}", n / 16 % 100_000_000),
    }
}
