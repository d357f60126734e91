//! A copy of a flow beside it, and what is different between two of its versions.

use floe_engine::lang::steps::{Change, compare};
use floe_model::Fault;
use floe_model::flows::{FlowSettings, NAME_MAX, Visibility};
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use serde_json::{Value, json};

use super::export::{Chosen, choose};
use crate::definitions::{Content, NewFlow, Record, VersionWord, make, may_make, version, visible};

/// Makes a private flow of the caller with the content of another one as its first draft: of the version that is named, else of
/// the draft, else of the latest one. Schedule, share link, sharing and runs stay where they are.
///
/// # Errors
/// 404 for a flow or version that is not there or may not be seen; 403 for a role that may not build.
pub fn clone(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    word: Option<VersionWord>,
    name: Option<&str>,
) -> Result<Record, Fault> {
    let (flow, ..) = visible(tx, ctx, id)?;
    may_make(ctx)?;
    let Chosen { number, name: of_version, description, definition, settings } = choose(tx, ctx, &flow, word)?;
    let new = NewFlow {
        name: name.map_or_else(|| copy_name(&of_version), str::to_owned),
        description,
        icon: flow.icon,
        tags: serde_json::from_str(&flow.tags).map_err(Fault::internal)?,
        content: Content::stored(definition)?,
        visibility: Visibility::Private,
        settings: FlowSettings::stored(&settings),
    };
    make(tx, ctx, &new, json!({ "clonedFrom": id, "version": number }))
}

/// What is different from one version of a flow to another (console contract, section 5.3).
///
/// # Errors
/// 404 for a flow or version that is not there or may not be seen.
pub fn differences(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    id: FlowId,
    from: VersionWord,
    to: VersionWord,
) -> Result<Vec<Change>, Fault> {
    let (before, after) = (definition(tx, ctx, id, from)?, definition(tx, ctx, id, to)?);
    Ok(compare(&before, &after))
}

fn definition(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId, word: VersionWord) -> Result<Value, Fault> {
    let record = version(tx, ctx, id, word)?;
    serde_json::from_str(&record.definition.unwrap_or_default()).map_err(Fault::internal)
}

/// The name of a copy, cut where it would be too long.
fn copy_name(name: &str) -> String {
    const SUFFIX: &str = " (copy)";
    let kept: String = name.chars().take(NAME_MAX - SUFFIX.len()).collect();
    format!("{kept}{SUFFIX}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_copy_is_a_name() {
        assert_eq!(copy_name("Renewal"), "Renewal (copy)");
        assert_eq!(copy_name(&"é".repeat(NAME_MAX)).chars().count(), NAME_MAX);
    }
}
