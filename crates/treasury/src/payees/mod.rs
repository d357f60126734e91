//! Payees: saved recipients, the institutions that keep their accounts, and whom nobody pays (Treasury contract, sections 2.3, 9.2 and
//! 10.7).
//!
//! Start reading with [`recipients`].

pub mod blocklist;
pub mod recipients;

use floe_model::treasury::Directory;

/// The institution code as it is compared: the same for all codes of one institution.
#[must_use]
pub fn institution_key(directory: &Directory, code: &str) -> String {
    directory.find(code).map_or_else(|| code.to_ascii_uppercase(), |found| found.code().to_owned())
}
