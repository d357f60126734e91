//! Lists and counts of items.

use floe_model::access::Permission;
use floe_model::id::InboxId;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::agents::items::{self, COUNTED_MAX, Filter, KIND_TOOL, PAGE_MAX};

use super::item::{Item, Judge};

/// Items looked at for one page at most; a page that finds too few ends early, and the list goes on with the next one.
const LOOKED_AT_MAX: usize = 2_000;

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Part {
    /// The items.
    pub items: Vec<Item>,
    /// The last one that was looked at.
    pub last: Option<InboxId>,
    /// Whether the list goes on after it.
    pub more: bool,
    /// Length of the whole list, when asked for.
    pub total: Option<u64>,
}

/// Open items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that wait for an approval.
    pub tools: u64,
    /// Conversations in the hands of a person.
    pub handoffs: u64,
    /// Those of both that the caller can answer.
    pub mine: u64,
}

/// One item, in either mode; none when there is none.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: InboxId) -> Result<Option<Item>, Fault> {
    if !ctx.caller.may(Permission::Read) {
        return Ok(None);
    }
    let row = items::find(tx, ctx.caller.workspace, id)?;
    row.map(|row| Judge::new(ctx).item(tx, row)).transpose()
}

/// Items after one (`None`: from the first), at most `limit`, in the order of their age; `mine` shows those that the caller can answer.
///
/// # Errors
/// Of the database.
#[expect(clippy::too_many_arguments, reason = "a window on a list and what it shows")]
pub fn list(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &Filter,
    mine: bool,
    newest_first: bool,
    after: Option<InboxId>,
    limit: usize,
    count: bool,
) -> Result<Part, Fault> {
    let workspace = ctx.caller.workspace;
    let mut judge = Judge::new(ctx);
    let mut part = Part { items: Vec::new(), last: after, more: false, total: None };
    let mut looked_at = 0;
    'pages: loop {
        let found = items::list(tx, workspace, filter, newest_first, part.last, PAGE_MAX)?;
        let is_last_page = found.len() < PAGE_MAX;
        for row in found {
            if part.items.len() == limit || looked_at == LOOKED_AT_MAX {
                part.more = true;
                break 'pages;
            }
            looked_at += 1;
            part.last = Some(row.id);
            if !mine || judge.refusal(tx, &row)?.is_none() {
                part.items.push(judge.item(tx, row)?);
            }
        }
        if is_last_page {
            break;
        }
    }
    if count {
        let mut total = 0;
        each(tx, ctx, filter, |tx, row| {
            total += u64::from(!mine || judge.refusal(tx, row)?.is_none());
            Ok(())
        })?;
        part.total = Some(total);
    }
    Ok(part)
}

/// How many items wait, of one mode or of both.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, ctx: &Ctx, mode: Option<Mode>) -> Result<Counts, Fault> {
    let filter = Filter { status: Some("open".to_owned()), mode, ..Filter::default() };
    let mut judge = Judge::new(ctx);
    let mut counts = Counts::default();
    each(tx, ctx, &filter, |tx, row| {
        if row.kind() == KIND_TOOL {
            counts.tools += 1;
        } else {
            counts.handoffs += 1;
        }
        counts.mine += u64::from(judge.refusal(tx, row)?.is_none());
        Ok(())
    })?;
    Ok(counts)
}

/// Walks over items, newest first, [`COUNTED_MAX`] at most.
fn each(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &Filter,
    mut visit: impl FnMut(&mut Tx<'_>, &items::Item) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut after = None;
    let mut visited = 0;
    while visited < COUNTED_MAX {
        let found = items::list(tx, ctx.caller.workspace, filter, true, after, PAGE_MAX)?;
        for row in &found {
            visit(tx, row)?;
        }
        visited += found.len();
        after = found.last().map(|row| row.id);
        if found.len() < PAGE_MAX {
            break;
        }
    }
    Ok(())
}
