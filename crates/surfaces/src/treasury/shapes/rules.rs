//! Approval rules.

use super::page;
use crate::http::shape::{FLAG, ID, NUMBER, Shape, input, int, list, may, must, object, text, words};

const CONDITION: Shape = words(&["amount_above", "risk_score_above", "always"]);
const ROLE: Shape = words(&["owner", "approver"]);

/// A rule about how many people a release takes.
pub(in crate::treasury) const RULE: Shape = object(
    "ApprovalRule",
    &[
        must("id", ID),
        must("name", text(1, 100)),
        must("condition_type", CONDITION),
        must("threshold", NUMBER.or_null()).about("Naira, or a score; null for always"),
        must("required_approvers", int(1, 20)),
        must("approver_roles", list(&ROLE)).about("An empty list is everybody who can approve"),
        must("is_active", FLAG),
    ],
);
pub(in crate::treasury) const RULES: Shape = object("ApprovalRules", &page(&RULE));
pub(in crate::treasury) const NEW_RULE: Shape = input(
    "NewApprovalRule",
    &[
        must("name", text(1, 100)),
        must("condition_type", CONDITION),
        may("threshold", NUMBER).about("Needed unless the condition is always"),
        may("required_approvers", int(1, 20)),
        may("approver_roles", list(&ROLE).at_most(2)),
        may("is_active", FLAG),
    ],
);
pub(in crate::treasury) const RULE_PATCH: Shape = input(
    "ApprovalRulePatch",
    &[
        may("name", text(1, 100)),
        may("condition_type", CONDITION),
        may("threshold", NUMBER),
        may("required_approvers", int(1, 20)),
        may("approver_roles", list(&ROLE).at_most(2)),
        may("is_active", FLAG),
    ],
);
