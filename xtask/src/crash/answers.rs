//! The answers: of all that were sent for one question exactly one counts, and one that was said to count does.

use std::collections::{BTreeSet, HashMap};

use super::effects::named;
use super::judge::Facts;
use super::ledger::{Ledger, Wait};
use super::receiver::Received;

/// Judges the answers against the runs' outputs, step results and calls, where the answers that counted show.
pub(super) fn judge(ledger: &Ledger, facts: &[Facts], received: &[Received]) -> Vec<String> {
    let mut shown: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for run in facts {
        let steps = run.steps.iter().filter(|step| step.kind != "call-flow").map(|step| step.output.to_string());
        let tokens = steps.chain([run.output.to_string()]).flat_map(|text| named(&text, "answer-"));
        shown.entry(&run.id).or_default().extend(tokens);
    }
    for call in received {
        let run = call.key.split(':').next().unwrap_or_default();
        shown.entry(run).or_default().extend(named(&call.body.to_string(), "answer-"));
    }
    ledger.waits.iter().flat_map(|(id, wait)| judge_wait(ledger, id, wait, shown.get(wait.run.as_str()))).collect()
}

fn judge_wait(ledger: &Ledger, id: &str, wait: &Wait, shown: Option<&BTreeSet<String>>) -> Vec<String> {
    let what = format!("question {id} ({}) of run {}", wait.kind, wait.run);
    let is_shown = |token: &str| shown.is_some_and(|shown| shown.contains(token.trim_end_matches('.')));
    let sent = || wait.answers.iter().map(|number| &ledger.answers[*number]);
    let counted: Vec<_> = sent().filter(|answer| is_shown(&answer.token)).collect();
    let [counts] = counted.as_slice() else {
        let tokens: Vec<&str> = counted.iter().map(|answer| answer.token.as_str()).collect();
        return vec![format!(
            "{what}: {} answers count, of {} that were sent: {tokens:?}",
            tokens.len(),
            wait.answers.len()
        )];
    };
    let mut found = Vec::new();
    // A client tool's answer is accepted again without counting; everybody else is told that it does not count.
    let is_exclusive = wait.kind != "client-tool";
    for answer in sent().filter(|answer| answer.token != counts.token) {
        let Some(accepted) = answer.accepted else { continue };
        if is_exclusive {
            found.push(format!("{what}: {} was accepted, but {} counts", answer.token, counts.token));
        } else if counts.began > accepted {
            found.push(format!("{what}: {} counts, but was sent after {} was accepted", counts.token, answer.token));
        }
    }
    found
}
