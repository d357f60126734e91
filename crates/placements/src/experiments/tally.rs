//! Counts of an experiment by variant, put together from what the store counted by day.

use std::collections::BTreeMap;

use floe_model::Fault;
use floe_model::Scope;
use floe_model::id::VariantId;
use floe_model::placements::stats::Mean;
use floe_store::Tx;
use floe_store::placements::results::{self as rows, Brought, Did, Enrolled};

use super::Whole;

/// Users and completions that a day added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) users: u64,
    pub(super) completions: u64,
}

/// What is known of one variant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    /// Users with an assignment that counts.
    pub(super) enrolled: u64,
    /// Those of them who saw it.
    pub(super) exposed: u64,
    /// Of the users who are the denominator, those who completed.
    pub(super) completions: u64,
    /// Those with a conversion.
    pub(super) converted: u64,
    /// What they brought by currency; the empty one is none.
    pub(super) revenue: BTreeMap<String, Mean>,
    /// What each day added, by days since 1970.
    pub(super) days: BTreeMap<i64, Day>,
}

/// Everything that is counted of an experiment in one reading.
pub(super) struct Counts {
    enrolled: Vec<Enrolled>,
    did: Vec<Did>,
    brought: Vec<Brought>,
}

impl Counts {
    /// Reads the counts without the users in `left_out`.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn read(tx: &mut Tx<'_>, scope: Scope, whole: &Whole, left_out: &[String]) -> Result<Self, Fault> {
        let (app, id) = (whole.experiment.app, whole.experiment.id);
        Ok(Self {
            enrolled: rows::enrolled(tx, scope, id, left_out)?,
            did: rows::did(tx, scope, app, id, left_out)?,
            brought: rows::brought(tx, scope, app, id, left_out)?,
        })
    }

    /// The tally of a variant; `exposed_only` takes those who saw it as the denominator.
    pub(super) fn of(&self, variant: VariantId, exposed_only: bool) -> Tally {
        let mut tally = Tally::default();
        for one in self.enrolled.iter().filter(|one| one.variant == variant) {
            let users = count(one.users);
            tally.enrolled += users;
            if !exposed_only {
                tally.days.entry(one.day).or_default().users += users;
            }
        }
        for one in self.did.iter().filter(|one| one.variant == variant) {
            tally.add(one, exposed_only);
        }
        let brought = self.brought.iter().filter(|one| one.variant == variant);
        for one in brought.filter(|one| one.is_exposed || !exposed_only) {
            let mean = tally.revenue.entry(one.currency.clone().unwrap_or_default()).or_default();
            mean.users += count(one.users);
            mean.sum += one.amount;
            mean.squares += one.squares;
        }
        tally
    }
}

impl Tally {
    fn add(&mut self, one: &Did, exposed_only: bool) {
        let users = count(one.users);
        if let Some(day) = one.exposed {
            self.exposed += users;
            if exposed_only {
                self.days.entry(day).or_default().users += users;
            }
        }
        if exposed_only && one.exposed.is_none() {
            return;
        }
        if let Some(day) = one.completed {
            self.completions += users;
            // Who is told of late is counted when it can be a part of the denominator.
            let day = if exposed_only { day.max(one.exposed.unwrap_or(day)) } else { day };
            self.days.entry(day).or_default().completions += users;
        }
        if one.converted.is_some() {
            self.converted += users;
        }
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
