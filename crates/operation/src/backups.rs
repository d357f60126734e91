//! Backups: taking one, looking at it again, removing it.
//!
//! A backup is a file in the backup folder, named by its id, and a row. It is called done only after its copy was opened and every
//! page of it was checked. Backups hold every workspace, so only a member who owns all of them may have one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_model::access::{Caller, Credential};
use floe_model::id::{BackupId, JobId, MemberId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode};
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::{Ctx, Platform};
use floe_store::operation::backups::{self, Backup};
use floe_store::operation::{figures, retention};
use floe_store::platform::jobs::{self, Job, NewJob};
use floe_store::{CopyError, Dialect, Tx};
use serde_json::json;

use crate::Operation;
use crate::archive::{self, Trailer, Verified};
use crate::claim::keep_claim;
use crate::trail::audit;

/// The job that takes one backup; its subject is the backup.
pub(crate) const JOB_TAKE: &str = "operation.backup";
/// End of the names of backup files.
pub const EXTENSION: &str = "floe-backup";
/// End of the names of files that are no backups yet.
const DRAFT: &str = "floe-backup-draft";

/// A backup that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its row.
    pub backup: Backup,
    /// Where it is.
    pub path: PathBuf,
    /// What it says about itself.
    pub trailer: Trailer,
}

impl Operation {
    /// Refuses whoever may not hold a copy of everything: members who do not own every workspace, and all callers where the database
    /// has its own tools.
    ///
    /// # Errors
    /// 422 `not_supported` on PostgreSQL; 403 otherwise.
    pub fn may_back_up(&self, tx: &mut Tx<'_>, ctx: &Ctx) -> Result<(), Fault> {
        supported(tx.dialect())?;
        let allowed = match ctx.caller.member_id() {
            Some(member) => figures::owns_everything(tx, member)?,
            None => matches!(ctx.caller.credential, Credential::System),
        };
        if allowed {
            return Ok(());
        }
        Err(Fault::forbidden("A backup holds every workspace of this server; it is for those who own all of them"))
    }

    /// Asks for a backup, which is taken soon afterwards; answers the job and the backup.
    ///
    /// # Errors
    /// Those of [`Operation::may_back_up`].
    pub fn ask(&self, tx: &mut Tx<'_>, ctx: &Ctx, with_key: bool) -> Result<(JobId, Backup), Fault> {
        self.may_back_up(tx, ctx)?;
        let id: BackupId = ctx.ids.next();
        backups::insert(tx, id, "manual", with_key, ctx.caller.member_id(), ctx.now())?;
        audit(tx, ctx, "created_backup", Some(id), &json!({ "with_key": with_key }))?;
        let job = self.enqueue(tx, ctx.caller.workspace, id)?;
        Ok((job, found(tx, id)?))
    }

