//! Questions as items of the inbox (console contract, section 5.5).

use std::collections::BTreeMap;

use floe_model::id::WaitId;
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::waits::{self, Asked, WaitFilter, WaitOrder};
use serde_json::{Map, Value};

use super::content::{content, content_hash, question};
use super::rights::{Assignee, Judge, Refusal, Rights, Starter, assignees};
use crate::Flows;

/// Questions looked at for one page at most; a page that finds too few that the caller may see ends early and goes on
/// with the next one.
const LOOKED_AT_MAX: usize = 2_000;
/// Questions counted at most.
const COUNTED_MAX: usize = 10_000;

/// A question as an item.
#[derive(Debug, Clone)]
pub struct Item {
    /// The question.
    pub asked: Asked,
    /// The question as rendered: message, options, fields, tool and arguments.
    pub question: Map<String, Value>,
    /// What exactly is answered.
    pub content: Value,
    /// Its digest.
    pub content_hash: String,
    /// Who started the run.
    pub starter: Starter,
    /// Whom the step names.
    pub assignees: Vec<Assignee>,
    /// Why the caller cannot answer it.
    pub refusal: Option<Refusal>,
}

/// Which items a list shows.
#[derive(Debug, Clone, Default)]
pub struct ItemFilter {
    /// Status, kinds, mode and text.
    pub wait: WaitFilter,
    /// Only those that the caller can answer.
    pub mine: bool,
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct ItemPage {
    /// Items that the caller may see.
    pub items: Vec<Item>,
    /// The last question that was looked at.
    pub last: Option<WaitId>,
    /// Whether the list goes on after it.
    pub more: bool,
    /// Length of the whole list, when asked for.
    pub total: Option<u64>,
}

/// Open items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By kind of question, those that the caller may see.
    pub by_kind: BTreeMap<String, u64>,
    /// Those that the caller can answer, client tools left out.
    pub mine: u64,
}

impl Flows {
    /// One item.
    ///
    /// # Errors
    /// 404 for an item that is not there or may not be seen.
    pub async fn item(&self, ctx: &Ctx, id: WaitId) -> Result<Item, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                let asked = waits::find_asked(tx, caller.caller.workspace, id)?;
                let asked = asked.ok_or_else(|| Fault::not_found("Item"))?;
                let mut judge = Judge::new(&caller);
                let rights = judge.rights(tx, &asked.wait)?;
                if !rights.may_see {
                    return Err(Fault::not_found("Item"));
                }
                item(tx, &mut judge, asked, rights, caller.now())
            })
            .await
    }

    /// Items that the caller may see, after one (`None`: from the first), at most `limit`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn items(
        &self,
        ctx: &Ctx,
        filter: ItemFilter,
        order: WaitOrder,
        after: Option<WaitId>,
        limit: usize,
        count: bool,
    ) -> Result<ItemPage, Fault> {
        let caller = ctx.clone();
        ctx.store.read(move |tx| page(tx, &caller, &filter, order, after, limit, count)).await
    }

    /// How many items wait, of one mode or of both.
    ///
    /// # Errors
    /// Of the database.
    pub async fn count_items(&self, ctx: &Ctx, mode: Option<Mode>) -> Result<Counts, Fault> {
        let caller = ctx.clone();
        ctx.store
            .read(move |tx| {
                let wait = WaitFilter { status: Some("open".to_owned()), mode, ..WaitFilter::default() };
                let mut judge = Judge::new(&caller);
                let mut counts = Counts::default();
                each(tx, &caller, &wait, COUNTED_MAX, |tx, asked| {
                    let rights = judge.rights(tx, &asked.wait)?;
                    if rights.may_see {
                        *counts.by_kind.entry(asked.wait.kind.clone()).or_default() += 1;
                    }
                    let is_mine = rights.refusal.is_none() && rights.may_see && asked.wait.kind != "client-tool";
                    counts.mine += u64::from(is_mine);
                    Ok(())
                })?;
                Ok(counts)
            })
            .await
    }
}

/// Why a question can no longer be answered by anybody.
pub(super) fn closed(asked: &Asked, now: Timestamp) -> Option<Refusal> {
    match asked.wait.status.as_str() {
        "open" if asked.wait.due_at > now => None,
        "open" | "expired" => Some(Refusal::Expired),
        "answered" => Some(Refusal::AlreadyAnswered),
        _ => Some(Refusal::NotWaiting),
    }
}

fn page(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &ItemFilter,
    order: WaitOrder,
    after: Option<WaitId>,
    limit: usize,
    count: bool,
) -> Result<ItemPage, Fault> {
    let (workspace, now) = (ctx.caller.workspace, ctx.now());
    let mut judge = Judge::new(ctx);
    let mut page = ItemPage { items: Vec::new(), last: after, more: false, total: None };
    let mut looked_at = 0;
    'pages: loop {
        let found = waits::list(tx, workspace, &filter.wait, order, page.last, waits::PAGE_MAX)?;
        let is_last_page = found.len() < waits::PAGE_MAX;
        for asked in found {
            if page.items.len() == limit || looked_at == LOOKED_AT_MAX {
                page.more = true;
                break 'pages;
            }
            looked_at += 1;
            page.last = Some(asked.wait.id);
            let rights = judge.rights(tx, &asked.wait)?;
            if shows(filter, &asked, rights, now) {
                page.items.push(item(tx, &mut judge, asked, rights, now)?);
            }
        }
        if is_last_page {
            break;
        }
    }
    if count {
        let mut total = 0;
        each(tx, ctx, &filter.wait, COUNTED_MAX, |tx, asked| {
            let rights = judge.rights(tx, &asked.wait)?;
            total += u64::from(shows(filter, asked, rights, now));
            Ok(())
        })?;
        page.total = Some(total);
    }
    Ok(page)
}

/// Whether a list with this filter shows a question to somebody with these rights.
fn shows(filter: &ItemFilter, asked: &Asked, rights: Rights, now: Timestamp) -> bool {
    let can_answer = rights.refusal.is_none() && closed(asked, now).is_none();
    rights.may_see && (!filter.mine || can_answer)
}

/// Walks over questions, newest first, `most` at most.
fn each(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    filter: &WaitFilter,
    most: usize,
    mut visit: impl FnMut(&mut Tx<'_>, &Asked) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut after = None;
    let mut visited = 0;
    while visited < most {
        let found = waits::list(tx, ctx.caller.workspace, filter, WaitOrder::Newest, after, waits::PAGE_MAX)?;
        for asked in &found {
            visit(tx, asked)?;
        }
        visited += found.len();
        after = found.last().map(|asked| asked.wait.id);
        if found.len() < waits::PAGE_MAX {
            break;
        }
    }
    Ok(())
}

fn item(tx: &mut Tx<'_>, judge: &mut Judge<'_>, asked: Asked, rights: Rights, now: Timestamp) -> Result<Item, Fault> {
    let content = content(&asked);
    Ok(Item {
        question: question(&asked),
        content_hash: content_hash(&content),
        content,
        starter: judge.starter(tx, &asked.wait)?,
        assignees: assignees(tx, &asked.wait)?,
        refusal: closed(&asked, now).or(rights.refusal),
        asked,
    })
}
