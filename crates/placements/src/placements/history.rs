//! What was changed about a placement, and what it really served (Placements contract, section 12).

use std::collections::HashMap;

use floe_model::id::{AppId, ScreenFlowId, ScreenVersionId};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::placements::history::{self as entries, Entry};
use floe_store::placements::{served, versions};

use super::get;

/// A page of the changes of a placement, and everything that it served.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Changes, newest first.
    pub entries: Vec<Entry>,
    /// How many changes there are.
    pub total: i64,
    /// Versions that devices were given, live first, then by time.
    pub served: Vec<ServedVersion>,
}

/// A version that devices were given.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedVersion {
    /// Live or test.
    pub mode: Mode,
    /// Which one.
    pub version: ScreenVersionId,
    /// Of which screen flow; none when it was deleted.
    pub flow: Option<ScreenFlowId>,
    /// The first time.
    pub first_at: Timestamp,
    /// The last time.
    pub last_at: Timestamp,
    /// How often.
    pub count: i64,
}

/// The history of a placement.
///
/// # Errors
/// 404.
pub fn history(tx: &mut Tx<'_>, ctx: &Ctx, app: AppId, key: &str, limit: usize, offset: i64) -> Result<History, Fault> {
    let workspace = ctx.caller.workspace;
    let row = get(tx, ctx, app, key)?;
    let (entries, total) = entries::list(tx, workspace, app, row.id, limit, offset)?;
    let mut served = Vec::new();
    for mode in [Mode::Live, Mode::Test] {
        let rows = served::of_placement(tx, Scope { workspace, mode }, app, row.id)?;
        served.extend(rows.into_iter().map(|row| ServedVersion {
            mode,
            version: row.version,
            flow: None,
            first_at: row.first_at,
            last_at: row.last_at,
            count: row.served,
        }));
    }
    let ids: Vec<ScreenVersionId> = served.iter().map(|one| one.version).collect();
    let flows: HashMap<_, _> =
        versions::flows_of(tx, workspace, &ids)?.into_iter().map(|(version, flow, _)| (version, flow)).collect();
    for one in &mut served {
        one.flow = flows.get(&one.version).copied();
    }
    served.sort_by_key(|one| (one.mode != Mode::Live, one.first_at));
    Ok(History { entries, total, served })
}
