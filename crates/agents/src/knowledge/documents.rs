//! Documents of knowledge bases as they come in, are shown and go (console contract, section 5.2).

use floe_model::agents::document_kind::{DocumentKind, FILE_BYTES_MAX};
use floe_model::id::{DocumentId, JobId, KnowledgeBaseId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::knowledge_chunks::{self, Chunk};
use floe_store::agents::knowledge_documents::{self as rows, Document, Page, Place};
use floe_store::agents::knowledge_files;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::bases::{self, hold};
use super::{reindex, sweep, work};
use crate::trail::{self, Note, Who};

/// Documents of a base at most.
const DOCUMENTS_MAX: i64 = 10_000;
/// Characters of a name at most.
pub const NAME_CHARS_MAX: usize = 255;
/// Entries of metadata at most.
const METADATA_ENTRIES_MAX: usize = 50;
/// Characters of the name of an entry at most.
const METADATA_NAME_MAX: usize = 100;
/// Bytes of metadata as JSON at most.
const METADATA_BYTES_MAX: usize = 8 * 1024;

/// A document that comes in, checked.
#[derive(Debug, Clone)]
pub struct NewDocument {
    name: String,
    kind: DocumentKind,
    url: Option<String>,
    sha256: [u8; 32],
    metadata: String,
    bytes: Vec<u8>,
}

/// What is told about a document that comes in.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Shown name; may be empty.
    pub name: String,
    /// The name of the file or the last part of its address; may be empty.
    pub file_name: String,
    /// What its sender says it is.
    pub media_type: Option<String>,
    /// Where it was fetched from.
    pub url: Option<String>,
    /// What people say about it; checked by [`read_metadata`].
    pub metadata: Map<String, Value>,
}

impl NewDocument {
    /// Checks a file. Its kind is found from its bytes, its name and what its sender says.
    ///
    /// # Errors
    /// 400 for an empty file; 413 for one that is too large; 415 for one of another kind. `field` is where it stood in the request.
    pub fn read(about: About, field: &str, bytes: Vec<u8>) -> Result<Self, Fault> {
        if bytes.is_empty() {
            return Err(Fault::field(field, "length", "The document is empty"));
        }
        if bytes.len() > FILE_BYTES_MAX {
            let most = FILE_BYTES_MAX / 1024 / 1024;
            return Err(Fault::new(
                FaultKind::TooLarge,
                "payload_too_large",
                format!("A document has at most {most} MiB"),
            ));
        }
        let About { name, file_name, media_type, url, metadata } = about;
        let (name, file_name) = (clean(&name), clean(file_name.rsplit(['/', '\\']).next().unwrap_or_default()));
        let kind_name = if file_name.is_empty() { &name } else { &file_name };
        let kind = DocumentKind::of(kind_name, media_type.as_deref(), &bytes).map_err(|unknown| {
            Fault::new(FaultKind::UnsupportedMedia, "unsupported_media_type", format!("The document {unknown}"))
        })?;
        let name = match (name.is_empty(), file_name.is_empty()) {
            (false, _) => name,
            (true, false) => file_name,
            (true, true) => format!("document.{}", kind.as_str()),
        };
        let metadata = Value::Object(metadata).to_string();
        Ok(Self { name, kind, url, sha256: Sha256::digest(&bytes).into(), metadata, bytes })
    }

    /// What two uploads of the same document have in common.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{:?} {} {} {:?}", self.sha256, self.name, self.metadata, self.url)
    }
}

/// Checks what people say about a document: names with texts, numbers and truth values, by which a search can filter.
///
/// # Errors
/// 400 naming the entry.
pub fn read_metadata(value: Value) -> Result<Map<String, Value>, Fault> {
    let wrong = |path: String, message: &str| Err(Fault::field(path, "value", message));
    let Value::Object(metadata) = value else {
        return wrong("/metadata".to_owned(), "metadata must be an object");
    };
    if metadata.len() > METADATA_ENTRIES_MAX {
        let message = format!("metadata has at most {METADATA_ENTRIES_MAX} entries");
        return wrong("/metadata".to_owned(), &message);
    }
    for (name, value) in &metadata {
        let is_text = |text: &str| !text.contains('\0');
        let fits = match value {
            Value::String(text) => is_text(text),
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        };
        if name.is_empty() || name.chars().count() > METADATA_NAME_MAX || !is_text(name) || !fits {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(METADATA_NAME_MAX).collect();
            return wrong(format!("/metadata/{shown}"), "metadata holds texts, numbers and truth values under names");
        }
    }
    if Value::Object(metadata.clone()).to_string().len() > METADATA_BYTES_MAX {
        let message = format!("metadata takes at most {} KiB", METADATA_BYTES_MAX / 1024);
        return wrong("/metadata".to_owned(), &message);
    }
    Ok(metadata)
}

