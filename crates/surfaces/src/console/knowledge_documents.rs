//! `/knowledge-bases/{id}/documents`: what a knowledge base consists of (console contract, section 5.2).

use floe_agents::knowledge::documents::{self, About, NAME_CHARS_MAX, NewDocument, read_metadata};
use floe_agents::knowledge::{Document, DocumentPage, fetch};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::agents::document_kind::FILE_BYTES_MAX;
use floe_model::id::DocumentId;
use floe_store::agents::knowledge_chunks::Chunk;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, knowledge as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Incoming, Reply, Route, check_json, is_multipart};

/// Bytes of a form beside its file at most.
const AROUND_BYTES: usize = 64 * 1024;
/// Parts of a form at most.
const PARTS_MAX: usize = 20;
/// Bytes of a text beside a file at most.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Characters of the text of a document that is sent as JSON; a longer one is a file.
const CONTENT_CHARS_MAX: usize = 2 * 1024 * 1024;
const STATUSES: [&str; 6] = ["queued", "extracting", "chunking", "embedding", "ready", "failed"];

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/knowledge-bases/{id}/documents";
    const ONE: &str = "/console/v1/knowledge-bases/{id}/documents/{doc_id}";
    vec![
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List documents of a knowledge base")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("status", shapes::STATUS, "In one state")
            .query("q", TEXT, "Part of the name")
            .answers(200, shapes::DOCUMENTS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, add)
            .needs(Permission::Build)
            .raw_body()
            .body_limit(FILE_BYTES_MAX + AROUND_BYTES)
            .doc("Add a document")
            .about(
                "A file, a text, or an address that is fetched once. The same content once more is answered with 200.",
            )
            .takes(shapes::NEW_DOCUMENT)
            .or_takes_media("multipart/form-data", shapes::NEW_DOCUMENT_FILE)
            .answers(202, shapes::DOCUMENT)
            .answers(200, shapes::DOCUMENT)
            .refuses(409, &["conflict"])
            .refuses(415, &["unsupported_media_type"])
            .refuses(422, &["outbound_blocked"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a document")
            .answers(200, shapes::DOCUMENT),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .needs(Permission::Build)
            .doc("Delete a document")
            .answers_nothing(204),
        Route::get(&SURFACE, "/console/v1/knowledge-bases/{id}/documents/{doc_id}/chunks", Auth::MEMBER, chunks)
            .needs(Permission::Read)
            .doc("List chunks of a document")
            .queries(WINDOW)
            .query("sort", BY_AGE, "In the order of the document unless given")
            .answers(200, shapes::CHUNKS),
        Route::post(&SURFACE, "/console/v1/knowledge-bases/{id}/documents/{doc_id}/reindex", Auth::MEMBER, remake)
            .needs(Permission::Build)
            .doc("Reindex a document")
            .about("Reads and embeds its file again. Searches use the old chunks until the new ones are whole.")
            .answers(202, shapes::REINDEX),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["status", "q"])?;
    let status = call.query.get("status").map(|word| {
        let message = || format!("status must be one of: {}", STATUSES.join(", "));
        let known = STATUSES.iter().find(|known| **known == word).map(|word| (*word).to_owned());
        known.ok_or_else(|| Fault::field("/status", "value", message()))
    });
    let page = DocumentPage {
        status: status.transpose()?,
        q: call.query.get("q").map(|text| text.chars().take(100).collect()),
        newest_first: window.newest_first,
        after: window.after.map(DocumentId),
        limit: window.limit,
    };
    let (workspace, base, with_total) = (call.ctx.caller.workspace, base_of(&call)?, window.total);
    let shown_base = base.clone();
    let reading = move |tx: &mut floe_store::Tx<'_>| documents::list(tx, workspace, &base, &page, with_total);
    let (found, more, total) = call.ctx.store.read(reading).await?;
    let data = found.iter().map(|document| object(&shown_base, document)).collect::<Result<Vec<Value>, Fault>>()?;
    Reply::ok(&window.page(data, found.last().map(|document| document.id.0), more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (workspace, base, id) = (call.ctx.caller.workspace, base_of(&call)?, document_of(&call)?);
    let shown_base = base.clone();
    let found = call.ctx.store.read(move |tx| documents::require(tx, workspace, &base, id)).await?;
    Reply::ok(&object(&shown_base, &found)?)
}

async fn add(call: Call) -> Result<Reply, Fault> {
    let (about, bytes, field) = match read(&call).await? {
        Sent::File { about, bytes } => (about, bytes, "/file"),
        Sent::Text { about, content } => (about, content.into_bytes(), "/content"),
        Sent::Address { about, url } => {
            // What was fetched once is not fetched again for a repeat.
            if let Some(reply) = call.answered().await? {
                return Ok(reply);
            }
            let fetched = fetch::fetch(&call.ctx, &url).await?;
            let About { name, metadata, .. } = about;
            let media_type = fetched.media_type;
            (About { name, file_name: fetched.name, media_type, url: Some(url), metadata }, fetched.bytes, "/url")
        }
    };
    let is_fetched = about.url.is_some();
    let checking = tokio::task::spawn_blocking(move || NewDocument::read(about, field, bytes));
    let new = checking.await.map_err(Fault::internal)??;
    let (ctx, base, identity) = (call.ctx.clone(), base_of(&call)?, new.identity());
    let shown_base = base.clone();
    let act = move |tx: &mut floe_store::Tx<'_>| documents::add(tx, &ctx, &base, &new);
    let render = move |(document, is_new): (Document, bool)| {
        let status = if is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
        Reply::json(status, &object(&shown_base, &document)?)
    };
    // What is behind an address may differ from one time to the next, so a repeat is told by the address.
    if is_fetched { call.commit(act, render).await } else { call.commit_content(&identity, act, render).await }
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (ctx, base, id) = (call.ctx.clone(), base_of(&call)?, document_of(&call)?);
    call.commit(move |tx| documents::delete(tx, &ctx, &base, id), |()| Ok(Reply::no_content())).await
}

async fn remake(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    let (ctx, base, id) = (call.ctx.clone(), base_of(&call)?, document_of(&call)?);
    let accepted = |job: floe_model::id::JobId| Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": job.prefixed() }));
    call.commit(move |tx| documents::remake(tx, &ctx, &base, id), accepted).await
}

async fn chunks(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    let (workspace, base, id) = (call.ctx.caller.workspace, base_of(&call)?, document_of(&call)?);
    // Newest first is the usual order of lists; of chunks it is the one in which they are read.
    let backwards = window.newest_first && call.query.get("sort").is_some();
    // No record of a list has the id 0, so places count from 1 in cursors.
    let after = window.after.map(|place| i64::try_from(place).unwrap_or(i64::MAX) - 1);
    let limit = window.limit;
    let reading =
        move |tx: &mut floe_store::Tx<'_>| documents::chunks(tx, workspace, (&base, id), after, backwards, limit);
    let (found, more, total) = call.ctx.store.read(reading).await?;
    let data = found.iter().map(chunk).collect::<Result<Vec<Value>, Fault>>()?;
    let last = found.last().map(|chunk| u128::from(chunk.position.unsigned_abs()) + 1);
    Reply::ok(&window.page(data, last, more, Some(total)))
}

/// A document as it was sent.
enum Sent {
    File { about: About, bytes: Vec<u8> },
    Text { about: About, content: String },
    Address { about: About, url: String },
}

async fn read(call: &Call) -> Result<Sent, Fault> {
    let media = call.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    if is_multipart(media) || call.header("x-file-name").is_some() {
        return read_form(call).await;
    }
    check_json(&call.headers)?;
    read_json(call)
}

fn read_json(call: &Call) -> Result<Sent, Fault> {
    let mut body = call.fields()?;
    let is_empty = !body.has("content") && !body.has("url");
    let name = body.text("name", 1, NAME_CHARS_MAX);
    let content = body.text("content", 1, CONTENT_CHARS_MAX);
    let url = body.text("url", 1, 2_000);
    let metadata = body.value("metadata");
    match (&content, &url) {
        (Some(_), Some(_)) => body.problem("url", "conflict", "Give either content or url"),
        (None, None) if is_empty => body.problem("content", "required", "Give content, url or a file"),
        (Some(_), None) if name.is_none() => body.problem("name", "required", "name is required with content"),
        _ => {}
    }
    body.finish()?;
    let metadata = metadata.map(read_metadata).transpose()?.unwrap_or_default();
    let about = About { name: name.unwrap_or_default(), metadata, ..About::default() };
    match (content, url) {
        (Some(content), _) => Ok(Sent::Text { about, content }),
        (None, url) => Ok(Sent::Address { about, url: url.unwrap_or_default() }),
    }
}

async fn read_form(call: &Call) -> Result<Sent, Fault> {
    let media = call.header(CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
    let mut incoming = Incoming::of_whole(call)?;
    let (mut file, mut name, mut metadata) = (None, String::new(), Map::new());
    let mut count = 0;
    while let Some((part, content)) = incoming.next_part(call).await? {
        count += 1;
        if count > PARTS_MAX {
            return Err(Fault::field("", "parts", format!("The form has more than {PARTS_MAX} parts")));
        }
        match part.as_str() {
            "file" => {
                let file_name = content.name.clone();
                if file.replace((file_name, content.whole(call, FILE_BYTES_MAX).await?)).is_some() {
                    return Err(Fault::field("/file", "repeated", "The form has two parts named file"));
                }
            }
            "name" => {
                name = text_of(content.whole(call, TEXT_BYTES_MAX).await?, "name")?;
                if name.chars().count() > NAME_CHARS_MAX {
                    let message = format!("name must have at most {NAME_CHARS_MAX} characters");
                    return Err(Fault::field("/name", "length", message));
                }
            }
            "metadata" => {
                let text = text_of(content.whole(call, TEXT_BYTES_MAX).await?, "metadata")?;
                let value = serde_json::from_str(&text)
                    .map_err(|_| Fault::field("/metadata", "type", "metadata must be JSON"))?;
                metadata = read_metadata(value)?;
            }
            _ => {
                let shown: String = part.chars().take(100).collect();
                let message = format!("There is no field {shown:?} here");
                let fault = Fault::new(floe_model::FaultKind::Invalid, "unknown_field", message);
                return Err(fault.with_details(json!({ "field": shown })));
            }
        }
    }
    let (file_name, bytes) = file.ok_or_else(|| Fault::field("/file", "required", "file is required"))?;
    let media_type = (!is_multipart(&media)).then_some(media);
    Ok(Sent::File { about: About { name, file_name, media_type, url: None, metadata }, bytes })
}

fn text_of(bytes: Vec<u8>, part: &str) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|_| Fault::field(format!("/{part}"), "type", format!("{part} must be UTF-8 text")))
}

fn base_of(call: &Call) -> Result<String, Fault> {
    call.param("id").map(str::to_owned)
}

/// The document of the path. No document has the id 0, which stands for what is no id: the base is looked for first.
fn document_of(call: &Call) -> Result<DocumentId, Fault> {
    Ok(DocumentId::parse(call.param("doc_id")?).unwrap_or(DocumentId(0)))
}

fn object(base: &str, document: &Document) -> Result<Value, Fault> {
    let digest: String = document.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let metadata: Value = serde_json::from_str(&document.metadata).map_err(Fault::internal)?;
    // A base that has an id from elsewhere is told by it.
    let base = if floe_model::id::parse_bits(base).is_ok() { document.base.prefixed() } else { base.to_owned() };
    Ok(json!({
        "id": document.id.prefixed(),
        "knowledge_base_id": base,
        "name": document.name,
        "type": document.kind,
        "url": document.url,
        "status": document.status,
        "progress": document.progress,
        "chunks": document.chunks,
        "bytes": document.bytes,
        "sha256": digest,
        "error": document.error.as_ref().map(|(code, message)| json!({ "code": code, "message": message })),
        "metadata": metadata,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }))
}

fn chunk(chunk: &Chunk) -> Result<Value, Fault> {
    let metadata: Value = serde_json::from_str(&chunk.metadata).map_err(Fault::internal)?;
    Ok(json!({
        "id": chunk.id.prefixed(), "chunk_index": chunk.position, "content": chunk.text, "metadata": metadata,
    }))
}
