//! Where the project is, and the one place that starts programs on it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a command answers.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command stopped: a sentence for the person in front of the terminal. Empty when all was said already.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// A failure with a sentence.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The checkout, and what the programs that are started in it find in their environment.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    environment: Vec<(String, String)>,
    path: Vec<PathBuf>,
}

impl Workspace {
    /// The checkout that this tool was built from.
    pub(crate) fn find() -> Outcome<Self> {
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own.ancestors().nth(1).map(Path::to_path_buf);
        let root = root.ok_or_else(|| Failure::new(format!("{} has no folder above it", own.display())))?;
        Ok(Self { root, environment: Vec::new(), path: Vec::new() })
    }

    /// The folder with the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |folder| self.root.join(folder))
    }

    /// Sets a variable for every program started from here on.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// A variable as programs started from here on find it.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let own = self.environment.iter().rev().find(|(known, _)| known == name);
        own.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
    }

    /// Lets programs started from here on find what is in `folder` first.
    pub(crate) fn prepend_path(&mut self, folder: PathBuf) {
        self.path.insert(0, folder);
    }

    /// A program in the root of the checkout, without standard input.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(std::process::Stdio::null());
        // `cargo run` told us which package we are. Build scripts watch these names: passed on, they would rebuild
        // half of the dependencies each time this tool and a plain `cargo build` take turns.
        for (name, _) in std::env::vars_os().filter(|(name, _)| describes_package(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        if !self.path.is_empty() {
            let inherited = std::env::var_os("PATH").unwrap_or_default();
            let all = self.path.iter().cloned().chain(std::env::split_paths(&inherited));
            if let Ok(joined) = std::env::join_paths(all) {
                command.env("PATH", joined);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Cargo, in the root of the checkout, with the lock file as it is.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.arg(subcommand);
        command
    }

    /// The `floe` binary of the test profile, built if it is not fresh. `FLOE_BIN` names another one.
    ///
    /// The same set of targets as the test run is named, so that both agree on the features of every dependency and nothing
    /// is compiled a second time.
    pub(crate) fn server_binary(&self) -> Outcome<PathBuf> {
        if let Some(path) = std::env::var_os("FLOE_BIN") {
            return Ok(self.root.join(path));
        }
        let mut build = self.cargo("build");
        build.args(["--locked", "--quiet", "--workspace", "--bins", "--tests"]);
        crate::process::run(&mut build)?;
        Ok(self.target().join("debug").join("floe"))
    }
}

/// Whether nothing may be skipped and nobody watches: `CI` is set to anything but `false` or `0`.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn describes_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || variable.starts_with("CARGO_MANIFEST_")
        || matches!(variable, "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR")
}
