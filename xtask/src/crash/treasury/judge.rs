//! The judgement: everything is read back, and the books are checked against what was told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::book::{Book, Told, is_final};
use super::clients::objective;
use crate::crash::http::Request;
use crate::crash::judge::{self, Report};
use crate::crash::server::{Launch, Server};
use crate::crash::time;
use crate::crash::world::World;
use crate::workspace::{Failure, Outcome};

/// Rows of a page.
const PAGE: usize = 200;
/// Time in which what settles after the runs are over has settled, and the webhooks have come.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

/// A run as it is read back.
struct Facts {
    id: String,
    phase: String,
    objective: String,
    candidates: Vec<Value>,
    transactions: Vec<Value>,
}

/// Judges everything, with a server that has come to rest; ends that server.
///
/// # Errors
/// When something cannot be read.
pub(super) fn judge(world: &World, book: &Book, launch: &Launch, server: Server, folder: &Path) -> Outcome<Report> {
    let reader = Reader { world, address: server.address };
    let mut found = Vec::new();
    if !time::wait_until(SETTLED_WITHIN, || reader.is_settled().unwrap_or(false)) {
        found.push("payouts that were looked after did not settle".to_owned());
    }
    let facts = reader.runs()?;
    let mut told = book.lock();
    found.extend(judge_starts(&told, &facts));
    found.extend(facts.iter().flat_map(judge_run));
    found.extend(judge_wallet(&told, &facts, &reader)?);
    if !time::wait_until(SETTLED_WITHIN, || judge_hooks(world, &facts).is_empty()) {
        found.extend(judge_hooks(world, &facts));
    }
    let audit = reader.get("/api/v1/audit/verify")?;
    if audit["valid"] != true {
        found.push(format!("the audit chain is broken: {audit}"));
    }
    let mut ledger = std::mem::take(&mut *world.ledger());
    found.extend(std::mem::take(&mut ledger.violations));
    found.extend(judge::judge_idle(&server, folder));
    found.extend(server.stop().err());
    found.extend(judge::judge_log(launch, &mut ledger));
    found.extend(judge::judge_leftovers(folder));
    found.extend(judge_doctor(launch)?);
    let table = tell(world, &told, &facts, &ledger.counts);
    told.open.clear();
    found.sort();
    Ok(Report { table, violations: found })
}

/// An answered start exists; one that was asked for makes one run at most. A run that was told to be released was.
fn judge_starts(told: &Told, facts: &[Facts]) -> Vec<String> {
    let mut by_objective: HashMap<&str, Vec<&Facts>> = HashMap::new();
    for run in facts {
        by_objective.entry(&run.objective).or_default().push(run);
    }
    let mut found = Vec::new();
    for (number, named) in told.starts.iter().enumerate() {
        let made = by_objective.get(objective(number).as_str()).map_or(&[][..], Vec::as_slice);
        if made.len() > 1 || named.len() > 1 {
            found.push(format!("start {number} made {} runs, and was answered with {named:?}", made.len()));
        }
        for id in named {
            if !made.iter().any(|run| run.id == *id) {
                found.push(format!("start {number} was answered with run {id}, which is not there"));
            }
        }
    }
    for run in facts {
        let Some(known) = told.runs.get(&run.id) else { continue };
        if known.released && !known.given_up && !run.phase.starts_with("completed") {
            found.push(format!("payment run {} was told to be released, and is {}", run.id, run.phase));
        }
    }
    found
}

/// Every run is over, every candidate in a state that the contract allows, with exactly the transactions that belong to it.
fn judge_run(run: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    if !is_final(&run.phase) {
        found.push(format!("payment run {} is {}", run.id, run.phase));
    }
    let mut by_reference: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for transaction in &run.transactions {
        by_reference.entry(text(transaction, "reference")).or_default().push(transaction);
    }
    let mut debits = 0;
    for candidate in &run.candidates {
        let (approval, execution) = (text(candidate, "approval_status"), text(candidate, "execution_status"));
        let what = format!("candidate {} of run {} ({approval}, {execution})", candidate["id"], run.id);
        let of_it = candidate["reference"].as_str().and_then(|reference| by_reference.get(reference));
        let statuses: Vec<&str> = of_it.into_iter().flatten().map(|one| text(one, "status")).collect();
        let expected: &[&str] = match (approval, execution) {
            ("approved", "success" | "reversed") => &["SUCCESS"],
            ("approved", "failed") => &["FAILED"],
            ("approved", "requires_followup" | "pending") => &["PENDING"],
            (_, "not_started") => &[],
            _ => &["a state that cannot be"],
        };
        debits += statuses.len();
        if statuses != expected {
            found.push(format!("{what} has the transactions {statuses:?}"));
        }
    }
    let all = run.transactions.iter().filter(|one| text(one, "direction") == "debit").count();
    if all != debits {
        found.push(format!("payment run {} has {all} debits, its candidates {debits}", run.id));
    }
    found
}

