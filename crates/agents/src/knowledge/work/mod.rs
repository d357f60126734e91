//! The work on a document: its file is read, its text cut, its passages kept with their vectors (console contract, section 5.2).
//!
//! A base works on few documents at a time, the longest waiting first: whatever ends the work on one begins that on the next, in the same
//! transaction. The claim of the job is extended with everything that is written, so a node that lost it writes nothing. What a killed
//! process had kept is gone on with when its passages are still the same.

mod steps;

use std::sync::Arc;

use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Block, Passage};
use floe_model::id::{JobId, KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, FaultKind, Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_runtime::models::{EmbedCall, ModelFault};
use floe_store::Tx;
use floe_store::agents::knowledge_bases::Base;
use floe_store::agents::knowledge_documents::{self as documents, Document, Place};
use floe_store::agents::knowledge_files;
use floe_store::platform::jobs::{self, Job, NewJob};

use super::Knowledge;
use super::extract::child::ReadFailure;
use steps::Batch;

/// The kind of the job.
const KIND: &str = "knowledge.index";
/// Documents of one base that are worked on at a time.
const WORKING_MAX: i64 = 2;
/// Passages that are embedded and kept at a time.
const BATCH: usize = 128;
/// Tries before a document counts as failed, when it is not the document that is wrong.
const ATTEMPTS_MAX: u32 = 10;
/// Time for the vectors of one batch.
const EMBED_MS: u64 = 60_000;
/// The code of the fault that undoes a write of a node whose claim is void.
const LOST: &str = "claim_lost";

/// Gives jobs to the documents that waited longest, as many as a base may work on. Its base is held.
///
/// # Errors
/// Of the database.
pub(super) fn pump(
    tx: &mut Tx<'_>,
    platform: &Platform,
    workspace: WorkspaceId,
    base: KnowledgeBaseId,
) -> Result<(), Fault> {
    let room = WORKING_MAX - documents::working(tx, workspace, base)?;
    for document in documents::next(tx, workspace, base, usize::try_from(room).unwrap_or(0))? {
        start(tx, platform, Place { workspace, base, document })?;
    }
    Ok(())
}

/// Gives a document its job; one that it had is void.
///
/// # Errors
/// Of the database.
pub(super) fn start(tx: &mut Tx<'_>, platform: &Platform, at: Place) -> Result<(), Fault> {
    let now = platform.clock.now();
    documents::work(tx, at)?;
    let job = NewJob {
        id: platform.ids.next::<JobId>(),
        workspace: at.workspace,
        mode: None,
        kind: KIND,
        subject_id: Some(at.document.0),
        payload: serde_json::to_string(&at.base).map_err(Fault::internal)?,
        due_at: now,
        created_at: now,
    };
    jobs::enqueue(tx, &job)
}

/// Takes the job of a document away.
///
/// # Errors
/// Of the database.
pub(super) fn forget(tx: &mut Tx<'_>, document: &Document) -> Result<(), Fault> {
    jobs::cancel(tx, KIND, document.id.0).map(drop)
}

/// Does the job.
pub(super) struct IndexDocument {
    knowledge: Arc<Knowledge>,
}

/// What is to be done, as it was when the work began.
#[derive(Debug, Clone)]
struct Plan {
    place: Place,
    kind: String,
    /// The generation that is built.
    generation: i64,
    /// Passages of it that are kept already.
    kept: usize,
    how: How,
    /// How long vectors must be; none when they are the first.
    dimensions: Option<i64>,
}

/// With what a document is made: when it changes on the way, the work begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct How {
    model: String,
    size: u32,
    overlap: u32,
    is_reindex: bool,
}

impl How {
    fn of(base: &Base) -> Self {
        let is_reindex = base.reindex_job.is_some();
        let model = if is_reindex { &base.embedding_model } else { &base.index_model };
        Self { model: model.clone(), size: base.chunk_size, overlap: base.chunk_overlap, is_reindex }
    }
}

