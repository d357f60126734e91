//! Receiving a file piece by piece.

use floe_model::access::Credential;
use floe_model::id::{FileId, JobId, ShareId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::files::{self, CHUNK_BYTES, FileRow};
use floe_store::platform::audit::{self, Actor, Entry, Target};
use floe_store::platform::jobs::{self, NewJob};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::expire::{GRACE_S, JOB_EXPIRE};
use super::kind::{HEAD_BYTES, mime_type};
use super::read::sender;
use super::{FILE_BYTES_MAX, UNUSED_BYTES_MAX, UNUSED_OF_SHARE_BYTES_MAX, UNUSED_OF_SHARE_MAX, UNUSED_S, clean_name};

/// Bytes that are gathered for one write.
const WRITE_BYTES: usize = 4 * CHUNK_BYTES;
/// Seconds that an upload may take before its pieces are removed.
const RECEIVING_S: i64 = 3_600;

/// A file under way.
pub struct Upload {
    file: FileRow,
    digest: Sha256,
    head: Vec<u8>,
    gathered: Vec<u8>,
    /// Pieces that were written.
    written: u32,
    size: u64,
}

/// A file whose bytes are all there; [`complete`] makes it known.
#[derive(Debug, Clone)]
pub struct Received(FileRow);

impl Received {
    /// Digest of the bytes.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }

    /// Name as kept.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl Upload {
    /// Begins a file with a name as given.
    ///
    /// # Errors
    /// 429 when too much is there that nobody uses.
    pub async fn begin(ctx: &Ctx, name: &str) -> Result<Self, Fault> {
        let now = ctx.now();
        let file = FileRow {
            workspace: ctx.caller.workspace,
            id: ctx.ids.next(),
            share: share_of(ctx),
            uploaded_by: sender(ctx),
            name: clean_name(name),
            mime_type: String::new(),
            size: None,
            sha256: [0; 32],
            created_at: now,
            expires_at: now.plus_seconds(RECEIVING_S),
            run: None,
            flow: None,
        };
        let (row, job) = (file.clone(), ctx.ids.next());
        let write = move |tx: &mut Tx<'_>| {
            check_room(tx, &row)?;
            files::insert(tx, &row)?;
            jobs::enqueue(tx, &expiring(job, &row))
        };
        ctx.store.write(write).await?;
        let (head, gathered) = (Vec::new(), Vec::new());
        Ok(Self { file, digest: Sha256::new(), head, gathered, written: 0, size: 0 })
    }

    /// The id that the file will have.
    #[must_use]
    pub fn id(&self) -> FileId {
        self.file.id
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// 413 over [`FILE_BYTES_MAX`].
    pub async fn push(&mut self, ctx: &Ctx, bytes: &[u8]) -> Result<(), Fault> {
        self.size += bytes.len() as u64;
        if self.size > FILE_BYTES_MAX {
            let message = format!("A file has at most {FILE_BYTES_MAX} bytes");
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        self.digest.update(bytes);
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= WRITE_BYTES {
            let whole = self.gathered.len() / CHUNK_BYTES * CHUNK_BYTES;
            let rest = self.gathered.split_off(whole);
            self.flush(ctx, rest).await?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Of the database.
    pub async fn finish(mut self, ctx: &Ctx) -> Result<Received, Fault> {
        self.flush(ctx, Vec::new()).await?;
        let mut file = self.file;
        file.mime_type = mime_type(&self.head, self.size <= HEAD_BYTES as u64).to_owned();
        file.size = Some(self.size);
        file.sha256 = self.digest.finalize().into();
        file.expires_at = ctx.now().plus_seconds(UNUSED_S);
        Ok(Received(file))
    }

    /// Writes what was gathered; `rest` is gathered from now on.
    async fn flush(&mut self, ctx: &Ctx, rest: Vec<u8>) -> Result<(), Fault> {
        let bytes = std::mem::replace(&mut self.gathered, rest);
        if bytes.is_empty() {
            return Ok(());
        }
        let pieces = u32::try_from(bytes.len().div_ceil(CHUNK_BYTES)).map_err(Fault::internal)?;
        let (workspace, id, position) = (self.file.workspace, self.file.id, self.written);
        let write = move |tx: &mut Tx<'_>| {
            let pieces: Vec<&[u8]> = bytes.chunks(CHUNK_BYTES).collect();
            files::add_chunks(tx, workspace, id, position, &pieces)
        };
        ctx.store.write(write).await?;
        self.written += pieces;
        Ok(())
    }
}

/// Makes files known whose bytes are all there; from now on they wait a day for a run.
///
/// # Errors
/// 400 for a file whose pieces were removed because it took too long; of the database.
pub fn complete(tx: &mut Tx<'_>, ctx: &Ctx, received: &[Received]) -> Result<Vec<FileRow>, Fault> {
    for Received(file) in received {
        if !files::complete(tx, file)? {
            return Err(Fault::new(FaultKind::Invalid, "incomplete_body", "The upload took too long"));
        }
        jobs::enqueue(tx, &expiring(ctx.ids.next(), file))?;
        audit::record(tx, &entry(ctx, file))?;
    }
    Ok(received.iter().map(|Received(file)| file.clone()).collect())
}

/// Removes what was received of files that nobody will ask for. What cannot be removed now is removed when its time is over.
pub async fn discard(ctx: &Ctx, unwanted: Vec<FileId>) {
    let workspace = ctx.caller.workspace;
    let far = ctx.now().plus_seconds(2 * UNUSED_S);
    let remove = move |tx: &mut Tx<'_>| {
        for file in &unwanted {
            files::delete_unused(tx, workspace, *file, far)?;
        }
        Ok(())
    };
    if let Err(fault) = ctx.store.write(remove).await {
        tracing::debug!(%fault, "what was received of an upload stays until its time is over");
    }
}

/// The share link by which the caller uploads.
pub(super) fn share_of(ctx: &Ctx) -> Option<ShareId> {
    match ctx.caller.credential {
        Credential::Share(share) => Some(share),
        _ => None,
    }
}

fn check_room(tx: &mut Tx<'_>, file: &FileRow) -> Result<(), Fault> {
    let in_all = files::unused(tx, file.workspace, None)?;
    let of_share = match file.share {
        Some(share) => files::unused(tx, file.workspace, Some(share))?,
        None => files::Unused::default(),
    };
    let is_full = in_all.bytes >= UNUSED_BYTES_MAX
        || of_share.bytes >= UNUSED_OF_SHARE_BYTES_MAX
        || of_share.files >= UNUSED_OF_SHARE_MAX;
    if !is_full {
        return Ok(());
    }
    let message = "There are too many files that nobody uses; use them, or wait until they vanish";
    Err(Fault::new(FaultKind::RateLimited, "rate_limited", message).with_retry_after(3_600))
}

fn expiring(id: JobId, file: &FileRow) -> NewJob {
    NewJob {
        id,
        workspace: file.workspace,
        mode: None,
        kind: JOB_EXPIRE,
        subject_id: Some(file.id.0),
        payload: "{}".to_owned(),
        due_at: file.expires_at.plus_seconds(GRACE_S),
        created_at: file.created_at,
    }
}

fn entry(ctx: &Ctx, file: &FileRow) -> Entry {
    Entry {
        id: ctx.ids.next(),
        workspace: file.workspace,
        seq: None,
        mode: None,
        product: "flows".to_owned(),
        action: "uploaded_file".to_owned(),
        actor: Actor::of(&ctx.caller),
        target: Some(Target { kind: "file".to_owned(), id: Some(file.id.0), name: Some(file.name.clone()) }),
        run_id: None,
        detail: json!({ "size": file.size, "mimeType": file.mime_type }).to_string(),
        request_id: Some(ctx.request_id),
        ip: None,
        at: ctx.now(),
    }
}
