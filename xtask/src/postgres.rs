//! A temporary PostgreSQL server for one test run: made in a folder of its own, stopped and removed when it is dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::setup::postgresql;

/// Connections that the tests may hold together.
const CONNECTIONS_MAX: u32 = 300;
/// Tries until the server must have started.
const START_TRIES: u32 = 300;
/// Pause between two of them.
const START_PAUSE: Duration = Duration::from_millis(100);
/// Speed instead of safety: nobody needs the data after the run.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "logging_collector=off",
    "autovacuum=off",
];

/// A folder in memory, which most Linux machines have. A database there is made in a tenth of the time: it is hundreds of files.
const IN_MEMORY: &str = "/dev/shm";
/// Free bytes there below which the temporary folder is taken instead; some containers give it 64 MiB.
const MEMORY_BYTES_MIN: u64 = 4 << 30;

/// Where the folder of a server of that name goes.
pub(crate) fn place(name: &str) -> PathBuf {
    let in_memory = free_bytes(IN_MEMORY).is_some_and(|free| free >= MEMORY_BYTES_MIN);
    let parent = if in_memory { PathBuf::from(IN_MEMORY) } else { std::env::temp_dir() };
    parent.join(name)
}

/// Free bytes of the file system that holds a folder; none when it cannot be asked.
fn free_bytes(folder: &str) -> Option<u64> {
    let output =
        Command::new("df").args(["--output=avail", "--block-size=1", folder]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.lines().nth(1)?.trim().parse().ok()
}

/// A running server.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Cluster {
    /// Makes and starts a server in `folder`, which must not exist yet.
    ///
    /// # Errors
    /// One line that says what is missing or what the server said.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let programs = postgresql::find().ok_or("the PostgreSQL server programs are not installed")?;
        fs::create_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let user = Unprivileged::for_folder(folder)?;
        let started = initialise(&programs, folder, &user).and_then(|()| launch(&programs, folder, &user));
        let (server, port) = started.inspect_err(|_| drop(fs::remove_dir_all(folder)))?;
        let mut cluster = Self { folder: folder.to_owned(), port, server };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Address of the server; its user may make databases.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        for _ in 0..START_TRIES {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() && self.accepts() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.server.try_wait() {
                return Err(format!("the server ended with {status}: {}", last_line(&self.folder.join("log"))));
            }
            #[expect(clippy::disallowed_methods, reason = "waits for a process of which only polling tells")]
            std::thread::sleep(START_PAUSE);
        }
        Err(format!("the server did not start: {}", last_line(&self.folder.join("log"))))
    }

    /// The port is open a little before the server takes connections; its status file says which.
    fn accepts(&self) -> bool {
        fs::read_to_string(self.folder.join("data/postmaster.pid"))
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The immediate shutdown of PostgreSQL; its children end with it, which killing it would not do.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// PostgreSQL refuses to run as root; then its programs run as the owner of nothing.
struct Unprivileged(Option<u32>);

impl Unprivileged {
    /// The account `nobody`, when this process is root.
    const NOBODY: u32 = 65_534;

    fn for_folder(folder: &Path) -> Result<Self, String> {
        let owner = fs::metadata(folder).map_err(|error| format!("{}: {error}", folder.display()))?.uid();
        if owner != 0 {
            return Ok(Self(None));
        }
        std::os::unix::fs::chown(folder, Some(Self::NOBODY), Some(Self::NOBODY))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(Some(Self::NOBODY)))
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = match self.0 {
            None => Command::new(program),
            Some(id) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={id}"), format!("--regid={id}"), "--clear-groups".to_owned()]);
                command.arg(program);
                command
            }
        };
        command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }
}

fn initialise(programs: &Path, folder: &Path, user: &Unprivileged) -> Result<(), String> {
    let output = user
        .command(&programs.join("initdb"), folder)
        .args(["--pgdata", "data", "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync"])
        .args(["--locale", "C"])
        .output()
        .map_err(|error| format!("initdb: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("initdb: {}", said.trim().lines().last().unwrap_or("no reason given")))
}

fn launch(programs: &Path, folder: &Path, user: &Unprivileged) -> Result<(Child, u16), String> {
    let port = free_port()?;
    let log = fs::File::create(folder.join("log")).map_err(|error| format!("log: {error}"))?;
    let errors = log.try_clone().map_err(|error| format!("log: {error}"))?;
    let mut command = user.command(&programs.join("postgres"), folder);
    command.args(["-D", "data", "-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(["-k", &folder.display().to_string(), "-N", &CONNECTIONS_MAX.to_string()]);
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
    let server = command.stdout(log).stderr(errors).spawn().map_err(|error| format!("postgres: {error}"))?;
    Ok((server, port))
}

/// A port that nobody listens on; the server fails to start, with a clear line, should somebody take it in between.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it wrote nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Cluster, postgresql};

    #[test]
    fn a_cluster_starts_and_leaves_nothing_behind() {
        if postgresql::find().is_none() {
            eprintln!("skipped: the PostgreSQL server programs are not installed");
            return;
        }
        let folder = std::env::temp_dir().join(format!("xtask-cluster-{}", std::process::id()));
        let cluster = Cluster::start(&folder).expect("the server starts");
        let port = cluster.port;
        assert!(cluster.url().ends_with(&format!("@127.0.0.1:{port}/postgres")));
        drop(cluster);
        assert!(!folder.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "the server is gone");
    }
}
