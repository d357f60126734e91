//! Each change once, and a bound.

use floe_model::{Timestamp, id::WorkspaceId};

use super::{CHANGES_PER_COMMIT_MAX, Change, Changes};

fn record(id: u128) -> Change {
    Change::Record { workspace: WorkspaceId(1), kind: "run", id }
}

fn check(added: &[Change], expected: &[Change]) {
    let mut changes = Changes::default();
    added.iter().for_each(|change| changes.add(*change));
    assert_eq!(changes.take(), expected);
}

#[test]
fn changes_are_told_once_and_jobs_by_their_earliest_time() {
    let job = |due| Change::Job { due_at: Timestamp(due) };
    check(&[], &[]);
    check(&[record(1), job(9), record(1), job(4), job(7), record(2)], &[record(1), job(4), record(2)]);
    check(&[Change::Events, Change::Events], &[Change::Events]);
}

#[test]
fn too_many_become_one() {
    let many: Vec<Change> = (0..=CHANGES_PER_COMMIT_MAX as u128 + 5).map(record).collect();
    check(&many, &[Change::Many]);
}