    /// Takes a backup at once, into `target` or the backup folder; for the command line and the schedule.
    ///
    /// # Errors
    /// 422 on PostgreSQL; an internal fault with its cause when it cannot be written.
    pub async fn take_now(
        &self,
        kind: &'static str,
        with_key: bool,
        by: Option<MemberId>,
        target: Option<PathBuf>,
    ) -> Result<Taken, Fault> {
        supported(self.platform.store.dialect())?;
        let (id, now): (BackupId, _) = (self.platform.ids.next(), self.platform.clock.now());
        let platform = Arc::clone(&self.platform);
        let insert = move |tx: &mut Tx<'_>| {
            backups::insert(tx, id, kind, with_key, by, now)?;
            // It belongs to no workspace; the log of the first one tells of it.
            if let Some(workspace) = retention::next_workspace(tx, WorkspaceId(0))? {
                let caller = Arc::new(Caller::system(workspace, Mode::Live));
                let ctx = Ctx::new(Arc::clone(&platform), caller, platform.ids.next());
                audit(tx, &ctx, "created_backup", Some(id), &json!({ "kind": kind, "with_key": with_key }))?;
            }
            found(tx, id)
        };
        let backup = self.platform.store.write(insert).await?;
        self.finish(backup, target).await
    }

    /// Where the file of a backup is.
    #[must_use]
    pub fn path_of(&self, id: BackupId) -> PathBuf {
        self.config.backup_dir.join(format!("{}.{EXTENSION}", id.prefixed()))
    }

    /// A backup that is done and its file.
    ///
    /// # Errors
    /// 404; 409 while it is not done; 410 when its file is gone.
    pub fn file_of(&self, tx: &mut Tx<'_>, ctx: &Ctx, id: BackupId) -> Result<(Backup, PathBuf), Fault> {
        self.may_back_up(tx, ctx)?;
        let backup = found(tx, id)?;
        if backup.status != "done" {
            return Err(Fault::conflict("not_done", "This backup is not done"));
        }
        let path = self.path_of(id);
        if path.exists() {
            return Ok((backup, path));
        }
        Err(Fault::new(FaultKind::Gone, "gone", "The file of this backup is no longer in the backup folder"))
    }

    /// Reads the file of a backup whole and notes whether it is what it was.
    ///
    /// # Errors
    /// Those of [`Operation::file_of`]; 422 `backup_damaged`.
    pub async fn verify(self: &Arc<Self>, ctx: &Ctx, id: BackupId) -> Result<Backup, Fault> {
        let (operation, asking) = (Arc::clone(self), ctx.clone());
        let (backup, path) = ctx.store.read(move |tx| operation.file_of(tx, &asking, id)).await?;
        let read = aside("floe-verify", move || archive::verify(&path)).await?;
        let problem = match read {
            Ok(read) if Some(&read.sha256) == backup.sha256.as_ref() => None,
            Ok(_) => Some("the file is another backup than the one that was made".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        let at = problem.is_none().then(|| ctx.now());
        let (noted, noting) = (problem.clone(), ctx.clone());
        let note = move |tx: &mut Tx<'_>| {
            backups::verified(tx, id, at, noted.as_deref())?;
            audit(tx, &noting, "verified_backup", Some(id), &json!({ "sound": noted.is_none() }))?;
            found(tx, id)
        };
        let backup = ctx.store.write(note).await?;
        match problem {
            None => Ok(backup),
            Some(problem) => Err(Fault::new(FaultKind::Unprocessable, "backup_damaged", problem)),
        }
    }

    /// Removes a backup: its row first, so that a file without a row is the worst that a kill leaves behind.
    ///
    /// # Errors
    /// 404; 409 while it is being taken.
    pub fn forget(&self, tx: &mut Tx<'_>, ctx: &Ctx, id: BackupId) -> Result<(), Fault> {
        self.may_back_up(tx, ctx)?;
        let backup = found(tx, id)?;
        if backup.status == "running" {
            return Err(Fault::conflict("not_done", "This backup is being taken; delete it when it is done"));
        }
        backups::delete(tx, id)?;
        audit(tx, ctx, "deleted_backup", Some(id), &json!({ "kind": backup.kind }))
    }

    /// Removes the file of a backup whose row is gone.
    pub fn remove_file(&self, id: BackupId) {
        let path = self.path_of(id);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "the file of a deleted backup could not be removed");
        }
    }

    /// Removes what backups left behind that a killed process did not finish.
    pub(crate) fn remove_drafts(&self) {
        let entries = fs::read_dir(&self.config.backup_dir).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == DRAFT)) {
            let _ = fs::remove_file(path);
        }
    }

    /// Notes that somebody took a copy of everything home.
    ///
    /// # Errors
    /// Of the database.
    pub fn note_download(&self, tx: &mut Tx<'_>, ctx: &Ctx, id: BackupId) -> Result<(), Fault> {
        audit(tx, ctx, "downloaded_backup", Some(id), &json!({}))
    }

    /// Removes scheduled backups over the number that is kept, the oldest first.
    pub(crate) async fn prune(&self, keep: usize) -> Result<(), Fault> {
        let over = move |tx: &mut Tx<'_>| {
            let all = backups::list(tx, true, None, backups::PAGE_MAX)?;
            let scheduled = all.into_iter().filter(|backup| backup.kind == "scheduled" && backup.status == "done");
            let over: Vec<BackupId> = scheduled.skip(keep).map(|backup| backup.id).collect();
            for id in &over {
                backups::delete(tx, *id)?;
            }
            Ok(over)
        };
        for id in self.platform.store.write(over).await? {
            self.remove_file(id);
        }
        Ok(())
    }

    fn enqueue(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, id: BackupId) -> Result<JobId, Fault> {
        let now = self.platform.clock.now();
        let job = NewJob {
            id: self.platform.ids.next(),
            workspace,
            mode: None,
            kind: JOB_TAKE,
            subject_id: Some(id.0),
            payload: "{}".to_owned(),
            due_at: now,
            created_at: now,
        };
        jobs::enqueue(tx, &job)?;
        Ok(job.id)
    }

    /// Takes a backup whose row is there, and writes down what became of it.
    async fn finish(&self, backup: Backup, target: Option<PathBuf>) -> Result<Taken, Fault> {
        let id = backup.id;
        let outcome = self.write(&backup, target).await;
        let now = self.platform.clock.now();
        match outcome {
            Ok((path, read)) => {
                let (bytes, sha256) = (i64::try_from(read.bytes).unwrap_or(i64::MAX), read.sha256.clone());
                let schema_version = read.trailer.schema_version;
                let done = move |tx: &mut Tx<'_>| {
                    backups::done(tx, id, bytes, &sha256, schema_version, now)?;
                    found(tx, id)
                };
                let backup = self.platform.store.write(done).await?;
                tracing::info!(backup = %id.prefixed(), bytes, "a backup was taken and checked");
                Ok(Taken { backup, path, trailer: read.trailer })
            }
            Err(problem) => {
                tracing::error!(backup = %id.prefixed(), problem, "a backup could not be taken");
                let (text, kind, platform) = (problem.clone(), backup.kind.clone(), Arc::clone(&self.platform));
                let failed = move |tx: &mut Tx<'_>| {
                    backups::failed(tx, id, &text, now)?;
                    crate::trail::tell_failed(tx, &platform, (id, &kind), now)
                };
                self.platform.store.write(failed).await?;
                Err(Fault::new(FaultKind::Unprocessable, "backup_failed", problem))
            }
        }
    }

    async fn write(&self, backup: &Backup, target: Option<PathBuf>) -> Result<(PathBuf, Verified), String> {
        let _one_at_a_time = self.taking.lock().await;
        let path = target.unwrap_or_else(|| self.path_of(backup.id));
        let draft = path.with_extension(DRAFT);
        let taken_at = self.platform.clock.now().to_string();
        prepare(&path, &draft).map_err(|error| format!("{}: {error}", draft.display()))?;
        let copied = self.platform.store.copy_to(draft.clone()).await;
        let outcome = match copied {
            Ok(contents) => {
                let trailer = Trailer {
                    format: Trailer::FORMAT,
                    id: backup.id.prefixed(),
                    kind: backup.kind.clone(),
                    taken_at,
                    version: self.config.version.to_owned(),
                    schema_version: contents.schema_version,
                    rows: contents.rows.into_iter().collect(),
                    key_fingerprint: self.config.secret.fingerprint(),
                    secret_key: backup.with_key.then(|| self.config.secret.text()),
                };
                let (sealing, target) = (draft.clone(), path.clone());
                let sealed = aside("floe-seal", move || {
                    let sealed = archive::seal(&sealing, &trailer).map_err(|error| error.to_string())?;
                    publish(&sealing, &target).map_err(|error| format!("{}: {error}", target.display()))?;
                    Ok(sealed)
                });
                sealed.await.unwrap_or_else(|fault| Err(fault.to_string()))
            }
            Err(CopyError::Io(error)) => Err(format!("{}: {error}", draft.display())),
            Err(error) => Err(error.to_string()),
        };
        if outcome.is_err() {
            let _ = fs::remove_file(&draft);
        }
        outcome.map(|read| (path, read))
    }
}

