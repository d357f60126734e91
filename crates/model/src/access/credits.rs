//! The ledger of credits as a pure decision (console contract, section 5.6). Every amount is in thousandths of a credit.
//!
//! Credits are held before a call and settled after it. What is held cannot be used by another call, so the balance never falls
//! below zero, however many calls run at once.

use serde_json::Value;

use crate::Timestamp;

/// Thousandths of a credit.
pub const MILLI: i64 = 1_000;
/// The largest amount of one grant, limit or balance: a thousand million credits.
pub const AMOUNT_MAX: i64 = 1_000_000_000 * MILLI;
/// Below this a live ledger is filled up, unless it is set otherwise.
const REFILL_BELOW: i64 = 100 * MILLI;
/// Up to this a live ledger is filled, unless it is set otherwise.
const REFILL_TO: i64 = 1_000 * MILLI;
/// Below this a workspace is told that its credits run low, unless it is set otherwise.
const LOW_AT: i64 = 100 * MILLI;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Filling up by itself: models are the owner's, so that a ledger that runs out would only stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refill {
    /// Filled up as soon as less than this is left.
    pub below: i64,
    /// Filled up to this.
    pub to: i64,
}

/// The state of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sum of all entries; never below zero.
    pub balance: i64,
    /// Put aside for calls under way; never more than the balance.
    pub held: i64,
    /// Fills up by itself; without it the ledger is a real budget.
    pub refill: Option<Refill>,
    /// Below this the workspace is told.
    pub low_at: Option<i64>,
    /// Most that is used in a calendar month (UTC).
    pub monthly_limit: Option<i64>,
    /// The month that `month_used` counts for: months since the year 0.
    pub month: i64,
    /// Used in that month.
    pub month_used: i64,
    /// The day that `day_used` counts for: days since 1970.
    pub day: i64,
    /// Used on that day.
    pub day_used: i64,
}

/// What a step of the ledger changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Filled up by itself, before anything was taken.
    pub refilled: i64,
    /// Taken.
    pub charged: i64,
    /// The balance fell below `low_at` by this step.
    pub is_low: bool,
}

/// There are not enough credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Short {
    /// The balance is too small.
    #[error("no credits are left")]
    Balance,
    /// The monthly limit would be passed.
    #[error("the monthly limit of credits is reached")]
    MonthlyLimit,
}

impl Account {
    /// A new ledger; live ones fill up by themselves.
    #[must_use]
    pub fn open(opening: i64, is_live: bool) -> Self {
        Self {
            balance: opening,
            held: 0,
            refill: is_live.then_some(Refill { below: REFILL_BELOW, to: REFILL_TO }),
            low_at: Some(LOW_AT),
            monthly_limit: None,
            month: 0,
            month_used: 0,
            day: 0,
            day_used: 0,
        }
    }

    /// What can be held or taken now.
    #[must_use]
    pub const fn available(&self) -> i64 {
        self.balance - self.held
    }

    /// Used on the day of `now`.
    #[must_use]
    pub const fn used_today(&self, now: Timestamp) -> i64 {
        if self.day == day_of(now) { self.day_used } else { 0 }
    }

    /// Used in the month of `now`.
    #[must_use]
    pub fn used_this_month(&self, now: Timestamp) -> i64 {
        if self.month == month_of(now) { self.month_used } else { 0 }
    }

    /// Puts credits aside; what it had to fill up first is in the answer.
    ///
    /// # Errors
    /// [`Short`], and nothing is changed.
    pub fn hold(&mut self, amount: i64, now: Timestamp) -> Result<Moved, Short> {
        let limit = self.monthly_limit.unwrap_or(i64::MAX);
        if self.used_this_month(now).saturating_add(self.held).saturating_add(amount) > limit {
            return Err(Short::MonthlyLimit);
        }
        let refilled = self.missing(amount);
        if self.available() + refilled < amount {
            return Err(Short::Balance);
        }
        self.balance += refilled;
        self.held += amount;
        Ok(Moved { refilled, ..Moved::default() })
    }

    /// Ends a hold of `held` by taking what was used. A call that used more than was held takes the rest as far as there is any:
    /// the balance never falls below zero.
    pub fn settle(&mut self, held: i64, used: i64, now: Timestamp) -> Moved {
        self.release(held);
        let refilled = self.missing(used);
        self.balance += refilled;
        let charged = used.min(self.available()).max(0);
        let before = self.balance;
        self.balance -= charged;
        (self.day_used, self.day) = (self.used_today(now) + charged, day_of(now));
        (self.month_used, self.month) = (self.used_this_month(now) + charged, month_of(now));
        // Filled up already when it fell below: nobody has to be told.
        let topped = self.missing(0);
        let is_low = self.low_at.is_some_and(|low| before >= low && self.balance < low && topped == 0);
        Moved { refilled, charged, is_low }
    }

    /// Ends a hold without taking anything.
    pub fn release(&mut self, held: i64) {
        self.held = (self.held - held).max(0);
    }

    /// Fills up when less is left than the rule says; the amount.
    pub fn fill_up(&mut self) -> i64 {
        let amount = self.missing(0);
        self.balance += amount;
        amount
    }

    /// What filling up would add before `wanted` is taken.
    fn missing(&self, wanted: i64) -> i64 {
        let Some(Refill { below, to }) = self.refill else { return 0 };
        let left = self.available();
        if left < below || left < wanted { (to - left).max(0) } else { 0 }
    }
}

/// Days since 1970, UTC.
#[must_use]
pub const fn day_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(DAY_US)
}

/// Months since the year 0, UTC.
fn month_of(now: Timestamp) -> i64 {
    let date = jiff::Timestamp::from_microsecond(now.micros()).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

/// Credits as a JSON number: whole ones without a fraction.
#[must_use]
pub fn number(milli: i64) -> Value {
    if milli % MILLI == 0 {
        return Value::from(milli / MILLI);
    }
    // A thousandth of an integer below 2^53 is written with three digits at most.
    Value::from(milli as f64 / MILLI as f64)
}

/// Reads a JSON number of credits with at most three digits after the point.
#[must_use]
pub fn read(value: &Value) -> Option<i64> {
    if let Some(whole) = value.as_i64() {
        return whole.checked_mul(MILLI).filter(|milli| milli.abs() <= AMOUNT_MAX);
    }
    let milli = value.as_f64()? * MILLI as f64;
    let rounded = milli.round();
    ((milli - rounded).abs() < 1e-6 * rounded.abs().max(1.0) && rounded.abs() <= AMOUNT_MAX as f64)
        .then_some(rounded as i64)
}

#[cfg(test)]
mod tests;
