//! What the simulated rail answers, as a pure decision by account and amount (treasury contract, section 9.3).

use super::account::AccountNumber;
use super::money::Kobo;
use super::nip::{Meaning, Question, meaning};

/// Above this every payout is refused: 10,000,000.00.
const AMOUNT_MAX: Kobo = Kobo(1_000_000_000);
/// The account that no bank has.
const NO_SUCH_ACCOUNT: &str = "0000000000";
/// Followed by the code that a payout is answered with.
const ANSWERS_CODE: &str = "99000000";
/// Followed by the code that a payout is answered with; asked later, nobody has heard of it.
const ANSWERS_CODE_AND_FORGETS: &str = "98000000";
const OTHER_HOLDER: &str = "9700000000";
const COMES_BACK: &str = "9600000000";
const NEVER_FINAL: &str = "9500000000";
/// Which status question is answered finally.
const FINAL_AT: u32 = 2;

/// The answer to a name enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enquiry {
    /// The account is held under this name.
    Holder(String),
    /// There is no such account; the response code.
    Invalid(&'static str),
}

/// The answer about a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A response code of two digits.
    Code(String),
    /// It was paid, and the money has come back.
    Reversed,
}

/// Answers a name enquiry.
#[must_use]
pub fn enquire(account: &AccountNumber, name: &str) -> Enquiry {
    match account.as_str() {
        NO_SUCH_ACCOUNT => Enquiry::Invalid("07"),
        OTHER_HOLDER => Enquiry::Holder("MISMATCHED HOLDER".to_owned()),
        _ => Enquiry::Holder(name.to_owned()),
    }
}

/// Answers a payout that is sent.
#[must_use]
pub fn send(account: &AccountNumber, amount: Kobo) -> String {
    let account = account.as_str();
    let told = account.strip_prefix(ANSWERS_CODE).or_else(|| account.strip_prefix(ANSWERS_CODE_AND_FORGETS));
    match account {
        NO_SUCH_ACCOUNT => "07",
        _ if amount > AMOUNT_MAX => "51",
        NEVER_FINAL => "09",
        _ => told.unwrap_or("00"),
    }
    .to_owned()
}

/// Answers the `nth` question (from 1) what became of a payout that was sent.
#[must_use]
pub fn status(account: &AccountNumber, amount: Kobo, nth: u32) -> Answer {
    let sent = send(account, amount);
    let code = match (account.as_str(), meaning(&sent, Question::Send)) {
        (COMES_BACK, Meaning::Success) => return Answer::Reversed,
        (_, Meaning::Success | Meaning::Refused) => sent,
        (NEVER_FINAL, _) => sent,
        (account, _) if account.starts_with(ANSWERS_CODE_AND_FORGETS) => "25".to_owned(),
        _ if nth >= FINAL_AT => "00".to_owned(),
        // Asked for the first time about a duplicate or a record that is not found: it is still under way.
        (_, Meaning::AlreadySent) => "09".to_owned(),
        _ if sent == "25" => "09".to_owned(),
        _ => sent,
    };
    Answer::Code(code)
}

#[cfg(test)]
mod tests;
