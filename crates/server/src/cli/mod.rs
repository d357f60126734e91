//! The command line (console contract, section 7): one file per command.
//!
//! A command reads its arguments, calls an API or a local service, and prints. Results go to stdout, messages and progress to
//! stderr; nothing is ever asked without a terminal.

mod admin;
mod api;
mod audit;
mod backup;
mod bench;
mod completions;
mod config;
mod demo;
mod doctor;
mod events;
mod exit;
mod flow;
mod inbox;
mod input;
mod key;
mod local;
mod login;
mod migrate;
mod openapi;
mod output;
mod payment_run;
mod profile;
mod restore;
mod run;
mod serve;
mod setup_link;
mod version;
mod whoami;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::settings::{DEFAULT_URL, Settings, Sources};

use api::{Api, Target};
pub use exit::{Exit, Failure};
pub(crate) use local::exit_number;
pub use output::Output;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "floe",
    version,
    about = "One self-hosted server for everything that flows",
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Settings file (default: ./floe.toml, then floe.toml in the data folder)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address of the server
    #[arg(long, global = true)]
    url: Option<String>,
    /// Personal access token; better given as FLOE_TOKEN, since others on this machine can see arguments
    #[arg(long, global = true)]
    token: Option<String>,
    /// Workspace, when the token has several
    #[arg(long, global = true)]
    workspace: Option<String>,
    /// live or test
    #[arg(long, global = true, value_parser = ["live", "test"])]
    mode: Option<String>,
    /// Print one JSON document; lists as JSON lines
    #[arg(long, global = true)]
    json: bool,
    /// No messages on stderr
    #[arg(long, short, global = true)]
    quiet: bool,
    /// No colour
    #[arg(long, global = true)]
    no_color: bool,
    /// Seconds to wait for the server
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Arguments),
    /// Run a server with made-up data, for trying things out
    Demo(demo::Arguments),
    /// Print a new one-time link for the set-up page
    SetupLink(setup_link::Arguments),
    /// Manage the first owner from this machine
    #[command(subcommand)]
    Admin(admin::Command),
    /// Remember a server and a token for later commands
    Login(login::Arguments),
    /// Show who the token belongs to
    Whoami,
    /// Manage API keys
    Key(key::Arguments),
    /// Work with flows and their files
    #[command(subcommand)]
    Flow(flow::Command),
    /// Look at runs
    #[command(subcommand)]
    Run(run::Command),
    /// Pay many people from a file, with approval
    #[command(subcommand)]
    PaymentRun(payment_run::Command),
    /// Answer what waits for a person
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// Take a backup of everything, opened and checked
    Backup(backup::Arguments),
    /// Put a backup into a data folder that no server uses
    Restore(restore::Arguments),
    /// Bring the database to the schema of this program
    Migrate(migrate::Arguments),
    /// Look at what the server needs, with or without it running
    Doctor(doctor::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Check exports of the audit log, without a server
    #[command(subcommand)]
    Audit(audit::Command),
    /// Show every setting with its value and origin
    Config(config::Arguments),
    /// Print the OpenAPI document of what this version serves
    Openapi(openapi::Arguments),
    /// Measure this machine: ratios to limits of the same run
    Bench(bench::Arguments),
    /// The measured server; started by the bench itself
    #[command(hide = true)]
    BenchServer(serve::Arguments),
    /// A handler that does nothing; started by the bench itself
    #[command(hide = true)]
    BenchBare(bench::BareArguments),
    /// Print the version
    Version,
    /// Run JavaScript of steps; started by the server itself
    #[command(hide = true)]
    JsWorker,
    /// Read a file that somebody uploaded; started by the server itself
    #[command(hide = true)]
    ReadFile,
}

/// What a command is given.
struct Context {
    settings: Settings,
    output: Output,
    timeout_s: Option<u64>,
}

impl Context {
    /// A client for the server of the settings, else of the profile.
    fn api(&self) -> Result<Api, Failure> {
        Api::try_new(self.target()?)
    }

    fn target(&self) -> Result<Target, Failure> {
        let (mut url, mut token) = (self.settings.url.clone(), self.settings.token.clone());
        // A token is sent only to the server that it was saved for.
        if token.is_none()
            && let Some(profile) = profile::location().map(|path| profile::read(&path)).transpose()?.flatten()
            && url.as_ref().is_none_or(|url| *url == profile.url)
        {
            url = Some(profile.url);
            token = Some(profile.token);
        }
        Ok(Target {
            url: url.unwrap_or_else(|| DEFAULT_URL.to_owned()),
            token,
            workspace: self.settings.workspace.clone(),
            mode: self.settings.mode,
            timeout_s: self.timeout_s,
        })
    }
}

