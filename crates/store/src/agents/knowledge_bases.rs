//! Table `knowledge_bases`: what agents and flows search (console contract, section 5.2).

use floe_model::{
    Fault, Timestamp,
    id::{JobId, KnowledgeBaseId, WorkspaceId},
};

use crate::{Row, Tx, like, params, statements};

/// Bases on one page.
pub const PAGE_MAX: usize = 201;

/// A knowledge base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: KnowledgeBaseId,
    /// The id that it had elsewhere, when that was none of ours.
    pub external_id: Option<String>,
    /// Shown name.
    pub name: String,
    /// What is in it.
    pub description: Option<String>,
    /// The model that was chosen for its vectors.
    pub embedding_model: String,
    /// The model that made the vectors which a search sees.
    pub index_model: String,
    /// How long these vectors are; none before the first.
    pub dimensions: Option<i64>,
    /// Characters of a chunk at most.
    pub chunk_size: u32,
    /// Characters that a chunk repeats of the one before, at most.
    pub chunk_overlap: u32,
    /// Counts the changes of what a search can find.
    pub index_revision: i64,
    /// The reindex that is under way.
    pub reindex_job: Option<JobId>,
    /// Counts the changes that people make.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed by people.
    pub updated_at: Timestamp,
    /// Documents that it has, whatever their state.
    pub documents: i64,
    /// Chunks that a search sees.
    pub chunks: i64,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Part of the name, without regard to case.
    pub q: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The last one of the page before.
    pub after: Option<KnowledgeBaseId>,
    /// At most so many, and [`PAGE_MAX`].
    pub limit: usize,
}

macro_rules! columns {
    () => {
        "b.workspace_id, b.id, b.external_id, b.name, b.description, b.embedding_model, b.index_model, b.dimensions, b.chunk_size,
             b.chunk_overlap, b.index_revision, b.reindex_job, b.revision, b.created_at, b.updated_at,
             (select count(*) from knowledge_documents d where d.workspace_id = b.workspace_id and d.base_id = b.id),
             (select cast(coalesce(sum(d.chunks), 0) as bigint) from knowledge_documents d
              where d.workspace_id = b.workspace_id and d.base_id = b.id)"
    };
}

macro_rules! filtered {
    () => {
        " from knowledge_bases b where b.workspace_id = $1
             and (cast($2 as text) is null or lower(b.name) like $2 escape '!')"
    };
}

statements! {
    /// A new one, unless its external id is taken.
    INSERT = both(
        "insert into knowledge_bases (workspace_id, id, external_id, name, description, embedding_model, index_model, chunk_size,
             chunk_overlap, index_revision, revision, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7, $8, 0, 1, $9, $9) on conflict do nothing"
    );
    /// By id.
    FIND = both(concat!("select ", columns!(), " from knowledge_bases b where b.workspace_id = $1 and b.id = $2"))
        -> [id, id, opt text, text, opt text, text, text, opt int, int, int, int, opt id, int, time, time, int, int];
    /// By the id that it had elsewhere.
    EXTERNAL = both("select id from knowledge_bases where workspace_id = $1 and external_id = $2") -> [id];
    /// Newest first.
    LIST_DOWN = both(concat!("select ", columns!(), filtered!(), " and b.id < $3 order by b.id desc limit $4"))
        -> [id, id, opt text, text, opt text, text, text, opt int, int, int, int, opt id, int, time, time, int, int];
    /// Oldest first.
    LIST_UP = both(concat!("select ", columns!(), filtered!(), " and b.id > $3 order by b.id limit $4"))
        -> [id, id, opt text, text, opt text, text, text, opt int, int, int, int, opt id, int, time, time, int, int];
    /// How many a filter finds.
    COUNT = both(concat!("select count(*)", filtered!())) -> [int];
    /// What people can change.
    UPDATE = both(
        "update knowledge_bases set name = $3, description = $4, embedding_model = $5, chunk_size = $6, chunk_overlap = $7,
             updated_at = $8, revision = revision + 1
         where workspace_id = $1 and id = $2 and revision = $9"
    );
    /// One change more of what a search can find; whoever writes this holds the base until the end of the transaction.
    TOUCH = both(
        "update knowledge_bases set index_revision = index_revision + 1 where workspace_id = $1 and id = $2
         returning index_revision"
    ) -> [int];
    /// Whoever writes this holds the base until the end of the transaction; nothing is changed.
    HOLD = both("update knowledge_bases set index_revision = index_revision where workspace_id = $1 and id = $2");
    /// The model of the visible vectors, and how long they are.
    SET_INDEX = both("update knowledge_bases set index_model = $3, dimensions = $4 where workspace_id = $1 and id = $2");
    /// The reindex that is under way.
    SET_REINDEX = both("update knowledge_bases set reindex_job = $3 where workspace_id = $1 and id = $2");
    /// Gone.
    DELETE = both("delete from knowledge_bases where workspace_id = $1 and id = $2 and revision = $3");
}

