//! Reading the log of a flow: stored entries and those that runs tell, as one list in order of time.
//!
//! Stored entries are all there. Of the runs, those are read that can have entries in the period: the ones that were accepted last, long
//! ones, and those that are not over; each up to a limit, as is what their journals hold together. When a limit cuts something off,
//! the list says from which instant on it is complete; a caller who wants to look farther back sets the end of the period there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use floe_engine::event::Event as Happened;
use floe_engine::plan::Plan;
use floe_model::id::{FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::documents;
use floe_store::flows::flow_logs::{self, LogFilter};
use floe_store::flows::logged_runs::{self, LoggedRun, Period, SHORT_SECONDS};

use super::derive::entries;
use super::entry::Entry;
use super::event::Event;
use crate::Flows;
use crate::definitions;

/// Runs read because they were accepted last.
const NEWEST_MAX: usize = 200;
/// Runs read because they were long, because they wait, or because they move: of each at most.
const OTHERS_MAX: usize = 50;
/// Bytes of journals read for one list.
const JOURNAL_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Entries told by runs in one list at most; printed lines can be many.
const ENTRIES_MAX: usize = 20_000;

/// Which entries are wanted; an empty filter wants all.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Levels; every level when empty.
    pub levels: Vec<&'static str>,
    /// Events; every event when empty.
    pub events: Vec<Event>,
    /// Entries of one run.
    pub run: Option<RunId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A part of the log.
#[derive(Debug)]
pub struct LogPage {
    /// Entries.
    pub entries: Vec<Entry>,
    /// How many there are in the whole list.
    pub total: u64,
    /// The instant from which on the list is complete; none when it is complete.
    pub complete_from: Option<Timestamp>,
}

impl Flows {
    /// Entries of a flow that the caller may see: `limit` from `skip` on.
    ///
    /// # Errors
    /// 404 for a flow that is not there or may not be seen.
    pub async fn list_log(
        &self,
        ctx: &Ctx,
        flow: FlowId,
        wanted: Wanted,
        newest_first: bool,
        limit: usize,
        skip: usize,
    ) -> Result<LogPage, Fault> {
        let (caller, asked) = (ctx.clone(), wanted.clone());
        let found = ctx
            .store
            .read(move |tx| {
                definitions::visible(tx, &caller, flow)?;
                find(tx, &caller, flow, &asked)
            })
            .await?;
        let mut complete_from = found.complete_from;
        let mut told = self.told_by(&found, &wanted, &mut complete_from)?;
        told.sort_by_key(|entry| (entry.at, entry.id));
        if newest_first {
            told.reverse();
        }
        let (workspace, filter) = (ctx.caller.workspace, filter(&wanted));
        // Of the stored entries, those can stand in this part which have at most as many before them.
        let first = skip.saturating_sub(told.len());
        let (stored, count) = ctx
            .store
            .read(move |tx| {
                let rows = flow_logs::list(tx, workspace, flow, &filter, newest_first, limit + skip - first, first)?;
                Ok((rows, flow_logs::count(tx, workspace, flow, &filter)?))
            })
            .await?;
        let total = count + told.len() as u64;
        let stored = stored.into_iter().map(Entry::of).collect();
        let entries = merge(stored, told, newest_first).skip(skip - first).take(limit).collect();
        Ok(LogPage { entries, total, complete_from })
    }

    /// The wanted entries that runs tell.
    fn told_by(
        &self,
        found: &Found,
        wanted: &Wanted,
        complete_from: &mut Option<Timestamp>,
    ) -> Result<Vec<Entry>, Fault> {
        let mut plans: BTreeMap<[u8; 32], Arc<Plan>> = BTreeMap::new();
        for (hash, text) in &found.texts {
            plans.insert(*hash, self.plans.compile(*hash, text)?);
        }
        let mut chunks: BTreeMap<RunId, Vec<&str>> = BTreeMap::new();
        for (run, text) in &found.journals {
            chunks.entry(*run).or_default().push(text);
        }
        let mut told: Vec<Entry> = Vec::new();
        for run in &found.runs {
            if told.len() >= ENTRIES_MAX {
                let last = told.iter().map(|entry| entry.at).max();
                cut(complete_from, run.finished_at.or(last).unwrap_or(run.queued_at));
                continue;
            }
            let Some(plan) = plans.get(&run.document_hash) else { continue };
            let mut events: Vec<Happened> = Vec::new();
            for chunk in chunks.remove(&run.id).unwrap_or_default() {
                events.extend(serde_json::from_str::<Vec<Happened>>(chunk).map_err(Fault::internal)?);
            }
            told.extend(entries(run, plan, &events).into_iter().filter(|entry| wanted.wants(entry)));
        }
        Ok(told)
    }
}

/// What one look into the store finds of the runs.
struct Found {
    /// Runs, the newest first.
    runs: Vec<LoggedRun>,
    journals: Vec<(RunId, String)>,
    /// Their definitions.
    texts: Vec<([u8; 32], String)>,
    complete_from: Option<Timestamp>,
}

fn find(tx: &mut Tx<'_>, ctx: &Ctx, flow: FlowId, wanted: &Wanted) -> Result<Found, Fault> {
    let workspace = ctx.caller.workspace;
    let mut complete_from = None;
    let mut runs = Vec::new();
    if wanted.wants_runs() {
        runs = match wanted.run {
            Some(run) => logged_runs::one(tx, workspace, flow, run)?.into_iter().collect(),
            None => candidates(tx, ctx, flow, wanted, &mut complete_from)?,
        };
    }
    let mut bytes = 0;
    runs.retain(|run| {
        bytes += run.journal_bytes;
        // One run is always read, as each of the other reads of a run does.
        let is_read = bytes <= JOURNAL_BYTES_MAX || bytes == run.journal_bytes;
        if !is_read {
            cut(&mut complete_from, run.finished_at.unwrap_or(ctx.now()));
        }
        is_read
    });
    let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
    let journals = logged_runs::journals(tx, workspace, &ids)?;
    let hashes: BTreeSet<[u8; 32]> = runs.iter().map(|run| run.document_hash).collect();
    let texts = texts(tx, workspace, hashes)?;
    Ok(Found { runs, journals, texts, complete_from })
}

/// The runs that can have entries in the period, and where what was cut off ends.
fn candidates(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    flow: FlowId,
    wanted: &Wanted,
    complete_from: &mut Option<Timestamp>,
) -> Result<Vec<LoggedRun>, Fault> {
    let from = wanted.from.unwrap_or(Timestamp(i64::MIN));
    let statuses = wanted.statuses();
    let period = Period {
        workspace: ctx.caller.workspace,
        flow,
        from,
        below: wanted.to.map_or(RunId(u128::MAX), first_id),
        statuses: statuses.as_deref(),
    };
    let newest = logged_runs::newest(tx, period, NEWEST_MAX)?;
    if let Some(last) = newest.last().filter(|_| newest.len() == NEWEST_MAX) {
        // A run that was accepted before is long, or was over a minute later.
        cut(complete_from, last.queued_at.plus_seconds(SHORT_SECONDS));
    }
    let long = logged_runs::long(tx, period, OTHERS_MAX)?;
    if let Some(last) = long.last().filter(|_| long.len() == OTHERS_MAX) {
        cut(complete_from, last.finished_at.unwrap_or(ctx.now()));
    }
    let open = if statuses.is_none() { logged_runs::open(tx, period, OTHERS_MAX)? } else { Default::default() };
    for some in &open {
        if some.len() == OTHERS_MAX && some.last().is_some_and(|last| !newest.contains(last)) {
            // One of those that are not read may have done something just now.
            cut(complete_from, ctx.now());
        }
    }
    // What is cut off before the period does not matter in it.
    *complete_from = complete_from.filter(|instant| *instant > from);
    let mut by_id: BTreeMap<RunId, LoggedRun> = BTreeMap::new();
    let [waiting, moving] = open;
    by_id.extend(newest.into_iter().chain(long).chain(waiting).chain(moving).map(|run| (run.id, run)));
    Ok(by_id.into_values().rev().filter(|run| run.finished_at.is_none_or(|end| end >= from)).collect())
}

fn texts(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    hashes: BTreeSet<[u8; 32]>,
) -> Result<Vec<([u8; 32], String)>, Fault> {
    let mut texts = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let text = documents::find(tx, workspace, &hash)?;
        texts.push((hash, text.ok_or_else(|| Fault::internal("a run's definition is not there"))?));
    }
    Ok(texts)
}