/// The whole command line as data: for scripts that complete it, and for tests that look at every command.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs one command line and tells how the process should end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    if matches!(cli.command, Command::JsWorker) {
        // Before any thread: the child gives up its rights first thing.
        return floe_runtime::sandbox::child_main();
    }
    if matches!(cli.command, Command::ReadFile) {
        return floe_runtime::documents::child::child_main();
    }
    let output = Output::new(cli.global.json, cli.global.quiet, cli.global.no_color);
    match execute(cli, output) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}

fn execute(cli: Cli, output: Output) -> Result<Exit, Failure> {
    match cli.command {
        Command::Version => return Ok(version::execute(output)),
        Command::Completions(arguments) => return Ok(completions::execute(&arguments, output)),
        Command::Config(arguments) if arguments.defaults => return Ok(config::defaults(output)),
        Command::Openapi(arguments) => return openapi::execute(output, &arguments),
        _ => {}
    }
    let sources = Sources::of_process(flags(&cli), cli.global.config.clone());
    let settings = Settings::load(&sources).map_err(|error| Failure::usage(error.to_string()))?;
    let context = Context { settings, output, timeout_s: cli.global.timeout };
    match cli.command {
        Command::Serve(arguments) => return serve::execute(context, &arguments),
        Command::Demo(arguments) => return demo::execute(context, arguments),
        Command::BenchServer(arguments) => return bench::execute_server(context, &arguments),
        Command::Bench(arguments) => return bench::execute(&context, &arguments),
        Command::BenchBare(arguments) => return bench::execute_bare(&arguments),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, "runtime", error.to_string()))?;
    runtime.block_on(async {
        tokio::select! {
            outcome = Box::pin(dispatch(cli.command, &context)) => outcome,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted")),
        }
    })
}

async fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::SetupLink(arguments) => setup_link::execute(context, &arguments).await,
        Command::Admin(command) => admin::execute(context, command).await,
        Command::Login(arguments) => login::execute(context, &arguments).await,
        Command::Whoami => whoami::execute(context).await,
        Command::Key(arguments) => key::execute(context, arguments).await,
        Command::Flow(command) => flow::execute(context, command).await,
        Command::Run(command) => run::execute(context, command).await,
        Command::PaymentRun(command) => payment_run::execute(context, command).await,
        Command::Inbox(command) => inbox::execute(context, command).await,
        Command::Backup(arguments) => backup::execute(context, arguments).await,
        Command::Restore(arguments) => restore::execute(context, &arguments).await,
        Command::Migrate(arguments) => migrate::execute(context, &arguments).await,
        Command::Doctor(_) => doctor::execute(context).await,
        Command::Audit(command) => audit::execute(context, &command),
        Command::Config(_) => Ok(config::effective(context)),
        Command::Serve(_)
        | Command::Demo(_)
        | Command::Bench(_)
        | Command::BenchServer(_)
        | Command::BenchBare(_)
        | Command::Openapi(_)
        | Command::Version
        | Command::Completions(_)
        | Command::JsWorker
        | Command::ReadFile => Ok(Exit::Done),
    }
}

/// The flags that are settings.
fn flags(cli: &Cli) -> Vec<(&'static str, String)> {
    let global = &cli.global;
    let mut flags = vec![
        ("FLOE_URL", global.url.clone()),
        ("FLOE_TOKEN", global.token.clone()),
        ("FLOE_WORKSPACE", global.workspace.clone()),
        ("FLOE_MODE", global.mode.clone()),
    ];
    match &cli.command {
        Command::Serve(arguments) | Command::BenchServer(arguments) => flags.extend(arguments.flags()),
        Command::SetupLink(arguments) => flags.extend(arguments.place.flags()),
        Command::Admin(command) => flags.extend(command.place().flags()),
        Command::Key(arguments) => flags.extend(arguments.place.flags()),
        Command::Config(arguments) => flags.extend(arguments.place.flags()),
        Command::Backup(arguments) => flags.extend(arguments.place.flags()),
        Command::Restore(arguments) => flags.extend(arguments.place.flags()),
        Command::Migrate(arguments) => flags.extend(arguments.place.flags()),
        Command::Doctor(arguments) => flags.extend(arguments.place.flags()),
        _ => {}
    }
    flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Where the data is, for commands that may work without a server.
#[derive(Debug, Clone, Default, Args)]
struct Place {
    /// Data folder
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<String>,
    /// PostgreSQL address; better given as FLOE_DATABASE_URL
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
}

impl Place {
    fn flags(&self) -> [(&'static str, Option<String>); 2] {
        [("FLOE_DATA_DIR", self.data.clone()), ("FLOE_DATABASE_URL", self.database_url.clone())]
    }
}

#[cfg(test)]
mod tests;
