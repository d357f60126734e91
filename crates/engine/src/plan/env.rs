//! The variables of the workspace that a graph names under `env` (Workflow API contract, section 21).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{LoopKind, Plan, Work};

const ROOT: &str = "env";

impl Plan {
    /// Names under `env` that its nodes read, each once; none of the steps language.
    #[must_use]
    pub fn env_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        if self.rules.is_graph() {
            self.nodes.iter().for_each(|node| collect(&node.work, &mut names));
        }
        names
    }
}

fn collect(work: &Work, names: &mut BTreeSet<String>) {
    let mut add = |found: Vec<&str>| names.extend(found.into_iter().map(str::to_owned));
    match work {
        Work::Compute(compute) => add(compute.members(ROOT)),
        Work::Loop(work) => {
            match &work.kind {
                LoopKind::ForEach { source } => add(source.members(ROOT)),
                LoopKind::While { condition } => add(condition.members(ROOT)),
                LoopKind::Count { count, start } => {
                    add(count.members(ROOT));
                    add(start.members(ROOT));
                }
                LoopKind::Cycle => {}
            }
            work.variables.iter().for_each(|variables| add(variables.members(ROOT)));
        }
        Work::Sleep(work) => {
            let templates = [&work.duration, &work.until, &work.zone];
            templates.into_iter().flatten().for_each(|template| add(template.members(ROOT)));
        }
        Work::Poll(work) => add(work.condition.members(ROOT)),
        Work::Wait(work) => add(work.question.members(ROOT)),
        Work::Child { call, .. } => add(call.members(ROOT)),
        Work::Effect(work) => {
            add(work.config.members(ROOT));
            collect_in_programs(&work.fixed, names);
        }
        Work::Skip { .. }
        | Work::Assign { .. }
        | Work::Choose { .. }
        | Work::Finish { .. }
        | Work::Delay { .. }
        | Work::Each { .. }
        | Work::While { .. }
        | Work::Parallel { .. } => {}
    }
}

/// Names in program text that is no template: `env.NAME`, `env['NAME']`.
fn collect_in_programs(fixed: &Map<String, Value>, names: &mut BTreeSet<String>) {
    for text in fixed.values().filter_map(Value::as_str) {
        for (at, word) in text.match_indices(ROOT) {
            let is_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
            let rest = text[at + word.len()..].trim_start();
            let member =
                rest.strip_prefix('.').or_else(|| rest.strip_prefix("['")).or_else(|| rest.strip_prefix("[\""));
            let Some(member) = member.filter(|_| is_word) else { continue };
            let end = member.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(member.len());
            if crate::secrets::is_name(&member[..end]) {
                names.insert(member[..end].to_owned());
            }
        }
    }
}
