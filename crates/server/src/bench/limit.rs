//! The limit: the store alone, doing the durable waits of a run one after another.

use std::path::Path;
use std::time::Duration;

use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::{Ids, SystemClock};
use floe_store::flows::journal::{self, Chunk};
use floe_store::flows::run_rows;
use floe_store::flows::runs::RunRow;
use floe_store::platform::events::{self, NewEvent};
use floe_store::{Location, Store, StoreConfig};

use super::child::now;

/// Steps of the first write of a run of the bench flow.
const FIRST: &str = r#"[{"at":1790000000000000,"e":"began","run":"01890000-0000-7000-8000-000000000000","entry":0,"inputs":{"amount":3},"trigger_data":{"amount":3},"user":null,"flow":{"_id":"01890000-0000-7000-8000-000000000000","name":"Three effects","version":1},"depth":0},{"at":1790000000000000,"e":"intended","place":{"f":0,"n":0},"input":{}}]"#;
/// Those of a write between two effects.
const BETWEEN: &str = r#"[{"at":1790000000000000,"e":"done","place":{"f":0,"n":1},"result":{"ok":true}},{"at":1790000000000000,"e":"intended","place":{"f":0,"n":2},"input":{}}]"#;
/// Those of the last one.
const LAST: &str = r#"[{"at":1790000000000000,"e":"done","place":{"f":0,"n":2},"result":{"ok":true}},{"at":1790000000000000,"e":"done","place":{"f":0,"n":3},"result":{"ok":true,"amount":3}}]"#;
/// What the events say that the first and the last write publish.
const TOLD: &str = r#"{"flow_id":"01890000-0000-7000-8000-000000000000","run_id":"01890000-0000-7000-8000-000000000000","version":1,"error_code":null}"#;

/// What is written in the durable waits of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// The row of a run that is over, and its steps: the least that a run is kept with.
    RunAndSteps,
    /// Everything that a run writes: its row while it is open too, and its events.
    All,
}

/// Runs a second, each the given number of durable waits in a row, with as many clients as the load has callers: on a file of its own, or in the
/// PostgreSQL database while no server has it open.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    clients: usize,
    writes: usize,
    rows: Rows,
    length: Duration,
) -> anyhow::Result<f64> {
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(folder.join("limit.db")),
    };
    let store = Store::open(StoreConfig::at(location)).await?;
    let ids = Ids::new(std::sync::Arc::new(SystemClock), std::sync::Arc::new(SystemRandom));
    let started = now();
    let mut tasks = Vec::with_capacity(clients);
    for _ in 0..clients {
        let (store, ids) = (store.clone(), ids.clone());
        tasks.push(tokio::spawn(async move {
            let mut done = 0_u64;
            while started.elapsed() < length {
                one_run(&store, &ids, writes, rows).await?;
                done += 1;
            }
            anyhow::Ok(done)
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    let rate = done as f64 / started.elapsed().as_secs_f64();
    store.close().await;
    Ok(rate)
}

/// The writes of one run: the first and the last carry its row and an event.
async fn one_run(store: &Store, ids: &Ids, writes: usize, rows: Rows) -> anyhow::Result<()> {
    let run: RunId = ids.next();
    for index in 0..writes {
        let (is_first, is_last) = (index == 0, index + 1 == writes);
        let (steps, event) = match (is_first, is_last) {
            (true, _) => (FIRST, Some("flows.run.started")),
            (_, true) => (LAST, Some("flows.run.completed")),
            _ => (BETWEEN, None),
        };
        let is_open = rows == Rows::All && !is_last;
        let row = row(run, if is_open { "running" } else { "completed" });
        let scope = Scope { workspace: row.workspace, mode: row.mode };
        let chunk = Chunk { workspace: row.workspace, run, seq: index as u64 * 2, events: steps.to_owned() };
        let event = event.filter(|_| rows == Rows::All).map(|kind| NewEvent {
            id: ids.next(),
            kind,
            subject_id: Some(run.0),
            data: TOLD.to_owned(),
            created_at: row.queued_at,
        });
        store
            .write(move |tx| {
                tx.at_once();
                if is_first {
                    run_rows::add(tx, &[&row], None)?;
                } else if is_last {
                    run_rows::change(tx, &[&row], None)?;
                }
                journal::append(tx, &[&chunk])?;
                events::publish_all(tx, scope, event.as_slice())
            })
            .await?;
    }
    Ok(())
}

/// A row as runs of the bench flow have it.
fn row(run: RunId, status: &str) -> RunRow {
    RunRow {
        workspace: WorkspaceId(1),
        id: run,
        mode: Mode::Test,
        flow: FlowId(2),
        flow_name: "Three effects".to_owned(),
        version: 1,
        is_draft: false,
        document_hash: [7; 32],
        status: status.to_owned(),
        trigger_type: "api".to_owned(),
        trigger_step: "start".to_owned(),
        source_kind: "client".to_owned(),
        source: r#"{"kind":"client","hookId":null,"tokenId":"01890000-0000-7000-8000-000000000000","userId":null,"ip":"127.0.0.1"}"#.to_owned(),
        parent: None,
        depth: 0,
        started_by: "key:01890000-0000-7000-8000-000000000000".to_owned(),
        settings: "{}".to_owned(),
        queued_at: Timestamp(1_790_000_000_000_000),
        started_at: Some(Timestamp(1_790_000_000_000_000)),
        finished_at: None,
        active_ms: None,
        step_count: 4,
        current_step: Some("one".to_owned()),
        wait_kind: None,
        wait_step: None,
        error_code: None,
        error_message: None,
        error_step: None,
        revision: 3,
    }
}
