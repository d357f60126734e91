//! Numbers about a list.

use serde_json::{Map, Value};

use super::super::config::{self, NodeProblem};
use super::super::convert;
use super::lists::compared;

/// Numbers about a list, all together or a group.
#[derive(Debug)]
pub(super) struct Aggregate {
    measures: Vec<Measure>,
    group_by: Option<String>,
}

#[derive(Debug)]
struct Measure {
    /// What its value is called in the result.
    name: String,
    kind: Kind,
    field: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Sum,
    Average,
    Min,
    Max,
}

impl Aggregate {
    /// Reads `operations` (names, or objects `{operation, field?, as?}`), `field` and `groupBy`.
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let field = config::text(config, &["field"]);
        let mut group_by = config::text(config, &["groupBy"]).map(str::to_owned);
        let list = match config::first(config, &["operations", "aggregations", "aggregation", "expression"]) {
            Some(Value::Array(list)) => list.clone(),
            Some(Value::String(text)) => text.split(',').map(|name| Value::from(name.trim())).collect(),
            Some(other) => vec![other.clone()],
            None => Vec::new(),
        };
        let mut measures: Vec<Measure> = Vec::new();
        for (at, one) in list.iter().enumerate() {
            let none = Map::new();
            let members = one.as_object().unwrap_or(&none);
            let own_field = config::text(members, &["field"]);
            let kind = one.as_str().or_else(|| config::text(members, &["operation", "type", "function"]));
            let kind = kind.unwrap_or_default();
            if kind == "groupBy" {
                let by = config::text(members, &["groupBy", "by"]).or(own_field).or(field);
                group_by = group_by.or_else(|| by.map(str::to_owned));
                continue;
            }
            let found = Kind::find(kind).ok_or_else(|| {
                let field = format!("operations[{at}]");
                vec![NodeProblem::invalid(&field, format!("`{kind}` is no operation of an aggregate"))]
            })?;
            let given = config::text(members, &["as", "name", "alias"]).map(str::to_owned);
            let is_taken = measures.iter().any(|measure| measure.name == kind);
            let name = given.unwrap_or_else(|| match own_field {
                Some(field) if is_taken => format!("{kind}_{field}"),
                _ => kind.to_owned(),
            });
            measures.push(Measure { name, kind: found, field: own_field.or(field).map(str::to_owned) });
        }
        if measures.is_empty() && group_by.is_none() {
            return Err(vec![NodeProblem::missing("operations")]);
        }
        Ok(Self { measures, group_by })
    }

    /// `{count, sum, …}`, or `{<group>: {count, sum, …}}`; groups without measures are their members.
    pub(super) fn run(&self, items: &[Value]) -> Value {
        let Some(field) = &self.group_by else { return self.measured(&items.iter().collect::<Vec<_>>()) };
        let mut groups: Vec<(String, Vec<&Value>)> = Vec::new();
        let mut positions = std::collections::HashMap::new();
        for item in items {
            let name = at(item, field).map_or_else(|| "null".to_owned(), convert::text);
            let position = *positions.entry(name.clone()).or_insert(groups.len());
            if position == groups.len() {
                groups.push((name, Vec::new()));
            }
            groups[position].1.push(item);
        }
        let measured = |members: &[&Value]| match self.measures.is_empty() {
            true => Value::Array(members.iter().map(|&member| member.clone()).collect()),
            false => self.measured(members),
        };
        Value::Object(groups.iter().map(|(name, members)| (name.clone(), measured(members))).collect())
    }

    fn measured(&self, items: &[&Value]) -> Value {
        Value::Object(self.measures.iter().map(|measure| (measure.name.clone(), measure.of(items))).collect())
    }
}

impl Kind {
    fn find(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "sum" => Self::Sum,
            "average" | "avg" => Self::Average,
            "min" => Self::Min,
            "max" => Self::Max,
            _ => return None,
        })
    }
}

impl Measure {
    /// Values that are no numbers count for nothing in sums and averages; nothing has no average, least and most.
    fn of(&self, items: &[&Value]) -> Value {
        let values = items.iter().filter_map(|&item| match &self.field {
            Some(field) => at(item, field).filter(|value| !value.is_null()),
            None => Some(item),
        });
        let numbers = || values.clone().filter_map(|value| convert::to_number(value)?.as_f64());
        match self.kind {
            Kind::Count => Value::from(values.count()),
            Kind::Sum => convert::number(numbers().sum()),
            Kind::Average => {
                let count = numbers().count();
                if count == 0 { Value::Null } else { convert::number(numbers().sum::<f64>() / count as f64) }
            }
            Kind::Min => values.min_by(|left, right| compared(left, right)).cloned().unwrap_or_default(),
            Kind::Max => values.max_by(|left, right| compared(left, right)).cloned().unwrap_or_default(),
        }
    }
}

/// The value at a path of plain keys.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let path = path.strip_prefix("item.").unwrap_or(path);
    path.split('.').try_fold(value, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}
