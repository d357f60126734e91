use super::*;

const ADA: MemberId = MemberId(1);
const BOLA: MemberId = MemberId(2);
const CHI: MemberId = MemberId(3);
const KEY: KeyId = KeyId(10);
const OTHER_KEY: KeyId = KeyId(11);
const OWNER: TreasuryRole = TreasuryRole::Owner;
const APPROVER: TreasuryRole = TreasuryRole::Approver;

fn panel(creator: Creator, able: usize, allows_keys: bool) -> Panel {
    let requirement = Requirement { approvers: 2, roles: vec![OWNER, APPROVER], rules: Vec::new() };
    Panel { creator, able, allows_keys, requirement }
}

#[test]
fn approvals_are_admitted_by_role_key_and_creation() {
    let by_ada = Creator { member: Some(ADA), key: None, author: None };
    let by_key = Creator { member: Some(ADA), key: Some(KEY), author: None };
    for (creator, able, allows_keys, approver, expected) in [
        (by_ada, 2, true, Approver::Member(BOLA, APPROVER), Ok(())),
        (by_ada, 2, true, Approver::Member(BOLA, TreasuryRole::Analyst), Err(ApproverProblem::Role)),
        (by_ada, 2, true, Approver::Member(ADA, OWNER), Err(ApproverProblem::OwnRun)),
        (by_ada, 1, true, Approver::Member(ADA, OWNER), Ok(())),
        (by_key, 2, true, Approver::Member(ADA, OWNER), Err(ApproverProblem::OwnRun)),
        (by_key, 1, true, Approver::Key(KEY, Some(ADA)), Err(ApproverProblem::OwnKey)),
        (by_key, 2, true, Approver::Key(OTHER_KEY, Some(ADA)), Err(ApproverProblem::OwnRun)),
        (by_ada, 2, true, Approver::Key(KEY, Some(ADA)), Err(ApproverProblem::OwnRun)),
        (by_ada, 2, true, Approver::Key(KEY, Some(BOLA)), Ok(())),
        (by_ada, 2, false, Approver::Key(KEY, Some(BOLA)), Err(ApproverProblem::KeysOff)),
        (Creator::default(), 2, true, Approver::Member(ADA, OWNER), Ok(())),
    ] {
        assert_eq!(panel(creator, able, allows_keys).admit(&approver), expected, "{creator:?} {approver:?}");
    }
}

#[test]
fn one_person_counts_once() {
    let panel = panel(Creator { member: Some(ADA), key: None, author: None }, 3, true);
    let (bola, chi) = (Approver::Member(BOLA, APPROVER), Approver::Member(CHI, OWNER));
    for (approvals, given, complete) in [
        (&[][..], 0, false),
        (&[bola, bola][..], 1, false),
        (&[bola, Approver::Key(KEY, Some(BOLA))], 1, false),
        (&[Approver::Key(KEY, None), Approver::Key(KEY, None)], 1, false),
        (&[bola, Approver::Member(ADA, OWNER)], 1, false),
        (&[bola, chi], 2, true),
        (&[bola, Approver::Key(KEY, Some(CHI))], 2, true),
    ] {
        assert_eq!((panel.given(approvals), panel.is_complete(approvals)), (given, complete), "{approvals:?}");
    }
}
