//! Taking away what no search sees any more, some at a time: chunks of old generations, and everything of what was deleted.

use std::sync::Arc;

use floe_model::Fault;
use floe_model::id::{DocumentId, JobId, KnowledgeBaseId, WorkspaceId};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::Tx;
use floe_store::agents::knowledge_documents::{self as documents, Place};
use floe_store::agents::{knowledge_bases, knowledge_chunks, knowledge_files};
use floe_store::platform::jobs::{self, Job, Lease, NewJob};
use serde::{Deserialize, Serialize};

/// The kind of the job.
const KIND: &str = "knowledge.sweep";
/// Chunks that are taken away in one transaction.
const CHUNKS_MAX: usize = 200;
/// Documents that are looked at between two pages.
const PAGE: usize = 100;
/// How long the claim of the job lasts from each step on.
const LEASE_MS: i64 = 60_000;

/// Does the job.
pub(super) struct Sweep;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Payload {
    base: KnowledgeBaseId,
    /// One document; none for all of the base.
    document: Option<DocumentId>,
}

/// Makes the work after a document was deleted or made anew.
pub(super) fn after_document(tx: &mut Tx<'_>, platform: &Platform, at: Place) -> Result<(), Fault> {
    enqueue(tx, platform, at.workspace, at.document.0, Payload { base: at.base, document: Some(at.document) })
}

/// Makes the work after a base was deleted or made anew.
pub(super) fn after_base(
    tx: &mut Tx<'_>,
    platform: &Platform,
    base: KnowledgeBaseId,
    workspace: WorkspaceId,
) -> Result<(), Fault> {
    enqueue(tx, platform, workspace, base.0, Payload { base, document: None })
}

fn enqueue(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    subject: u128,
    payload: Payload,
) -> Result<(), Fault> {
    let now = platform.clock.now();
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace,
        mode: None,
        kind: KIND,
        subject_id: Some(subject),
        payload: serde_json::to_string(&payload).map_err(Fault::internal)?,
        due_at: now,
        created_at: now,
    };
    jobs::enqueue(tx, &job)
}

impl JobHandler for Sweep {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Payload { base, document } = serde_json::from_str(&job.payload).map_err(Fault::internal)?;
            let (workspace, lease) = (job.workspace, job.lease());
            if let Some(document) = document {
                sweep_document(platform, lease, Place { workspace, base, document }).await?;
                return Ok(());
            }
            let mut after = DocumentId(0);
            loop {
                let ids = platform.store.read(move |tx| documents::ids(tx, workspace, base, after, PAGE)).await?;
                let Some(last) = ids.last().copied() else { return Ok(()) };
                for document in ids {
                    if !sweep_document(platform, lease, Place { workspace, base, document }).await? {
                        return Ok(());
                    }
                }
                after = last;
            }
        })
    }
}

/// Takes away what is left of a document; false when the claim of the job is void.
async fn sweep_document(platform: &Arc<Platform>, lease: Lease, at: Place) -> Result<bool, Fault> {
    loop {
        let until = platform.clock.now().plus_millis(LEASE_MS);
        let step = platform.store.write_later(move |tx| {
            if !jobs::extend(tx, lease, until)? {
                return Ok(None);
            }
            step(tx, at).map(Some)
        });
        match step.await? {
            None => return Ok(false),
            Some(true) => return Ok(true),
            Some(false) => {}
        }
    }
}

/// Takes some away; true when nothing is left to take.
fn step(tx: &mut Tx<'_>, at: Place) -> Result<bool, Fault> {
    let base_is_there = knowledge_bases::find(tx, at.workspace, at.base)?.is_some();
    let document = documents::find(tx, at)?.filter(|_| base_is_there);
    // Generations count from 1, so 0 keeps nothing.
    let keep = document.as_ref().map_or([0; 3], |document| {
        let building = if document.waiting_since.is_some() { document.building } else { 0 };
        [document.generation, document.staged, building]
    });
    let taken = knowledge_chunks::delete_others(tx, at, keep, CHUNKS_MAX)?;
    if taken >= CHUNKS_MAX as u64 {
        return Ok(false);
    }
    if document.is_none() {
        knowledge_files::delete(tx, at.workspace, at.document)?;
        documents::delete(tx, at)?;
    }
    Ok(true)
}