/// Takes one backup that was asked for.
pub(crate) struct Take(pub(crate) Arc<Operation>);

impl JobHandler for Take {
    fn kind(&self) -> &'static str {
        JOB_TAKE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(id) = job.subject_id.map(BackupId) else { return Ok(()) };
            let row = platform.store.read(move |tx| backups::find(tx, id)).await?;
            // Deleted meanwhile, or done by a process that was killed before it could say so.
            let Some(backup) = row.filter(|backup| backup.status != "done") else { return Ok(()) };
            tokio::select! {
                taken = self.0.finish(backup, None) => match taken {
                    Ok(_) => Ok(()),
                    // Its row says so; whoever wants it asks again.
                    Err(fault) if fault.code() == "backup_failed" => Ok(()),
                    Err(fault) => Err(fault),
                },
                fault = keep_claim(platform, job.lease()) => Err(fault),
            }
        })
    }
}

/// Runs something long on a thread of its own with the lowest priority.
pub(crate) async fn aside<T: Send + 'static>(name: &str, act: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let work = move || {
        let _ = rustix::process::nice(19);
        drop(answer.send(act()));
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(Fault::internal)?;
    answered.await.map_err(Fault::internal)
}

/// Refuses where the database has its own tools.
fn supported(dialect: Dialect) -> Result<(), Fault> {
    match dialect {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            Err(Fault::new(FaultKind::Unprocessable, "not_supported", CopyError::NotSqlite.to_string()))
        }
    }
}

fn found(tx: &mut Tx<'_>, id: BackupId) -> Result<Backup, Fault> {
    backups::find(tx, id)?.ok_or_else(|| Fault::not_found("Backup"))
}

/// Makes the folder and an empty draft, both for the owner alone, and refuses to write over a file.
fn prepare(path: &Path, draft: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    if path.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name already"));
    }
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft).map(drop)
}

/// Gives the finished file its name, for good.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
