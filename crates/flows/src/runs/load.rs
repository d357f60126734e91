//! Reading a run from disk.

use std::sync::Arc;

use floe_engine::event::Event;
use floe_engine::plan::Plan;
use floe_model::Fault;
use floe_model::id::{NodeId, RunId, WorkspaceId};
use floe_store::flows::runs::{self, RunRow};
use floe_store::flows::{documents, journal, run_owners};
use floe_store::{Store, Tx};

use super::plans::Plans;

/// A run as it stands on disk.
pub struct Loaded {
    /// Its row.
    pub row: RunRow,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Its events.
    pub events: Vec<Event>,
    /// The node that moves it, where several share the database.
    pub owner: Option<NodeId>,
}

/// Reads a run, its definition and its journal; `None` when there is no such run.
///
/// # Errors
/// Of the database, and when the journal or definition cannot be read.
pub async fn load(store: &Store, plans: &Plans, workspace: WorkspaceId, run: RunId) -> Result<Option<Loaded>, Fault> {
    let shared = store.node().is_some();
    let found = store.read(move |tx| read(tx, workspace, run, shared)).await?;
    let Some((row, chunks, owner)) = found else { return Ok(None) };
    let plan = plan_of(store, plans, &row).await?;
    let mut events = Vec::new();
    for chunk in chunks {
        events.extend(serde_json::from_str::<Vec<Event>>(&chunk).map_err(Fault::internal)?);
    }
    Ok(Some(Loaded { row, plan, events, owner }))
}

/// The plan of a run; read and compiled when no run of its definition was at work here lately.
///
/// # Errors
/// Of the database, and when the definition cannot be read.
pub async fn plan_of(store: &Store, plans: &Plans, row: &RunRow) -> Result<Arc<Plan>, Fault> {
    let (workspace, hash) = (row.workspace, row.document_hash);
    if let Some(plan) = plans.known(&hash) {
        return Ok(plan);
    }
    let text = store.read(move |tx| documents::find(tx, workspace, &hash)).await?;
    plans.compile(hash, &text.ok_or_else(|| Fault::internal("a run's definition is not there"))?)
}

/// A run's row, the chunks of its journal, and its owner.
type Read = (RunRow, Vec<String>, Option<NodeId>);

fn read(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, shared: bool) -> Result<Option<Read>, Fault> {
    let Some(row) = runs::find(tx, workspace, run)? else { return Ok(None) };
    let owner = if shared { run_owners::owner(tx, workspace, run)? } else { None };
    Ok(Some((row, journal::read(tx, workspace, run)?, owner)))
}