/// Adds a document and the work on it. The same content again is the document that is there: `false` then.
///
/// # Errors
/// 404 for a base that is not there; 409 for one document too many.
pub fn add(tx: &mut Tx<'_>, ctx: &Ctx, base: &str, new: &NewDocument) -> Result<(Document, bool), Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let base = bases::resolve(tx, workspace, base)?;
    hold(tx, workspace, base)?;
    if let Some(known) = rows::with_content(tx, workspace, base, &new.sha256)? {
        return Ok((known, false));
    }
    if rows::count(tx, workspace, base, &Page::default())? >= DOCUMENTS_MAX {
        let message = format!("A knowledge base has at most {DOCUMENTS_MAX} documents");
        return Err(Fault::conflict("conflict", message));
    }
    let document = Document {
        workspace,
        base,
        id: ctx.ids.next(),
        name: new.name.clone(),
        kind: new.kind.as_str().to_owned(),
        url: new.url.clone(),
        bytes: new.bytes.len() as u64,
        sha256: new.sha256,
        metadata: new.metadata.clone(),
        status: "queued".to_owned(),
        progress: 0,
        error: None,
        waiting_since: Some(now),
        is_working: false,
        reindex_job: None,
        generation: 0,
        building: 0,
        staged: 0,
        chunks: 0,
        staged_chunks: 0,
        index_revision: 0,
        created_at: now,
        updated_at: now,
    };
    rows::insert(tx, &document)?;
    knowledge_files::put(tx, workspace, document.id, &new.bytes)?;
    work::pump(tx, ctx, workspace, base)?;
    note(tx, ctx, "added_document", &document)?;
    Ok((document, true))
}

/// A document of a base.
///
/// # Errors
/// 404.
pub fn require(tx: &mut Tx<'_>, workspace: WorkspaceId, base: &str, id: DocumentId) -> Result<Document, Fault> {
    let base = bases::resolve(tx, workspace, base)?;
    let place = Place { workspace, base, document: id };
    rows::find(tx, place)?.ok_or_else(|| Fault::not_found("Document"))
}

/// A page of documents, whether there are more, and how many there are when asked for.
///
/// # Errors
/// 404 for a base that is not there.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    base: &str,
    page: &Page,
    total: bool,
) -> Result<(Vec<Document>, bool, Option<i64>), Fault> {
    let base = bases::resolve(tx, workspace, base)?;
    let mut found = rows::list(tx, workspace, base, &Page { limit: page.limit + 1, ..page.clone() })?;
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    let total = if total { Some(rows::count(tx, workspace, base, page)?) } else { None };
    Ok((found, more, total))
}

/// Chunks of a document that a search sees, behind a place, and whether there are more.
///
/// # Errors
/// 404.
pub fn chunks(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    (base, id): (&str, DocumentId),
    after: Option<i64>,
    backwards: bool,
    limit: usize,
) -> Result<(Vec<Chunk>, bool, i64), Fault> {
    let document = require(tx, workspace, base, id)?;
    let mut found = knowledge_chunks::list(tx, document.place(), document.generation, after, backwards, limit + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more, document.chunks))
}

/// Takes a document away. A search finds nothing of it from then on; its file and chunks follow by a job.
///
/// # Errors
/// 404.
pub fn delete(tx: &mut Tx<'_>, ctx: &Ctx, base: &str, id: DocumentId) -> Result<(), Fault> {
    let workspace = ctx.caller.workspace;
    let base = bases::resolve(tx, workspace, base)?;
    hold(tx, workspace, base)?;
    let place = Place { workspace, base, document: id };
    let document = rows::find(tx, place)?.ok_or_else(|| Fault::not_found("Document"))?;
    rows::delete(tx, place)?;
    if document.generation > 0 {
        bases::touch(tx, workspace, base)?;
    }
    work::forget(tx, &document)?;
    sweep::after_document(tx, ctx, place)?;
    reindex::ended(tx, ctx, &document, true)?;
    work::pump(tx, ctx, workspace, base)?;
    note(tx, ctx, "deleted_document", &document)
}

/// Makes a document anew from its file; returns what people look at to see how far it is. A search sees the old one until the new one is
/// whole.
///
/// # Errors
/// 404.
pub fn remake(tx: &mut Tx<'_>, ctx: &Ctx, base: &str, id: DocumentId) -> Result<JobId, Fault> {
    let workspace = ctx.caller.workspace;
    let base = bases::resolve(tx, workspace, base)?;
    hold(tx, workspace, base)?;
    let place = Place { workspace, base, document: id };
    let document = rows::find(tx, place)?.ok_or_else(|| Fault::not_found("Document"))?;
    let job = reindex::of_document(tx, ctx, &document)?;
    note(tx, ctx, "reindexed_document", &document)?;
    Ok(job)
}

/// A name without control characters and blanks around it.
fn clean(name: &str) -> String {
    let kept: String = name.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect();
    kept.trim().to_owned()
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, action: &str, document: &Document) -> Result<(), Fault> {
    let base: KnowledgeBaseId = document.base;
    let detail = json!({ "knowledge_base_id": base.prefixed(), "kind": document.kind, "bytes": document.bytes });
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "document", document.id.0, &document.name, detail))
}
