//! Screen flows: a draft that people work on, and the versions that were published of it (Placements contract, sections 10 and 12).
//!
//! A draft is any JSON object. What is published passes the checks of the model, gets the next number, and never changes again. Neither
//! changes what a device is shown: that takes a placement that names the version.
//!
//! Start reading with `publish.rs`.

mod change;
mod create;
mod draft;
mod publish;
mod read;
mod schema;
mod versions;

use floe_model::placements::app::FlowKind;
use floe_store::placements::drafts::Draft;
use floe_store::placements::screen_flows::ScreenFlow;
use floe_store::placements::versions::Head;

pub use change::{FlowPatch, delete, patch};
pub use create::{NewFlow, create};
pub use draft::{put, restore};
pub use publish::{Prepared, Published, publish};
pub use read::{draft_of, get, list, require};
pub use schema::Schema;
pub use versions::{list_versions, version, version_of_app};

/// A screen flow with what is known of its draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowView {
    /// The row.
    pub row: ScreenFlow,
    /// What it is for.
    pub kind: FlowKind,
    /// Its draft, without the text.
    pub draft: Draft,
    /// The version that was published last.
    pub newest: Option<Head>,
}

impl FlowView {
    /// Whether the draft is something else than what was published last.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.newest.as_ref().is_none_or(|newest| newest.sha256 != self.draft.sha256)
    }
}
