//! What the response codes of the instant payment system mean (treasury contract, section 9.3).
//!
//! A code that is not known is never a failure: paying twice is worse than waiting.

/// What was asked of the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// To send a payout.
    Send,
    /// What became of one.
    Status,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The money arrived, for good.
    Success,
    /// The money did not move, for good.
    Refused,
    /// It is under way, or nobody knows: ask, never send again, never refund.
    Unknown,
    /// It was sent before: ask with the same reference.
    AlreadySent,
    /// The rail knows nothing of it: it never arrived, but only after a second such answer.
    NotFound,
}

/// What a code means as the answer to a question.
#[must_use]
pub fn meaning(code: &str, question: Question) -> Meaning {
    match code {
        "00" => Meaning::Success,
        "03" | "05" | "06" | "07" | "08" | "12" | "13" | "14" | "15" | "16" | "17" | "18" | "30" | "34" | "35"
        | "51" | "57" | "58" | "61" | "63" | "65" | "69" | "70" | "71" => Meaning::Refused,
        "26" | "94" | "98" => Meaning::AlreadySent,
        "25" if question == Question::Status => Meaning::NotFound,
        _ => Meaning::Unknown,
    }
}

/// A code in words, for people.
#[must_use]
pub fn describe(code: &str) -> &'static str {
    match code {
        "00" => "approved",
        "01" => "status unknown",
        "03" => "invalid sender",
        "05" => "do not honour",
        "06" => "dormant account",
        "07" => "invalid account",
        "08" => "account name mismatch",
        "09" => "request in progress",
        "12" => "invalid transaction",
        "13" => "invalid amount",
        "14" => "invalid batch number",
        "15" => "invalid session or record",
        "16" => "unknown bank code",
        "17" => "invalid channel",
        "18" => "wrong method call",
        "25" => "record not found",
        "26" | "94" | "98" => "duplicate transaction",
        "30" => "format error",
        "34" => "suspected fraud",
        "35" => "contact the sending bank",
        "51" => "insufficient funds",
        "57" => "transaction not permitted to the sender",
        "58" => "transaction not permitted on the channel",
        "61" => "transfer limit exceeded",
        "63" => "security violation",
        "65" => "too many transfers",
        "68" => "response received too late",
        "69" => "account or amount block failed",
        "70" => "account or amount unblock failed",
        "71" => "empty mandate reference",
        "91" => "bank of the payee not available",
        "92" => "routing error",
        "96" => "system malfunction",
        "97" => "time-out at the destination",
        _ => "unknown answer",
    }
}

#[cfg(test)]
mod tests;
