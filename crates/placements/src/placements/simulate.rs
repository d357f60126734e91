//! What a user would see at a placement, and why; nothing is stored (Placements contract, sections 7.2 and 12).

use floe_model::id::{AppId, ExperimentId, VariantId, WorkspaceId};
use floe_model::placements::Platform;
use floe_model::placements::attributes::Attributes;
use floe_model::placements::decide::{self, Decision, Explanation, Known};
use floe_model::placements::filter::Subject;
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::experiments::{self, Active};
use floe_store::placements::versions::{self, Version};
use floe_store::placements::{assignments, audiences, overrides, placements as rows, variants};
use serde_json::{Map, Value};

use crate::{apps, targeting};

/// Who is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The user.
    pub user_id: String,
    /// What the app runs on.
    pub platform: Platform,
    /// What the app says about the user.
    pub attributes: Option<Map<String, Value>>,
    /// Live or test: whose stored variants count, and which time to live is the usual one.
    pub mode: Mode,
    /// When.
    pub at: Timestamp,
}

/// What the user would see.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The version; none when there is nothing to show.
    pub version: Option<Version>,
    /// Experiment, variant and the variant's name, when the experiment decided.
    pub variant: Option<(ExperimentId, VariantId, String)>,
    /// Seconds that a device keeps the answer.
    pub ttl_s: i64,
    /// Why.
    pub explanation: Explanation,
}

/// Decides as a resolve would at that instant.
///
/// # Errors
/// 404 for the app and the placement.
pub fn simulate(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, key: &str, asked: &Asked) -> Result<Simulated, Fault> {
    let workspace = ctx.caller.workspace;
    let settings = apps::require(tx, workspace, app)?.settings;
    let row = rows::find(tx, workspace, app, key)?.ok_or_else(|| Fault::not_found("Placement"))?;
    let audiences = targeting::saved(&audiences::of_app(tx, workspace, app)?).link();
    let active = holding(tx, workspace, app, key, &asked.user_id)?;
    let placement = targeting::placement(&row, &audiences, active.as_ref());
    let stored = match &active {
        Some(active) => {
            assignments::find(tx, Scope { workspace, mode: asked.mode }, active.experiment.id, &asked.user_id)?
        }
        None => None,
    };
    let facts = Facts {
        stored: stored.map(|stored| (stored.experiment, stored.variant)),
        is_test_user: settings.test_users.contains(&asked.user_id),
    };
    let attributes = asked.attributes.as_ref().map(Attributes::of);
    let subject = Subject { user_id: &asked.user_id, platform: asked.platform, attributes: attributes.as_ref() };
    let (decision, explanation) = decide::explain(&placement, &subject, &facts, asked.at);
    let ttl_s = settings.ttl(row.cache_ttl_seconds, asked.mode);
    let Decision::Flow(served) = decision else {
        return Ok(Simulated { version: None, variant: None, ttl_s, explanation });
    };
    let variant =
        served.chosen.map(|chosen| (chosen.experiment.id, chosen.variant.id, chosen.variant.name.to_string()));
    let version = versions::find(tx, workspace, served.version)?;
    Ok(Simulated { version, variant, ttl_s, explanation })
}

/// The experiment that holds the placement, with the override of this user alone.
fn holding(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    app: AppId,
    key: &str,
    user_id: &str,
) -> Result<Option<Active>, Fault> {
    let Some(id) = experiments::bound(tx, workspace, app, key)? else { return Ok(None) };
    let Some(experiment) = experiments::find(tx, workspace, app, id)? else { return Ok(None) };
    let variants = variants::of(tx, workspace, id)?;
    let overrides = overrides::find(tx, workspace, id, user_id)?.into_iter().collect();
    Ok(Some(Active { experiment, variants, overrides }))
}

/// What the store knows about the user.
struct Facts {
    stored: Option<(ExperimentId, VariantId)>,
    is_test_user: bool,
}

impl Known for Facts {
    fn assigned(&self, experiment: ExperimentId) -> Option<VariantId> {
        self.stored.filter(|(of, _)| *of == experiment).map(|(_, variant)| variant)
    }

    fn is_test_user(&self) -> bool {
        self.is_test_user
    }
}
