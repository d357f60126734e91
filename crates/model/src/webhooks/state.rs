//! Life of a delivery, and of the counter that switches an endpoint off.

use super::Style;
use crate::Timestamp;

/// Failed first attempts in a row that switch an endpoint of style `treasury` off (treasury contract, section 8.1).
pub const OFF_AFTER_FAILURES: i64 = 5;
/// Seconds with failures only that switch an endpoint of style `standard` off (console contract, section 5.4: five days).
pub const OFF_AFTER_S: i64 = 5 * 86_400;

/// Seconds from one attempt to the next, style `treasury`.
const TREASURY_PAUSES_S: &[i64] = &[10, 60, 300, 1_800];
/// Seconds from one attempt to the next, style `standard`.
const STANDARD_PAUSES_S: &[i64] = &[5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Seconds from one attempt to the next, style `callback` (agents contract, section 2.5).
const CALLBACK_PAUSES_S: &[i64] = &[5, 30, 120, 600, 3_600];
/// Seconds from the first attempt of style `workflow` to the second; doubles each time (Workflow API contract, section 10).
const WORKFLOW_PAUSE_S: i64 = 120;
/// Attempts of style `workflow` in all unless the operator says otherwise.
pub const WORKFLOW_ATTEMPTS: u32 = 3;
/// Doublings at most: ten attempts have nine pauses.
const WORKFLOW_DOUBLINGS_MAX: u32 = 9;
/// Seconds that a receiver of style `workflow` may ask for with `Retry-After`; a longer wish is not looked at.
const RETRY_AFTER_S_MAX: i64 = 3_600;
/// How far a pause may be off, in hundredths.
const TREASURY_SPREAD: i64 = 20;
const STANDARD_SPREAD: i64 = 10;
const WORKFLOW_SPREAD: i64 = 10;
const CALLBACK_SPREAD: i64 = 20;
/// The answer by which a receiver of style `standard` or `callback` says that it wants no more of this.
const GONE: u16 = 410;

/// What has become of an event for one endpoint (console contract, section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// Its first attempt has yet to be made.
    Pending,
    /// The receiver took it.
    Success,
    /// An attempt failed, another will be made.
    Retrying,
    /// Every attempt failed.
    Failed,
    /// The endpoint was switched off while it waited.
    Abandoned,
    /// The endpoint was off when it came.
    Skipped,
}

impl DeliveryStatus {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Success, Self::Retrying, Self::Failed, Self::Abandoned, Self::Skipped];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Skipped => "skipped",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt after this many milliseconds.
    Again(i64),
    /// None by itself.
    Over,
}

/// A failed attempt, as far as what follows depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Its number, from 1.
    pub attempt: u32,
    /// Status of the answer; none when there was no complete one.
    pub status_code: Option<u16>,
    /// Seconds that the receiver asked to be left alone for.
    pub retry_after_s: Option<i64>,
    /// Attempts of a delivery in all, where the style leaves them to the operator: style `workflow`.
    pub attempts_max: u32,
    /// Spreads the pauses, so that what failed together does not come back together.
    pub chance: u16,
}

/// What follows a failed attempt.
#[must_use]
pub fn after_failure(style: Style, failed: Failed) -> Next {
    let (pauses, spread) = match style {
        Style::Treasury => (TREASURY_PAUSES_S, TREASURY_SPREAD),
        Style::Workflow => return after_workflow_failure(failed),
        Style::Standard | Style::Callback if failed.status_code == Some(GONE) => return Next::Over,
        Style::Standard => (STANDARD_PAUSES_S, STANDARD_SPREAD),
        Style::Callback => (CALLBACK_PAUSES_S, CALLBACK_SPREAD),
    };
    let pause = usize::try_from(failed.attempt).ok().and_then(|attempt| pauses.get(attempt.checked_sub(1)?));
    pause.map_or(Next::Over, |&pause_s| Next::Again(spread_ms(pause_s, spread, failed.chance)))
}

/// Style `workflow` (contract section 10): no answer, 408, 425, 429 and 5xx come again, two minutes later and then twice as late each
/// time, or when the receiver said if that is later and within an hour. Every other status is final.
fn after_workflow_failure(failed: Failed) -> Next {
    let may_pass = failed.status_code.is_none_or(|code| matches!(code, 408 | 425 | 429 | 500..=599));
    if !may_pass || failed.attempt >= failed.attempts_max {
        return Next::Over;
    }
    let doublings = failed.attempt.saturating_sub(1).min(WORKFLOW_DOUBLINGS_MAX);
    let pause_ms = spread_ms(WORKFLOW_PAUSE_S << doublings, WORKFLOW_SPREAD, failed.chance);
    let wished_ms = failed.retry_after_s.filter(|wish| *wish <= RETRY_AFTER_S_MAX).map_or(0, |wish| wish * 1_000);
    Next::Again(pause_ms.max(wished_ms))
}

/// A pause in milliseconds, from `spread` hundredths less to as many more, evenly.
fn spread_ms(pause_s: i64, spread: i64, chance: u16) -> i64 {
    let hundredths = i64::from(chance) * (2 * spread) * 10 / i64::from(u16::MAX);
    pause_s * (1_000 - spread * 10 + hundredths)
}

/// What an endpoint's failures add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Failed first attempts since the last success.
    pub failures: i64,
    /// When the first of the failures since the last success was.
    pub failing_since: Option<Timestamp>,
}

/// An attempt, as far as the counter looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Whether the receiver took it.
    pub success: bool,
    /// Whether it was the first of its event.
    pub is_first: bool,
    /// When.
    pub at: Timestamp,
}

/// The counter after an attempt, and whether the endpoint is switched off by it. A failed first attempt adds one, later attempts add
/// nothing, any success clears it (treasury contract, section 8.1).
#[must_use]
pub fn count(style: Style, before: Counter, attempt: Counted) -> (Counter, bool) {
    if attempt.success {
        return (Counter { failures: 0, failing_since: None }, false);
    }
    let failures = before.failures.saturating_add(i64::from(attempt.is_first));
    let since = before.failing_since.unwrap_or(attempt.at);
    let is_off = match style {
        Style::Treasury => attempt.is_first && failures >= OFF_AFTER_FAILURES,
        Style::Standard => attempt.at.millis_since(since) >= OFF_AFTER_S * 1_000,
        Style::Workflow | Style::Callback => false,
    };
    (Counter { failures, failing_since: Some(since) }, is_off)
}
