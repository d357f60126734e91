//! `switch`: a choice between many ways.

use serde_json::{Map, Value, json};

use super::config::{self, NodeProblem, Parsed, failed};
use super::reference::Reference;
use super::{Computed, convert, operators};
use crate::event::StepError;
use crate::expr::{Env, JsonTemplate, Names};
use crate::plan::Port;

/// Cases at most.
const CASES_MAX: usize = 500;
/// The handle of what no case takes.
const DEFAULT: &str = "default";

/// A list of cases.
#[derive(Debug)]
pub struct Switch {
    value: Reference,
    cases: Vec<Case>,
    default: Option<Box<str>>,
    matching: Matching,
}

#[derive(Debug)]
struct Case {
    /// As written, for handles.
    written: String,
    value: JsonTemplate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    Exact,
    Contains,
    Pattern,
}

impl Switch {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let value = config::first(config, &["expression", "inputVariable", "switchVariable"]);
        let value = value.ok_or_else(|| vec![NodeProblem::missing("expression")])?;
        let Some(Value::Array(list)) = config.get("cases") else { return Err(vec![NodeProblem::missing("cases")]) };
        if list.len() > CASES_MAX {
            return Err(vec![NodeProblem::invalid("cases", format!("a switch has at most {CASES_MAX} cases"))]);
        }
        let mut cases = Vec::with_capacity(list.len());
        for (at, case) in list.iter().enumerate() {
            let value = match case {
                Value::Object(members) => config::first(members, &["value", "label"]),
                plain => Some(plain),
            };
            let field = format!("cases[{at}].value");
            let value = value.ok_or_else(|| vec![NodeProblem::missing(&field)])?;
            cases.push(Case { written: convert::text(value), value: config::json(&field, value)? });
        }
        let matching = match config::text(config, &["matchType"]) {
            None | Some("exact") => Matching::Exact,
            Some("contains") => Matching::Contains,
            Some("regex") => Matching::Pattern,
            Some(other) => {
                return Err(vec![NodeProblem::invalid("matchType", format!("`{other}` is no way to match"))]);
            }
        };
        let default = config::first(config, &["defaultCase"]).map(|value| convert::text(value).into());
        let value = Reference::parse_expression(value).map_err(|error| config::unparsed("expression", &error))?;
        Ok(Self { value, cases, default, matching })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        let mut sources = self.value.sources();
        sources.extend(self.cases.iter().map(|case| Parsed::Json(&case.value)));
        sources
    }

    /// The value of a case, `case-<index>`, `case-<value>`, the default case, `default`.
    pub(super) fn port(&self, handle: &str) -> Option<Port> {
        let by_value = |value: &str| self.cases.iter().position(|case| case.written == value);
        let index = by_value(handle).or_else(|| {
            let name = handle.strip_prefix("case-")?;
            by_value(name).or_else(|| name.parse().ok().filter(|index| *index < self.cases.len()))
        });
        match index {
            Some(index) => Some(port_at(index)),
            None if handle == DEFAULT || self.default.as_deref() == Some(handle) => Some(port_at(self.cases.len())),
            None => None,
        }
    }

    pub(super) fn run(&self, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let value = self.value.value_or_text(names, env).map_err(failed)?;
        for (index, case) in self.cases.iter().enumerate() {
            let wanted = case.value.render(names, env).map_err(failed)?;
            if self.matching.fits(&value, &wanted)? {
                let record = json!({ "matchedCase": wanted, "matchedValue": wanted, "evaluatedExpression": value });
                return Ok(Computed { port: port_at(index), ..Computed::record(record) });
            }
        }
        let taken = self.default.as_deref().unwrap_or(DEFAULT);
        let port = self.port(taken).unwrap_or_else(|| port_at(self.cases.len()));
        let record = json!({ "matchedCase": taken, "matchedValue": null, "evaluatedExpression": value });
        Ok(Computed { port, ..Computed::record(record) })
    }
}

fn port_at(index: usize) -> Port {
    Port::branch(u16::try_from(index).unwrap_or(u16::MAX / 4))
}

impl Matching {
    fn fits(self, value: &Value, wanted: &Value) -> Result<bool, StepError> {
        Ok(match self {
            Self::Exact => {
                let (value_text, wanted_text) = (operators::folded(value), operators::folded(wanted));
                let numbers = convert::number_in(&value_text).zip(convert::number_in(&wanted_text));
                value_text == wanted_text
                    || numbers.is_some_and(|(value, wanted)| value == wanted)
                    || (wanted_text.contains(['*', '?']) && is_like(&value_text, &wanted_text))
            }
            Self::Contains => operators::folded(value).contains(&operators::folded(wanted)),
            Self::Pattern => operators::search(&convert::text(wanted), &convert::text(value))?,
        })
    }
}

/// Whether a text is like one with `*` for any characters and `?` for any one. Takes time in the product of both lengths.
fn is_like(text: &str, like: &str) -> bool {
    let (text, like): (Vec<char>, Vec<char>) = (text.chars().collect(), like.chars().collect());
    let (mut at, mut wanted) = (0, 0);
    let mut star = None;
    while at < text.len() {
        match like.get(wanted) {
            Some('*') => {
                star = Some((wanted, at));
                wanted += 1;
            }
            Some(&c) if c == '?' || c == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => match star {
                // The last star takes one character more.
                Some((position, from)) => {
                    star = Some((position, from + 1));
                    (wanted, at) = (position + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    like[wanted..].iter().all(|c| *c == '*')
}
