//! The node type `files`: files as inputs of a workflow, their text taken out and cut into passages.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::agents::document_kind::DocumentKind;
use floe_model::agents::passages::{Block, Passage, cut};
use floe_runtime::Platform;
use floe_runtime::documents::Unreadable;
use floe_runtime::documents::child::{ReadFailure, Readers};
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Map, Value, json};

use super::super::config::{Config, given as of_run, parsed};
use super::super::failure::{invalid, of_reading};
use super::super::spec;
use super::kinds::{is_allowed, media_of};
use super::source::{Given, given};

/// Characters of a passage unless the node says otherwise (Workflow API contract, section 18).
const CHUNK_CHARS: u64 = 1_000;
/// Characters that a passage repeats of the one before.
const OVERLAP_CHARS: u64 = 200;
/// Files of one node at most.
const FILES_MAX: usize = 20;
/// Bytes of a picture at most that stands in the record itself, for nodes that look at it.
const PICTURE_BYTES_MAX: usize = 512 * 1024;

static SPEC: StepSpec = spec::outside("node-files", "Files");

/// Reads files.
pub(in super::super) struct FileInput(pub(in super::super) Readers);

impl Effect for FileInput {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn sees_context(&self) -> bool {
        true
    }

    /// It may fetch files, and changes nothing.
    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(platform, &self.0, &call).await.into() })
    }
}

async fn run(platform: &Arc<Platform>, readers: &Readers, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let name = config.text(&["inputName", "inputVariable", "variableName"])?;
    let name = name.as_deref().unwrap_or("files");
    let values = values(call, name);
    if values.is_empty() && config.flag(&["required"], true)? {
        return Err(invalid(format!("{name} is missing")));
    }
    if values.len() > FILES_MAX {
        return Err(invalid(format!("{name} has more than {FILES_MAX} files")));
    }
    let allowed = allowed(config)?;
    let (size, overlap) = chunk_options(config)?;
    let mut read = Vec::new();
    for value in &values {
        let file = given(platform, call, value).await?;
        let media_type = media_type(&file);
        if !is_allowed(&allowed, &file.name, &media_type) {
            return Err(invalid(format!("{} is not of an allowed type", file.name)));
        }
        let blocks = blocks(readers, &file, !allowed.is_empty()).await?;
        read.push((file, media_type, blocks));
    }
    Ok(record(&read, size, overlap))
}

/// The files that the run was given under a name.
fn values(call: &EffectCall, name: &str) -> Vec<Value> {
    let of_run = || of_run(call.context.as_ref(), name);
    let Some(value) = Config(&call.input).get(&["files", "value"]).or_else(of_run) else { return Vec::new() };
    match parsed(value).into_owned() {
        Value::Array(items) => items.into_iter().filter(|item| !item.is_null()).collect(),
        Value::Object(mut map) if map.get("files").is_some_and(Value::is_array) => match map.remove("files") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        // A text that is no reference is the content itself.
        Value::String(text) if !is_reference(&text) => {
            if text.trim().is_empty() {
                Vec::new()
            } else {
                vec![json!({ "text": text })]
            }
        }
        other => vec![other],
    }
}

fn is_reference(text: &str) -> bool {
    let text = text.trim();
    ["data:", "http://", "https://"].iter().any(|start| text.starts_with(start))
}

fn allowed(config: Config<'_>) -> Result<Vec<String>, StepError> {
    let wrong = || invalid("allowedFileTypes is not a list of types");
    match config.get(&["allowedFileTypes", "allowedTypes", "acceptedTypes"]).map(parsed).as_deref() {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            Ok(text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect())
        }
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// `chunkSize` and `chunkOverlap` in characters.
pub(in super::super) fn chunk_options(config: Config<'_>) -> Result<(usize, usize), StepError> {
    let size = config.number(&["chunkSize"], CHUNK_CHARS, 1..=100_000)?;
    let overlap = config.number(&["chunkOverlap"], OVERLAP_CHARS.min(size - 1), 0..=99_999)?;
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((whole(size), whole(overlap.min(size - 1))))
}

/// A passage of a document; `of` is the name or address of that.
pub(in super::super) fn passage(index: usize, passage: &Passage, of: &str) -> Value {
    let mut metadata = Map::from_iter([("source".to_owned(), json!(of))]);
    metadata.extend(passage.page.map(|page| ("page".to_owned(), json!(page))));
    metadata.extend(passage.section.as_ref().map(|section| ("section".to_owned(), json!(section))));
    json!({ "index": index, "content": passage.text, "metadata": metadata })
}

/// What the file is, by what was said and else by its name.
fn media_type(file: &Given) -> String {
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let by_name = ending.and_then(|ending| media_of(&ending));
    match file.media_type.as_str() {
        "" | "application/octet-stream" => by_name.unwrap_or("application/octet-stream").to_owned(),
        said => said.to_owned(),
    }
}

/// The text of a file. One that is of no kind that can be read has none, when the node allows its type by name.
async fn blocks(readers: &Readers, file: &Given, is_allowed_by_name: bool) -> Result<Vec<Block>, StepError> {
    let media_type = Some(file.media_type.as_str()).filter(|kind| !kind.is_empty());
    let Ok(kind) = DocumentKind::of(&file.name, media_type, &file.bytes) else {
        return match is_allowed_by_name {
            true => Ok(Vec::new()),
            false => Err(invalid(format!("{} is not of a type whose text can be read", file.name))),
        };
    };
    match readers.read(kind, file.bytes.clone()).await {
        Ok(blocks) => Ok(blocks),
        Err(ReadFailure::File(Unreadable::Empty)) => Ok(Vec::new()),
        Err(failure) => Err(of_reading(&file.name, failure)),
    }
}

fn record(read: &[(Given, String, Vec<Block>)], size: usize, overlap: usize) -> Value {
    let (mut files, mut all_chunks, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (file, media_type, blocks) in read {
        let text = text_of(file, media_type, blocks);
        let cut = cut(blocks, size, overlap);
        let chunks: Vec<Value> = cut.iter().enumerate().map(|(at, one)| passage(at, one, &file.name)).collect();
        let mut shown = json!({
            "fileName": file.name,
            "fileType": media_type,
            "extractedText": text,
            "metadata": { "fileSize": file.bytes.len(), "chunkCount": chunks.len(), "characters": text.chars().count() },
        });
        if media_type.starts_with("image/") && file.bytes.len() <= PICTURE_BYTES_MAX {
            shown["content_base64"] = json!(STANDARD.encode(&file.bytes));
        }
        all_chunks.extend(chunks.iter().cloned());
        shown["chunks"] = Value::Array(chunks);
        files.push(shown);
        texts.push(text);
    }
    texts.retain(|text| !text.is_empty());
    let (file_count, chunk_count) = (files.len(), all_chunks.len());
    json!({
        "files": files, "allChunks": all_chunks, "combinedText": texts.join("\n\n"), "fileCount": file_count,
        "totalChunkCount": chunk_count,
    })
}

/// Tables and data stay as they are, so that programs can read them; documents are given as the text that they show.
fn text_of(file: &Given, media_type: &str, blocks: &[Block]) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_plain = essence.starts_with("text/") && essence != "text/html" || essence == "application/json";
    if is_plain && !blocks.is_empty() {
        let bytes = file.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file.bytes);
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
    }
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n\n")
}