/// Why a document was not made.
enum Stop {
    /// It is the document, or what was chosen for its base: code and sentence.
    Failed(&'static str, String),
    /// Something else; the same can be done later.
    Later(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Later(fault)
    }
}

impl JobHandler for IndexDocument {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let done = match self.work(platform, job).await {
                Ok(()) => Ok(()),
                Err(Stop::Failed(code, message)) => steps::fail(platform, job, code, message).await,
                Err(Stop::Later(fault)) if fault.code() != LOST && job.attempts >= ATTEMPTS_MAX => {
                    tracing::warn!(document.id = job.subject_id, %fault, "a document could not be made searchable");
                    steps::fail(platform, job, "unavailable", "The work failed too often; try again later".to_owned())
                        .await
                }
                Err(Stop::Later(fault)) => Err(fault),
            };
            // Somebody else has the job, or nobody has it any more: nothing was written, and nothing is to be done.
            done.or_else(|fault| if fault.code() == LOST { Ok(()) } else { Err(fault) })
        })
    }
}

impl IndexDocument {
    pub(super) fn new(knowledge: Arc<Knowledge>) -> Self {
        Self { knowledge }
    }

    async fn work(&self, platform: &Arc<Platform>, job: &Job) -> Result<(), Stop> {
        let Some(mut plan) = steps::begin(platform, job).await? else { return Ok(()) };
        let passages = self.read(platform, &plan).await?;
        let passages = steps::cut_on(platform, job, &mut plan, passages).await?;
        let mut dimensions = plan.dimensions;
        for (at, batch) in passages.chunks(BATCH).enumerate() {
            let first = at * BATCH;
            // What a killed process kept ends with a whole batch.
            if first + batch.len() <= plan.kept {
                continue;
            }
            let vectors = self.embed(&plan, batch, &mut dimensions).await?;
            steps::keep(
                platform,
                job,
                &plan,
                Batch { first, total: passages.len(), passages: batch.to_vec(), vectors },
            )
            .await?;
        }
        steps::finish(platform, job, plan, passages.len(), dimensions).await?;
        Ok(())
    }

    /// The text of the file, as blocks.
    async fn read(&self, platform: &Arc<Platform>, plan: &Plan) -> Result<Vec<Block>, Stop> {
        let Place { workspace, document, .. } = plan.place;
        let bytes = platform.store.read(move |tx| knowledge_files::whole(tx, workspace, document)).await?;
        let kind = DocumentKind::parse(&plan.kind).filter(|_| !bytes.is_empty());
        let Some(kind) = kind else {
            return Err(Stop::Failed("missing_file", "The file is no longer there".to_owned()));
        };
        self.knowledge.readers.read(kind, bytes).await.map_err(|failure| match failure {
            ReadFailure::File(why) => Stop::Failed(why.code(), sentence(&why.to_string())),
            ReadFailure::Server(fault) => Stop::Later(fault),
        })
    }

    /// Vectors of passages, all as long as those before.
    async fn embed(&self, plan: &Plan, batch: &[Passage], dimensions: &mut Option<i64>) -> Result<Vec<Vec<f32>>, Stop> {
        let scope = Scope { workspace: plan.place.workspace, mode: Mode::Live };
        let texts = batch.iter().map(Passage::with_section).collect();
        let call = EmbedCall { model: Some(plan.how.model.clone()), texts, deadline_ms: EMBED_MS };
        let embedded = self.knowledge.models.embed(scope, &call).await.map_err(|failure| of_model(&failure.fault))?;
        let length = embedded.vectors.first().map_or(0, Vec::len);
        let is_even = length > 0 && embedded.vectors.iter().all(|vector| vector.len() == length);
        if embedded.vectors.len() != batch.len() || !is_even {
            return Err(of_model(&ModelFault::Malformed));
        }
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        match *dimensions.get_or_insert(length) {
            known if known == length => Ok(embedded.vectors),
            known => {
                let message = format!(
                    "The embedding model makes vectors of {length} values, those of the index have {known}; reindex the knowledge base"
                );
                Err(Stop::Failed("dimensions_changed", message))
            }
        }
    }
}

/// What a failing model means for the document.
fn of_model(fault: &ModelFault) -> Stop {
    match fault {
        fault if fault.is_busy() => Stop::Later(Fault::new(FaultKind::Overloaded, "model_busy", fault.to_string())),
        ModelFault::Malformed => Stop::Later(Fault::internal(fault.to_string())),
        fault => Stop::Failed("embedding_failed", sentence(&format!("the embedding model failed: {fault}"))),
    }
}

/// With a capital letter at its start.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
