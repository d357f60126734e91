//! Table `knowledge_documents`: the work on documents, from waiting to what a search sees. `knowledge_documents` is the table's own file.

use floe_model::{
    Fault, Timestamp,
    id::{DocumentId, JobId, KnowledgeBaseId, WorkspaceId},
};

use super::knowledge_documents::{PAGE_MAX, Place, announce};
use crate::{Tx, params, statements};

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

statements! {
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
