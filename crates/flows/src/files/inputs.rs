//! Files as inputs: `{ "fileId": "…" }` becomes what a flow can read, if the caller may use the file.

use floe_engine::inputs::{InputField, InputKind, parse_fields};
use floe_model::hex;
use floe_model::id::FileId;
use floe_model::{Fault, FieldProblem};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::files::{self, Claim, FileRow};
use floe_store::flows::runs::RunRow;
use floe_store::flows::waits::WaitRow;
use serde_json::{Map, Value, json};

use super::receive::share_of;
use crate::runs::{AnswerKind, NewRun};

/// Replaces the files among checked inputs by their records: `{fileId, name, mimeType, size, sha256}`.
///
/// # Errors
/// 400 `validation_error` for each file that is not there, is over, or came by another link; paths are below `base`.
pub(crate) async fn resolve_inputs(
    ctx: &Ctx,
    fields: &[InputField],
    mut inputs: Map<String, Value>,
    base: &str,
) -> Result<Map<String, Value>, Fault> {
    let named: Vec<(String, Option<FileId>)> = named(fields, &inputs).collect();
    if named.is_empty() {
        return Ok(inputs);
    }
    let (workspace, share, now) = (ctx.caller.workspace, share_of(ctx), ctx.now());
    let usable = move |file: &FileRow| {
        file.size.is_some() && file.share == share && (file.run.is_some() || file.expires_at > now)
    };
    let find = move |tx: &mut Tx<'_>| {
        let mut found = Vec::with_capacity(named.len());
        for (key, id) in &named {
            let file = match id {
                Some(id) => files::find(tx, workspace, *id)?.filter(|file| usable(file)),
                None => None,
            };
            found.push((key.clone(), file));
        }
        Ok(found)
    };
    let mut problems = Vec::new();
    for (key, file) in ctx.store.read(find).await? {
        match file {
            Some(file) => {
                inputs.insert(key, value_of(&file));
            }
            None => {
                let path = format!("{base}/{}/fileId", key.replace('~', "~0").replace('/', "~1"));
                problems.push(FieldProblem::new(path, "unknown_reference", "There is no such file"));
            }
        }
    }
    if problems.is_empty() { Ok(inputs) } else { Err(Fault::validation(problems)) }
}

/// Replaces the files in the answer to a form as [`resolve_inputs`] does; other answers stay as they are.
///
/// # Errors
/// As [`resolve_inputs`], with paths below `/formData`.
pub(crate) async fn resolve_answer(ctx: &Ctx, wait: &WaitRow, kind: AnswerKind) -> Result<AnswerKind, Fault> {
    let AnswerKind::FormData(data) = kind else { return Ok(kind) };
    let question: Map<String, Value> = serde_json::from_str(&wait.question).unwrap_or_default();
    let data = resolve_inputs(ctx, &fields_of(&question), data, "/formData").await?;
    Ok(AnswerKind::FormData(data))
}

/// The files in the answer to a form: the run claims them in the transaction in which the answer counts.
pub(crate) fn claims_of_form(question: &Map<String, Value>, data: &Value, row: &RunRow) -> Vec<Claim> {
    let (fields, nothing) = (fields_of(question), Map::new());
    let files = named(&fields, data.as_object().unwrap_or(&nothing)).filter_map(|(_, file)| file);
    files.map(|file| Claim { workspace: row.workspace, file, run: row.id, flow: row.flow }).collect()
}

fn fields_of(question: &Map<String, Value>) -> Vec<InputField> {
    question.get("fields").and_then(|fields| parse_fields(fields).ok()).unwrap_or_default()
}

/// The files that a run begins with: it claims them in the transaction in which it begins.
pub(crate) fn claims_of(new: &NewRun) -> Vec<Claim> {
    let fields = &new.plan.entries[new.entry].inputs;
    let files = named(fields, &new.inputs).filter_map(|(_, file)| file);
    files.map(|file| Claim { workspace: new.workspace, file, run: new.run, flow: new.flow }).collect()
}

/// Keys of the declared files that are given, with the file that each names.
fn named<'i>(
    fields: &'i [InputField],
    inputs: &'i Map<String, Value>,
) -> impl Iterator<Item = (String, Option<FileId>)> + 'i {
    fields.iter().filter(|field| field.kind == InputKind::File).filter_map(|field| {
        let value = inputs.get(&field.key).filter(|value| !value.is_null())?;
        let id = value.get("fileId").and_then(Value::as_str).and_then(|id| FileId::parse(id).ok());
        Some((field.key.clone(), id))
    })
}

/// What a flow reads of a file.
fn value_of(file: &FileRow) -> Value {
    let sha256 = hex::encode(&file.sha256);
    json!({
        "fileId": file.id, "name": file.name, "mimeType": file.mime_type, "size": file.size, "sha256": sha256,
    })
}
