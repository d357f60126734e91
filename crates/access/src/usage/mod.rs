//! What was used, summed up (console contract, section 5.6).
//!
//! Requests and credits are added to the sums by those who write them. Runs are counted here, some seconds after they arrived, in
//! pages, so that a run costs nothing more on its way; what is not counted yet is added when a sum is read. All sums are by days in
//! UTC.

mod roll;

use std::collections::BTreeMap;

use floe_model::access::Caller;
use floe_model::{Fault, Scope};
use floe_store::access::usage;

pub use usage::{Counts, GroupBy, Key};

use crate::service::Access;

/// The product of runs of flows.
pub(crate) const FLOWS: &str = "flows";
/// Days of one answer at most.
pub const DAYS_MAX: i64 = 366;

impl Access {
    /// Sums of the caller's workspace and mode from day `from` until before day `to`, taken apart as `by` says.
    ///
    /// # Errors
    /// Of the database.
    pub async fn usage(&self, caller: &Caller, from: i64, to: i64, by: GroupBy) -> Result<Vec<(Key, Counts)>, Fault> {
        let scope = caller.scope();
        self.usage_of(scope, from, to, by).await
    }

    /// [`Access::usage`] of a scope.
    ///
    /// # Errors
    /// Of the database.
    pub async fn usage_of(&self, scope: Scope, from: i64, to: i64, by: GroupBy) -> Result<Vec<(Key, Counts)>, Fault> {
        let reading = self
            .platform
            .store
            .read(move |tx| Ok((usage::sum(tx, scope, from, to, by)?, usage::not_summed(tx, scope, from, to)?)));
        let (summed, rest) = reading.await?;
        let mut groups: BTreeMap<Key, Counts> = summed.into_iter().collect();
        for (day, flow, runs, errors) in rest {
            let key = Key {
                day: if by.day { day } else { 0 },
                product: if by.product { FLOWS.to_owned() } else { String::new() },
                flow: if by.flow { flow.to_string() } else { String::new() },
                ..Key::default()
            };
            *groups.entry(key).or_default() += Counts { runs, errors, ..Counts::default() };
        }
        Ok(groups.into_iter().collect())
    }
}
