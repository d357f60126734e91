//! The numbers of a chart, out of whatever a workflow has.

use floe_engine::event::StepError;
use serde_json::Value;

use super::super::config::{Config, parsed, written};
use super::super::failure::invalid;

/// Values of one series at most.
const VALUES_MAX: usize = 1_000;
/// Series of one chart at most.
const SERIES_MAX: usize = 20;

/// What is drawn: a label for each place, and series with a value for each label.
#[derive(Debug, PartialEq)]
pub(super) struct Numbers {
    pub(super) labels: Vec<String>,
    pub(super) series: Vec<(String, Vec<f64>)>,
}

impl Numbers {
    /// Reads `{labels, datasets: [{label, data}]}`, a list of objects, of pairs or of numbers, or an object of labels and values. A list as
    /// a value counts its members.
    ///
    /// # Errors
    /// VALIDATION for what holds no numbers, and for too many.
    pub(super) fn of(source: &Value, config: Config<'_>) -> Result<Self, StepError> {
        let source = parsed(source);
        let numbers = match &*source {
            Value::Object(map) if map.contains_key("datasets") => of_datasets(&source),
            Value::Object(map) => {
                let found: Vec<(String, f64)> =
                    map.iter().filter_map(|(name, one)| Some((name.clone(), number(one)?))).collect();
                let mut lists =
                    map.values().filter_map(Value::as_array).filter(|list| list.iter().any(Value::is_object));
                match (found.len(), lists.next()) {
                    // `{items: [{…}]}` is the list in it.
                    (1, Some(only)) => Some(of_list(only, config)?),
                    _ => Some(single(found)),
                }
            }
            Value::Array(items) => Some(of_list(items, config)?),
            _ => None,
        };
        let numbers = numbers.filter(|numbers| !numbers.labels.is_empty() && !numbers.series.is_empty());
        let numbers = numbers.ok_or_else(|| invalid("dataSource holds no numbers"))?;
        if numbers.labels.len() > VALUES_MAX || numbers.series.len() > SERIES_MAX {
            return Err(invalid(format!("a chart has at most {VALUES_MAX} values and {SERIES_MAX} series")));
        }
        Ok(numbers)
    }
}

/// A value as a number.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(items) => Some(items.len() as f64),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Null | Value::Object(_) => None,
    };
    number.filter(|number| number.is_finite())
}

fn single(found: Vec<(String, f64)>) -> Numbers {
    let (labels, values): (Vec<String>, Vec<f64>) = found.into_iter().unzip();
    Numbers { labels, series: vec![(String::new(), values)] }
}

fn of_datasets(source: &Value) -> Option<Numbers> {
    let sets = source["datasets"].as_array()?;
    let series: Vec<(String, Vec<f64>)> = sets
        .iter()
        .filter_map(|set| {
            let values = set["data"].as_array()?.iter().map(|one| number(one).unwrap_or(0.0)).collect();
            Some((set["label"].as_str().unwrap_or_default().to_owned(), values))
        })
        .collect();
    let count = series.iter().map(|(_, values)| values.len()).max()?;
    let given = source["labels"].as_array().map_or(&[][..], Vec::as_slice);
    let labels =
        (0..count).map(|at| given.get(at).map_or_else(|| (at + 1).to_string(), |one| written(one).into_owned()));
    Some(Numbers { labels: labels.collect(), series })
}

fn of_list(items: &[Value], config: Config<'_>) -> Result<Numbers, StepError> {
    if let Some(first) = items.iter().find_map(Value::as_object) {
        let named = config.text(&["xAxis", "labelField", "xField", "labelKey", "xAxisKey"])?;
        let label = match named.as_deref() {
            Some(name) => Some(name.to_owned()),
            None => {
                first.iter().find(|(_, one)| one.is_string() && number(one).is_none()).map(|(name, _)| name.clone())
            }
        };
        let wanted = fields(config)?;
        let is_value = |(name, one): &(&String, &Value)| {
            Some(name.as_str()) != label.as_deref() && number(one).is_some() && !one.is_array()
        };
        let values = wanted.unwrap_or_else(|| first.iter().filter(is_value).map(|(name, _)| name.clone()).collect());
        let labels =
            items.iter().enumerate().map(|(at, item)| match label.as_deref().and_then(|label| item.get(label)) {
                Some(one) => written(one).into_owned(),
                None => (at + 1).to_string(),
            });
        let series = values
            .iter()
            .map(|name| (name.clone(), items.iter().map(|item| number(&item[name.as_str()]).unwrap_or(0.0)).collect()));
        return Ok(Numbers { labels: labels.collect(), series: series.collect() });
    }
    let pair = |(at, item): (usize, &Value)| match item.as_array().map(Vec::as_slice) {
        Some([label, value]) => Some((written(label).into_owned(), number(value)?)),
        _ => Some(((at + 1).to_string(), number(item)?)),
    };
    Ok(single(items.iter().enumerate().filter_map(pair).collect()))
}

/// The members whose values are drawn, when the node says which.
fn fields(config: Config<'_>) -> Result<Option<Vec<String>>, StepError> {
    match config.get(&["yAxis", "valueField", "yField", "valueKey", "yAxisKey"]) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.split(',').map(|name| name.trim().to_owned()).collect())),
        Some(Value::Array(items)) => Ok(Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())),
        Some(_) => Err(invalid("yAxis is not a name or a list of names")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_found_in_every_shape() {
        let read = |source: Value, config: Value| {
            let read = Numbers::of(&source, Config(&config)).map_err(|error| error.code)?;
            Ok::<_, String>(json!({ "labels": read.labels, "series": read.series }))
        };
        let none = || json!({});
        for (source, config, expected) in [
            (
                json!({ "failed": [1, 2], "stale": [], "healthy": 3 }),
                none(),
                json!({ "labels": ["failed", "stale", "healthy"], "series": [["", [2.0, 0.0, 3.0]]] }),
            ),
            (
                json!([{ "m": "Jan", "a": 1, "b": "2" }, { "m": "Feb", "a": 3 }]),
                none(),
                json!({ "labels": ["Jan", "Feb"], "series": [["a", [1.0, 3.0]], ["b", [2.0, 0.0]]] }),
            ),
            (
                json!([{ "m": "Jan", "a": 1, "b": 2 }]),
                json!({ "xAxis": "m", "yAxis": "b" }),
                json!({ "labels": ["Jan"], "series": [["b", [2.0]]] }),
            ),
            (json!([["x", 1], ["y", 2]]), none(), json!({ "labels": ["x", "y"], "series": [["", [1.0, 2.0]]] })),
            (json!("[4, 5]"), none(), json!({ "labels": ["1", "2"], "series": [["", [4.0, 5.0]]] })),
            (
                json!({ "labels": ["a"], "datasets": [{ "label": "s", "data": [7] }] }),
                none(),
                json!({ "labels": ["a"], "series": [["s", [7.0]]] }),
            ),
            (json!({ "items": [{ "k": "a", "n": 1 }] }), none(), json!({ "labels": ["a"], "series": [["n", [1.0]]] })),
        ] {
            assert_eq!(read(source.clone(), config), Ok(expected), "{source}");
        }
        for wrong in
            [json!("x"), json!({}), json!([]), json!([{ "a": "x" }]), json!({ "datasets": [] }), json!(vec![1; 1_001])]
        {
            assert_eq!(read(wrong.clone(), none()), Err("VALIDATION".to_owned()), "{wrong}");
        }
    }
}
