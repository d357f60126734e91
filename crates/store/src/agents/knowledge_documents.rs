//! Table `knowledge_documents`: what a knowledge base consists of, and how far the work on each is (console contract, section 5.2).
//!
//! A search sees the chunks of a document's `generation`. Work on it builds another one beside; the two change places in one
//! transaction, so that a search never meets half a document.

use floe_model::{
    Fault, Timestamp,
    id::{DocumentId, JobId, KnowledgeBaseId, WorkspaceId},
};

use crate::{Change, Row, Tx, like, params, statements};

/// Documents on one page.
pub const PAGE_MAX: usize = 201;
/// What [`Change::Record`] calls a document.
pub const RECORD: &str = "document";

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The base that it belongs to.
    pub base: KnowledgeBaseId,
    /// Its id.
    pub id: DocumentId,
    /// Shown name.
    pub name: String,
    /// What kind of file it is, e.g. `pdf`.
    pub kind: String,
    /// Where it was fetched from.
    pub url: Option<String>,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// JSON object of what people say about it; a search can filter by it.
    pub metadata: String,
    /// `queued`, `extracting`, `chunking`, `embedding`, `ready` or `failed`.
    pub status: String,
    /// 0 to 100.
    pub progress: i64,
    /// Why the last work on it failed: code and sentence.
    pub error: Option<(String, String)>,
    /// Since when it waits for the end of the work on it; none when nothing is to be done.
    pub waiting_since: Option<Timestamp>,
    /// Whether it has a job.
    pub is_working: bool,
    /// What people who asked for it to be made anew look at.
    pub reindex_job: Option<JobId>,
    /// The generation of chunks that a search sees, 0 for none.
    pub generation: i64,
    /// The last generation that was begun.
    pub building: i64,
    /// A generation that is whole and waits for the reindex of its base; 0 for none.
    pub staged: i64,
    /// Chunks that a search sees.
    pub chunks: i64,
    /// Chunks of the generation that waits.
    pub staged_chunks: i64,
    /// The base's revision at the last change of its visible chunks.
    pub index_revision: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When its state was changed.
    pub updated_at: Timestamp,
}

/// Which document: everything that its key consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its base.
    pub base: KnowledgeBaseId,
    /// Its id.
    pub document: DocumentId,
}

impl Document {
    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { workspace: self.workspace, base: self.base, document: self.id }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Only those in this status.
    pub status: Option<String>,
    /// Part of the name, without regard to case.
    pub q: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<DocumentId>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

/// What stands in the way of a reindex that wants to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Documents whose work has not ended.
    pub open: i64,
    /// Documents that a search sees and that could not be made anew.
    pub failed: i64,
    /// Documents that were made anew.
    pub staged: i64,
}

macro_rules! columns {
    () => {
        "workspace_id, base_id, id, name, kind, url, bytes, sha256, metadata, status, progress, error_code, error_message,
             waiting_since, is_working, reindex_job, generation, building, staged, chunks, staged_chunks, index_revision, created_at,
             updated_at"
    };
}

macro_rules! filtered {
    () => {
        " from knowledge_documents where workspace_id = $1 and base_id = $2
             and (cast($3 as text) is null or status = $3)
             and (cast($4 as text) is null or lower(name) like $4 escape '!')"
    };
}

