//! The bodies that make and change a flow, read into what the services take.

use floe_engine::catalog::Catalog;
use floe_flows::definitions::{Autosave, Content, FlowPatch, NewFlow};
use floe_flows::sharing::{LinkSecret, ShareChange};
use floe_model::flows::{
    DESCRIPTION_MAX, FlowSettings, ICON_MAX, NAME_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX, Visibility,
};
use floe_model::{Fault, FieldProblem};
use serde_json::Value;

use super::sharing;
use crate::http::Fields;

/// Reads the body of a create.
///
/// # Errors
/// 400 with every problem; 413 for a definition that is too large.
pub(super) fn new_flow(mut body: Fields, catalog: &Catalog) -> Result<NewFlow, Fault> {
    let name = body.required_text("name", 1, NAME_MAX);
    let description = body.text("description", 0, DESCRIPTION_MAX).unwrap_or_default();
    let icon = icon(&mut body);
    let tags = tags(&mut body);
    let visibility = body.word("visibility", "private, shared, public", Visibility::parse);
    let settings = settings(&mut body);
    let definition = body.value("definition");
    body.finish_ignoring_unknown()?;
    let content = match definition {
        Some(definition) => Content::take(&definition, catalog)?,
        None => Content::starter(catalog)?,
    };
    let visibility = visibility.unwrap_or(Visibility::Private);
    Ok(NewFlow { name, description, icon, tags, content, visibility, settings })
}

/// Reads the body of a PATCH: a field that is there is changed, null clears it. `draw` gives the secret of a new share link.
///
/// # Errors
/// As [`new_flow`].
pub(super) fn flow_patch(
    mut body: Fields,
    catalog: &Catalog,
    draw: impl FnOnce() -> LinkSecret,
) -> Result<FlowPatch, Fault> {
    let patch = FlowPatch {
        name: body.has("name").then(|| body.required_text("name", 1, NAME_MAX)),
        description: body.has("description").then(|| body.text("description", 0, DESCRIPTION_MAX).unwrap_or_default()),
        icon: body.has("icon").then(|| icon(&mut body)),
        tags: body.has("tags").then(|| tags(&mut body)),
        visibility: body.has("visibility").then(|| {
            let word = body.word("visibility", "private, shared, public", Visibility::parse);
            word.unwrap_or(Visibility::Private)
        }),
        sharing: body.has("sharing").then(|| {
            let value = body.value("sharing").unwrap_or(Value::Null);
            sharing::parse(&value).unwrap_or_else(|problems| {
                note(&mut body, problems);
                Default::default()
            })
        }),
        share: body.has("share").then(|| share_change(&mut body, draw)).flatten(),
        settings: body.has("settings").then(|| settings(&mut body)),
        base_revision: base_revision(&mut body),
        content: None,
    };
    let definition = body.has("definition").then(|| body.value("definition").unwrap_or(Value::Null));
    body.finish_ignoring_unknown()?;
    let content = definition.map(|definition| Content::take(&definition, catalog)).transpose()?;
    Ok(FlowPatch { content, ..patch })
}

/// Reads the body of an autosave; null clears the settings and counts as not given everywhere else.
///
/// # Errors
/// As [`new_flow`].
pub(super) fn autosave(mut body: Fields, catalog: &Catalog) -> Result<Autosave, Fault> {
    let given = body.has("settings");
    let settings = settings(&mut body);
    let save = Autosave {
        name: body.text("name", 1, NAME_MAX),
        description: body.text("description", 0, DESCRIPTION_MAX),
        settings: given.then_some(settings),
        summary: summary(&mut body),
        base_revision: base_revision(&mut body),
        content: None,
    };
    let definition = body.value("definition");
    body.finish_ignoring_unknown()?;
    let content = definition.map(|definition| Content::take(&definition, catalog)).transpose()?;
    Ok(Autosave { content, ..save })
}

/// What a version says of itself.
pub(super) fn summary(body: &mut Fields) -> Option<String> {
    body.text("summary", 0, SUMMARY_MAX)
}

/// `{"enabled": true}`, `{"enabled": false}` or `{"rotate": true}`; null ends the link.
fn share_change(body: &mut Fields, draw: impl FnOnce() -> LinkSecret) -> Option<ShareChange> {
    let Some(share) = body.value("share") else { return Some(ShareChange::End) };
    let flag = |name: &str| share.get(name).filter(|value| !value.is_null());
    let wrong: Vec<_> =
        ["enabled", "rotate"].into_iter().filter(|name| flag(name).is_some_and(|value| !value.is_boolean())).collect();
    for name in &wrong {
        body.problem(&format!("share/{name}"), "type", format!("{name} must be true or false"));
    }
    let is = |name: &str| flag(name).and_then(Value::as_bool);
    match (is("enabled"), is("rotate").unwrap_or(false)) {
        _ if !wrong.is_empty() => None,
        (Some(true), false) => Some(ShareChange::Enable(draw())),
        (None | Some(true), true) => Some(ShareChange::Replace(draw())),
        (Some(false), false) => Some(ShareChange::End),
        (None, false) | (Some(false), true) => {
            let message = "share must be {\"enabled\": true}, {\"enabled\": false} or {\"rotate\": true}";
            body.problem("share", "value", message);
            None
        }
    }
}

fn icon(body: &mut Fields) -> Option<String> {
    body.text("icon", 0, ICON_MAX).filter(|icon| !icon.is_empty())
}

fn tags(body: &mut Fields) -> Vec<String> {
    let tags = body.texts("tags", TAGS_MAX).unwrap_or_default();
    for (at, tag) in tags.iter().enumerate() {
        if tag.chars().count() > TAG_MAX || tag.chars().any(char::is_control) {
            body.problem(&format!("tags/{at}"), "length", format!("A tag has 1 to {TAG_MAX} characters"));
        }
    }
    tags
}

fn settings(body: &mut Fields) -> FlowSettings {
    let value = body.value("settings").unwrap_or(Value::Null);
    FlowSettings::parse(&value).unwrap_or_else(|problems| {
        note(body, problems);
        FlowSettings::default()
    })
}

fn base_revision(body: &mut Fields) -> Option<u64> {
    body.number("baseRevision", 0, i64::MAX).map(i64::unsigned_abs)
}

/// Adds problems whose paths are from the body.
fn note(body: &mut Fields, problems: Vec<FieldProblem>) {
    for problem in problems {
        body.problem(problem.path.trim_start_matches('/'), problem.code, problem.message);
    }
}
