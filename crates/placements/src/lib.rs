//! The placements slice: apps, screen flows and their versions, placements, audiences and experiments, the answer to "what does
//! this user see here", and what came of it.
//!
//! Configuration belongs to a workspace and holds for live and test alike; what users did belongs to one of the two. Versions never
//! change once they are published, and nothing but a published version is ever served. It knows no HTTP and no SQL, and never talks
//! to another slice.
//!
//! Start reading with [`Placements`], then `apps.rs` as an example of a resource.

pub mod analytics;
pub mod apps;
pub mod assets;
pub mod audiences;
pub mod events;
pub mod experiments;
pub mod flows;
pub mod placements;
pub mod schedules;
pub mod serving;
mod settings;
pub mod targeting;
pub mod trail;
pub mod transfer;

use std::sync::Arc;

use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use settings::Settings;

/// The service: what the server builds once and the surfaces call.
pub struct Placements {
    /// The process-wide services.
    pub platform: Arc<Platform>,
    /// What an operator sets.
    pub settings: Settings,
    /// The icons of screen flows.
    pub icons: assets::Icons,
    /// What apps report.
    pub events: Arc<events::Events>,
    /// What devices are answered.
    pub serving: Arc<serving::Serving>,
}

impl Placements {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: Settings) -> Self {
        let icons = assets::Icons::of(settings.icons.clone());
        let events = Arc::new(events::Events::new(Arc::clone(&platform), settings.event_retention_days));
        let serving = Arc::new(serving::Serving::new(Arc::clone(&platform), Arc::clone(&events), &settings.public_url));
        Self { platform, settings, icons, events, serving }
    }
}

/// Durable work of this slice.
#[must_use]
pub fn handlers(placements: &Arc<Placements>) -> Vec<Arc<dyn JobHandler>> {
    let of_events = events::handlers(&placements.events);
    [experiments::handlers(), schedules::handlers(), of_events].into_iter().flatten().collect()
}

/// Refuses when the caller's copy is of another revision.
///
/// # Errors
/// 412.
pub(crate) fn check_revision(revision: i64, if_match: Option<i64>) -> Result<(), Fault> {
    if if_match.is_none_or(|expected| expected == revision) { Ok(()) } else { Err(stale()) }
}

/// The caller's copy is of another revision.
pub(crate) fn stale() -> Fault {
    Fault::new(FaultKind::Stale, "stale_revision", "It was changed after you read it")
}
