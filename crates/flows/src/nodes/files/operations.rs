//! The node types `fileDownload`, `fileRead`, `fileWrite` and `fileOperations`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use serde_json::{Value, json};

use super::super::config::{Config, written};
use super::super::failure::{invalid, not_found};
use super::super::spec;
use super::super::web::{Fetch, fetch};
use super::folder::{self, Entry, FILE_BYTES_MAX, Path};

/// The name of a download whose address has none.
const UNNAMED: &str = "download";

static DOWNLOAD: StepSpec = spec::outside("node-fileDownload", "Download a file");
static READ: StepSpec = spec::inside("node-fileRead", "Read a file", spec::TIMEOUT_MS);
static WRITE: StepSpec = spec::inside("node-fileWrite", "Write a file", spec::TIMEOUT_MS);
static OPERATIONS: StepSpec = spec::outside("node-fileOperations", "Files of the run");

/// Puts what an address gives into the folder.
pub(in super::super) struct Download;
/// Gives what is in a file.
pub(in super::super) struct Read;
/// Writes a file.
pub(in super::super) struct Write;
/// Any of these, and lists, copies, moves and removes files.
pub(in super::super) struct Operations;

impl Effect for Download {
    fn spec(&self) -> &'static StepSpec {
        &DOWNLOAD
    }

    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { download(platform, &call).await.into() })
    }
}

impl Effect for Read {
    fn spec(&self) -> &'static StepSpec {
        &READ
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { read(platform, &call).await.into() })
    }
}

impl Effect for Write {
    fn spec(&self) -> &'static StepSpec {
        &WRITE
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { write(platform, &call, false).await.into() })
    }
}

impl Effect for Operations {
    fn spec(&self) -> &'static StepSpec {
        &OPERATIONS
    }

    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { operate(platform, &call).await.into() })
    }
}

async fn download(platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let url = config.required(&["url"])?;
    let bytes_max = max_size(config)?;
    let fetched = fetch(platform, Fetch { url: &url, timeout_ms: call.timeout_ms, bytes_max }).await?;
    let path = match config.text(&["path", "filename", "fileName"])? {
        Some(path) => Path::parse(&path)?,
        None => Path::parse(&crate::files::clean_name(if fetched.name.is_empty() { UNNAMED } else { &fetched.name }))?,
    };
    let bytes = fetched.bytes.to_vec();
    let content = match config.get(&["encoding"]) {
        Some(_) => Some(content(config, &bytes)?),
        None => None,
    };
    let entry = folder::write(platform, call, &path, bytes).await?;
    let mut record = entry.record();
    if !fetched.content_type.is_empty() {
        record["contentType"] = json!(fetched.content_type);
    }
    if let Some(content) = content {
        record["content"] = content;
    }
    Ok(record)
}

async fn read(platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let path = path(config, &["path", "filename", "fileName", "source"])?;
    let bytes_max = max_size(config)?;
    let (entry, bytes) = folder::read(platform, call, &path).await?;
    if bytes.len() > bytes_max {
        return Err(invalid(format!("The file has more than {bytes_max} bytes")));
    }
    let mut record = entry.record();
    record["content"] = content(config, &bytes)?;
    Ok(record)
}

async fn write(platform: &Arc<Platform>, call: &EffectCall, appends: bool) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let path = path(config, &["path", "filename", "fileName"])?;
    let appends = appends || config.flag(&["append"], false)? || config.text(&["mode"])?.as_deref() == Some("append");
    let bytes = match (call.input.get("content"), is_base64(config)?) {
        (None | Some(Value::Null), _) => Vec::new(),
        (Some(Value::String(text)), true) => {
            STANDARD.decode(text.trim()).map_err(|_| invalid("content is not base64"))?
        }
        (Some(value), _) => written(value).into_owned().into_bytes(),
    };
    if bytes.len() > max_size(config)? {
        return Err(invalid("content is larger than maxSize"));
    }
    let entry = if appends {
        let added = move |before: Option<Vec<u8>>| Ok([before.unwrap_or_default(), bytes.clone()].concat());
        folder::change(platform, call, &path, added).await?
    } else {
        folder::write(platform, call, &path, bytes).await?
    };
    Ok(entry.record())
}

