//! Making what is there anew, while searches go on with what is old (console contract, section 5.2).
//!
//! A reindex of a base builds another generation of each document. They change places together, when the last one is whole: vectors of two
//! models cannot be compared with one question. People follow it as a job (`GET /jobs/{id}`) and can stop it there.

use floe_model::id::{JobId, KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::agents::knowledge_bases::{self, Base};
use floe_store::agents::knowledge_chunks;
use floe_store::agents::knowledge_documents::{self as documents, Document};
use floe_store::flows::bulk::{self, BulkJob};
use serde_json::{Value, json};

use super::bases::{self, hold};
use super::{sweep, work};
use crate::trail::{self, Note, Who};

/// What the job is called where jobs are shown.
const KIND: &str = "knowledge.reindex";

/// Makes every document of a base anew, with the model and the sizes that it has now; returns what people look at.
///
/// # Errors
/// 404.
pub fn of_base(tx: &mut Tx<'_>, ctx: &Ctx, text: &str) -> Result<JobId, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let id = bases::resolve(tx, workspace, text)?;
    hold(tx, workspace, id)?;
    let base = bases::require(tx, workspace, id)?;
    end_jobs(tx, &base, now)?;
    let job: JobId = ctx.ids.next();
    let total = documents::queue_all(tx, workspace, id, job, now)?;
    begin_job(tx, ctx, job, total, json!({ "knowledge_base_id": id.prefixed() }))?;
    knowledge_bases::set_reindex(tx, workspace, id, Some(job))?;
    work::pump(tx, ctx, workspace, id)?;
    // A base without documents is whole at once.
    settle(tx, ctx, workspace, id)?;
    let note = Note::new("reindexed_knowledge_base", "knowledge_base", id.0, &base.name, json!({ "documents": total }));
    trail::note(tx, ctx, &Who::caller(ctx), note)?;
    Ok(job)
}

/// Makes one document anew; its base is held.
pub(super) fn of_document(tx: &mut Tx<'_>, ctx: &Ctx, document: &Document) -> Result<JobId, Fault> {
    let (workspace, now) = (document.workspace, ctx.now());
    let base = bases::require(tx, workspace, document.base)?;
    if let Some(before) = document.reindex_job.filter(|job| base.reindex_job != Some(*job)) {
        bulk::end(tx, workspace, before, "cancelled", now)?;
    }
    let job: JobId = ctx.ids.next();
    begin_job(tx, ctx, job, 1, json!({ "document_id": document.id.prefixed() }))?;
    documents::queue(tx, document.place(), Some(job), now)?;
    // Somebody waits for it, so it does not wait behind others.
    work::start(tx, ctx, document.place())?;
    Ok(job)
}

/// Tells those who follow the work on a document that it has ended.
pub(super) fn ended(tx: &mut Tx<'_>, platform: &Platform, document: &Document, is_done: bool) -> Result<(), Fault> {
    let workspace = document.workspace;
    if let Some(job) = document.reindex_job {
        bulk::count(tx, workspace, job, u64::from(is_done), u64::from(!is_done))?;
        let base = knowledge_bases::find(tx, workspace, document.base)?;
        if base.is_none_or(|base| base.reindex_job != Some(job)) {
            bulk::end(tx, workspace, job, "done", platform.clock.now())?;
        }
    }
    settle(tx, platform, workspace, document.base)
}

/// Ends the reindex of a base when nothing is left to do: what was made anew takes the place of what is old. With another model that is
/// done only when every document was made anew, since an old one could not be found any more; otherwise all stays as it was.
fn settle(tx: &mut Tx<'_>, platform: &Platform, workspace: WorkspaceId, id: KnowledgeBaseId) -> Result<(), Fault> {
    let Some(base) = knowledge_bases::find(tx, workspace, id)? else { return Ok(()) };
    let Some(job) = base.reindex_job else { return Ok(()) };
    let left = documents::unfinished(tx, workspace, id)?;
    if left.open > 0 {
        return Ok(());
    }
    let now = platform.clock.now();
    knowledge_bases::set_reindex(tx, workspace, id, None)?;
    if left.failed == 0 || base.index_model == base.embedding_model {
        let revision = bases::touch(tx, workspace, id)?;
        documents::switch(tx, workspace, id, revision)?;
        let dimensions = knowledge_chunks::dimensions(tx, workspace, id)?;
        knowledge_bases::set_index(tx, workspace, id, &base.embedding_model, dimensions)?;
    } else {
        documents::discard(tx, workspace, id, now)?;
        work::pump(tx, platform, workspace, id)?;
    }
    bulk::end(tx, workspace, job, "done", now)?;
    sweep::after_base(tx, platform, id, workspace)
}

/// Whether those who asked for the work on a document have stopped it. What it was made for is given up then: documents that a search
/// sees stay as they are.
pub(super) fn was_stopped(tx: &mut Tx<'_>, platform: &Platform, document: &Document) -> Result<bool, Fault> {
    let (workspace, base) = (document.workspace, document.base);
    let Some(job) = document.reindex_job else { return Ok(false) };
    if bulk::find(tx, workspace, job)?.is_none_or(|row| row.status != "cancelled") {
        return Ok(false);
    }
    documents::restore(tx, workspace, base, job)?;
    if knowledge_bases::find(tx, workspace, base)?.is_some_and(|found| found.reindex_job == Some(job)) {
        documents::discard(tx, workspace, base, platform.clock.now())?;
        knowledge_bases::set_reindex(tx, workspace, base, None)?;
    }
    work::pump(tx, platform, workspace, base)?;
    sweep::after_base(tx, platform, base, workspace)?;
    Ok(true)
}

/// The chosen model holds at once where nothing was made with another one.
pub(super) fn adopt_model(tx: &mut Tx<'_>, base: &Base) -> Result<(), Fault> {
    if base.chunks > 0 || base.reindex_job.is_some() {
        return Ok(());
    }
    knowledge_bases::set_index(tx, base.workspace, base.id, &base.embedding_model, None)
}

/// Ends what people follow of a base as stopped: it begins anew, or the base goes.
pub(super) fn end_jobs(tx: &mut Tx<'_>, base: &Base, now: Timestamp) -> Result<(), Fault> {
    let of_documents = documents::jobs(tx, base.workspace, base.id)?;
    for job in of_documents.into_iter().chain(base.reindex_job) {
        bulk::end(tx, base.workspace, job, "cancelled", now)?;
    }
    Ok(())
}

fn begin_job(tx: &mut Tx<'_>, ctx: &Ctx, id: JobId, total: u64, request: Value) -> Result<(), Fault> {
    let actor = ctx.caller.actor();
    let job = BulkJob {
        workspace: ctx.caller.workspace,
        id,
        kind: KIND.to_owned(),
        status: "running".to_owned(),
        request: request.to_string(),
        actor: json!({ "type": actor.kind, "id": actor.id, "name": actor.name }).to_string(),
        total,
        done: 0,
        failed: 0,
        created_at: ctx.now(),
        finished_at: None,
    };
    bulk::insert(tx, &job, &[])
}
