//! The organisation.

use crate::http::shape::{FLAG, NUMBER, Shape, any_of, input, list, may, must, object, text, words};

/// A percentage with at most four decimals.
const PERCENT: Shape = NUMBER;
/// What a payout costs: nothing, a share, or a fixed fee by the size of the amount; and whether that comes back with the money.
const FEE: Shape = any_of(&[
    object("", &[must("kind", words(&["off"])), must("refund_on_reversal", FLAG)]),
    object(
        "",
        &[
            must("kind", words(&["percent"])),
            must("percent", PERCENT),
            must("minimum", NUMBER),
            must("refund_on_reversal", FLAG),
        ],
    ),
    object(
        "",
        &[
            must("kind", words(&["bands"])),
            must("bands", list(&object("", &[must("up_to", NUMBER.or_null()), must("fee", NUMBER)]))),
            must("vat_percent", PERCENT),
            must("refund_on_reversal", FLAG),
        ],
    ),
]);

/// The organisation and what it sets about paying. Amounts are naira with two decimals.
pub(in crate::treasury) const ORG: Shape = object(
    "Org",
    &[
        must("name", text(1, 100)),
        must("default_risk_tolerance", NUMBER),
        must("single_payout_cap", NUMBER.or_null()),
        must("daily_payout_limit", NUMBER.or_null()),
        must("monthly_payout_limit", NUMBER.or_null()),
        must("low_balance_alert", NUMBER.or_null()),
        must("allow_key_approvals", FLAG),
        must("strict_check_digit", FLAG),
        must("fee", FEE),
    ],
);
const FEE_IN: Shape = any_of(&[
    input("", &[must("kind", words(&["off"])), may("refund_on_reversal", FLAG)]),
    input(
        "",
        &[
            must("kind", words(&["percent"])),
            must("percent", PERCENT),
            may("minimum", NUMBER),
            may("refund_on_reversal", FLAG),
        ],
    ),
    input(
        "",
        &[
            must("kind", words(&["bands"])),
            must("bands", list(&input("", &[may("up_to", NUMBER), must("fee", NUMBER)])).at_most(20)),
            may("vat_percent", PERCENT),
            may("refund_on_reversal", FLAG),
        ],
    ),
]);
pub(in crate::treasury) const ORG_PATCH: Shape = input(
    "OrgPatch",
    &[
        may("name", text(1, 100)),
        may("default_risk_tolerance", NUMBER),
        may("single_payout_cap", NUMBER),
        may("daily_payout_limit", NUMBER),
        may("monthly_payout_limit", NUMBER),
        may("low_balance_alert", NUMBER),
        may("allow_key_approvals", FLAG),
        may("strict_check_digit", FLAG),
        may("fee", FEE_IN),
    ],
);
