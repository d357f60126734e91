//! The agents slice: models and providers, agents with their tools and knowledge, threads and exchanges, and what they cost.
//!
//! Configuration belongs to a workspace and holds for live and test alike; conversations, activity and credits belong to one of
//! the two. Prompts and tool results are data, and no secret reaches a model. It knows no HTTP and no SQL, and never talks to
//! another slice: flows become tools through a trait of `runtime`, and agents become steps through another one.
//!
//! Start reading with [`Agents`], then `agents/` as an example of a resource.

pub mod agents;
pub mod approvals;
mod directory;
pub mod exchanges;
pub mod inbox;
pub mod knowledge;
pub mod memory;
pub mod models;
pub mod monitoring;
pub mod nodes;
pub mod runs;
mod settings;
pub mod steps;
pub mod threads;
pub mod tools;
pub mod trail;
pub mod whatsapp;

use std::sync::Arc;

use floe_runtime::Platform;
use floe_runtime::jobs::JobHandler;

pub use settings::Settings;

/// The service: what the server builds once and the surfaces call.
pub struct Agents {
    /// The process-wide services.
    pub platform: Arc<Platform>,
    /// What an operator sets.
    pub settings: Settings,
    /// The models that answer.
    pub models: Arc<models::ModelService>,
    /// What makes documents searchable.
    pub knowledge: Arc<knowledge::Knowledge>,
    /// Searches knowledge bases.
    pub search: Arc<knowledge::search::Search>,
    /// Where tools come from.
    pub tools: tools::Tools,
    /// The exchanges that run here.
    pub exchanges: exchanges::Exchanges,
}

impl Agents {
    /// The service on a platform.
    #[must_use]
    pub fn new(platform: Arc<Platform>, settings: Settings) -> Self {
        let models = Arc::new(models::ModelService::new(Arc::clone(&platform), settings.models.clone()));
        let knowledge =
            Arc::new(knowledge::Knowledge::new(Arc::clone(&models) as Arc<dyn floe_runtime::models::Models>));
        let search = knowledge::search::Search::new(Arc::clone(&platform), Arc::<models::ModelService>::clone(&models));
        let exchanges = exchanges::Exchanges::new(&platform);
        Self { platform, settings, models, knowledge, search, tools: tools::Tools::default(), exchanges }
    }
}

/// Durable work of this slice: a line for each folder that has some.
#[must_use]
pub fn handlers(agents: &Arc<Agents>) -> Vec<Arc<dyn JobHandler>> {
    let groups = [knowledge::handlers(&agents.knowledge), whatsapp::handlers()];
    groups.into_iter().flatten().collect()
}

/// Refuses when the caller's copy is of another revision.
///
/// # Errors
/// 412.
pub(crate) fn check_revision(revision: i64, if_match: Option<i64>) -> Result<(), floe_model::Fault> {
    if if_match.is_none_or(|expected| expected == revision) { Ok(()) } else { Err(stale()) }
}

/// The caller's copy is of another revision.
pub(crate) fn stale() -> floe_model::Fault {
    let kind = floe_model::FaultKind::Stale;
    floe_model::Fault::new(kind, "stale_revision", "It was changed after you read it")
}
