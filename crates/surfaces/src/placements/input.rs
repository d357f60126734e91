//! What several bodies are read with, beside [`Fields`].

use floe_model::Mode;

use crate::http::{Fields, Query};

/// The environment that a query asks for; live unless it names another (placements contract, section 12).
pub(super) fn environment(query: &Query) -> Mode {
    query.get("environment").and_then(Mode::parse).unwrap_or(Mode::Live)
}

/// A shown name, `name`, which must be there: without blanks around it, of 1 to `most` characters.
pub(super) fn name(body: &mut Fields, most: usize) -> Option<String> {
    let text = body.required_text("name", 1, most);
    let trimmed = text.trim();
    if trimmed.is_empty() && !text.is_empty() {
        body.problem("name", "length", "name must not be blank");
    }
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Ends the reading of a member that is an object: its problems become those of the body, below its name.
pub(super) fn merge(body: &mut Fields, member: &str, inner: Fields) {
    if let Err(fault) = inner.finish_ignoring_unknown() {
        for one in fault.fields() {
            body.problem(&format!("{member}{}", one.path), one.code, one.message.clone());
        }
    }
}
