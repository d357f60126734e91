//! Inputs of an execution that come as a form: every part is read as the declared type (Flow API contract, section 3.4).

use floe_engine::inputs::{InputField, InputKind, read_form};
use floe_flows::WayIn;
use floe_flows::definitions::VersionChoice;
use floe_flows::files::{self, FILES_MAX, Received, Upload};
use floe_model::id::{FileId, FlowId};
use floe_model::{Fault, FaultKind};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::execute::read_inputs;
use crate::http::{Call, Incoming, check_json, is_multipart};

/// Parts of a form at most.
const PARTS_MAX: usize = 500;

/// The body as inputs: a JSON object, or a form in parts. A part with a file name is kept as a file, if a file is declared.
///
/// # Errors
/// 400 for a body that is neither, 415 for another media type; of files as uploads have them.
pub(super) async fn read(
    call: &Call,
    flow: FlowId,
    version: VersionChoice,
    way: &WayIn,
) -> Result<Map<String, Value>, Fault> {
    if !is_multipart(call.header(CONTENT_TYPE.as_str()).unwrap_or_default()) {
        if !call.body.is_empty() {
            check_json(&call.headers)?;
        }
        return read_inputs(call);
    }
    let Some(fields) = call.app.flows.declared_inputs(&call.ctx, flow, version, way).await else {
        return Ok(Map::new());
    };
    let mut begun = Vec::new();
    match keep(call, &fields, &mut begun).await {
        Ok(parts) => Ok(read_form(&fields, parts)),
        Err(fault) => {
            files::discard(&call.ctx, begun).await;
            Err(fault)
        }
    }
}

/// Reads the form, and makes its files known together.
async fn keep(call: &Call, fields: &[InputField], begun: &mut Vec<FileId>) -> Result<Vec<(String, Value)>, Fault> {
    let form = take_in(call, fields, begun).await?;
    if !form.files.is_empty() {
        let (ctx, files) = (call.ctx.clone(), form.files);
        call.ctx.store.write(move |tx| files::complete(tx, &ctx, &files).map(drop)).await?;
    }
    Ok(form.parts)
}

/// A form that was read to its end.
#[derive(Default)]
struct Form {
    /// Keys with texts, and with `{fileId}` for files.
    parts: Vec<(String, Value)>,
    /// Files that are not yet known.
    files: Vec<Received>,
}

/// Reads every part; files that were begun are noted.
async fn take_in(call: &Call, fields: &[InputField], begun: &mut Vec<FileId>) -> Result<Form, Fault> {
    let declares_file = |key: &str| fields.iter().any(|field| field.key == key && field.kind == InputKind::File);
    let (mut incoming, mut form) = (Incoming::of_whole(call)?, Form::default());
    while let Some((key, mut content)) = incoming.next_part(call).await? {
        if form.parts.len() == PARTS_MAX {
            return Err(Fault::field("", "parts", format!("The form has more than {PARTS_MAX} parts")));
        }
        if content.name.is_empty() {
            let text = String::from_utf8(content.whole(call, call.route.body_limit).await?);
            let text =
                text.map_err(|_| Fault::field(format!("/{key}"), "type", format!("{key} must be UTF-8 text")))?;
            form.parts.push((key, Value::String(text)));
            continue;
        }
        if !declares_file(&key) {
            return Err(Fault::field(format!("/{key}"), "type", format!("{key} is not declared as a file")));
        }
        if form.files.len() == FILES_MAX {
            let message = format!("A form has at most {FILES_MAX} files");
            return Err(Fault::new(FaultKind::TooLarge, "payload_too_large", message));
        }
        let mut upload = Upload::begin(&call.ctx, &content.name).await?;
        begun.push(upload.id());
        form.parts.push((key, json!({ "fileId": upload.id() })));
        while let Some(bytes) = content.bytes(call).await? {
            upload.push(&call.ctx, &bytes).await?;
        }
        form.files.push(upload.finish(&call.ctx).await?);
    }
    Ok(form)
}