statements! {
    /// A new one, unless its base has its content.
    INSERT = both(
        "insert into knowledge_documents (workspace_id, base_id, id, name, kind, url, bytes, sha256, metadata, status, progress,
             waiting_since, is_working, generation, building, staged, chunks, staged_chunks, index_revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', 0, $10, false, 0, 0, 0, 0, 0, 0, $10, $10) on conflict do nothing"
    );
    /// By id.
    FIND = both(concat!(
        "select ", columns!(), " from knowledge_documents where workspace_id = $1 and base_id = $2 and id = $3"
    )) -> [id, id, id, text, text, opt text, int, bytes, json, text, int, opt text, opt text, opt time, bool, opt id, int, int, int,
        int, int, int, time, time];
    /// By content.
    CONTENT = both(concat!(
        "select ", columns!(), " from knowledge_documents where workspace_id = $1 and base_id = $2 and sha256 = $3"
    )) -> [id, id, id, text, text, opt text, int, bytes, json, text, int, opt text, opt text, opt time, bool, opt id, int, int, int,
        int, int, int, time, time];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and id < $5 order by id desc limit $6"))
        -> [id, id, id, text, text, opt text, int, bytes, json, text, int, opt text, opt text, opt time, bool, opt id, int, int, int,
            int, int, int, time, time];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and id > $5 order by id limit $6"))
        -> [id, id, id, text, text, opt text, int, bytes, json, text, int, opt text, opt text, opt time, bool, opt id, int, int, int,
            int, int, int, time, time];
    /// How many a filter finds.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// Documents of a base that have a job.
    WORKING = both(
        "select count(*) from knowledge_documents
         where workspace_id = $1 and base_id = $2 and waiting_since is not null and is_working"
    ) -> [int];
    /// Documents of a base that wait for a job, the longest waiting first.
    NEXT = both(
        "select id from knowledge_documents
         where workspace_id = $1 and base_id = $2 and waiting_since is not null and not is_working
         order by waiting_since, id limit $3"
    ) -> [id];
    /// Has a job from now on.
    WORK = both("update knowledge_documents set is_working = true where workspace_id = $1 and base_id = $2 and id = $3");
    /// Waits for work, whatever was before.
    QUEUE = both(
        "update knowledge_documents set status = 'queued', progress = 0, error_code = null, error_message = null, waiting_since = $4,
             is_working = false, reindex_job = $5, staged = 0, staged_chunks = 0, updated_at = $4
         where workspace_id = $1 and base_id = $2 and id = $3"
    );
    /// The same for all of a base.
    QUEUE_ALL = both(
        "update knowledge_documents set status = 'queued', progress = 0, error_code = null, error_message = null, waiting_since = $3,
             is_working = false, reindex_job = $4, staged = 0, staged_chunks = 0, updated_at = $3
         where workspace_id = $1 and base_id = $2"
    );
    /// What people look at because of documents of a base.
    JOBS = both(
        "select distinct reindex_job from knowledge_documents where workspace_id = $1 and base_id = $2 and reindex_job is not null"
    ) -> [opt id];
    /// A generation is begun.
    BEGIN = both(
        "update knowledge_documents set building = building + 1, status = 'extracting', progress = 0, updated_at = $4
         where workspace_id = $1 and base_id = $2 and id = $3 returning building"
    ) -> [int];
    /// How far the work is.
    PROGRESS = both(
        "update knowledge_documents set status = $4, progress = $5, updated_at = $6
         where workspace_id = $1 and base_id = $2 and id = $3 and waiting_since is not null"
    );
    /// The generation that was built is the one that a search sees.
    PUBLISH = both(
        "update knowledge_documents set generation = building, chunks = $4, index_revision = $5, status = 'ready', progress = 100,
             waiting_since = null, is_working = false, reindex_job = null, staged = 0, staged_chunks = 0, updated_at = $6
         where workspace_id = $1 and base_id = $2 and id = $3"
    );
    /// The generation that was built waits for the others of its base.
    STAGE = both(
        "update knowledge_documents set staged = building, staged_chunks = $4, status = 'ready', progress = 100,
             waiting_since = null, is_working = false, reindex_job = null, updated_at = $5
         where workspace_id = $1 and base_id = $2 and id = $3"
    );
    /// The work on it came to nothing.
    FAIL = both(
        "update knowledge_documents set status = 'failed', error_code = $4, error_message = $5, waiting_since = null,
             is_working = false, reindex_job = null, staged = 0, staged_chunks = 0, updated_at = $6
         where workspace_id = $1 and base_id = $2 and id = $3"
    );
    /// What stands in the way of a reindex.
    UNFINISHED = both(
        "select count(case when waiting_since is not null then 1 end),
             count(case when waiting_since is null and staged = 0 and generation > 0 then 1 end),
             count(case when staged > 0 then 1 end)
         from knowledge_documents where workspace_id = $1 and base_id = $2"
    ) -> [int, int, int];
    /// A search sees what was made anew.
    SWITCH = both(
        "update knowledge_documents set generation = staged, chunks = staged_chunks, staged = 0, staged_chunks = 0, index_revision = $3
         where workspace_id = $1 and base_id = $2 and staged > 0"
    );
    /// What was made anew is not used: documents that a search sees stay as they are, others are made once more.
    DISCARD = both(
        "update knowledge_documents set staged = 0, staged_chunks = 0,
             status = case when generation > 0 then status else 'queued' end,
             waiting_since = case when generation > 0 then waiting_since else $3 end
         where workspace_id = $1 and base_id = $2 and staged > 0"
    );
    /// What was to be made anew for somebody stays as it was, where a search sees it.
    RESTORE = both(
        "update knowledge_documents set status = 'ready', progress = 100, error_code = null, error_message = null, waiting_since = null,
             is_working = false, reindex_job = null, staged = 0, staged_chunks = 0
         where workspace_id = $1 and base_id = $2 and reindex_job = $3 and generation > 0"
    );
    /// The others are still to be made, for nobody in particular.
    DISOWN = both(
        "update knowledge_documents set reindex_job = null, is_working = false
         where workspace_id = $1 and base_id = $2 and reindex_job = $3"
    );
    /// Ids of a base whether it is there or not.
    IDS = both(
        "select id from knowledge_documents where workspace_id = $1 and base_id = $2 and id > $3 order by id limit $4"
    ) -> [id];
    /// Gone.
    DELETE = both("delete from knowledge_documents where workspace_id = $1 and base_id = $2 and id = $3");
}

