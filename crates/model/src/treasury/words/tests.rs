use super::*;

#[test]
fn states_follow_the_tables_of_the_contract() {
    use ExecutionStatus as E;
    let arrows = E::ALL.iter().flat_map(|&from| E::ALL.iter().map(move |&to| (from, to)));
    let possible: Vec<_> = arrows.filter(|(from, to)| from.can_become(*to)).collect();
    assert_eq!(
        possible,
        [
            (E::NotStarted, E::Pending),
            (E::NotStarted, E::Failed),
            (E::Pending, E::Success),
            (E::Pending, E::Failed),
            (E::Pending, E::RequiresFollowup),
            (E::Success, E::Reversed),
            (E::RequiresFollowup, E::Success),
            (E::RequiresFollowup, E::Failed),
        ]
    );
    use ApprovalStatus as A;
    let arrows = A::ALL.iter().flat_map(|&from| A::ALL.iter().map(move |&to| (from, to)));
    let possible: Vec<_> = arrows.filter(|(from, to)| from.can_become(*to)).collect();
    assert_eq!(possible, [(A::Pending, A::Approved), (A::Pending, A::Rejected), (A::Approved, A::Rejected)]);
}

#[test]
fn words_are_read_as_they_are_written() {
    assert_eq!(TransactionStatus::parse("SUCCESS"), Some(TransactionStatus::Success));
    assert_eq!(TransactionStatus::parse("success"), None);
    assert_eq!(serde_json::to_string(&ExecutionStatus::RequiresFollowup).expect("json"), "\"requires_followup\"");
    assert_eq!(serde_json::from_str::<Direction>("\"credit\"").expect("word"), Direction::Credit);
    assert!(serde_json::from_str::<Direction>("\"sideways\"").is_err());
    // The decision of several rules is the strictest one.
    assert!(
        RiskDecision::Blocked > RiskDecision::NeedsReview && RiskDecision::NeedsReview > RiskDecision::AutoApproved
    );
}
