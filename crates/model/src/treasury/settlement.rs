//! How a payout order goes on after each answer of its rail (treasury contract, section 4.3).
//!
//! What may have left is never sent again and never given up because an answer is unclear: it is asked about, and after a day
//! without a final answer it goes to people.

use crate::Timestamp;

use super::words::words;

words! {
    /// How far a payout order went.
    OrderState {
        /// Released; nothing has left.
        Ready = "ready",
        /// It may have left; written before anything leaves.
        Sent = "sent",
        /// Paid.
        Success = "success",
        /// Not paid.
        Failed = "failed",
        /// No final answer for a day: people find out.
        Followup = "followup",
        /// Paid, and the money came back.
        Reversed = "reversed",
    }

    /// What is known about the account of an order.
    AccountCheck {
        /// Nothing, or nothing that is young enough.
        Needed = "needed",
        /// It has a holder of that name.
        Passed = "passed",
        /// Its holder has another name, which people have seen and accepted.
        Accepted = "accepted",
        /// There is no such account.
        Invalid = "invalid",
        /// Its holder has another name, which nobody has accepted.
        Mismatch = "mismatch",
        /// The rail cannot tell.
        Unsupported = "unsupported",
    }
}

impl OrderState {
    /// Whether an order in this state can come into the next one.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Ready, Self::Sent | Self::Failed)
                | (Self::Sent, Self::Success | Self::Failed | Self::Followup)
                | (Self::Followup, Self::Success | Self::Failed)
                | (Self::Success, Self::Reversed)
        )
    }
}

impl AccountCheck {
    /// Whether an order may be sent with this known.
    #[must_use]
    pub const fn allows_sending(self) -> bool {
        matches!(self, Self::Passed | Self::Accepted | Self::Unsupported)
    }

    /// The reason of a failure that follows from it.
    #[must_use]
    pub const fn failure(self) -> Option<&'static str> {
        match self {
            Self::Invalid => Some("invalid_account"),
            Self::Mismatch => Some("name_mismatch"),
            Self::Needed | Self::Passed | Self::Accepted | Self::Unsupported => None,
        }
    }
}

/// What an answer of a rail means; each rail reads its own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answered {
    /// The money moved, for good.
    Success,
    /// It did not and will not move.
    Refused,
    /// Nobody knows yet.
    Unknown,
    /// The rail does not know the reference.
    NotFound,
    /// The money moved and came back.
    Returned,
}

/// How an order goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// It is paid.
    Succeed,
    /// It is paid, and came back.
    Reverse,
    /// It is not paid, because of this.
    Fail(&'static str),
    /// The rail is asked (again) at this instant.
    Ask(Timestamp),
    /// People find out.
    FollowUp,
}

/// What is known about an order that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// When it may have left.
    pub sent_at: Timestamp,
    /// Questions before this one.
    pub questions: i64,
    /// When the rail first said that it does not know the reference, if that was its last word before.
    pub not_found_at: Option<Timestamp>,
}

/// When what is done again. All of it can be 0, so that tests take no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Pauses before the first questions, milliseconds.
    pub questions_ms: Vec<i64>,
    /// The pause before each further question, milliseconds.
    pub later_ms: i64,
    /// How long after sending people are asked, milliseconds; not before all of `questions_ms` were asked.
    pub followup_ms: i64,
    /// How far apart two answers "not known" have to be, milliseconds, before it counts as never arrived.
    pub not_found_ms: i64,
    /// Pause between two tries of an account check, milliseconds.
    pub check_ms: i64,
    /// How long account checks are tried, milliseconds.
    pub check_for_ms: i64,
    /// How old a check may be, milliseconds.
    pub check_valid_ms: i64,
    /// Pauses between looks for money that came back, milliseconds, from the last success on.
    pub looks_ms: Vec<i64>,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl Default for Schedule {
    /// That of the contract; the looks are ours: a minute, an hour, and daily for a week.
    fn default() -> Self {
        Self {
            questions_ms: vec![30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE],
            later_ms: HOUR,
            followup_ms: 24 * HOUR,
            not_found_ms: 30 * MINUTE,
            check_ms: MINUTE,
            check_for_ms: HOUR,
            check_valid_ms: 24 * HOUR,
            looks_ms: [MINUTE, HOUR].into_iter().chain([24 * HOUR; 7]).collect(),
        }
    }
}

