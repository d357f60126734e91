use super::*;

const fn id(number: u128) -> CandidateId {
    CandidateId(number)
}

fn run() -> Vec<Selectable> {
    use ApprovalStatus::{Approved, Pending, Rejected};
    use RiskDecision::{AutoApproved, Blocked, NeedsReview};
    [(1, Approved, AutoApproved), (2, Pending, NeedsReview), (3, Pending, Blocked), (4, Rejected, NeedsReview)]
        .map(|(number, approval, risk)| Selectable { id: id(number), approval, risk: Some(risk) })
        .to_vec()
}

#[test]
fn a_release_takes_what_is_named_and_rejects_the_rest() {
    for (named, may_override, chosen, overridden, left_out) in [
        (None, false, &[1, 2][..], &[][..], &[3][..]),
        (None, true, &[1, 2], &[], &[3]),
        (Some(&[2][..]), false, &[2], &[], &[1, 3]),
        (Some(&[3, 1][..]), true, &[1, 3], &[3], &[2]),
    ] {
        let named: Option<Vec<CandidateId>> = named.map(|named| named.iter().copied().map(id).collect());
        let selection = select(&run(), named.as_deref(), may_override).expect("a selection");
        let ids = |numbers: &[u128]| numbers.iter().copied().map(id).collect::<Vec<_>>();
        let expected = Selection { chosen: ids(chosen), overridden: ids(overridden), left_out: ids(left_out) };
        assert_eq!(selection, expected, "{named:?}");
    }
}

#[test]
fn wrong_choices_release_nothing() {
    use SelectionProblem as P;
    for (named, may_override, expected) in [
        (&[][..], true, P::Empty),
        (&[1, 9][..], true, P::Foreign(id(9))),
        (&[1, 1], true, P::Repeated(id(1))),
        (&[4], true, P::Rejected(id(4))),
        (&[3], false, P::Blocked(id(3))),
    ] {
        let named: Vec<CandidateId> = named.iter().copied().map(id).collect();
        assert_eq!(select(&run(), Some(&named), may_override), Err(expected));
    }
    assert_eq!(select(&[], None, true), Err(P::Nothing));
    assert_eq!(select(&run()[2..], None, true), Err(P::Nothing));
}
