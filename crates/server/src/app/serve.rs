//! Running: listen, answer, and stop politely.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use floe_runtime::effect::Effect;
use floe_store::Role;
use floe_surfaces::http::{PublicUrl, RateLimits as SurfaceRateLimits, Settings as SurfaceSettings};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{App, Work, banner, log};
use crate::cli::{Exit, Output};
use crate::http::{Front, Limits, Tls, TrustedProxies, serve as serve_front, serve_tls};
use crate::operator;
use crate::settings::{RateLimits, Settings};

/// How long a start waits for a server that is just stopping to let go of the database, seconds.
const LOCK_WAIT_S: u64 = 5;
/// Time for becoming one of the nodes that share a database.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the parts to end after the connections have ended.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(800);

/// Runs the server until SIGTERM or SIGINT; it ends within five seconds. A second signal ends the process at once.
/// `extra` are step types beside those of the registry; only the bench has some.
///
/// # Errors
/// When it cannot start, with a sentence for a person.
pub fn serve(settings: Settings, output: Output, extra: Vec<Arc<dyn Effect>>) -> anyhow::Result<()> {
    let announce = async move |app: &App, _: &Work| {
        let setup_token = app.access.issue_setup_link().await?;
        let setup_url = setup_token.map(|token| app.setup_url(&token));
        banner::print(app, app.listen, setup_url.as_deref(), output);
        Ok(())
    };
    process(&settings.clone(), Box::pin(run(settings, extra, announce)))
}

/// Prepares this process for being a server, and runs one to its end.
///
/// # Errors
/// Those of the server.
pub(crate) fn process(settings: &Settings, server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    log::start(settings);
    // Before anything is counted.
    floe_operation::metrics::start();
    // Whatever this process makes is for its owner alone: database, log files, copies, sockets.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    raise_open_files();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(cores).enable_all().build()?;
    runtime.block_on(server)?;
    // Blocking threads that still work (a DNS lookup) must not hold the end up; everything answered is on disk.
    runtime.shutdown_background();
    Ok(())
}

/// Takes all file descriptors that the operating system grants: the usual soft limit is far below the connections that the
/// front door admits.
pub(crate) fn raise_open_files() {
    let granted = getrlimit(Resource::Nofile);
    // A refusal leaves the old limit, with which the server works as well; it only takes fewer connections.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: granted.maximum, maximum: granted.maximum });
}

/// Serves until a signal. `ready` is called once, when every part works and before the first request is answered.
///
/// # Errors
/// When it cannot start, or when `ready` fails.
pub(crate) async fn run(
    settings: Settings,
    extra: Vec<Arc<dyn Effect>>,
    ready: impl AsyncFnOnce(&App, &Work) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let stop = stop_on_signals()?;
    let listener =
        TcpListener::bind(settings.listen).await.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr()?;
    let tls = settings.tls.as_ref().map(Tls::load).transpose().context("the certificate cannot be used")?;
    let app = Arc::new(App::open(Settings { listen: address, ..settings }, LOCK_WAIT_S).await?);
    join(&app).await?;
    let work = Work::start(&app, extra);
    let front = front(&app, &work)?;

    let operator_front = front.clone();
    let operator_app = Arc::clone(&app);
    let operator_stop = stop.clone();
    let operator = tokio::spawn(async move {
        let folder = operator_app.data_dir.clone();
        if let Err(error) = operator::serve(&folder, operator_app, operator_front, operator_stop).await {
            tracing::warn!(%error, "commands on the data folder will not reach this server");
        }
    });
    ready(&app, &work).await?;

    match tls {
        Some(tls) => serve_tls(listener, tls, front, stop).await,
        None => serve_front(listener, front, stop).await,
    }
    let closing = async {
        let _ = operator.await;
        work.stop().await;
        app.close().await;
    };
    if tokio::time::timeout(CLOSE_TIMEOUT, closing).await.is_err() {
        tracing::warn!("the server ends before all of its parts have; nothing that was answered is lost");
    }
    Ok(())
}

/// Becomes one of the nodes that share the database, where several can.
async fn join(app: &App) -> anyhow::Result<()> {
    let Some(node) = app.platform.store.join(app.settings.role) else { return Ok(()) };
    anyhow::ensure!(
        app.operation.remember_key().await?,
        "the secret key is not the one with which this database was begun: give every node the same FLOE_SECRET_KEY"
    );
    let mut life = node.watch();
    let alive = tokio::time::timeout(JOIN_TIMEOUT, life.wait_for(Option::is_some)).await;
    anyhow::ensure!(matches!(alive, Ok(Ok(_))), "the database did not take this server as one of its nodes");
    Ok(())
}

fn front(app: &App, work: &Work) -> anyhow::Result<Front> {
    let ids = app.platform.ids.clone();
    Ok(Front {
        router: router(app, work)?,
        limits: Limits::default(),
        proxies: TrustedProxies::new(&app.settings.trusted_proxies),
        request_ids: Arc::new(move || ids.next()),
    })
}

/// Every route of the process.
///
/// # Errors
/// When the public URL is none; the settings are checked, so that this is the case only for a broken listen address.
pub fn router(app: &App, work: &Work) -> anyhow::Result<Router> {
    let public_url = PublicUrl::parse(&app.public_url()).context("FLOE_PUBLIC_URL is no address of a server")?;
    let rate_limits = match app.settings.rate_limits.clone() {
        RateLimits::On => SurfaceRateLimits::On,
        RateLimits::Off => SurfaceRateLimits::Off,
        RateLimits::PerMinute(kinds) => SurfaceRateLimits::PerMinute(kinds),
    };
    let settings = SurfaceSettings {
        public_url,
        listen: Some(app.listen.to_string()),
        rate_limits,
        heartbeat: Duration::from_secs(app.settings.stream_heartbeat_s),
        cors_origins: app.settings.cors_origins.clone(),
    };
    let (platform, access) = (Arc::clone(&app.platform), Arc::clone(&app.access));
    let (flows, operation) = (Arc::clone(&work.flows), Arc::clone(&app.operation));
    let placements = Arc::clone(&app.placements);
    let (treasury, webhooks) = (Arc::clone(&app.treasury), Arc::clone(&app.webhooks));
    let agents = Arc::clone(&app.agents);
    let parts = Arc::new(floe_surfaces::App {
        platform,
        access,
        agents,
        flows,
        operation,
        placements,
        treasury,
        webhooks,
        settings,
    });
    Ok(match app.settings.role {
        Role::All | Role::Web => floe_surfaces::router(parts),
        Role::Worker => floe_surfaces::worker_router(parts),
    })
}

/// Turns true at the first SIGTERM or SIGINT; the second ends the process.
fn stop_on_signals() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopping) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.send_replace(true) {
                end_at_once();
            }
            tracing::info!("stopping; a second signal ends the server at once");
        }
    });
    Ok(stopping)
}

#[expect(clippy::disallowed_methods, reason = "the person asked twice; what was answered is on disk, as after a kill")]
fn end_at_once() -> ! {
    std::process::exit(i32::from(Exit::Interrupted as u8))
}