async fn operate(platform: &Arc<Platform>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let operation = config.required(&["operation", "action"])?.to_ascii_lowercase();
    match operation.as_str() {
        "read" => read(platform, call).await,
        "write" | "create" => write(platform, call, false).await,
        "append" => write(platform, call, true).await,
        "download" => download(platform, call).await,
        "list" => {
            let under = config.text(&["path", "folder", "directory"])?.unwrap_or_default();
            let files: Vec<Value> = folder::list(platform, call, &under).await?.iter().map(Entry::record).collect();
            Ok(json!({ "operation": "list", "count": files.len(), "files": files }))
        }
        "exists" => {
            let path = path(config, &["path", "filename"])?;
            let found = folder::find(platform, call, &path).await?;
            Ok(json!({ "operation": "exists", "path": path.as_str(), "exists": found.is_some() }))
        }
        "info" | "stat" => {
            let path = path(config, &["path", "filename"])?;
            let found = folder::find(platform, call, &path).await?;
            found.map(|entry| entry.record()).ok_or_else(|| not_found("There is no such file"))
        }
        "delete" | "remove" => {
            let path = path(config, &["path", "filename"])?;
            let removed = folder::remove(platform, call, &path).await?;
            Ok(json!({ "operation": "delete", "path": path.as_str(), "filename": path.filename(), "deleted": removed }))
        }
        "copy" | "move" | "rename" => carry(platform, call, operation != "copy").await,
        _ => Err(invalid(
            "operation is not one of read, write, append, download, list, exists, info, delete, copy, move",
        )),
    }
}

/// Copies or moves a file.
async fn carry(platform: &Arc<Platform>, call: &EffectCall, moves: bool) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let from = path(config, &["path", "source", "from"])?;
    let to = path(config, &["destination", "target", "to", "newPath"])?;
    if from == to {
        return Err(invalid("destination is the file itself"));
    }
    let entry = match folder::read(platform, call, &from).await {
        Ok((_, bytes)) => folder::write(platform, call, &to, bytes).await?,
        // The same call may have moved it before the server went down.
        Err(error) if moves => folder::written_by(platform, call, &to).await?.ok_or(error)?,
        Err(error) => return Err(error),
    };
    if moves {
        folder::remove(platform, call, &from).await?;
    }
    Ok(entry.record())
}

fn path(config: Config<'_>, keys: &[&str]) -> Result<Path, StepError> {
    Path::parse(&config.required(keys)?)
}

fn max_size(config: Config<'_>) -> Result<usize, StepError> {
    let most = FILE_BYTES_MAX as u64;
    let size = config.number(&["maxSize"], most, 1..=u64::from(u32::MAX))?;
    Ok(usize::try_from(size.min(most)).unwrap_or(FILE_BYTES_MAX))
}

fn is_base64(config: Config<'_>) -> Result<bool, StepError> {
    match config.text(&["encoding"])?.as_deref().unwrap_or("utf8").to_ascii_lowercase().as_str() {
        "utf8" | "utf-8" | "text" | "ascii" => Ok(false),
        "base64" | "binary" => Ok(true),
        _ => Err(invalid("encoding is not one of utf8, base64")),
    }
}

/// Bytes as a text, in base64 where the node asks for it or where they are none.
fn content(config: Config<'_>, bytes: &[u8]) -> Result<Value, StepError> {
    let as_text = !is_base64(config)?;
    let text = std::str::from_utf8(bytes).ok().filter(|_| as_text);
    Ok(text.map_or_else(|| json!(STANDARD.encode(bytes)), |text| json!(text)))
}
