//! The bytes of a file that a workflow is given or names: in the value itself, at an address, in the folder of the run, or uploaded before.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use floe_engine::event::StepError;
use floe_model::Timestamp;
use floe_model::id::FileId;
use floe_runtime::Platform;
use floe_runtime::effect::EffectCall;
use floe_store::flows::files;
use serde_json::Value;

use super::super::failure::{internal, invalid, not_found};
use super::super::web::{Fetch, fetch};
use super::folder::{self, FILE_BYTES_MAX, Path};

/// Time for fetching one file, in milliseconds.
const TIMEOUT_MS: u64 = 60_000;

/// A file with its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) name: String,
    /// As said by whoever gave it; empty when nothing was said.
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// The file that a value stands for: `{fileName, fileType, content_base64 | text | url | path | fileId}`, a data URL, an address, or a path.
///
/// # Errors
/// VALIDATION for a value that is none; of the call; NOT_FOUND.
pub(crate) async fn given(platform: &Arc<Platform>, call: &EffectCall, value: &Value) -> Result<Given, StepError> {
    match value {
        Value::String(text) => of_text(platform, call, text).await,
        Value::Object(_) => of_object(platform, call, value).await,
        _ => Err(invalid("A file is an object with fileName and content_base64, text or url")),
    }
}

async fn of_text(platform: &Arc<Platform>, call: &EffectCall, text: &str) -> Result<Given, StepError> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("data:") {
        let (head, content) = rest.split_once(',').ok_or_else(|| invalid("The data URL has no content"))?;
        let media_type = head.split(';').next().unwrap_or_default().to_owned();
        let bytes = if head.ends_with(";base64") { decoded(content)? } else { content.as_bytes().to_vec() };
        return Ok(Given { name: "file".to_owned(), media_type, bytes });
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return fetched(platform, call, text).await;
    }
    let (entry, bytes) = folder::read(platform, call, &Path::parse(text)?).await?;
    let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Given { name, media_type: entry.content_type, bytes })
}

async fn of_object(platform: &Arc<Platform>, call: &EffectCall, value: &Value) -> Result<Given, StepError> {
    let part = |names: &[&str]| {
        names.iter().filter_map(|name| value.get(*name).and_then(Value::as_str)).find(|text| !text.is_empty())
    };
    let name = part(&["fileName", "filename", "name"]);
    let media_type = part(&["fileType", "mimeType", "contentType", "mime_type"]);
    let mut given = if let Some(content) = part(&["content_base64", "contentBase64", "base64"]) {
        let content = content.split_once(";base64,").map_or(content, |(_, content)| content);
        Given { name: "file".to_owned(), media_type: String::new(), bytes: decoded(content)? }
    } else if let Some(text) = part(&["text", "content"]) {
        Given { name: "file.txt".to_owned(), media_type: "text/plain".to_owned(), bytes: text.as_bytes().to_vec() }
    } else if let Some(id) = part(&["fileId", "file_id"]) {
        uploaded(platform, call, id).await?
    } else if let Some(place) = part(&["url", "path"]) {
        of_text(platform, call, place).await?
    } else {
        return Err(invalid("A file is an object with fileName and content_base64, text or url"));
    };
    if let Some(name) = name {
        // What the name says counts more than that a text is one.
        name.clone_into(&mut given.name);
        given.media_type.clear();
    }
    if let Some(media_type) = media_type {
        media_type.clone_into(&mut given.media_type);
    }
    Ok(given)
}

fn decoded(content: &str) -> Result<Vec<u8>, StepError> {
    let plain: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if plain.len() / 4 * 3 > FILE_BYTES_MAX {
        return Err(invalid(format!("A file has at most {FILE_BYTES_MAX} bytes")));
    }
    let read = STANDARD.decode(&plain).or_else(|_| STANDARD_NO_PAD.decode(&plain)).or_else(|_| URL_SAFE.decode(&plain));
    read.map_err(|_| invalid("content_base64 is not base64"))
}

/// A file at an address.
async fn fetched(platform: &Arc<Platform>, call: &EffectCall, url: &str) -> Result<Given, StepError> {
    let asked = Fetch { url, timeout_ms: call.timeout_ms.min(TIMEOUT_MS), bytes_max: FILE_BYTES_MAX };
    let fetched = fetch(platform, asked).await?;
    let name = if fetched.name.is_empty() { "file".to_owned() } else { fetched.name };
    Ok(Given { name, media_type: fetched.content_type, bytes: fetched.bytes.to_vec() })
}

/// A file that was uploaded, and that no other run uses.
async fn uploaded(platform: &Arc<Platform>, call: &EffectCall, id: &str) -> Result<Given, StepError> {
    let id = FileId::parse(id).map_err(|_| not_found("There is no such file"))?;
    let (workspace, run, now) = (call.scope.workspace, call.run, call.now);
    let is_usable = move |file: &files::FileRow| {
        let is_mine = file.run == Some(run);
        let is_free = file.run.is_none() && file.share.is_none() && is_open(file, now);
        file.size.is_some_and(|size| size <= FILE_BYTES_MAX as u64) && (is_mine || is_free)
    };
    let reading = platform.store.read(move |tx| {
        let Some(file) = files::find(tx, workspace, id)?.filter(|file| is_usable(file)) else { return Ok(None) };
        let bytes = files::bytes(tx, workspace, id)?;
        Ok(Some(Given { name: file.name, media_type: file.mime_type, bytes }))
    });
    reading.await.map_err(|fault| internal(&fault))?.ok_or_else(|| not_found("There is no such file"))
}

fn is_open(file: &files::FileRow, now: Timestamp) -> bool {
    file.expires_at > now
}