/// Adds a base without documents; false when its external id is taken.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, base: &Base) -> Result<bool, Fault> {
    let values = params![
        base.workspace,
        base.id,
        &base.external_id,
        &base.name,
        &base.description,
        &base.embedding_model,
        base.chunk_size,
        base.chunk_overlap,
        base.created_at
    ];
    Ok(tx.execute(&INSERT, values)? == 1)
}

/// By id.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<Option<Base>, Fault> {
    tx.row(&FIND, params![workspace, id], map)
}

/// The base that had this id elsewhere.
///
/// # Errors
/// Of the database.
pub fn external(tx: &mut Tx<'_>, workspace: WorkspaceId, id: &str) -> Result<Option<KnowledgeBaseId>, Fault> {
    tx.row(&EXTERNAL, params![workspace, id], |row| row.id(0).map(KnowledgeBaseId))
}

/// A page of a workspace.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<Vec<Base>, Fault> {
    let q = page.q.as_deref().map(like::contains);
    let limit = page.limit.min(PAGE_MAX);
    if page.newest_first {
        let before = page.after.map_or(u128::MAX, |id| id.0);
        tx.rows(&LIST_DOWN, params![workspace, &q, before, limit], map)
    } else {
        let after = page.after.map_or(0, |id| id.0);
        tx.rows(&LIST_UP, params![workspace, &q, after, limit], map)
    }
}

/// How many the filter of a page finds.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, page: &Page) -> Result<i64, Fault> {
    let q = page.q.as_deref().map(like::contains);
    Ok(tx.row(&COUNT, params![workspace, &q], |row| row.int(0))?.unwrap_or(0))
}

/// Writes what people can change, if it is still of the revision that it was read in.
///
/// # Errors
/// Of the database.
pub fn update(tx: &mut Tx<'_>, base: &Base, now: Timestamp) -> Result<bool, Fault> {
    let values = params![
        base.workspace,
        base.id,
        &base.name,
        &base.description,
        &base.embedding_model,
        base.chunk_size,
        base.chunk_overlap,
        now,
        base.revision
    ];
    Ok(tx.execute(&UPDATE, values)? == 1)
}

/// Counts a change of what a search can find and holds the base until the end of the transaction, so that two changes of one base follow
/// each other. None when the base is gone.
///
/// # Errors
/// Of the database.
pub fn touch(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<Option<i64>, Fault> {
    tx.row(&TOUCH, params![workspace, id], |row| row.int(0))
}

/// Holds a base until the end of the transaction without changing it; false when it is gone.
///
/// # Errors
/// Of the database.
pub fn hold(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<bool, Fault> {
    Ok(tx.execute(&HOLD, params![workspace, id])? == 1)
}

/// Says which model made the visible vectors, and how long they are.
///
/// # Errors
/// Of the database.
pub fn set_index(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: KnowledgeBaseId,
    model: &str,
    dimensions: Option<i64>,
) -> Result<(), Fault> {
    tx.execute(&SET_INDEX, params![workspace, id, model, dimensions]).map(drop)
}

/// Says which reindex is under way, if any.
///
/// # Errors
/// Of the database.
pub fn set_reindex(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    id: KnowledgeBaseId,
    job: Option<JobId>,
) -> Result<(), Fault> {
    tx.execute(&SET_REINDEX, params![workspace, id, job]).map(drop)
}

/// Takes a base away if it is still of this revision; its documents follow by a job.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, id: KnowledgeBaseId, revision: i64) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, id, revision])? == 1)
}

fn map(row: &Row<'_>) -> Result<Base, Fault> {
    Ok(Base {
        workspace: WorkspaceId(row.id(0)?),
        id: KnowledgeBaseId(row.id(1)?),
        external_id: row.opt_string(2)?,
        name: row.string(3)?,
        description: row.opt_string(4)?,
        embedding_model: row.string(5)?,
        index_model: row.string(6)?,
        dimensions: row.opt_int(7)?,
        chunk_size: row.u32(8)?,
        chunk_overlap: row.u32(9)?,
        index_revision: row.int(10)?,
        reindex_job: row.opt_id(11)?.map(JobId),
        revision: row.int(12)?,
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
        documents: row.int(15)?,
        chunks: row.int(16)?,
    })
}