impl Wanted {
    /// Whether runs can tell something that is wanted.
    fn wants_runs(&self) -> bool {
        let of_runs = |event: &Event| event.is_of_runs() || *event == Event::ShareExecuted;
        self.events.is_empty() || self.events.iter().any(of_runs)
    }

    /// The statuses that a run must have to tell something that is wanted, as the store takes them.
    fn statuses(&self) -> Option<String> {
        let status = |event: &Event| match event {
            Event::RunCompleted => Some("completed"),
            Event::RunFailed => Some("failed"),
            Event::RunCancelled => Some("cancelled"),
            // Stored entries are found without runs.
            event if !event.is_of_runs() && *event != Event::ShareExecuted => Some(""),
            _ => None,
        };
        if self.events.is_empty() {
            return None;
        }
        let statuses: Option<Vec<&str>> = self.events.iter().map(status).collect();
        statuses.map(|words| format!(",{},", words.join(",")))
    }

    fn wants(&self, entry: &Entry) -> bool {
        (self.levels.is_empty() || self.levels.contains(&entry.level.as_str()))
            && (self.events.is_empty() || self.events.iter().any(|event| event.as_str() == entry.event))
            && self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
    }
}

fn filter(wanted: &Wanted) -> LogFilter {
    let list = |words: Vec<&str>| (!words.is_empty()).then(|| format!(",{},", words.join(",")));
    LogFilter {
        levels: list(wanted.levels.clone()),
        events: list(wanted.events.iter().map(|event| event.as_str()).collect()),
        run: wanted.run,
        from: wanted.from,
        to: wanted.to,
    }
}

/// Notes that something before an instant may be missing.
fn cut(complete_from: &mut Option<Timestamp>, at: Timestamp) {
    *complete_from = (*complete_from).max(Some(at));
}

/// The smallest id that a run can have which is accepted at an instant.
fn first_id(at: Timestamp) -> RunId {
    // Ids begin with the milliseconds. A second more, since a busy server can be ahead of its clock.
    let millis = u128::try_from(at.millis().saturating_add(1_000)).unwrap_or(0);
    RunId(millis.min((1 << 48) - 1) << 80)
}

/// Two ordered lists as one.
fn merge(stored: Vec<Entry>, told: Vec<Entry>, newest_first: bool) -> impl Iterator<Item = Entry> {
    let (mut stored, mut told) = (stored.into_iter().peekable(), told.into_iter().peekable());
    std::iter::from_fn(move || {
        let stored_first = match (stored.peek(), told.peek()) {
            (Some(one), Some(other)) => ((one.at, one.id) < (other.at, other.id)) != newest_first,
            (one, _) => one.is_some(),
        };
        if stored_first { stored.next() } else { told.next() }
    })
}

#[cfg(test)]
mod tests;
