//! Institutions.

use super::{ACCOUNT_NUMBER, page};
use crate::http::shape::{FLAG, Shape, TEXT, input, list, must, object, text, words};

/// An institution.
pub(in crate::treasury) const INSTITUTION: Shape = object(
    "Institution",
    &[
        must("code", text(3, 6)).about("The central bank's, or that of the instant payment system"),
        must("cbn_code", TEXT.or_null()),
        must("nip_code", TEXT.or_null()),
        must("name", TEXT),
        must("aliases", list(&TEXT)).about("Other names and codes"),
        must(
            "kind",
            words(&["bank", "non_interest_bank", "microfinance_bank", "mobile_money", "payment_service_bank", "other"]),
        ),
        must("active", FLAG),
    ],
);
pub(in crate::treasury) const INSTITUTIONS: Shape = object("Institutions", &page(&INSTITUTION));
pub(in crate::treasury) const RESOLVE: Shape =
    input("AccountQuestion", &[must("account_number", ACCOUNT_NUMBER), must("institution_code", text(3, 6))]);
pub(in crate::treasury) const RESOLVED: Shape =
    object("AccountAnswer", &[must("account_name", TEXT.or_null()), must("check_digit_valid", FLAG.or_null())]);
