use floe_model::Mode;
use floe_model::id::{VariantId, WorkspaceId};

use super::*;

const LIVE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Live };
const TEST: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Test };

fn place(scope: Scope, placement: u128) -> Place {
    Place { scope, app: AppId(1), placement: PlacementId(placement), version: ScreenVersionId(1) }
}

fn assign(behind: &Behind, scope: Scope, user: usize) {
    behind.assigned(scope, 1, ExperimentId(1), &user.to_string(), || Assignment {
        experiment: ExperimentId(1),
        user_id: user.to_string(),
        variant: VariantId(1),
        forced: false,
        assigned_at: Timestamp(1),
    });
}

#[test]
fn everything_that_waits_is_in_one_batch_of_its_scope() {
    let behind = Behind::default();
    for user in 0..2 * BATCH_MAX + 1 {
        assign(&behind, LIVE, user);
        // The same one again waits once.
        assign(&behind, LIVE, user);
    }
    for (scope, placement) in [(LIVE, 9), (LIVE, 8), (LIVE, 9), (TEST, 9)] {
        behind.served(place(scope, placement), Timestamp(placement as i64));
    }
    assign(&behind, TEST, 0);
    let batches = std::mem::take(&mut *behind.lock()).into_batches();
    let sizes: Vec<_> =
        batches.iter().map(|(scope, batch)| (*scope, batch.assignments.len(), batch.served.len())).collect();
    assert_eq!(sizes, [(LIVE, BATCH_MAX, 2), (LIVE, BATCH_MAX, 0), (LIVE, 1, 0), (TEST, 1, 1)]);
    let counts: Vec<_> = batches[0].1.served.iter().map(|one| (one.placement.0, one.served)).collect();
    assert_eq!(counts, [(8, 1), (9, 2)], "in the order of the table");
    assert!(behind.lock().is_empty());
    assert!(Waiting::default().into_batches().is_empty());
}

#[test]
fn what_cannot_be_written_waits_on() {
    let behind = Behind::default();
    assign(&behind, LIVE, 1);
    behind.served(place(LIVE, 1), Timestamp(5));
    let batches = std::mem::take(&mut *behind.lock()).into_batches();
    behind.served(place(LIVE, 1), Timestamp(7));
    batches.into_iter().for_each(|(scope, batch)| behind.put_back(scope, batch));
    let batches = std::mem::take(&mut *behind.lock()).into_batches();
    assert_eq!(batches.len(), 1);
    let served = &batches[0].1.served[0];
    assert_eq!((served.served, served.first_at, served.last_at), (2, Timestamp(5), Timestamp(7)));
    assert_eq!(batches[0].1.assignments.len(), 1);
}
