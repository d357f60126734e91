//! The placements slice: apps, screen flows and their versions, placements, audiences and experiments, the answer to "what does
//! this user see here", and what came of it.
//!
//! Configuration belongs to a workspace and holds for live and test alike; what users did belongs to one of the two. Versions never
//! change once they are published, and nothing but a published version is ever served. It knows no HTTP and no SQL, and never talks
//! to another slice.
//!
//! Start reading with [`Placements`], then `apps.rs` as an example of a resource.

mod settings;
pub mod trail;

use std::sync::Arc;

use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use settings::Settings;

/// The service: what the server builds once and the surfaces call.
pub struct Placements {
    /// The process-wide services.
    pub platform: Arc<Platform>,
    /// What an operator sets.
    pub settings: Settings,
}

impl Placements {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: Settings) -> Self {
        Self { platform, settings }
    }
}

/// Durable work of this slice.
#[must_use]
pub fn handlers(placements: &Arc<Placements>) -> Vec<Arc<dyn JobHandler>> {
    let _ = placements;
    Vec::new()
}
