//! Table `knowledge_documents`: what a knowledge base consists of, and how far the work on each is (console contract, section 5.2).
//!
//! A search sees the chunks of a document's `generation`. Work on it builds another one beside; the two change places in one
//! transaction, so that a search never meets half a document.

use floe_model::{
    Fault, Timestamp,
    id::{DocumentId, JobId, KnowledgeBaseId, WorkspaceId},
};

use crate::{Change, Row, Tx, like, params, statements};

pub use super::knowledge_work::{
    Unfinished, begin, discard, fail, jobs, next, progress, publish, queue, queue_all, restore, stage, switch,
    unfinished, work, working,
};

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
    /// Those of every base of a workspace that wait for the end of the work on them.
    OPEN_OF_WORKSPACE = both(concat!(
        "select ", columns!(), " from knowledge_documents where workspace_id = $1 and waiting_since is not null
         order by base_id, waiting_since, id limit $2"
    )) -> [
        id, id, id, text, text, opt text, int, bytes, json, text, int, opt text, opt text, opt time, bool, opt id, int, int, int, int,
        int, int, time, time
    ];
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

/// Documents of every base of a workspace that wait for the end of the work on them, at most `limit` and [`PAGE_MAX`].
///
/// # Errors
/// Of the database.
pub fn open_of_workspace(tx: &mut Tx<'_>, workspace: WorkspaceId, limit: usize) -> Result<Vec<Document>, Fault> {
    tx.rows(&OPEN_OF_WORKSPACE, params![workspace, limit.min(PAGE_MAX)], map)
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

/// Tells that the state of a document was changed.
pub(super) fn announce(tx: &mut Tx<'_>, at: Place) {
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