/// Funded − paid out + come back = available + reserved, and reserved is what is still open.
fn judge_wallet(told: &Told, facts: &[Facts], reader: &Reader<'_>) -> Outcome<Vec<String>> {
    let wallet = reader.get("/api/v1/wallet")?;
    let sum = |direction: &str, status: &str| -> i64 {
        let all = facts.iter().flat_map(|run| &run.transactions);
        all.filter(|one| text(one, "direction") == direction && text(one, "status") == status)
            .map(|one| kobo(&one["amount"]))
            .sum()
    };
    let paid = sum("debit", "SUCCESS") - sum("credit", "SUCCESS");
    let pending = sum("debit", "PENDING");
    let (available, reserved) = (kobo(&wallet["balance"]), kobo(&wallet["reserved_balance"]));
    let answered: u64 = told.topups.iter().filter(|(_, answered)| *answered).map(|(kobo, _)| kobo).sum();
    let asked: u64 = told.topups.iter().map(|(kobo, _)| kobo).sum();
    let funded = available + reserved + paid;
    let mut found = Vec::new();
    if reserved != pending {
        found.push(format!("{reserved} kobo are reserved, {pending} are pending"));
    }
    if funded < i64::try_from(answered).unwrap_or(i64::MAX) || funded > i64::try_from(asked).unwrap_or(i64::MAX) {
        found
            .push(format!("{funded} kobo are accounted for; {answered} were told to be added, {asked} were asked for"));
    }
    Ok(found)
}

/// Every final result of a payout was told once, however often it was delivered.
fn judge_hooks(world: &World, facts: &[Facts]) -> Vec<String> {
    let mut told: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for received in world.receivers.received() {
        let (event, data) = (text(&received.body, "event").to_owned(), &received.body["data"]);
        if let Some(candidate) = data["candidate_id"].as_str() {
            told.entry((candidate.to_owned(), event)).or_default().insert(received.key.clone());
        }
    }
    let mut found = Vec::new();
    for candidate in facts.iter().flat_map(|run| &run.candidates) {
        let id = text(candidate, "id");
        let events: &[&str] = match text(candidate, "execution_status") {
            "success" => &["payout.succeeded"],
            "failed" => &["payout.failed"],
            "reversed" => &["payout.succeeded", "payout.failed"],
            _ => &[],
        };
        for event in ["payout.succeeded", "payout.failed"] {
            let ids = told.get(&(id.to_owned(), event.to_owned())).map_or(0, BTreeSet::len);
            let expected = usize::from(events.contains(&event));
            if ids != expected {
                found.push(format!("{event} of candidate {id} was told as {ids} events instead of {expected}"));
            }
        }
    }
    found
}

/// What Floe finds in its own books once the server has stopped: the ledger, the audit chain, and whether anything was sent twice.
fn judge_doctor(launch: &Launch) -> Outcome<Vec<String>> {
    let checks = launch.command_lines(&["doctor", "--json"])?;
    let of_ledger = checks.iter().find(|check| check["id"] == "ledger");
    let mut found: Vec<String> = checks
        .iter()
        .filter(|check| check["status"] == "fail")
        .map(|check| format!("the doctor finds: {check}"))
        .collect();
    if of_ledger.is_none_or(|check| check["status"] != "ok") {
        found.push(format!("the doctor does not find the ledger in order: {checks:?}"));
    }
    Ok(found)
}

fn tell(world: &World, told: &Told, facts: &[Facts], counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let number = |count: usize| count as u64;
    let mut table = vec![
        ("payment runs asked for".to_owned(), number(told.starts.len())),
        ("payment runs read back".to_owned(), number(facts.len())),
        ("webhooks received".to_owned(), number(world.receivers.count())),
    ];
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for run in facts {
        *states.entry(format!("runs: {}", run.phase)).or_default() += 1;
        for candidate in &run.candidates {
            let state =
                format!("candidates: {} {}", text(candidate, "approval_status"), text(candidate, "execution_status"));
            *states.entry(state).or_default() += 1;
        }
    }
    table.extend(states);
    table.extend(counts.iter().map(|(what, count)| (what.clone(), *count)));
    table
}

struct Reader<'a> {
    world: &'a World,
    address: SocketAddr,
}

impl Reader<'_> {
    /// Whether no payout is on its way any more.
    fn is_settled(&self) -> Outcome<bool> {
        let pending = self.all("/api/v1/transactions?status=PENDING")?;
        Ok(pending.iter().all(|one| one["payout_status"] == "requires_followup"))
    }

    fn runs(&self) -> Outcome<Vec<Facts>> {
        let mut facts = Vec::new();
        for run in self.all("/api/v1/runs")? {
            let id = text(&run, "id").to_owned();
            facts.push(Facts {
                phase: text(&run, "phase").to_owned(),
                objective: text(&run, "objective").to_owned(),
                candidates: self.all(&format!("/api/v1/runs/{id}/candidates"))?,
                transactions: self.all(&format!("/api/v1/transactions?run_id={id}"))?,
                id,
            });
        }
        Ok(facts)
    }

    /// Every row of a list.
    fn all(&self, path: &str) -> Outcome<Vec<Value>> {
        let mut rows = Vec::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(&format!("{path}{mark}limit={PAGE}&offset={}", rows.len()))?;
            rows.extend(page["data"].as_array().cloned().unwrap_or_default());
            if page["has_more"] != true {
                return Ok(rows);
            }
        }
    }

    fn get(&self, path: &str) -> Outcome<Value> {
        match Request::get(path, &self.world.credentials.token).in_test_mode().send(self.address) {
            Ok(answer) if answer.status == 200 => Ok(answer.body),
            Ok(answer) => Err(Failure(format!("{path}: {} {}", answer.status, answer.body))),
            Err(broken) => Err(Failure(format!("{path}: {broken:?}"))),
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// An amount of two decimals, which a double holds exactly enough at these sizes.
fn kobo(value: &Value) -> i64 {
    (value.as_f64().unwrap_or_default() * 100.0).round() as i64
}
