//! Writing what waits: settles which bodies are kept, masks, and writes many requests in one transaction.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use floe_model::access::credits::day_of;
use floe_model::access::{Caller, Credential};
use floe_model::id::{KeyId, TokenId, WorkspaceId};
use floe_model::{Fault, Mode, Scope};
use floe_store::access::usage::{self, Counts, Key};
use floe_store::access::{requests, workspaces};
use serde_json::{Map, Value};

use super::{Answered, BodyRule, Facts, Request, mask};
use crate::service::Access;

/// Requests of one transaction: few enough not to be felt by what is written with them, and not to lie in memory until they are cold.
pub const REQUEST_BATCH: usize = 100;
/// The same where many wait, since they are written last and could never catch up otherwise.
const REQUEST_BATCH_MAX: usize = 500;
/// So many wait for each request of a larger batch.
const WAITING_FOR_EACH: usize = 8;
/// Requests that one sweep removes in one transaction.
const PURGE_MAX: usize = 500;
/// Such transactions of one sweep.
const PURGES_MAX: usize = 4_000;
/// Bytes of a request's detail for which there is room at once.
const DETAIL_ROOM: usize = 384;
/// First status that counts as an error in the sums of usage.
const ERROR_FROM: u16 = 400;

impl Access {
    /// Writes a batch of the requests that wait, and tells how many. Those that cannot be written now are left out and counted: a
    /// database that is behind must not be given more to do.
    ///
    /// # Errors
    /// Of the database.
    pub async fn flush_requests(&self) -> Result<usize, Fault> {
        self.flush_tally().await?;
        let taken = self.requests.take(batch_of(self.requests.waiting()));
        let count = taken.len();
        if count == 0 {
            return Ok(0);
        }
        let written = self.write_requests(taken).await;
        if written.is_err() {
            self.requests.dropped.fetch_add(count as u64, std::sync::atomic::Ordering::Relaxed);
        }
        self.tell_of_drops();
        written.map(|()| count)
    }

    /// Removes requests that are older than they are kept, a bounded number.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn sweep_requests(&self) -> Result<(), Fault> {
        let store = &self.platform.store;
        let before = self.platform.clock.now().plus_seconds(-86_400 * i64::from(self.requests.days));
        let mut last = None;
        for _ in 0..PURGES_MAX {
            let Some(workspace) = store.read(move |tx| requests::next_workspace(tx, last)).await? else {
                return Ok(());
            };
            let removed = self.purge_requests(workspace, before).await?;
            if removed < PURGE_MAX as u64 {
                last = Some(workspace);
            }
        }
        Ok(())
    }

    /// Looks before it writes: an idle server writes nothing.
    async fn purge_requests(&self, workspace: WorkspaceId, before: floe_model::Timestamp) -> Result<u64, Fault> {
        let store = &self.platform.store;
        if !store.read(move |tx| requests::any_before(tx, workspace, before)).await? {
            return Ok(0);
        }
        store.write_later(move |tx| requests::purge(tx, workspace, before, PURGE_MAX)).await
    }

    async fn write_requests(&self, taken: Vec<Answered>) -> Result<(), Fault> {
        let workspaces = taken.iter().map(|answered| answered.scope().workspace).collect();
        let rules = self.body_rules(workspaces).await?;
        self.requests.remember_rules(&rules);
        let rule_of =
            |workspace| rules.iter().find(|(known, _)| *known == workspace).map_or(BodyRule::Off, |(_, rule)| *rule);
        let rows: Vec<Request> = taken
            .into_iter()
            .map(|answered| {
                let Scope { workspace, mode } = answered.scope();
                row(answered, rule_of(workspace).keeps(mode))
            })
            .collect();
        let sums = sums(&rows);
        let writing = self.platform.store.write_later(move |tx| {
            requests::add(tx, &rows)?;
            sums.iter().try_for_each(|(scope, counted)| usage::add(tx, *scope, counted))
        });
        writing.await
    }

    /// The rule of each workspace, as it is in the database now.
    async fn body_rules(&self, mut asked: Vec<WorkspaceId>) -> Result<Vec<(WorkspaceId, BodyRule)>, Fault> {
        asked.sort_unstable();
        asked.dedup();
        let default = self.requests.default_rule;
        let reading = self.platform.store.read(move |tx| {
            let mut rules = Vec::with_capacity(asked.len());
            for &id in &asked {
                // A workspace that is gone keeps nothing more.
                let settings = workspaces::find(tx, id)?.map(|workspace| workspace.settings);
                rules.push((id, settings.map_or(BodyRule::Off, |settings| rule(&settings, default))));
            }
            Ok(rules)
        });
        reading.await
    }

    fn tell_of_drops(&self) {
        use std::sync::atomic::Ordering;
        if self.requests.dropped() > 0 && self.requests.tells_of_drops.swap(false, Ordering::Relaxed) {
            tracing::warn!("more requests come in than the request log can write; some are left out of it");
        }
    }
}