impl Schedule {
    /// Without any pause, and as many questions as before.
    #[must_use]
    pub fn at_once() -> Self {
        let usual = Self::default();
        Self {
            questions_ms: vec![0; usual.questions_ms.len()],
            later_ms: 0,
            followup_ms: 0,
            not_found_ms: 0,
            check_ms: 0,
            check_for_ms: 0,
            check_valid_ms: usual.check_valid_ms,
            looks_ms: vec![0; 2],
        }
    }

    /// When the rail is first asked about an order that is sent now, should its answer not come.
    #[must_use]
    pub fn first_question(&self, now: Timestamp) -> Timestamp {
        self.question_after(0, now)
    }

    /// How an order goes on after the answer to its sending. "Not known" is unclear here: it says nothing about what will come of it.
    #[must_use]
    pub fn after_send(&self, answer: Answered, now: Timestamp) -> Next {
        match answer {
            Answered::Success => Next::Succeed,
            Answered::Refused => Next::Fail("refused"),
            Answered::Returned => Next::Reverse,
            Answered::Unknown | Answered::NotFound => Next::Ask(self.first_question(now)),
        }
    }

    /// How an order goes on after the answer to a question.
    #[must_use]
    pub fn after_question(&self, answer: Answered, asked: Asked, now: Timestamp) -> Next {
        match answer {
            Answered::Success => return Next::Succeed,
            Answered::Refused => return Next::Fail("refused"),
            Answered::Returned => return Next::Reverse,
            Answered::NotFound => {
                let apart = asked.not_found_at.map(|first| now.millis_since(first));
                if apart.is_some_and(|apart| apart >= self.not_found_ms) {
                    return Next::Fail("not_arrived");
                }
            }
            Answered::Unknown => {}
        }
        let questions = asked.questions.saturating_add(1);
        let listed = i64::try_from(self.questions_ms.len()).unwrap_or(i64::MAX);
        if questions >= listed && now.millis_since(asked.sent_at) >= self.followup_ms {
            return Next::FollowUp;
        }
        Next::Ask(self.question_after(questions, now))
    }

    /// When an account is checked again after a check that brought nothing; none when that went on for long enough.
    #[must_use]
    pub fn after_missing_check(&self, released_at: Timestamp, tries: i64, now: Timestamp) -> Option<Timestamp> {
        // Three tries at least, however short the time is.
        let goes_on = tries < 2 || now.millis_since(released_at) < self.check_for_ms;
        goes_on.then(|| now.plus_millis(self.check_ms))
    }

    /// Whether a check is young enough to send by it.
    #[must_use]
    pub fn is_valid(&self, checked_at: Timestamp, now: Timestamp) -> bool {
        now.millis_since(checked_at) <= self.check_valid_ms
    }

    /// When the rail's movements are looked at after so many looks; none when that was often enough.
    #[must_use]
    pub fn look_after(&self, looks: i64, now: Timestamp) -> Option<Timestamp> {
        let pause = usize::try_from(looks).ok().and_then(|looks| self.looks_ms.get(looks));
        pause.map(|pause| now.plus_millis(*pause))
    }

    fn question_after(&self, questions: i64, now: Timestamp) -> Timestamp {
        let pause = usize::try_from(questions).ok().and_then(|questions| self.questions_ms.get(questions));
        now.plus_millis(pause.copied().unwrap_or(self.later_ms))
    }
}

/// Account checks of a release of which it is decided whether anything further is sent.
const CHECKS_MIN: i64 = 5;

/// Whether too many account checks of a release failed to send anything further (section 4.2): more than half, of 5 at least.
#[must_use]
pub const fn trips_breaker(checks_done: i64, checks_failed: i64) -> bool {
    checks_done >= CHECKS_MIN && checks_failed > checks_done / 2
}

#[cfg(test)]
mod tests;
