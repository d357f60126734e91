//! Who comes back: users by the day of their first `flow_start`, with any event so many days later.

use serde::Serialize;

use super::{day_text, share};

/// After how many days it is asked.
pub const RETENTION_DAYS: [i64; 5] = [1, 3, 7, 14, 30];

/// The users of one first day, and how many of them came back after each of [`RETENTION_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    /// The day.
    pub day: i64,
    /// How many users.
    pub users: i64,
    /// How many of them came back.
    pub back: [i64; 5],
}

/// Retention of a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retention {
    /// [`RETENTION_DAYS`].
    pub days: [i64; 5],
    /// All first days together; for each number of days those whose day has come.
    pub total: Row,
    /// By first day; days without new users are left out.
    pub cohorts: Vec<DatedRow>,
}

/// Users and how many of them came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// How many users.
    pub users: i64,
    /// For each of [`RETENTION_DAYS`].
    pub retained: Vec<Retained>,
}

/// The users of one first day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatedRow {
    /// The day: `2026-01-15`.
    pub date: String,
    /// How many users.
    pub users: i64,
    /// For each of [`RETENTION_DAYS`].
    pub retained: Vec<Retained>,
}

/// How many came back after a number of days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retained {
    /// After how many days.
    pub day: i64,
    /// How many users could have; none when that day has not come.
    pub of: Option<i64>,
    /// How many did.
    pub users: Option<i64>,
    /// Their share.
    pub rate: Option<f64>,
}

/// Puts the cohorts of a period together; `today` tells which days have come.
#[must_use]
pub fn retention(cohorts: &[Cohort], today: i64) -> Retention {
    let row = |one: &Cohort| DatedRow {
        date: day_text(one.day),
        users: one.users,
        retained: retained(std::slice::from_ref(one), today),
    };
    Retention {
        days: RETENTION_DAYS,
        total: Row { users: cohorts.iter().map(|one| one.users).sum(), retained: retained(cohorts, today) },
        cohorts: cohorts.iter().map(row).collect(),
    }
}

fn retained(cohorts: &[Cohort], today: i64) -> Vec<Retained> {
    let after = |(at, day): (usize, i64)| {
        let mut reached = cohorts.iter().filter(|one| one.day + day <= today).peekable();
        if reached.peek().is_none() {
            return Retained { day, of: None, users: None, rate: None };
        }
        let (of, users) = reached.fold((0, 0), |(of, users), one| (of + one.users, users + one.back[at]));
        Retained { day, of: Some(of), users: Some(users), rate: share(users, of) }
    };
    RETENTION_DAYS.into_iter().enumerate().map(after).collect()
}