/// Requests of one transaction when so many wait.
fn batch_of(waiting: usize) -> usize {
    (waiting / WAITING_FOR_EACH).clamp(REQUEST_BATCH, REQUEST_BATCH_MAX)
}

fn rule(settings: &str, default: BodyRule) -> BodyRule {
    let settings: Map<String, Value> = serde_json::from_str(settings).unwrap_or_default();
    settings.get("request_log_bodies").and_then(Value::as_str).and_then(BodyRule::parse).unwrap_or(default)
}

fn row(answered: Answered, keeps_bodies: bool) -> Request {
    let Scope { workspace, mode } = answered.scope();
    let (key_id, token_id) = credential(&answered.caller);
    let facts = (answered.facts)();
    Request {
        id: answered.id,
        workspace,
        at: answered.at,
        key_id,
        token_id,
        member_id: answered.caller.member_id(),
        surface: answered.surface.to_owned(),
        mode,
        status: answered.status,
        error_code: answered.error_code.map(str::to_owned),
        duration_ms: answered.duration_ms,
        ip: answered.address.to_string(),
        run_id: answered.run,
        detail: detail(&facts, keeps_bodies),
        method: facts.method,
        path: mask::masked(&facts.path).into_owned(),
        idempotency_key: facts.idempotency_key,
    }
}

fn detail(facts: &Facts, keeps_bodies: bool) -> String {
    let mut detail = String::with_capacity(DETAIL_ROOM);
    detail.push_str("{\"headers\":");
    mask::write_pairs(&mut detail, facts.headers.iter());
    detail.push_str(",\"query\":");
    mask::write_pairs(&mut detail, facts.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let bodies = [("request_body", &facts.request), ("response_body", &facts.response)];
    for (name, part) in bodies.into_iter().filter(|_| keeps_bodies) {
        if let Some(part) = part {
            let _ = write!(detail, ",\"{name}\":{}", mask::body(part));
        }
    }
    detail.push('}');
    detail
}

const fn credential(caller: &Caller) -> (Option<KeyId>, Option<TokenId>) {
    match caller.credential {
        Credential::FlowsKey(id)
        | Credential::TreasuryKey(id)
        | Credential::PlacementsKey(id)
        | Credential::AgentsKey(id)
        | Credential::WorkflowsKey(id) => (Some(id), None),
        Credential::Token(id) => (None, Some(id)),
        _ => (None, None),
    }
}

/// What the requests add to the sums, sorted, each key once.
fn sums(rows: &[Request]) -> Vec<(Scope, Vec<(Key, Counts)>)> {
    let mut sums: BTreeMap<(WorkspaceId, Mode), BTreeMap<Key, Counts>> = BTreeMap::new();
    for row in rows {
        let key = row.key_id.map(KeyId::prefixed).or_else(|| row.token_id.map(TokenId::prefixed)).unwrap_or_default();
        let key = Key { day: day_of(row.at), product: row.surface.clone(), key, ..Key::default() };
        let errors = i64::from(row.status >= ERROR_FROM);
        let counts = sums.entry((row.workspace, row.mode)).or_default().entry(key).or_default();
        *counts += Counts { requests: 1, errors, ..Counts::default() };
    }
    let sorted = |((workspace, mode), counted): ((WorkspaceId, Mode), BTreeMap<Key, Counts>)| {
        (Scope { workspace, mode }, counted.into_iter().collect())
    };
    sums.into_iter().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use super::{REQUEST_BATCH, REQUEST_BATCH_MAX, batch_of};

    #[test]
    fn a_batch_grows_with_what_waits_and_has_an_end() {
        for (waiting, expected) in
            [(0, REQUEST_BATCH), (800, REQUEST_BATCH), (1_600, 200), (4_000, 500), (8_192, REQUEST_BATCH_MAX)]
        {
            assert_eq!(batch_of(waiting), expected, "{waiting}");
        }
    }
}
