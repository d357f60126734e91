//! When the later attempts of each endpoint are due: one time for each, the earliest.

use std::collections::{BTreeSet, HashMap};

use floe_model::Timestamp;
use floe_model::id::WebhookId;

/// Endpoints with a time, at most; those over it are found by a look into the index.
const TIMERS_MAX: usize = 100_000;

#[derive(Default)]
pub(super) struct Timers {
    in_order: BTreeSet<(Timestamp, WebhookId)>,
    of: HashMap<WebhookId, Timestamp>,
}

impl Timers {
    /// Sets the time of an endpoint, unless it has an earlier one.
    pub(super) fn set(&mut self, at: Timestamp, endpoint: WebhookId) {
        match self.of.get(&endpoint) {
            Some(known) if *known <= at => return,
            Some(known) => {
                self.in_order.remove(&(*known, endpoint));
            }
            None if self.of.len() >= TIMERS_MAX => return,
            None => {}
        }
        self.of.insert(endpoint, at);
        self.in_order.insert((at, endpoint));
    }

    /// The next time.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// An endpoint whose time has come; it has none afterwards.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<WebhookId> {
        let (at, endpoint) = *self.in_order.first()?;
        if at > now {
            return None;
        }
        self.in_order.remove(&(at, endpoint));
        self.of.remove(&endpoint);
        Some(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_comes_once_at_its_earliest_time() {
        let mut timers = Timers::default();
        for (at, endpoint) in [(50, 1), (20, 2), (30, 1), (40, 1)] {
            timers.set(Timestamp(at), WebhookId(endpoint));
        }
        assert_eq!(timers.next(), Some(Timestamp(20)));
        assert_eq!(timers.pop_due(Timestamp(10)), None);
        assert_eq!(timers.pop_due(Timestamp(60)), Some(WebhookId(2)));
        assert_eq!(timers.next(), Some(Timestamp(30)));
        assert_eq!(timers.pop_due(Timestamp(60)), Some(WebhookId(1)));
        assert_eq!((timers.pop_due(Timestamp(60)), timers.next()), (None, None));
    }
}
