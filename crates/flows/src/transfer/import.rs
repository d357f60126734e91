//! A flow from a document.

use std::collections::HashSet;

use floe_engine::lang::steps::NeedKind;
use floe_model::Fault;
use floe_model::flows::Level;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::variables;
use serde_json::json;

use super::document::Document;
use crate::definitions::{Known, Record, make, may_make, named, visible, word};

/// Something that a flow names and that is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What it is.
    pub kind: NeedKind,
    /// Its name in the flow.
    pub name: String,
    /// A sentence for the one who imports.
    pub message: String,
}

/// A flow that was made from a document.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The flow.
    pub record: Record,
    /// What it lacks here.
    pub warnings: Vec<Warning>,
}

/// Makes a private flow of the caller from a document. What it names and is not here stays as it is, with a warning.
///
/// # Errors
/// 403 for a role that may not build.
pub fn import(tx: &mut Tx<'_>, ctx: &Ctx, known: &impl Known, document: &Document) -> Result<Imported, Fault> {
    may_make(ctx)?;
    let record = make(tx, ctx, &document.new, json!({ "imported": true }))?;
    let warnings = warnings(tx, ctx, known, &document.needs)?;
    Ok(Imported { record, warnings })
}

fn warnings(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    known: &impl Known,
    needs: &[(NeedKind, String)],
) -> Result<Vec<Warning>, Fault> {
    let mut secrets: Option<HashSet<String>> = None;
    let mut warnings = Vec::new();
    for (kind, name) in needs {
        let is_here = match kind {
            NeedKind::Flow => may_run(tx, ctx, name)?,
            NeedKind::Secret => match &secrets {
                Some(known) => known.contains(name),
                None => {
                    let names = variables::names(tx, ctx.caller.workspace)?;
                    secrets.insert(names.into_iter().map(|(name, ..)| name).collect()).contains(name)
                }
            },
            other => match (named(*other), known.directory()) {
                (Some(kind), Some(directory)) => directory.knows(tx, ctx.caller.workspace, kind, name)?,
                _ => false,
            },
        };
        if !is_here {
            let message = format!("There is no {} {name} here", word(*kind));
            warnings.push(Warning { kind: *kind, name: name.clone(), message });
        }
    }
    Ok(warnings)
}

fn may_run(tx: &mut Tx<'_>, ctx: &Ctx, id: &str) -> Result<bool, Fault> {
    let Ok(id) = FlowId::parse(id) else { return Ok(false) };
    match visible(tx, ctx, id) {
        Ok((_, _, level)) => Ok(level >= Level::Run),
        Err(fault) if fault.code() == "not_found" => Ok(false),
        Err(fault) => Err(fault),
    }
}
