//! What moves by itself while the server runs: runs, timers, jobs.

use std::sync::Arc;
use std::time::Duration;

use floe_access::Access;
use floe_agents::exchanges::Keeper;
use floe_flows::Flows;
use floe_flows::runs::Limits;
use floe_operation::Operation;
use floe_placements::events::Events;
use floe_placements::serving::Serving;
use floe_runtime::effect::Effect;
use floe_runtime::jobs::JobLoop;
use floe_store::Role;
use floe_webhooks::{Engine, Webhooks};
use tokio::task::JoinHandle;

use super::{App, events, records};
use crate::registry;

/// Pause before the runs that were under way are looked up again after a failure.
const RECOVER_PAUSE: Duration = Duration::from_secs(1);
/// Pause between two sweeps.
const SWEEP_PAUSE: Duration = Duration::from_secs(300);
/// Pause between two looks whether something about credentials was changed.
const PROVE_PAUSE: Duration = Duration::from_millis(500);
/// Pause between two looks at what was measured.
const UPKEEP_PAUSE: Duration = Duration::from_secs(5);

/// The moving parts. They run until [`Work::stop`]; a kill instead of a stop loses nothing either.
pub struct Work {
    /// Flows and their runs.
    pub flows: Arc<Flows>,
    /// None where this node only answers requests.
    jobs: Option<JobLoop>,
    /// Attempts of webhooks; none where this node only answers requests.
    webhooks: Option<Engine>,
    /// Exchanges of agents that nobody has.
    exchanges: Keeper,
    tasks: Vec<JoinHandle<()>>,
    records: Vec<JoinHandle<()>>,
    access: Arc<Access>,
    serving: Arc<Serving>,
    events: Arc<Events>,
}

impl Work {
    /// Starts the moving parts on an open app, and takes up the runs that were under way when the last server ended.
    /// `extra` are step types beside those of the registry; only the bench has some.
    #[must_use]
    pub fn start(app: &App, extra: Vec<Arc<dyn Effect>>) -> Self {
        let settings = &app.settings;
        let limits =
            Limits { shards: settings.workers, runs_per_workspace: settings.runs_per_workspace, ..Limits::default() };
        let effects = registry::effects(settings, &app.agents).into_iter().chain(extra).collect();
        let flows = Flows::start(Arc::clone(&app.platform), effects, registry::child_runs(&app.treasury), limits);
        let flows = Arc::new(flows.with(app.agents.models.clone(), app.agents.clone()));
        app.agents.tools.register(floe_flows::tools::source(Arc::clone(&flows)));
        app.agents.tools.register(floe_flows::tools::workflows(Arc::clone(&flows)));
        let handlers =
            registry::jobs(&flows, &app.operation, &app.placements, &app.treasury, &app.webhooks, &app.agents);
        let jobs = settings.role.works().then(|| JobLoop::start(Arc::clone(&app.platform), handlers));
        let webhooks = settings.role.works().then(|| Engine::start(Webhooks::clone(&app.webhooks)));
        let exchanges = Keeper::start(&app.agents, settings.role.works());
        let mut tasks = vec![
            tokio::spawn(sweep_webhooks(Arc::clone(&app.webhooks))),
            tokio::spawn(recover(Arc::clone(&flows))),
            tokio::spawn(sweep(Arc::clone(&app.access))),
            tokio::spawn(operate(Arc::clone(&app.operation))),
        ];
        // A worker answers no devices.
        if settings.role != Role::Worker {
            tasks.push(tokio::spawn(Arc::clone(&app.placements.serving).run()));
            tasks.push(tokio::spawn(prove_devices(Arc::clone(&app.access))));
        }
        tasks.extend(events::start(app));
        let records = records::start(app);
        let (serving, events) = (Arc::clone(&app.placements.serving), Arc::clone(&app.placements.events));
        Self { flows, jobs, webhooks, exchanges, tasks, records, access: Arc::clone(&app.access), serving, events }
    }

    /// Takes up nothing new and waits for what is being written.
    pub async fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.exchanges.stop().await;
        if let Some(jobs) = self.jobs {
            jobs.stop().await;
        }
        if let Some(webhooks) = self.webhooks {
            webhooks.stop().await;
        }
        if let Err(fault) = self.serving.flush().await {
            tracing::warn!(%fault, "the last assignments and counts of placements are not written");
        }
        self.events.finish().await;
        self.flows.runs.stop().await;
        self.records.iter().for_each(JoinHandle::abort);
        records::finish(&self.access).await;
    }
}

/// Takes up the runs that were under way when the last server ended. Requests are answered meanwhile.
async fn recover(flows: Arc<Flows>) {
    match flows.runs.recover().await {
        0 => {}
        found => tracing::info!(runs = found, "runs that were under way go on"),
    }
}

/// Enters what operation does by itself, says what the doctor finds, and keeps the metrics in order.
async fn operate(operation: Arc<Operation>) {
    while let Err(fault) = operation.start().await {
        tracing::warn!(%fault, "backups and sweeps cannot be scheduled now; trying again");
        tokio::time::sleep(RECOVER_PAUSE).await;
    }
    loop {
        tokio::time::sleep(UPKEEP_PAUSE).await;
        floe_operation::metrics::upkeep();
    }
}

/// Enters the sweeps of the log of webhooks.
async fn sweep_webhooks(webhooks: Arc<Webhooks>) {
    while let Err(fault) = webhooks.start_sweeps().await {
        tracing::warn!(%fault, "the removal of old deliveries of webhooks cannot be scheduled now; trying again");
        tokio::time::sleep(RECOVER_PAUSE).await;
    }
}

/// Knows the keys of devices before their first request, and asks for them again when something about credentials was changed.
async fn prove_devices(access: Arc<Access>) {
    if let Err(fault) = access.warm_sdk_keys().await {
        tracing::warn!(%fault, "keys of devices cannot be read ahead");
    }
    loop {
        tokio::time::sleep(PROVE_PAUSE).await;
        if let Err(fault) = access.prove_standing_again().await {
            tracing::debug!(%fault, "keys of devices cannot be asked for again now");
        }
    }
}

/// Removes now and then what has served its time: ended sessions, used links, old saved replies.
async fn sweep(access: Arc<Access>) {
    loop {
        tokio::time::sleep(SWEEP_PAUSE).await;
        if let Err(fault) = access.sweep().await {
            tracing::warn!(%fault, "what has served its time cannot be removed now");
        }
    }
}
