//! A table of whatever a workflow has: a list of objects, a list of lists, or either as JSON text.

use std::borrow::Cow;

use floe_engine::event::StepError;
use serde_json::{Map, Value};

use super::super::config::{parsed, written};
use super::super::failure::{internal, invalid};

/// Rows of a table at most.
const ROWS_MAX: usize = 100_000;
/// Columns of a table at most.
const COLUMNS_MAX: usize = 1_000;

/// A table.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    /// Names of the columns; empty for rows that are lists.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Table {
    /// Reads rows. Objects need not have the same members: columns are in the order in which they first occur.
    ///
    /// # Errors
    /// VALIDATION for what is no list of rows, and for too many.
    pub(super) fn of(value: &Value) -> Result<Self, StepError> {
        let value = parsed(value);
        let items = items(&value).ok_or_else(|| invalid("dataSource is not a list of rows"))?;
        if items.len() > ROWS_MAX {
            return Err(invalid(format!("dataSource has more than {ROWS_MAX} rows")));
        }
        let columns = columns(items);
        let width = items.iter().map(|item| item.as_array().map_or(columns.len(), Vec::len)).max().unwrap_or(0);
        if width > COLUMNS_MAX {
            return Err(invalid(format!("dataSource has more than {COLUMNS_MAX} columns")));
        }
        let row = |item: &Value| match item {
            Value::Object(map) => columns.iter().map(|name| map.get(name).cloned().unwrap_or_default()).collect(),
            Value::Array(cells) => cells.clone(),
            other => vec![other.clone()],
        };
        let rows = items.iter().map(row).collect();
        Ok(Self { columns, rows })
    }

    /// The table with commas between its cells (RFC 4180).
    ///
    /// # Errors
    /// None that is met: memory takes all that is written.
    pub(super) fn csv(&self) -> Result<Vec<u8>, StepError> {
        let failed = |error: csv::Error| internal(&floe_model::Fault::internal(error));
        let mut writer =
            csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        if !self.columns.is_empty() {
            writer.write_record(&self.columns).map_err(failed)?;
        }
        for row in &self.rows {
            let cells: Vec<Cow<'_, str>> = row.iter().map(written).collect();
            writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| internal(&floe_model::Fault::internal(error.to_string())))
    }
}

/// The rows: a list, the only list of an object, or one object.
fn items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(map) => {
            let mut lists = map.values().filter_map(Value::as_array);
            match (lists.next(), lists.next()) {
                (Some(only), None) => Some(only),
                (None, _) if !map.is_empty() => Some(std::slice::from_ref(value)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn columns(items: &[Value]) -> Vec<String> {
    let mut columns: Map<String, Value> = Map::new();
    for map in items.iter().filter_map(Value::as_object) {
        for name in map.keys() {
            // One more than allowed is enough to see that there are too many.
            if columns.len() <= COLUMNS_MAX && !columns.contains_key(name) {
                columns.insert(name.clone(), Value::Null);
            }
        }
    }
    columns.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_in_every_shape() {
        let csv = |value: Value| {
            Table::of(&value).and_then(|table| table.csv()).map(|bytes| String::from_utf8(bytes).expect("text"))
        };
        for (given, expected) in [
            (json!([{ "a": 1, "b": "x, y" }, { "c": null, "a": true }]), "a,b,c\r\n1,\"x, y\",\r\ntrue,,\r\n"),
            (json!([["h", "i"], [1.5, { "k": [] }]]), "h,i\r\n1.5,\"{\"\"k\"\":[]}\"\r\n"),
            (json!("[{\"a\": \"é\"}]"), "a\r\né\r\n"),
            (json!({ "items": [{ "a": 1 }], "total": 1 }), "a\r\n1\r\n"),
            (json!({ "a": 1, "b": 2 }), "a,b\r\n1,2\r\n"),
            (json!(["x", 2]), "x\r\n2\r\n"),
            (json!([]), ""),
        ] {
            assert_eq!(csv(given.clone()).expect("a table"), expected, "{given}");
        }
        for wrong in [json!("x"), json!(5), json!({}), json!({ "a": [], "b": [] })] {
            assert_eq!(csv(wrong.clone()).expect_err("no table").code, "VALIDATION", "{wrong}");
        }
    }
}
