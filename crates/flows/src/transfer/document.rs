//! The exchange format, version 1.

use floe_engine::canonical::canonical_digest;
use floe_engine::catalog::Catalog;
use floe_engine::lang::steps::{Mapping, NeedKind, rename};
use floe_model::flows::{DESCRIPTION_MAX, FlowSettings, ICON_MAX, NAME_MAX, TAG_MAX, TAGS_MAX, Visibility};
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind, FieldProblem};
use serde_json::Value;

use super::export::named;
use crate::definitions::{Content, NewFlow};

/// `format` of a document.
pub const FORMAT: &str = "flow-export";
/// `formatVersion` of the documents that are written, and the highest that is read.
pub const FORMAT_VERSION: u64 = 1;

/// A document that was read: a flow to be made, and what it names.
#[derive(Debug, Clone)]
pub struct Document {
    /// The flow.
    pub new: NewFlow,
    /// What it names that may be missing here.
    pub needs: Vec<(NeedKind, String)>,
}

/// The checksum of the `flow` part of a document.
#[must_use]
pub fn checksum(flow: &Value) -> String {
    format!("sha256:{}", canonical_digest(flow))
}

impl Document {
    /// Reads a document; `name` and `mapping` replace what it says.
    ///
    /// # Errors
    /// 400 `invalid_import` for anything that is no document of this format, or was changed since; 400 `validation_error` for
    /// a flow that could not be made here either; 413 for a definition that is too large.
    pub fn read(document: &Value, name: Option<String>, mapping: &Mapping, catalog: &Catalog) -> Result<Self, Fault> {
        let flow = checked(document)?;
        let mut problems = Vec::new();
        let mut definition = flow.get("definition").cloned().unwrap_or_default();
        rename(&mut definition, mapping);
        let settings = settings(flow.get("settings").unwrap_or(&Value::Null), mapping, &mut problems);
        let mut read = |key: &str, least: usize, most: usize| text(flow, key, least, most, &mut problems);
        let (own_name, description) = (read("name", 1, NAME_MAX), read("description", 0, DESCRIPTION_MAX));
        let icon = read("icon", 0, ICON_MAX).filter(|icon| !icon.is_empty());
        let tags = tags(flow.get("tags").unwrap_or(&Value::Null), &mut problems);
        if !problems.is_empty() {
            return Err(Fault::validation(problems));
        }
        let needs = named(&definition, &settings);
        let new = NewFlow {
            name: name.or(own_name).unwrap_or_default(),
            description: description.unwrap_or_default(),
            icon,
            tags,
            content: Content::take(&definition, catalog)?,
            visibility: Visibility::Private,
            settings,
        };
        Ok(Self { new, needs })
    }
}

/// The `flow` part of a document that is one.
fn checked(document: &Value) -> Result<&Value, Fault> {
    if document.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(invalid(format!("The document is not of the format {FORMAT}")));
    }
    match document.get("formatVersion").and_then(Value::as_u64) {
        Some(1..=FORMAT_VERSION) => {}
        Some(version) => return Err(invalid(format!("This server does not know version {version} of the format"))),
        None => return Err(invalid("The document has no formatVersion".to_owned())),
    }
    let flow = document.get("flow").filter(|flow| flow.is_object());
    let flow = flow.ok_or_else(|| invalid("The document has no flow".to_owned()))?;
    if document.get("checksum").and_then(Value::as_str) != Some(&checksum(flow)) {
        return Err(invalid("The document was changed: its checksum is not that of its flow".to_owned()));
    }
    Ok(flow)
}

fn invalid(message: String) -> Fault {
    Fault::new(FaultKind::Invalid, "invalid_import", message)
}

fn settings(value: &Value, mapping: &Mapping, problems: &mut Vec<FieldProblem>) -> FlowSettings {
    let mut settings = FlowSettings::parse(value).unwrap_or_else(|found| {
        problems.extend(found.into_iter().map(|one| FieldProblem { path: format!("/flow{}", one.path), ..one }));
        FlowSettings::default()
    });
    let renamed = settings.error_flow_id.and_then(|flow| mapping.get(&NeedKind::Flow)?.get(&flow.to_string()));
    if let Some(flow) = renamed {
        match FlowId::parse(flow) {
            Ok(flow) => settings.error_flow_id = Some(flow),
            Err(_) => problems.push(FieldProblem::new("/mapping/flows", "type", "The error flow must be a flow's id")),
        }
    }
    settings
}

fn text(flow: &Value, key: &str, least: usize, most: usize, problems: &mut Vec<FieldProblem>) -> Option<String> {
    let is_text = |text: &&str| {
        (least..=most).contains(&text.chars().count())
            && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    };
    match flow.get(key) {
        None | Some(Value::Null) if least == 0 => None,
        Some(Value::String(text)) if is_text(&text.as_str()) => Some(text.clone()),
        _ => {
            let message = format!("{key} must be a text of {least} to {most} characters");
            problems.push(FieldProblem::new(format!("/flow/{key}"), "length", message));
            None
        }
    }
}

fn tags(value: &Value, problems: &mut Vec<FieldProblem>) -> Vec<String> {
    let is_tag = |text: &&str| (1..=TAG_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let tags = match value {
        Value::Null => return Vec::new(),
        Value::Array(items) if items.len() <= TAGS_MAX => {
            items.iter().map(|item| item.as_str().filter(is_tag).map(str::to_owned)).collect::<Option<Vec<String>>>()
        }
        _ => None,
    };
    tags.unwrap_or_else(|| {
        let message = format!("tags must be at most {TAGS_MAX} texts of 1 to {TAG_MAX} characters");
        problems.push(FieldProblem::new("/flow/tags", "value", message));
        Vec::new()
    })
}