/// Adds a document that waits for its work; false when its base has its content.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, document: &Document) -> Result<bool, Fault> {
    let values = params![
        document.workspace,
        document.base,
        document.id,
        &document.name,
        &document.kind,
        &document.url,
        document.bytes,
        &document.sha256,
        &document.metadata,
        document.created_at
    ];
    let is_new = tx.execute(&INSERT, values)? == 1;
    announce(tx, document.place());
    Ok(is_new)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, at: Place) -> Result<Option<Document>, Fault> {
    tx.row(&FIND, params![at.workspace, at.base, at.document], map)
}

/// The document of a base with this content.
///
/// # Errors
/// Of the database.
pub fn with_content(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    sha256: &[u8; 32],
) -> Result<Option<Document>, Fault> {
    tx.row(&CONTENT, params![workspace, base, sha256], map)
}

/// A page of a base.
///
/// # Errors
/// Of the database.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    page: &Page,
) -> Result<Vec<Document>, Fault> {
    let q = page.q.as_deref().map(like::contains);
    let limit = page.limit.min(PAGE_MAX);
    if page.newest_first {
        let before = page.after.map_or(u128::MAX, |id| id.0);
        tx.rows(&LIST_DOWN, params![workspace, base, &page.status, &q, before, limit], map)
    } else {
        let after = page.after.map_or(0, |id| id.0);
        tx.rows(&LIST_UP, params![workspace, base, &page.status, &q, after, limit], map)
    }
}

/// How many the filters of a page find.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId, page: &Page) -> Result<i64, Fault> {
    let q = page.q.as_deref().map(like::contains);
    Ok(tx.row(&COUNT, params![workspace, base, &page.status, &q], |row| row.int(0))?.unwrap_or(0))
}

