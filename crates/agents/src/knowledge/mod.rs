//! Knowledge: documents that people give, read, cut into passages and made searchable (console contract, section 5.2).
//!
//! A document is written down with its file before it is answered. A job reads the file, cuts its text and keeps the passages with their
//! vectors as a generation beside the one that a search sees; the two change places in one transaction.
//!
//! Start reading with `documents.rs` for what comes in, then `work` for what is done with it.

pub mod bases;
pub mod documents;
pub mod fetch;
pub mod reindex;
pub mod search;
mod sweep;
pub mod uses;
mod work;

use std::sync::Arc;

use floe_model::{Fault, Mode, Scope};
use floe_runtime::Ctx;
use floe_runtime::jobs::JobHandler;
use floe_runtime::models::Models;
use floe_store::agents::{knowledge_bases, knowledge_documents};

use extract::child::Readers;

pub use floe_runtime::documents as extract;
pub use knowledge_bases::{Base, Page as BasePage};
pub use knowledge_documents::{Document, Page as DocumentPage, Place};

/// What the work on documents needs beside the platform.
pub struct Knowledge {
    models: Arc<dyn Models>,
    readers: Readers,
}

impl Knowledge {
    /// Knowledge whose vectors come from these models.
    #[must_use]
    pub fn new(models: Arc<dyn Models>) -> Self {
        Self { models, readers: Readers::default() }
    }

    /// The same with other readers of files.
    #[must_use]
    pub fn with_readers(self, readers: Readers) -> Self {
        Self { readers, ..self }
    }

    /// The configured name of an embedding model; none means the built-in one.
    ///
    /// # Errors
    /// 400 when there is no such model.
    pub async fn embedding_model(&self, ctx: &Ctx, name: Option<&str>) -> Result<String, Fault> {
        let scope = Scope { workspace: ctx.caller.workspace, mode: Mode::Live };
        let found = self.models.find_embedding(scope, name).await?;
        let message = "There is no embedding model with this name";
        found.map(|model| model.name).ok_or_else(|| Fault::field("/embedding_model", "value", message))
    }
}

/// Durable work on knowledge.
#[must_use]
pub fn handlers(knowledge: &Arc<Knowledge>) -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(work::IndexDocument::new(Arc::clone(knowledge))), Arc::new(sweep::Sweep)]
}
