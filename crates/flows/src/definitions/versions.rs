//! Reading versions.

use floe_model::flows::{Pointers, VersionStatus};
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::versions::{self, VersionRow};

use super::access::visible;
use super::read::Page;
use super::resolve::text_of;

/// A version as it is shown.
#[derive(Debug, Clone)]
pub struct VersionRecord {
    /// The version.
    pub row: VersionRow,
    /// Whether it is what clients get.
    pub is_latest: bool,
    /// Whether it is what is edited.
    pub is_current_draft: bool,
    /// Its definition; lists leave it out unless asked.
    pub definition: Option<String>,
}

/// How a request names a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionWord {
    /// By its number.
    Number(u32),
    /// What clients get.
    Latest,
    /// What is edited.
    Draft,
}

impl VersionWord {
    /// Reads a number, `latest` or `draft`.
    ///
    /// # Errors
    /// 400 `invalid_version` for anything else.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "latest" => Ok(Self::Latest),
            "draft" => Ok(Self::Draft),
            _ => Self::parse_number(text).map(Self::Number),
        }
    }

    /// Reads a number.
    ///
    /// # Errors
    /// 400 `invalid_version` for anything else.
    pub fn parse_number(text: &str) -> Result<u32, Fault> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.ok_or_else(|| Fault::new(FaultKind::Invalid, "invalid_version", "This is not the number of a version"))
    }
}

/// Versions of a flow, newest first: up to `limit` from `skip` on, with their definitions when asked (`full`).
///
/// # Errors
/// 404 for a flow that the caller may not see.
pub fn list_versions(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: FlowId,
    status: Option<VersionStatus>,
    full: bool,
    limit: usize,
    skip: usize,
) -> Result<Page<VersionRecord>, Fault> {
    let (flow, ..) = visible(tx, ctx, flow)?;
    let (rows, total) = versions::list(tx, flow.workspace, flow.id, status, limit, skip)?;
    let mut data = Vec::with_capacity(rows.len());
    for row in rows {
        data.push(if full { whole(tx, &flow, row)? } else { outline(flow.pointers, row) });
    }
    Ok(Page { data, total })
}

/// One version with its definition.
///
/// # Errors
/// 404 for a flow that the caller may not see, and for a version that is not there.
pub fn version(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowId, word: VersionWord) -> Result<VersionRecord, Fault> {
    let (flow, ..) = visible(tx, ctx, flow)?;
    let number = match word {
        VersionWord::Number(number) => Some(number),
        VersionWord::Latest => flow.pointers.latest,
        VersionWord::Draft => flow.pointers.draft,
    };
    let number = number.ok_or_else(|| Fault::not_found("Version"))?;
    let row = numbered(tx, &flow, number)?;
    whole(tx, &flow, row)
}

/// A version that a request names by its number.
pub(super) fn numbered(tx: &mut Tx<'_>, flow: &FlowRow, number: u32) -> Result<VersionRow, Fault> {
    versions::find(tx, flow.workspace, flow.id, number)?.ok_or_else(|| Fault::not_found("Version"))
}

/// A version with its definition.
pub(super) fn whole(tx: &mut Tx<'_>, flow: &FlowRow, row: VersionRow) -> Result<VersionRecord, Fault> {
    let definition = Some(text_of(tx, &row)?);
    Ok(VersionRecord { definition, ..outline(flow.pointers, row) })
}

fn outline(pointers: Pointers, row: VersionRow) -> VersionRecord {
    let is_latest = pointers.latest == Some(row.version);
    let is_current_draft = pointers.draft == Some(row.version);
    VersionRecord { row, is_latest, is_current_draft, definition: None }
}