/// How many documents of a base have a job.
///
/// # Errors
/// Of the database.
pub fn working(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<i64, Fault> {
    Ok(tx.row(&WORKING, params![workspace, base], |row| row.int(0))?.unwrap_or(0))
}

/// Documents of a base that wait for a job, the longest waiting first.
///
/// # Errors
/// Of the database.
pub fn next(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    limit: usize,
) -> Result<Vec<DocumentId>, Fault> {
    tx.rows(&NEXT, params![workspace, base, limit.min(PAGE_MAX)], |row| row.id(0).map(DocumentId))
}

/// Says that a document has a job.
///
/// # Errors
/// Of the database.
pub fn work(tx: &mut Tx<'_>, at: Place) -> Result<(), Fault> {
    tx.execute(&WORK, params![at.workspace, at.base, at.document]).map(drop)
}

/// Makes a document wait for work from now on, whatever was before; `job` is what people look at.
///
/// # Errors
/// Of the database.
pub fn queue(tx: &mut Tx<'_>, at: Place, job: Option<JobId>, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&QUEUE, params![at.workspace, at.base, at.document, now, job])?;
    announce(tx, at);
    Ok(())
}

/// Makes all documents of a base wait for work; returns how many there are.
///
/// # Errors
/// Of the database.
pub fn queue_all(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    job: JobId,
    now: Timestamp,
) -> Result<u64, Fault> {
    tx.execute(&QUEUE_ALL, params![workspace, base, now, job])
}

/// What people look at because of documents of a base.
///
/// # Errors
/// Of the database.
pub fn jobs(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Vec<JobId>, Fault> {
    let found = tx.rows(&JOBS, params![workspace, base], |row| Ok(row.opt_id(0)?.map(JobId)))?;
    Ok(found.into_iter().flatten().collect())
}

/// Begins a generation; returns its number, none when the document is gone.
///
/// # Errors
/// Of the database.
pub fn begin(tx: &mut Tx<'_>, at: Place, now: Timestamp) -> Result<Option<i64>, Fault> {
    let number = tx.row(&BEGIN, params![at.workspace, at.base, at.document, now], |row| row.int(0))?;
    announce(tx, at);
    Ok(number)
}

/// Says how far the work is; false when there is none any more.
///
/// # Errors
/// Of the database.
pub fn progress(tx: &mut Tx<'_>, at: Place, status: &str, percent: i64, now: Timestamp) -> Result<bool, Fault> {
    let values = params![at.workspace, at.base, at.document, status, percent.clamp(0, 100), now];
    let is_known = tx.execute(&PROGRESS, values)? == 1;
    announce(tx, at);
    Ok(is_known)
}

/// Lets a search see the generation that was built, as of a revision of its base.
///
/// # Errors
/// Of the database.
pub fn publish(tx: &mut Tx<'_>, at: Place, chunks: i64, index_revision: i64, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&PUBLISH, params![at.workspace, at.base, at.document, chunks, index_revision, now])?;
    announce(tx, at);
    Ok(())
}

/// Keeps the generation that was built until all of its base are.
///
/// # Errors
/// Of the database.
pub fn stage(tx: &mut Tx<'_>, at: Place, chunks: i64, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&STAGE, params![at.workspace, at.base, at.document, chunks, now])?;
    announce(tx, at);
    Ok(())
}

/// Ends the work on a document with a failure; what a search sees of it stays.
///
/// # Errors
/// Of the database.
pub fn fail(tx: &mut Tx<'_>, at: Place, code: &str, message: &str, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&FAIL, params![at.workspace, at.base, at.document, code, message, now])?;
    announce(tx, at);
    Ok(())
}

/// What stands in the way of the end of a reindex.
///
/// # Errors
/// Of the database.
pub fn unfinished(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId) -> Result<Unfinished, Fault> {
    let found = tx.row(&UNFINISHED, params![workspace, base], |row| {
        Ok(Unfinished { open: row.int(0)?, failed: row.int(1)?, staged: row.int(2)? })
    })?;
    Ok(found.unwrap_or(Unfinished { open: 0, failed: 0, staged: 0 }))
}

/// Lets a search see everything that was made anew, as of a revision of the base.
///
/// # Errors
/// Of the database.
pub fn switch(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    index_revision: i64,
) -> Result<(), Fault> {
    tx.execute(&SWITCH, params![workspace, base, index_revision]).map(drop)
}

/// Gives up what was made anew: documents that a search sees stay as they are, others wait for work again.
///
/// # Errors
/// Of the database.
pub fn discard(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId, now: Timestamp) -> Result<(), Fault> {
    tx.execute(&DISCARD, params![workspace, base, now]).map(drop)
}

/// Gives up what was to be made anew for somebody: documents that a search sees stay as they were, others are made all the same.
///
/// # Errors
/// Of the database.
pub fn restore(tx: &mut Tx<'_>, workspace: WorkspaceId, base: KnowledgeBaseId, job: JobId) -> Result<(), Fault> {
    tx.execute(&RESTORE, params![workspace, base, job])?;
    tx.execute(&DISOWN, params![workspace, base, job]).map(drop)
}

/// Ids of a base after one, in their order, also when the base is gone.
///
/// # Errors
/// Of the database.
pub fn ids(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
    after: DocumentId,
    limit: usize,
) -> Result<Vec<DocumentId>, Fault> {
    tx.rows(&IDS, params![workspace, base, after, limit.min(PAGE_MAX)], |row| row.id(0).map(DocumentId))
}

/// Takes a document away; its file and chunks follow by a job. False when it was gone.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, at: Place) -> Result<bool, Fault> {
    let is_gone = tx.execute(&DELETE, params![at.workspace, at.base, at.document])? == 1;
    announce(tx, at);
    Ok(is_gone)
}

fn announce(tx: &mut Tx<'_>, at: Place) {
    tx.announce(Change::Record { workspace: at.workspace, kind: RECORD, id: at.document.0 });
}

fn map(row: &Row<'_>) -> Result<Document, Fault> {
    let error = row.opt_string(11)?;
    Ok(Document {
        workspace: WorkspaceId(row.id(0)?),
        base: KnowledgeBaseId(row.id(1)?),
        id: DocumentId(row.id(2)?),
        name: row.string(3)?,
        kind: row.string(4)?,
        url: row.opt_string(5)?,
        bytes: u64::try_from(row.int(6)?).map_err(|_| row.mismatch(6, "a size"))?,
        sha256: row.bytes(7)?.try_into().map_err(|_| row.mismatch(7, "32 bytes"))?,
        metadata: row.string(8)?,
        status: row.string(9)?,
        progress: row.int(10)?,
        error: match error {
            Some(code) => Some((code, row.opt_string(12)?.unwrap_or_default())),
            None => None,
        },
        waiting_since: row.opt_time(13)?,
        is_working: row.bool(14)?,
        reindex_job: row.opt_id(15)?.map(JobId),
        generation: row.int(16)?,
        building: row.int(17)?,
        staged: row.int(18)?,
        chunks: row.int(19)?,
        staged_chunks: row.int(20)?,
        index_revision: row.int(21)?,
        created_at: row.time(22)?,
        updated_at: row.time(23)?,
    })
}
