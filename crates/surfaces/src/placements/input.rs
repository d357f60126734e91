//! What several bodies are read with, beside [`Fields`].

use crate::http::Fields;

/// Characters of a user id (placements contract, section 2.1).
pub(super) const USER_MAX: usize = 256;

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
