//! Which runs a list asks for, and how two lists become one.

use floe_model::Timestamp;
use floe_model::id::LogId;
use serde_json::Value;

use super::{Entry, Event, Wanted, merge};

fn entry(at: i64, id: u128) -> Entry {
    Entry {
        id: LogId(id),
        at: Timestamp(at),
        level: "info".to_owned(),
        event: "run.started".to_owned(),
        message: String::new(),
        run: None,
        step: None,
        version: None,
        actor: Value::Null,
        data: Value::Null,
    }
}

#[test]
fn two_lists_become_one_in_order() {
    let stored = || vec![entry(1, 9), entry(3, 1), entry(5, 5)];
    let told = || vec![entry(2, 1), entry(3, 2), entry(9, 1)];
    let ids = |list: Vec<Entry>| list.into_iter().map(|one| (one.at.0, one.id.0)).collect::<Vec<_>>();
    let expected = vec![(1, 9), (2, 1), (3, 1), (3, 2), (5, 5), (9, 1)];
    assert_eq!(ids(merge(stored(), told(), false).collect()), expected);
    let backwards = |mut list: Vec<Entry>| {
        list.reverse();
        list
    };
    let newest_first = merge(backwards(stored()), backwards(told()), true).collect();
    assert_eq!(ids(backwards(newest_first)), expected);
}

#[test]
fn only_runs_that_can_tell_what_is_wanted_are_asked() {
    let check = |events: &[Event], runs: bool, statuses: Option<&str>| {
        let wanted = Wanted { events: events.to_vec(), ..Wanted::default() };
        assert_eq!((wanted.wants_runs(), wanted.statuses().as_deref()), (runs, statuses), "{events:?}");
    };
    check(&[], true, None);
    check(&[Event::RunFailed], true, Some(",failed,"));
    check(&[Event::RunFailed, Event::RunCancelled], true, Some(",failed,cancelled,"));
    check(&[Event::RunFailed, Event::StepFailed], true, None);
    check(&[Event::ShareExecuted], true, None);
    check(&[Event::FlowUpdated, Event::ScheduleFired], false, Some(",,,"));
}
