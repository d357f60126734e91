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
    // An answer to a run that was cancelled may show nowhere.
    let cancelled: BTreeSet<&str> =
        facts.iter().filter(|run| run.status == "cancelled").map(|run| run.id.as_str()).collect();
    let judged = ledger.waits.iter().filter(|(_, wait)| !cancelled.contains(wait.run.as_str()));
    judged.flat_map(|(id, wait)| judge_wait(ledger, id, wait, shown.get(wait.run.as_str()))).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::ledger::{Answer, Ledger, Wait};
    use super::judge_wait;

    /// Answers as (sent at, accepted at), and the numbers of those that show.
    fn check(kind: &str, answers: &[(u64, Option<u64>)], shown: &[usize], violations: usize) {
        let answer = |(number, (began, accepted)): (usize, &(u64, Option<u64>))| Answer {
            token: format!("answer-{number}."),
            began: *began,
            accepted: *accepted,
        };
        let ledger = Ledger { answers: answers.iter().enumerate().map(answer).collect(), ..Ledger::default() };
        let wait = Wait { kind: kind.to_owned(), answers: (0..answers.len()).collect(), ..Wait::default() };
        let shown: BTreeSet<String> = shown.iter().map(|number| format!("answer-{number}")).collect();
        let found = judge_wait(&ledger, "w", &wait, Some(&shown));
        assert_eq!(found.len(), violations, "{answers:?} {shown:?}: {found:?}");
    }

    #[test]
    fn exactly_one_answer_counts_and_it_is_the_accepted_one() {
        check("user-approval", &[(1, Some(2)), (1, None)], &[0], 0);
        check("user-approval", &[(1, None), (3, None)], &[1], 0);
        check("user-approval", &[(1, Some(2)), (1, None)], &[1], 1);
        check("user-approval", &[(1, Some(2)), (1, Some(2))], &[1], 1);
        check("user-approval", &[(1, Some(2)), (1, None)], &[0, 1], 1);
        check("user-approval", &[(1, Some(2))], &[], 1);
        check("client-tool", &[(1, Some(3)), (2, Some(4))], &[1], 0);
        check("client-tool", &[(1, Some(3)), (4, Some(5))], &[1], 1);
    }
}
