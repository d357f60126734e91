//! What this server consists of: the product's table of contents.
//!
//! A slice is registered here once; what it consists of is listed in the slice.

use std::sync::Arc;

use floe_access::Access;
use floe_agents::Agents;
use floe_agents::models::ModelService;
use floe_engine::catalog::Catalog;
use floe_flows::Flows;
use floe_flows::nodes::NodeSettings;
use floe_operation::Operation;
use floe_operation::doctor::MoreChecks;
use floe_placements::Placements;
use floe_runtime::Platform;
use floe_runtime::child_runs::ChildRuns;
use floe_runtime::effect::Effect;
use floe_runtime::jobs::JobHandler;
use floe_surfaces::treasury::PaymentRuns;
use floe_treasury::Treasury;
use floe_webhooks::Webhooks;

use crate::operation::{AuditChains, Ledgers, LiveRail, ModelProviders};
use crate::settings::Settings;

/// Step types that reach outside of the machine.
#[must_use]
pub fn effects(settings: &Settings, agents: &Arc<Agents>) -> Vec<Arc<dyn Effect>> {
    let groups = [
        floe_flows::steps::effects(settings.code_steps),
        floe_flows::nodes::effects(&node_settings(settings)),
        floe_agents::steps::effects(agents),
        floe_agents::nodes::effects(agents),
    ];
    groups.into_iter().flatten().collect()
}

/// What runs of flows call beside flows.
#[must_use]
pub fn child_runs(treasury: &Arc<Treasury>) -> Vec<Arc<dyn ChildRuns>> {
    vec![Arc::new(PaymentRuns::new(Arc::clone(treasury)))]
}

fn node_settings(settings: &Settings) -> NodeSettings {
    // Nodes that share a PostgreSQL do not share a disk.
    let sqlite_folder = settings.database_url.is_none().then(|| settings.data_dir.join("databases"));
    NodeSettings { code: settings.code_steps, sqlite_folder, ..NodeSettings::default() }
}

/// Every step type that runs here.
#[must_use]
pub fn catalog(settings: &Settings) -> Catalog {
    let mut catalog = catalog_with(&floe_flows::steps::effects(settings.code_steps));
    for spec in floe_agents::steps::SPECS {
        catalog.add(spec);
    }
    for effect in floe_flows::nodes::effects(&node_settings(settings)) {
        catalog.add_node(effect.spec());
    }
    for spec in floe_agents::nodes::SPECS {
        catalog.add_node(spec);
    }
    catalog
}

/// The step types that the machine carries out itself, and these.
#[must_use]
pub fn catalog_with(effects: &[Arc<dyn Effect>]) -> Catalog {
    floe_flows::steps::catalog(effects)
}

/// Checks of the doctor that slices make themselves.
#[must_use]
pub fn checks(settings: &Settings, platform: &Arc<Platform>, access: &Arc<Access>) -> MoreChecks {
    vec![
        Arc::new(AuditChains { platform: Arc::clone(platform), access: Arc::clone(access) }),
        Arc::new(Ledgers { platform: Arc::clone(platform) }),
        Arc::new(LiveRail { folder: settings.treasury.payouts.file_rail.clone() }),
        Arc::new(ModelProviders { models: ModelService::new(Arc::clone(platform), settings.agents.models.clone()) }),
    ]
}

/// Durable work.
#[must_use]
pub fn jobs(
    flows: &Flows,
    operation: &Arc<Operation>,
    placements: &Arc<Placements>,
    treasury: &Arc<Treasury>,
    webhooks: &Arc<Webhooks>,
    agents: &Arc<Agents>,
) -> Vec<Arc<dyn JobHandler>> {
    let of_flows = [
        floe_flows::runs::handlers(&flows.runs),
        floe_flows::schedules::handlers(flows),
        floe_flows::triggers::handlers(flows),
        floe_flows::reruns::handlers(flows),
        floe_flows::files::handlers(),
        floe_flows::definitions::handlers(),
    ];
    let others = [
        floe_operation::handlers(operation),
        floe_placements::handlers(placements),
        floe_treasury::handlers(treasury),
        floe_webhooks::handlers(webhooks),
        floe_agents::handlers(agents),
    ];
    of_flows.into_iter().chain(others).flatten().collect()
}
