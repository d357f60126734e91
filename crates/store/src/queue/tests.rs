//! Bounds, lanes and the end of a queue.

use std::sync::Arc;

use super::{Lane, PASSED_OVER_MAX, Queue, Refused, Serves};
use crate::act::{Act, Call};

fn act() -> Box<dyn Act> {
    Call::boxed(|_| Ok(())).0
}

fn take(queue: &Queue, serves: Serves, limit: usize) -> Vec<Lane> {
    let mut batch = Vec::new();
    queue.take_more(serves, limit, &mut batch);
    batch.into_iter().map(|(lane, _)| lane).collect()
}

#[test]
fn each_lane_has_its_own_bound() {
    let queue = Queue::new(2, 1);
    assert!(queue.push(Lane::Write, act()).is_ok() && queue.push(Lane::Write, act()).is_ok());
    assert_eq!(queue.push(Lane::Write, act()).map_err(|(refused, _)| refused), Err(Refused::Full));
    assert!(queue.push(Lane::Read, act()).is_ok(), "full writes do not stop reads");
    assert_eq!((queue.waiting(Lane::Write), queue.waiting(Lane::Read)), (2, 1));
}

#[test]
fn a_worker_takes_what_it_serves_writes_first() {
    fn check(serves: Serves, limit: usize, expected: &[Lane]) {
        let queue = Queue::new(9, 9);
        for lane in [Lane::Read, Lane::Write, Lane::Read] {
            assert!(queue.push(lane, act()).is_ok());
        }
        assert_eq!(take(&queue, serves, limit), expected);
    }
    check(Serves::Writes, 9, &[Lane::Write]);
    check(Serves::Reads, 9, &[Lane::Read, Lane::Read]);
    check(Serves::Both, 9, &[Lane::Write, Lane::Read, Lane::Read]);
    check(Serves::Both, 2, &[Lane::Write, Lane::Read]);
}

#[test]
fn what_is_for_later_is_taken_alone_when_no_write_waits() {
    let queue = Queue::new(9, 9);
    for lane in [Lane::Later, Lane::Write, Lane::Later, Lane::Write] {
        assert!(queue.push(lane, act()).is_ok());
    }
    let next = |serves| {
        let mut batch = Vec::new();
        assert!(queue.take(serves, 9, &mut batch));
        batch.into_iter().map(|(lane, _)| lane).collect::<Vec<_>>()
    };
    assert_eq!(next(Serves::Writes), [Lane::Write, Lane::Write]);
    assert_eq!(take(&queue, Serves::Both, 9), [], "a group that runs takes in no such work");
    assert_eq!(next(Serves::Writes), [Lane::Later]);
    let mut more = Vec::new();
    assert!(queue.push(Lane::Write, act()).is_ok());
    queue.take_later(&mut more);
    assert!(more.is_empty(), "a write waits");
    assert_eq!(next(Serves::Both), [Lane::Write]);
    queue.take_later(&mut more);
    assert_eq!((more.len(), queue.waiting(Lane::Later)), (1, 0));
}

#[test]
fn what_is_for_later_is_done_in_the_end_however_many_writes_come() {
    let queue = Queue::new(99, 9);
    assert!(queue.push(Lane::Later, act()).is_ok());
    let mut taken = Vec::new();
    for _ in 0..=PASSED_OVER_MAX {
        let mut batch = Vec::new();
        assert!(queue.push(Lane::Write, act()).is_ok());
        assert!(queue.take(Serves::Writes, 1, &mut batch));
        taken.extend(batch.into_iter().map(|(lane, _)| lane));
    }
    assert_eq!(taken.iter().filter(|lane| **lane == Lane::Later).count(), 1);
    assert_eq!(taken.last(), Some(&Lane::Later), "after it was passed over as often as may be");
    assert_eq!(take(&queue, Serves::Writes, 9), [Lane::Write]);
}

#[test]
fn a_closed_queue_is_emptied_and_then_ends_its_workers() {
    let queue = Arc::new(Queue::new(9, 9));
    let worker = {
        let queue = Arc::clone(&queue);
        std::thread::spawn(move || {
            let (mut batch, mut done) = (Vec::new(), 0);
            while queue.take(Serves::Both, 1, &mut batch) {
                done += batch.drain(..).count();
            }
            done
        })
    };
    for _ in 0..5 {
        assert!(queue.push(Lane::Write, act()).is_ok());
    }
    queue.close();
    assert_eq!(queue.push(Lane::Write, act()).map_err(|(refused, _)| refused), Err(Refused::Closed));
    assert_eq!(worker.join().expect("the worker ends"), 5);
}
