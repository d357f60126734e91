//! Targeting rules of a placement (Placements contract, section 14): read, checked, written, and made ready.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::filter::Filter;
use crate::FieldProblem;
use crate::id::{AudienceId, ScreenVersionId, TargetingRuleId};

/// Most rules of a placement.
pub const RULES_MAX: usize = 50;
/// Most characters of the name of a rule.
pub const RULE_NAME_CHARS_MAX: usize = 120;

/// A rule, ready to be asked.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: TargetingRuleId,
    /// Whom it is for.
    pub audience: Arc<Filter>,
    /// What they see.
    pub version: ScreenVersionId,
}

/// A rule as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// Its id; given when it is made, and kept when it is sent again.
    pub id: Option<TargetingRuleId>,
    /// What people call it.
    pub name: String,
    /// Whom it is for.
    pub audience: RuleAudience,
    /// What they see.
    pub version: ScreenVersionId,
}

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleAudience {
    /// A filter of its own, as it was sent.
    Filter(Value),
    /// A saved audience.
    Saved(AudienceId),
}

impl RuleSpec {
    /// Reads the rules of a request or a row. `path` is the JSON pointer of the list; `null` is the empty list.
    ///
    /// # Errors
    /// What is wrong, rule by rule. Whether audiences and versions exist is not asked here.
    pub fn read_all(value: &Value, path: &str) -> Result<Vec<Self>, Vec<FieldProblem>> {
        let list = match value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(list) if list.len() <= RULES_MAX => list,
            Value::Array(_) => {
                return Err(vec![FieldProblem::new(path, "range", format!("There are at most {RULES_MAX} rules"))]);
            }
            _ => return Err(vec![FieldProblem::new(path, "type", "`rules` is a list")]),
        };
        let mut rules = Vec::with_capacity(list.len());
        let mut problems = Vec::new();
        for (index, value) in list.iter().enumerate() {
            match Self::read(value, &format!("{path}/{index}")) {
                Ok(rule) => rules.push(rule),
                Err(found) => problems.extend(found),
            }
        }
        problems.extend(repeated(&rules, path));
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }

    fn read(value: &Value, path: &str) -> Result<Self, Vec<FieldProblem>> {
        let Value::Object(members) = value else {
            return Err(vec![FieldProblem::new(path, "type", "A rule is an object")]);
        };
        let mut problems = Vec::new();
        let id = optional_id(members, path, "id", TargetingRuleId::parse, &mut problems);
        let name = name(members, path, &mut problems);
        let version = optional_id(members, path, "flow_version_id", ScreenVersionId::parse, &mut problems);
        if version.is_none() && problems.iter().all(|problem| !problem.path.ends_with("flow_version_id")) {
            let path = format!("{path}/flow_version_id");
            problems.push(FieldProblem::new(path, "required", "`flow_version_id` is required"));
        }
        let audience = audience(members, path, &mut problems);
        match (version, audience) {
            (Some(version), Some(audience)) if problems.is_empty() => Ok(Self { id, name, audience, version }),
            _ => Err(problems),
        }
    }

    /// As it is shown and stored.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let (filter, audience) = match &self.audience {
            RuleAudience::Filter(filter) => (filter.clone(), None),
            RuleAudience::Saved(id) => (Value::Null, Some(id)),
        };
        json!({
            "id": self.id,
            "name": self.name,
            "filter": filter,
            "audience_id": audience,
            "flow_version_id": self.version,
        })
    }

    /// The rule, ready to be asked. `find` gives saved audiences with everything joined in; one that is missing matches nobody.
    #[must_use]
    pub fn compile(&self, find: &mut dyn FnMut(AudienceId) -> Option<Arc<Filter>>) -> Rule {
        let audience = match &self.audience {
            RuleAudience::Filter(filter) => Arc::new(Filter::stored(filter).link(find)),
            RuleAudience::Saved(id) => find(*id).unwrap_or_else(|| Arc::new(Filter::nobody())),
        };
        Rule { id: self.id.unwrap_or(TargetingRuleId(0)), audience, version: self.version }
    }
}

fn repeated(rules: &[RuleSpec], path: &str) -> Option<FieldProblem> {
    let mut ids: Vec<_> = rules.iter().filter_map(|rule| rule.id).collect();
    ids.sort_unstable();
    let is_repeated = ids.windows(2).any(|pair| pair[0] == pair[1]);
    is_repeated.then(|| FieldProblem::new(path, "repeated", "Two rules have the same id"))
}

fn name(members: &Map<String, Value>, path: &str, problems: &mut Vec<FieldProblem>) -> String {
    let path = format!("{path}/name");
    match members.get("name") {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(name)) if name.chars().count() <= RULE_NAME_CHARS_MAX => return name.clone(),
        Some(Value::String(_)) => {
            let message = format!("`name` has at most {RULE_NAME_CHARS_MAX} characters");
            problems.push(FieldProblem::new(path, "length", message));
        }
        Some(_) => problems.push(FieldProblem::new(path, "type", "`name` is a text")),
    }
    String::new()
}

fn optional_id<T, E>(
    members: &Map<String, Value>,
    path: &str,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    problems: &mut Vec<FieldProblem>,
) -> Option<T> {
    let value = members.get(name).filter(|value| !value.is_null())?;
    let id = value.as_str().and_then(|text| parse(text).ok());
    if id.is_none() {
        problems.push(FieldProblem::new(format!("{path}/{name}"), "invalid", format!("`{name}` is an id")));
    }
    id
}

fn audience(members: &Map<String, Value>, path: &str, problems: &mut Vec<FieldProblem>) -> Option<RuleAudience> {
    let before = problems.len();
    let saved = optional_id(members, path, "audience_id", AudienceId::parse, problems);
    let filter = members.get("filter").filter(|filter| !filter.is_null());
    if problems.len() > before {
        return None;
    }
    match (filter, saved) {
        (Some(filter), None) => {
            problems.extend(Filter::check(filter, &format!("{path}/filter")).err().unwrap_or_default());
            Some(RuleAudience::Filter(filter.clone()))
        }
        (None, Some(id)) => Some(RuleAudience::Saved(id)),
        _ => {
            problems.push(FieldProblem::new(path, "invalid", "A rule has either a filter or an audience_id"));
            None
        }
    }
}
