//! The limits that are checked under lock at release (treasury contract, sections 3.4 and 6).

use super::super::money::Kobo;

/// What a workspace allows; nothing means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The largest amount of one payout.
    pub single_payout_cap: Option<Kobo>,
    /// The largest sum of a day (UTC).
    pub daily_payout_limit: Option<Kobo>,
    /// The largest sum of a calendar month (UTC).
    pub monthly_payout_limit: Option<Kobo>,
}

/// What was released before, without what came back because it was not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// On this day (UTC).
    pub today: Kobo,
    /// In this calendar month (UTC).
    pub this_month: Kobo,
}

/// The limit that a release would pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {what} {amount} is above the limit of {limit}")]
pub struct LimitProblem {
    /// The limit's name on the wire.
    pub name: &'static str,
    /// What is above it.
    pub what: &'static str,
    /// How much that is.
    pub amount: Kobo,
    /// The limit.
    pub limit: Kobo,
}

impl Limits {
    /// Checks the amounts that are to be released, and the cap of their run.
    ///
    /// # Errors
    /// The first limit that would be passed. A sum beyond 64 bits passes every limit that there is.
    pub fn check(&self, amounts: &[Kobo], budget_cap: Option<Kobo>, spent: Spent) -> Result<(), LimitProblem> {
        let largest = amounts.iter().copied().max().unwrap_or_default();
        let beyond = Kobo(i64::MAX);
        let total = Kobo::checked_sum(amounts.iter().copied()).unwrap_or(beyond);
        let with = |before: Kobo| total.checked_add(before).unwrap_or(beyond);
        let table = [
            ("budget_cap", "the sum of the approved amounts", total, budget_cap),
            ("single_payout_cap", "an amount of", largest, self.single_payout_cap),
            ("daily_payout_limit", "the sum of the day", with(spent.today), self.daily_payout_limit),
            ("monthly_payout_limit", "the sum of the month", with(spent.this_month), self.monthly_payout_limit),
        ];
        for (name, what, amount, limit) in table {
            if let Some(limit) = limit.filter(|&limit| amount > limit) {
                return Err(LimitProblem { name, what, amount, limit });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
