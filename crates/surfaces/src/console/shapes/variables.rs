//! Shapes of variables.

use floe_access::variables::VALUE_CHARS_MAX;

use super::page;
use crate::http::shape::{
    COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, list, may, must, object, pattern, text, words,
};

const NAME: Shape = pattern("^[A-Z][A-Z0-9_]{0,63}$");
const VALUE: Shape = text(1, VALUE_CHARS_MAX);

/// Something that names a variable.
const USER: Shape = object(
    "VariableUse",
    &[
        must("type", words(&["flow"])),
        must("id", ID),
        must("name", TEXT.or_null()).about("Null when you may not see it"),
    ],
);
/// A variable.
pub(in crate::console) const VARIABLE: Shape = object(
    "Variable",
    &[
        must("id", ID),
        must("name", NAME),
        must("secret", FLAG),
        must("value", TEXT).about("*** for a secret"),
        must("test_value", TEXT.or_null()).about("In test mode, where it differs; *** for a secret"),
        must("description", TEXT),
        must("used_by", list(&USER)),
        must("revision", COUNT),
        must("created_at", INSTANT),
        must("updated_at", INSTANT),
    ],
);
/// Variables.
pub(in crate::console) const VARIABLES: Shape = object("Variables", &page(&VARIABLE));
/// A new variable.
pub(in crate::console) const NEW_VARIABLE: Shape = closed(
    "NewVariable",
    &[
        must("name", NAME),
        may("secret", FLAG),
        must("value", VALUE).about("At least 4 characters for a secret"),
        may("test_value", VALUE),
        may("description", text(0, 500)),
    ],
);
/// What can be changed of a variable.
pub(in crate::console) const VARIABLE_PATCH: Shape = closed(
    "VariablePatch",
    &[
        may("name", NAME),
        may("secret", FLAG),
        may("value", VALUE),
        may("test_value", VALUE).about("Null takes it away"),
        may("description", text(0, 500)),
    ],
);
