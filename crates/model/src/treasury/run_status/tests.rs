use super::*;

#[test]
fn runs_go_the_ways_of_the_contract_and_end_for_good() {
    use RunStatus as R;
    let table = [
        (R::Pending, vec![R::Planning, R::Cancelled]),
        (R::Planning, vec![R::Scoring, R::Failed, R::Cancelled]),
        (R::Scoring, vec![R::AwaitingApproval, R::Failed, R::Cancelled]),
        (R::AwaitingApproval, vec![R::Scoring, R::Executing, R::Completed, R::Cancelled]),
        (R::Executing, vec![R::Completed, R::CompletedWithErrors, R::Failed]),
        (R::Completed, vec![]),
        (R::CompletedWithErrors, vec![]),
        (R::Failed, vec![]),
        (R::Cancelled, vec![]),
    ];
    assert_eq!(table.len(), R::ALL.len());
    for (from, expected) in table {
        let next: Vec<R> = R::ALL.iter().copied().filter(|&to| from.can_become(to)).collect();
        assert_eq!(next, expected, "{from}");
        assert_eq!(from.is_final(), expected.is_empty(), "{from}");
    }
}

#[test]
fn every_state_is_shown_as_exactly_one_of_six() {
    for &state in RunStatus::ALL {
        let shown: Vec<_> = PublicRunStatus::ALL.iter().filter(|shown| shown.states().contains(&state)).collect();
        assert_eq!(shown, [&state.shown()], "{state}");
    }
    assert_eq!(RunStatus::Executing.shown().as_str(), "awaiting_approval");
    assert_eq!(RunStatus::Cancelled.shown().as_str(), "failed");
}
