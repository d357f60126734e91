//! What moves by itself while the server runs: runs, timers, jobs.

use std::sync::Arc;

use floe_flows::Flows;
use floe_flows::runs::Limits;
use floe_runtime::effect::Effect;
use floe_runtime::jobs::JobLoop;

use super::App;
use crate::registry;

/// The moving parts. They run until [`Work::stop`]; a kill instead of a stop loses nothing either.
pub struct Work {
    /// Flows and their runs.
    pub flows: Arc<Flows>,
    jobs: JobLoop,
}

impl Work {
    /// Starts the moving parts on an open app, and takes up the runs that were under way when the last server ended.
    /// `extra` are step types beside those of the registry; only the bench has some.
    #[must_use]
    pub fn start(app: &App, extra: Vec<Arc<dyn Effect>>) -> Self {
        let settings = &app.settings;
        let limits =
            Limits { shards: settings.workers, runs_per_workspace: settings.runs_per_workspace, ..Limits::default() };
        let effects = registry::effects(settings).into_iter().chain(extra).collect();
        let flows = Arc::new(Flows::start(Arc::clone(&app.platform), effects, limits));
        let jobs = JobLoop::start(Arc::clone(&app.platform), registry::jobs(&flows));
        let engine = flows.runs.clone();
        tokio::spawn(async move {
            match engine.recover().await {
                Ok(0) => {}
                Ok(found) => tracing::info!(runs = found, "runs that were under way go on"),
                Err(fault) => tracing::error!(%fault, "runs that were under way could not be taken up"),
            }
        });
        Self { flows, jobs }
    }

    /// Takes up nothing new and waits for what is being written.
    pub async fn stop(self) {
        self.jobs.stop().await;
        self.flows.runs.stop().await;
    }
}
