//! What the management of this slice leaves in the audit chain (console contract, section 5.6).

use floe_model::Fault;
use floe_runtime::{Platform, trail};
use floe_store::Tx;

pub use floe_runtime::trail::{Note, Who};

/// The product of all entries of this slice.
pub const PRODUCT: &str = "placements";

/// Writes an entry.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, platform: &Platform, who: &Who, note: Note<'_>) -> Result<(), Fault> {
    trail::note(tx, platform, PRODUCT, who, note)
}
