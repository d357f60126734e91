//! The operators of conditions, by their words (section 8).

use crate::words::words;

words! {
    /// How an attribute is compared.
    Operator {
        /// The text forms are the same.
        Equals = "equals",
        /// The opposite of `equals`.
        NotEquals = "not_equals",
        /// The text holds the value, or an element of the array is the value; without regard to case.
        Contains = "contains",
        /// The opposite of `contains`.
        NotContains = "not_contains",
        /// The text starts with the value, without regard to case.
        StartsWith = "starts_with",
        /// The text ends with the value, without regard to case.
        EndsWith = "ends_with",
        /// The number is greater.
        Gt = "gt",
        /// The number is greater or the same.
        Gte = "gte",
        /// The number is less.
        Lt = "lt",
        /// The number is less or the same.
        Lte = "lte",
        /// The text form is one of the list, or that of an element of the array is.
        In = "in",
        /// The opposite of `in`.
        NotIn = "not_in",
        /// The attribute is present; with the value false, absent.
        Exists = "exists",
        /// The attribute is absent.
        NotExists = "not_exists",
        /// The same version.
        SemverEq = "semver_eq",
        /// A later version.
        SemverGt = "semver_gt",
        /// A later version or the same.
        SemverGte = "semver_gte",
        /// An earlier version.
        SemverLt = "semver_lt",
        /// An earlier version or the same.
        SemverLte = "semver_lte",
        /// Strictly before the instant.
        DateBefore = "date_before",
        /// Strictly after the instant.
        DateAfter = "date_after",
        /// The pattern is found in the text.
        Matches = "matches",
    }
}
