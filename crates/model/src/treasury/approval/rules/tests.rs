use super::*;

fn rule(id: u128, condition: Condition, required_approvers: u16, roles: &[TreasuryRole]) -> ApprovalRule {
    ApprovalRule {
        id: ApprovalRuleId(id),
        name: format!("rule {id}"),
        condition,
        required_approvers,
        approver_roles: roles.to_vec(),
        is_active: true,
    }
}

#[test]
fn the_rule_that_asks_for_most_people_wins() {
    use TreasuryRole::{Approver, Owner};
    let amount = |naira| Condition::AmountAbove(Kobo::naira(naira).expect("in range"));
    let score = Condition::RiskScoreAbove(Score::from_ten_thousandths(5_000));
    let off = ApprovalRule { is_active: false, ..rule(9, Condition::Always, 50, &[]) };
    let rules =
        [rule(1, amount(1_000), 2, &[]), rule(2, score, 2, &[Owner]), rule(3, amount(9_000), 3, &[Approver]), off];
    for (naira, highest, approvers, roles, ids) in [
        // At the threshold is not above it.
        (1_000, 5_000, 1, &[Owner, Approver][..], &[][..]),
        (1_001, 5_000, 2, &[Owner, Approver], &[1]),
        (1_001, 5_001, 2, &[Owner], &[1, 2]),
        (9_001, 9_000, 3, &[Owner, Approver], &[3]),
    ] {
        let total = Kobo::naira(naira).expect("in range");
        let asked = requirement(&rules, total, Score::from_ten_thousandths(highest));
        let ids: Vec<ApprovalRuleId> = ids.iter().copied().map(ApprovalRuleId).collect();
        assert_eq!(asked, Requirement { approvers, roles: roles.to_vec(), rules: ids }, "{naira} {highest}");
    }
    let nobody = rule(4, Condition::Always, 0, &[TreasuryRole::Analyst]);
    let asked = requirement(&[nobody], Kobo::ZERO, Score::ZERO);
    assert_eq!((asked.approvers, asked.takes(Owner), asked.takes(TreasuryRole::Analyst)), (1, true, false));
}
