//! A thousand receivers of webhooks: how long 600 healthy ones wait for their events, when the other 400 are as healthy, and when
//! they are dead, slow, flapping or endless.
//!
//! Engine and receivers are in this process. Each receiver has an address of its own on loopback (127.0.0.0/8), so that no two share a
//! connection.

mod receivers;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use floe_model::id::{WebhookId, WorkspaceId};
use floe_model::webhooks::{Counter, Style};
use floe_model::{Mode, Scope};
use floe_runtime::ids::SystemRandom;
use floe_runtime::outside::{AllowList, Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::seal::Place;
use floe_runtime::{Clock, Ids, Platform, Seal, SystemClock};
use floe_store::webhooks::endpoints::{Endpoint, insert};
use floe_store::webhooks::{NewMessage, enqueue};
use floe_store::{Location, Store, StoreConfig};
use floe_webhooks::signature::secret_text;
use floe_webhooks::{Engine, Settings, Webhooks};

use super::report::{Line, Report};
use receivers::{Kind, Receivers};

/// Receivers that do well.
const HEALTHY: usize = 600;
/// Receivers of each of the four bad kinds.
const BAD_EACH: usize = 100;
/// Workspaces that they are spread over.
const WORKSPACES: usize = 50;
/// Events a second, over all workspaces. Each goes to every receiver of its workspace.
const EVENTS_PER_S: u64 = 15;
/// How long healthy receivers may take to get the last events.
const SETTLE: Duration = Duration::from_secs(5);
/// What the p99 of healthy receivers may grow to beside bad ones.
const RATIO_MAX: f64 = 1.5;

/// Measures and adds the lines.
pub(super) async fn measure(
    folder: &Path,
    database: Option<&str>,
    length: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    crate::app::raise_open_files();
    let alone = round(folder, database, length, &[Kind::Healthy, Kind::Fellow]).await?;
    let beside = round(folder, database, length, &Kind::ALL).await?;
    report.add(Line::figure("600 receivers beside 400 like them, p50", alone.percentile(0.50), "ms"));
    report.add(Line::figure("  p99", alone.percentile(0.99), "ms"));
    report.add(Line::figure("the same beside 400 bad ones, p50", beside.percentile(0.50), "ms"));
    report.add(Line::figure("  p99", beside.percentile(0.99), "ms"));
    report.add(Line::at_most(
        "  of the p99 beside good ones",
        beside.percentile(0.99) / alone.percentile(0.99),
        RATIO_MAX,
        "",
    ));
    report.add(Line::at_least("  share of their events that came", beside.share, 1.0, ""));
    Ok(())
}

/// What healthy receivers saw.
struct Seen {
    /// Milliseconds from the commit of an event to its arrival, ascending.
    delays: Vec<f64>,
    /// Of the events that were due to them.
    share: f64,
}

impl Seen {
    fn percentile(&self, share: f64) -> f64 {
        let at = (self.delays.len() as f64 * share) as usize;
        self.delays.get(at.min(self.delays.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }
}

async fn round(folder: &Path, database: Option<&str>, length: Duration, kinds: &[Kind]) -> anyhow::Result<Seen> {
    let platform = platform(folder, database, kinds.len()).await?;
    let receivers = Receivers::start(Arc::clone(&platform.clock)).await?;
    let first = u128::from(platform.clock.now().millis().unsigned_abs()) << 64;
    let healthy = endpoints(&platform, &receivers, first, kinds).await?;
    let engine = Engine::start(Webhooks::new(Arc::clone(&platform), Settings::default()));
    let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / EVENTS_PER_S));
    let events = length.as_secs() * EVENTS_PER_S;
    let mut due = 0;
    for at in 0..events {
        ticks.tick().await;
        let workspace = usize::try_from(at).unwrap_or(0) % WORKSPACES;
        due += healthy[workspace];
        let (platform, id) = (Arc::clone(&platform), WorkspaceId(first + workspace as u128));
        let write = platform.store.clone();
        write.write(move |tx| happen(tx, &platform, id)).await?;
    }
    let waited = super::child::now();
    while receivers.count() < due && waited.elapsed() < SETTLE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.stop().await;
    platform.store.close().await;
    let delays = receivers.delays();
    anyhow::ensure!(!delays.is_empty(), "no event arrived");
    Ok(Seen { share: delays.len() as f64 / due.max(1) as f64, delays })
}

async fn platform(folder: &Path, database: Option<&str>, round: usize) -> anyhow::Result<Arc<Platform>> {
    let location = match database {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(folder.join(format!("webhooks-{round}.db"))),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let allow = AllowList::parse("127.0.0.0/8").context("the list of open addresses")?;
    Ok(Arc::new(Platform {
        store: Store::open(StoreConfig::at(location)).await?,
        ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
        clock,
        outside: Outside::new(OutsideConfig { allow, ..OutsideConfig::default() }),
        sandbox: Sandbox::new(SandboxConfig::default()),
        seal: Seal::new([7; 32]),
    }))
}

/// Makes the endpoints; how many healthy ones each workspace has.
async fn endpoints(
    platform: &Arc<Platform>,
    receivers: &Receivers,
    first: u128,
    kinds: &[Kind],
) -> anyhow::Result<Vec<usize>> {
    let mut healthy = vec![0; WORKSPACES];
    let mut all = Vec::new();
    for kind in kinds {
        let count = match kind {
            Kind::Healthy => HEALTHY,
            Kind::Fellow => BAD_EACH * 4,
            _ => BAD_EACH,
        };
        for at in 0..count {
            let workspace = at % WORKSPACES;
            healthy[workspace] += usize::from(*kind == Kind::Healthy);
            all.push((WorkspaceId(first + workspace as u128), receivers.url(*kind, at)));
        }
    }
    for part in all.chunks(100) {
        let (part, platform) = (part.to_vec(), Arc::clone(platform));
        let store = platform.store.clone();
        let make = move |tx: &mut floe_store::Tx<'_>| {
            part.iter().try_for_each(|(workspace, url)| make(tx, &platform, *workspace, url))
        };
        store.write(make).await?;
    }
    Ok(healthy)
}

/// An endpoint of the style that is not switched off by its failures within minutes.
fn make(
    tx: &mut floe_store::Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    url: &str,
) -> Result<(), floe_model::Fault> {
    let (id, now): (WebhookId, _) = (platform.ids.next(), platform.clock.now());
    let secret = secret_text(Style::Standard, &platform.ids.secret());
    let place = Place::new("webhook.secret", id.0);
    let endpoint = Endpoint {
        workspace,
        id,
        name: "Bench".to_owned(),
        style: Style::Standard,
        mode: None,
        url: url.to_owned(),
        events: vec!["treasury.*".to_owned()],
        headers: None,
        secret: platform.seal.seal(tx, &platform.ids, workspace, place, secret.as_bytes())?,
        old_secret: None,
        is_active: true,
        disabled_reason: None,
        counter: Counter { failures: 0, failing_since: None },
        last_triggered_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    insert(tx, &endpoint)
}

fn happen(tx: &mut floe_store::Tx<'_>, platform: &Platform, workspace: WorkspaceId) -> Result<(), floe_model::Fault> {
    let at = platform.clock.now();
    let data = format!(r#"{{"sent":{}}}"#, at.micros());
    let message = NewMessage { kind: "treasury.payout.succeeded", subject_id: None, data: &data, at };
    let scope = Scope { workspace, mode: Mode::Live };
    enqueue(tx, scope, &message, &mut || platform.ids.next_bits()).map(drop)
}
