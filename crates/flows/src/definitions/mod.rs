//! Definitions: flows, their drafts and published versions (Flow API contract, sections 5 and 8).
//!
//! Every function takes the transaction, so that a surface can write the saved reply beside the change. A change holds the
//! flow's row first: changes to one flow happen one after another. Each leaves an audit entry, raises the revision by one,
//! and publishes what others act on.
//!
//! Start reading with [`Record`] (what a read shows), then [`resolve`](resolve()) (what a run gets).

mod access;
mod close;
mod content;
mod create;
mod delete;
mod draft;
mod latest;
mod patch;
mod publish;
mod read;
mod references;
mod resolve;
mod trail;
mod transitions;
mod trigger;
mod versions;

pub(crate) use access::{access_of, hold, visible_automation};
pub use access::{may, may_see_runs, visible};
pub use close::{JOB_CLOSE, close_workspace, handlers};
pub use content::Content;
pub(crate) use content::has_nul;
pub use create::{NewFlow, create};
pub(crate) use create::{make, may_make};
pub(crate) use delete::delete_held;
pub use delete::{Deleted, delete};
pub use draft::{Autosave, Saved, autosave};
pub use latest::Runnable;
pub(crate) use latest::{LatestVersions, Remembered};
pub use patch::{FlowPatch, patch};
pub use publish::{Publish, publish, publish_version};
pub use read::{Page, Record, get, list};
pub use references::Known;
pub(crate) use references::{missing, named, word};
pub(crate) use resolve::latest_text;
pub use resolve::{Resolved, VersionChoice, resolve};
pub(crate) use trail::{audit, person};
pub use transitions::{delete_version, roll_back, set_latest, unpublish};
pub(crate) use trigger::{mode_of, trigger_data};
pub use versions::{VersionRecord, VersionWord, list_versions, version};
