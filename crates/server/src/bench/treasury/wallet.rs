//! Moves of one wallet by many callers at once, and what the store alone does with single rows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use floe_model::id::{RunId, WorkspaceId};
use floe_model::treasury::{Kobo, Transfer};
use floe_model::{Fault, Mode, Scope};
use floe_runtime::ids::SystemRandom;
use floe_runtime::{Clock, Ids, SystemClock};
use floe_store::flows::journal::{self, Chunk};
use floe_store::{Location, Store, StoreConfig, Tx};
use floe_treasury::ledger::{About, Book};

use super::super::child::now;
use super::super::report::{Line, Report};

/// Callers that all want the same wallet.
const CALLERS: usize = 64;
/// Of the store's limit.
const RATIO_MIN: f64 = 0.15;
/// What is written into a single row.
const ROW: &str = r#"[{"at":1790000000000000,"e":"done","place":{"f":0,"n":1},"result":{"ok":true}}]"#;

/// Measures and adds the lines: first the limit, then the wallet, on the same database.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(folder.join("wallet.db")),
    };
    let store = Store::open(StoreConfig::at(location)).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Ids::new(Arc::clone(&clock), Arc::new(SystemRandom));
    let workspace: WorkspaceId = ids.next();
    let rows = rate(&store, length, move |_| {
        let run: RunId = ids.next();
        let chunk = Chunk { workspace, run, seq: 0, events: ROW.to_owned() };
        move |tx: &mut Tx<'_>| journal::append(tx, &[&chunk])
    })
    .await?;
    let moves = rate(&store, length, move |at| {
        let (at, scope) = (format!("bench-{at}"), Scope { workspace, mode: Mode::Live });
        let clock = Arc::clone(&clock);
        move |tx: &mut Tx<'_>| {
            let mut book = Book::open(tx, scope, clock.now())?;
            let transfer = Transfer::funding(Kobo(100)).map_err(Fault::internal)?;
            book.enter(&transfer, About { reference: Some(&at), run: None })?;
            book.close(tx).map(drop)
        }
    })
    .await?;
    store.close().await;
    report.add(Line::figure("store alone, single rows, 64 callers", rows, "/s"));
    report.add(Line::figure("moves of one wallet, 64 callers", moves, "/s"));
    report.add(Line::at_least("  of the store's limit", moves / rows, RATIO_MIN, ""));
    Ok(())
}

/// Durable writes a second of all callers together; `act` makes the one with a number.
async fn rate<A, W>(store: &Store, length: Duration, act: A) -> anyhow::Result<f64>
where
    A: Fn(u64) -> W + Send + Sync + 'static,
    W: FnMut(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static,
{
    let (act, next) = (Arc::new(act), Arc::new(AtomicU64::new(0)));
    let started = now();
    let mut callers = Vec::with_capacity(CALLERS);
    for _ in 0..CALLERS {
        let (store, act, next) = (store.clone(), Arc::clone(&act), Arc::clone(&next));
        callers.push(tokio::spawn(async move {
            while started.elapsed() < length {
                store.write(act(next.fetch_add(1, Ordering::Relaxed))).await?;
            }
            Ok::<(), Fault>(())
        }));
    }
    for caller in callers {
        caller.await??;
    }
    Ok(next.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64())
}
