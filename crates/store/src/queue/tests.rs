//! Bounds, lanes and the end of a queue.

use std::sync::Arc;

use super::{Lane, Queue, Refused, Serves};
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
