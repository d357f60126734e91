//! The steps of a decision, written down on demand (Placements contract, section 7.2).

use serde::Serialize;
use serde_json::{Map, Value};

use super::{By, Decision, Filter, NoFlow, Rule, Source, Subject};
use crate::id::TargetingRuleId;

/// Why a user sees what they see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// `flow` or `no_flow`.
    pub outcome: &'static str,
    /// Why there is nothing to show.
    pub reason: Option<NoFlow>,
    /// What made the placement answer with a flow.
    pub source: Option<Source>,
    /// What was asked, in order.
    pub steps: Vec<Step>,
    /// The user's bucket in the experiment, when it decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u32>,
    /// How the user came to the variant, when the experiment decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignment: Option<By>,
}

/// One question on the way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What was asked: `placement`, `status`, `platform`, `schedule`, `rule`, `rollout`, `audience`, `experiment`, `default`.
    pub step: &'static str,
    /// The answer.
    pub result: bool,
    /// The rule, for `rule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<TargetingRuleId>,
    /// The bucket, for `rollout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u32>,
    /// An entry for each condition of a filter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<Value>,
}

impl Explanation {
    /// Of a key that names no placement.
    #[must_use]
    pub fn not_found() -> Self {
        let mut recorder = Recorder::default();
        recorder.step("placement", false);
        recorder.finish(&Decision::NoFlow(NoFlow::PlacementNotFound))
    }

    /// As JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Texts, numbers and lists of them: writing this cannot fail.
        serde_json::to_value(self).unwrap_or_else(|_| Value::Object(Map::new()))
    }
}

/// Who is told of the steps. Each method gives back the answer, so that asking and telling are one.
pub(super) trait Trace {
    fn step(&mut self, step: &'static str, result: bool) -> bool;
    fn bucket_step(&mut self, step: &'static str, answer: (u32, bool)) -> bool;
    fn filter(&mut self, step: &'static str, filter: &Filter, subject: &Subject<'_>) -> bool;
    fn rule(&mut self, rule: &Rule, subject: &Subject<'_>) -> bool;
}

/// Nobody: what a resolve uses.
pub(super) struct Silent;

impl Trace for Silent {
    fn step(&mut self, _: &'static str, result: bool) -> bool {
        result
    }

    fn bucket_step(&mut self, _: &'static str, answer: (u32, bool)) -> bool {
        answer.1
    }

    fn filter(&mut self, _: &'static str, filter: &Filter, subject: &Subject<'_>) -> bool {
        filter.matches(subject)
    }

    fn rule(&mut self, rule: &Rule, subject: &Subject<'_>) -> bool {
        rule.audience.matches(subject)
    }
}

/// Writes everything down.
#[derive(Default)]
pub(super) struct Recorder {
    steps: Vec<Step>,
}

impl Recorder {
    fn push(&mut self, step: &'static str, result: bool) -> &mut Step {
        self.steps.push(Step { step, result, rule_id: None, bucket: None, detail: Vec::new() });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    pub(super) fn finish(self, decision: &Decision<'_>) -> Explanation {
        let (outcome, reason, source, chosen) = match decision {
            Decision::Flow(served) => ("flow", None, Some(served.source), served.chosen),
            Decision::NoFlow(reason) => ("no_flow", Some(*reason), None, None),
        };
        Explanation {
            outcome,
            reason,
            source,
            steps: self.steps,
            bucket: chosen.map(|chosen| chosen.bucket),
            assignment: chosen.map(|chosen| chosen.by),
        }
    }
}

impl Trace for Recorder {
    fn step(&mut self, step: &'static str, result: bool) -> bool {
        self.push(step, result);
        result
    }

    fn bucket_step(&mut self, step: &'static str, answer: (u32, bool)) -> bool {
        self.push(step, answer.1).bucket = Some(answer.0);
        answer.1
    }

    fn filter(&mut self, step: &'static str, filter: &Filter, subject: &Subject<'_>) -> bool {
        let (matched, detail) = filter.explain(subject);
        self.push(step, matched).detail = detail;
        matched
    }

    fn rule(&mut self, rule: &Rule, subject: &Subject<'_>) -> bool {
        let (matched, detail) = rule.audience.explain(subject);
        let step = self.push("rule", matched);
        (step.rule_id, step.detail) = (Some(rule.id), detail);
        matched
    }
}
