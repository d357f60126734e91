//! What follows a failure: other attempts, then what the node says.

use std::sync::Arc;

use serde_json::Value;

use crate::event::StepError;

/// Repeats after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub attempts_max: u32,
    /// Pause before the second attempt, in milliseconds.
    pub interval_ms: u64,
    /// How the pause grows.
    pub growth: Growth,
    /// Longest pause, in milliseconds.
    pub pause_ms_max: u64,
    /// Codes of the errors that are followed by another attempt; when absent, those that say so themselves.
    pub codes: Option<Vec<String>>,
}

/// How the pause between attempts grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Not at all.
    Fixed,
    /// By its first length each time.
    Linear,
    /// By a factor each time, given in thousandths.
    Exponential {
        /// Thousandths of the factor, at least 1,000.
        factor_thousandths: u32,
    },
}

impl Growth {
    /// Doubles each time.
    pub const DOUBLE: Self = Self::Exponential { factor_thousandths: 2_000 };
}

impl Retry {
    /// Longest pause between two attempts of a step, in milliseconds.
    pub const PAUSE_MS_MAX: u64 = 3_600_000;
    /// One attempt.
    pub const NONE: Self = Self {
        attempts_max: 1,
        interval_ms: 1_000,
        growth: Growth::Fixed,
        pause_ms_max: Self::PAUSE_MS_MAX,
        codes: None,
    };

    /// Whether an error of that attempt (from 1) is followed by another one.
    #[must_use]
    pub fn follows(&self, error: &StepError, attempt: u32) -> bool {
        let may_help = match &self.codes {
            Some(codes) => codes.contains(&error.code),
            None => error.retryable,
        };
        may_help && attempt < self.attempts_max
    }

    /// Pause after the given attempt (from 1), in milliseconds.
    #[must_use]
    pub fn pause_ms(&self, attempt: u32) -> u64 {
        let before = attempt.saturating_sub(1);
        let pause = match self.growth {
            Growth::Fixed => self.interval_ms,
            Growth::Linear => self.interval_ms.saturating_mul(u64::from(before) + 1),
            // Bounded: 64 doublings pass every pause, and slower growth is slow enough for attempts of ten at most.
            Growth::Exponential { factor_thousandths } => (0..before.min(64))
                .fold(self.interval_ms, |pause, _| pause.saturating_mul(u64::from(factor_thousandths)) / 1_000),
        };
        pause.min(self.pause_ms_max)
    }
}

/// What a failure does after the last attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum OnError {
    /// The scope fails at once.
    Fail,
    /// The result is the error; go on by [`super::Port::NEXT`].
    Continue,
    /// The result is the error; go on by [`super::Port::ERROR`].
    Branch,
    /// Edges at [`super::Port::ERROR`] are live and make the failure handled; without one all edges are dead, the rest of the
    /// scope goes on, and the scope fails when all its nodes are settled (Workflow API contract, section 17, `fail`).
    Settle,
    /// The record is this value with the error beside it; all edges are live (`continue`, `fallback` with a value).
    Value(Arc<Value>),
    /// The target of the node's edge at [`super::Port::GOTO`] is scheduled at once (`goto`, `fallback` with a node). Without
    /// such an edge as [`OnError::Settle`].
    Goto,
}
