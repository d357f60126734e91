//! A folder, and on PostgreSQL a database, of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::postgres::Cluster;
use crate::setup::postgresql;
use crate::test::POSTGRES_URL;
use crate::workspace::Workspace;

use super::options::Database;

/// Places that were made: one that is kept must not be in the way of the next.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Where one proof takes place. Removed when dropped, unless it is kept.
pub(super) struct Place {
    /// Folder of the server: its working folder, with `data` and `server.log` in it.
    pub(super) folder: PathBuf,
    /// The database, unless it is the SQLite file.
    pub(super) database_url: Option<String>,
    /// How to remove the database again.
    drop_database: Option<Command>,
    /// The server that holds the database, when it is ours.
    cluster: Option<Cluster>,
    is_kept: bool,
}

impl Place {
    /// Makes a place.
    ///
    /// # Errors
    /// One line that says what is missing.
    pub(super) fn make(workspace: &Workspace, database: Database) -> Result<Self, String> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("floe-crash-{}-{}-{number}", database.name().to_lowercase(), std::process::id());
        let folder = std::env::temp_dir().join(&name);
        let mut place = Self { folder, database_url: None, drop_database: None, cluster: None, is_kept: false };
        if database == Database::Postgres {
            place.make_database(workspace, &name.replace('-', "_"))?;
        }
        std::fs::create_dir_all(&place.folder).map_err(|error| format!("{}: {error}", place.folder.display()))?;
        Ok(place)
    }

    /// Leaves everything where it is and tells where that is.
    pub(super) fn keep(&mut self) -> &Path {
        self.is_kept = true;
        &self.folder
    }

    /// A database of its own on the server that is there, else a server of its own.
    fn make_database(&mut self, workspace: &Workspace, name: &str) -> Result<(), String> {
        let Some(server) = workspace.variable(POSTGRES_URL) else {
            postgresql::ensure(workspace)?;
            let folder = std::env::temp_dir().join(format!("{name}-cluster"));
            let cluster = Cluster::start(&folder)?;
            self.database_url = Some(cluster.url());
            self.cluster = Some(cluster);
            return Ok(());
        };
        let program = |name: &str| {
            // The clients' programs lie beside the server's, or are on PATH alone.
            let beside = postgresql::find().map(|folder| folder.join(name)).filter(|path| path.is_file());
            Command::new(beside.unwrap_or_else(|| PathBuf::from(name)))
        };
        let made = program("createdb").arg(format!("--maintenance-db={server}")).arg(name).output();
        let made = made.map_err(|error| format!("createdb: {error}"))?;
        if !made.status.success() {
            return Err(format!("createdb: {}", String::from_utf8_lossy(&made.stderr).trim()));
        }
        let mut removal = program("dropdb");
        removal.arg(format!("--maintenance-db={server}")).args(["--force", name]);
        self.drop_database = Some(removal);
        let (before, _) = server.rsplit_once('/').ok_or_else(|| format!("{POSTGRES_URL} names no database"))?;
        self.database_url = Some(format!("{before}/{name}"));
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // Best effort: what stays behind is in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
        if let Some(removal) = &mut self.drop_database {
            let _ = removal.output();
        }
        drop(self.cluster.take());
    }
}
