//! What this server consists of: the product's table of contents.
//!
//! A slice is registered here once; what it consists of is listed in the slice.

use std::sync::Arc;

use floe_engine::catalog::Catalog;
use floe_flows::Flows;
use floe_runtime::effect::Effect;
use floe_runtime::jobs::JobHandler;

use crate::settings::Settings;

/// Step types that reach outside of the machine.
#[must_use]
pub fn effects(settings: &Settings) -> Vec<Arc<dyn Effect>> {
    [floe_flows::steps::effects(settings.code_steps)].into_iter().flatten().collect()
}

/// Every step type that runs here.
#[must_use]
pub fn catalog(settings: &Settings) -> Catalog {
    catalog_with(&effects(settings))
}

/// The step types that the machine carries out itself, and these.
#[must_use]
pub fn catalog_with(effects: &[Arc<dyn Effect>]) -> Catalog {
    floe_flows::steps::catalog(effects)
}

/// Durable work.
#[must_use]
pub fn jobs(flows: &Flows) -> Vec<Arc<dyn JobHandler>> {
    [floe_flows::runs::handlers(&flows.runs)].into_iter().flatten().collect()
}
