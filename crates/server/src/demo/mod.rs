//! `floe demo`: a whole server in one process with made-up data, for trying things out (console contract, section 9).
//!
//! It listens on loopback only, keeps everything in a folder of its own that goes when it ends, and brings its own receiver
//! for the calls that the demo flow makes. What it shows is made by the services that serve the API, in test mode; nothing is
//! written around them.
//!
//! Start reading with [`run`], then `seed.rs` for what is made and `show.rs` for what is printed.

mod flow;
mod folder;
mod onboarding;
mod payments;
mod people;
mod receiver;
mod seed;
mod show;
mod story;
mod support;
mod traffic;
mod triage;
mod visitors;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use floe_runtime::outside::AllowList;

use crate::app;
use crate::cli::Output;
use crate::settings::{Origin, RateLimits, Settings};

use folder::Folder;
use receiver::Receiver;

/// Log levels unless others are chosen: the lines to paste must not drown in those of the runs that are made at the start.
const LOG: &str = "warn,floe_server=info";

/// What the demo is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on loopback; 0 takes any free one.
    pub port: u16,
    /// A folder that stays, absent or empty; none: a temporary one that goes.
    pub folder: Option<PathBuf>,
    /// Decides names, amounts and reasons; ids and keys are random.
    pub seed: u64,
    /// How this program is called by somebody who built it with cargo.
    pub built_as: Option<String>,
}

/// Why there is no demo.
#[derive(Debug)]
pub enum DemoError {
    /// The folder holds something; nothing was changed.
    NotEmpty(PathBuf),
    /// Another program listens on the port.
    PortTaken(u16),
    /// Anything else, with a sentence.
    Other(anyhow::Error),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEmpty(folder) => {
                let folder = folder.display();
                write!(
                    f,
                    "{folder} is not empty; name another folder, or serve what is in it: floe serve --data {folder}"
                )
            }
            Self::PortTaken(port) => write!(
                f,
                "port {port} is taken, perhaps by another demo; choose another one with --port, or any free one with --port 0"
            ),
            Self::Other(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for DemoError {}

impl From<anyhow::Error> for DemoError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Runs the demo until SIGTERM or SIGINT. `settings` gives what has to do with this machine (log, run workers); everything
/// else is the demo's own.
///
/// # Errors
/// When it cannot start.
pub fn run(settings: Settings, options: Options, output: Output) -> Result<(), DemoError> {
    let port = options.port;
    let folder = Folder::open(options.folder.as_deref())?;
    let settings = of_demo(settings, &folder, port);
    let outcome = app::process(&settings.clone(), Box::pin(serve(settings, options, folder, output)));
    outcome.map_err(|error| match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::AddrInUse) => DemoError::PortTaken(port),
        _ => DemoError::Other(error),
    })
}

async fn serve(settings: Settings, options: Options, folder: Folder, output: Output) -> anyhow::Result<()> {
    let receiver = Receiver::start().await.context("the receiver of the demo cannot listen")?;
    let receives = receiver.address.to_string();
    let outbound_allow = AllowList::parse(&receives)?;
    let values = settings.values.clone().replaced(&[("FLOE_OUTBOUND_ALLOW", receives)]);
    let settings = Settings { outbound_allow, values, ..settings };
    let is_kept = folder.is_kept();
    let ready = async |app: &app::App, work: &app::Work| {
        let (made, audience) = Box::pin(seed::make(app, work, &receiver, options.seed)).await?;
        traffic::begin(made.people.as_owner.clone(), audience, options.seed);
        show::print(&show::Shown { app, receiver: &receiver, options: &options, is_kept, made: &made }, output)
    };
    Box::pin(app::run(settings, Vec::new(), ready)).await
}

/// The settings of a server that takes nothing from this machine's other servers.
fn of_demo(settings: Settings, folder: &Folder, port: u16) -> Settings {
    let log_is_chosen = settings.values.get("FLOE_LOG").is_some_and(|value| value.origin != Origin::Default);
    let log = if log_is_chosen { settings.log.clone() } else { LOG.to_owned() };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let data_dir = folder.path().display().to_string();
    let mut values = settings.values.clone().replaced(&[
        ("FLOE_LISTEN", listen.to_string()),
        ("FLOE_DATA_DIR", data_dir),
        ("FLOE_RATE_LIMITS", "on".to_owned()),
    ]);
    for name in ["FLOE_PUBLIC_URL", "FLOE_DATABASE_URL", "FLOE_SECRET_KEY", "FLOE_TRUSTED_PROXIES"] {
        values = values.replaced(&[(name, String::new())]);
    }
    Settings {
        log,
        values,
        listen,
        public_url: None,
        data_dir: folder.path().to_path_buf(),
        database_url: None,
        secret_key: None,
        trusted_proxies: Vec::new(),
        outbound_allow: AllowList::default(),
        rate_limits: RateLimits::On,
        ..settings
    }
}
