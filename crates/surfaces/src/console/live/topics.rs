//! What a reader wants to be told.

use floe_model::Fault;
use floe_model::id::RunId;

use crate::http::Call;

/// Single runs that one stream follows.
const RUNS_MAX: usize = 5;
/// What `topics` is.
pub(super) const ABOUT: &str =
    "Between commas: runs, run:<id> (up to 5), inbox, deliveries, documents, jobs, experiments, credits, notifications";

/// The topics of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Topics {
    /// Runs of every product.
    pub(super) runs: bool,
    /// What waits for a person.
    pub(super) inbox: bool,
    /// What is sent to webhooks.
    pub(super) deliveries: bool,
    /// Documents of knowledge bases that are worked on.
    pub(super) documents: bool,
    /// Acts on many runs.
    pub(super) jobs: bool,
    /// Experiments of apps.
    pub(super) experiments: bool,
    /// The balances.
    pub(super) credits: bool,
    /// What the member wants to be told.
    pub(super) notifications: bool,
    /// Single runs, with their steps and what their models say.
    pub(super) of_runs: Vec<RunId>,
}

impl Topics {
    /// Reads them.
    ///
    /// # Errors
    /// 400 naming `topics`.
    pub(super) fn read(call: &Call) -> Result<Self, Fault> {
        Self::parse(call.query.get("topics").unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = |why: String| Fault::field("/topics", "value", why);
        let mut topics = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let switch = match word {
                "runs" => &mut topics.runs,
                "inbox" => &mut topics.inbox,
                "deliveries" => &mut topics.deliveries,
                "documents" => &mut topics.documents,
                "jobs" => &mut topics.jobs,
                "experiments" => &mut topics.experiments,
                "credits" => &mut topics.credits,
                "notifications" => &mut topics.notifications,
                _ => {
                    let run = word.strip_prefix("run:").and_then(|id| RunId::parse(id).ok());
                    let run = run.ok_or_else(|| wrong(format!("topics must hold some of these. {ABOUT}")))?;
                    if !topics.of_runs.contains(&run) {
                        topics.of_runs.push(run);
                    }
                    continue;
                }
            };
            *switch = true;
        }
        if topics == Self::default() {
            return Err(wrong(format!("topics must hold at least one of these. {ABOUT}")));
        }
        if topics.of_runs.len() > RUNS_MAX {
            return Err(wrong(format!("topics must hold at most {RUNS_MAX} single runs")));
        }
        Ok(topics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_known_words_and_few_runs() {
        let run = |n: u128| RunId(n).to_string();
        let topics = Topics::parse(&format!("inbox, runs,run:{0},run:{0}", run(7))).expect("topics");
        assert_eq!(topics, Topics { inbox: true, runs: true, of_runs: vec![RunId(7)], ..Topics::default() });
        let six: Vec<String> = (1..=6).map(|n| format!("run:{}", run(n))).collect();
        for wrong in ["", ",", "flows", "run:", "run:x", &six.join(",")] {
            assert!(Topics::parse(wrong).is_err(), "{wrong}");
        }
    }
}
