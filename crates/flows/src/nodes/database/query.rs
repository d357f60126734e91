//! The text of a statement with its values apart. A value is never pasted into the text, whatever the author wrote: placeholders that the
//! graph language found in it come as pieces between pieces of text, and become numbered parameters here.

use floe_engine::event::StepError;
use serde_json::{Map, Value};

use super::super::config::{parsed, written};
use super::super::failure::invalid;

/// Bytes of a statement at most.
const SQL_BYTES_MAX: usize = 256 * 1024;
/// Values of a statement at most.
const VALUES_MAX: usize = 1_000;

/// A statement with `$1`, `$2`, … for its values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// Reads the query: a text, or `{"$sql": [text, value, text, …]}`. `parameters` are a list, for `$1` or `?`, or an object, for `:name`,
    /// `@name` and `$name`.
    ///
    /// # Errors
    /// VALIDATION for parameters that do not fit the text.
    pub(super) fn of(query: &Value, parameters: Option<&Value>) -> Result<Self, StepError> {
        let pieces = pieces(query)?;
        let parameters = parameters.map(parsed);
        let given = match parameters.as_deref() {
            None => Given::Nothing,
            Some(Value::Array(items)) => Given::List(items),
            Some(Value::Object(map)) => Given::Map(map),
            Some(_) => return Err(invalid("parameters is not a list or an object")),
        };
        let mut writer = Writer::new(given, &pieces);
        for piece in &pieces {
            match piece {
                Piece::Text(text) => writer.text(text)?,
                Piece::Value(value) => writer.placeholder(value)?,
            }
        }
        writer.finish()
    }
}

enum Piece<'a> {
    Text(&'a str),
    Value(&'a Value),
}

fn pieces(query: &Value) -> Result<Vec<Piece<'_>>, StepError> {
    let wrong = || invalid("query is not a text");
    if let Some(text) = query.as_str() {
        return Ok(vec![Piece::Text(text)]);
    }
    let list = query.get("$sql").and_then(Value::as_array).ok_or_else(wrong)?;
    list.iter().enumerate().map(|(at, value)| of_list(at, value).ok_or_else(wrong)).collect()
}

/// Texts and values take turns.
fn of_list(at: usize, value: &Value) -> Option<Piece<'_>> {
    if at % 2 == 1 { Some(Piece::Value(value)) } else { value.as_str().map(Piece::Text) }
}

enum Given<'a> {
    Nothing,
    List(&'a [Value]),
    Map(&'a Map<String, Value>),
}

/// Where in the text the writer is.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Plain,
    /// In a text that began at this byte of what is written; with the bytes from which on nothing but placeholders were written.
    Quoted {
        from: usize,
        parts: usize,
    },
    /// In a quoted name that ends with this sign.
    Name(char),
    Line,
    Block(usize),
    /// In a text of PostgreSQL between `$tag$`.
    Dollar(String),
}

struct Writer<'a> {
    given: Given<'a>,
    /// Whether `?` stands for the values of the list, one after the other.
    marks: bool,
    state: State,
    sql: String,
    values: Vec<Value>,
    /// Number of each value of the list or object that was written before.
    numbers: Map<String, Value>,
    next_mark: usize,
}

impl<'a> Writer<'a> {
    fn new(given: Given<'a>, pieces: &[Piece<'_>]) -> Self {
        let has_numbers = pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if has_number(text)));
        let marks = matches!(given, Given::List(items) if !items.is_empty()) && !has_numbers;
        let (state, sql, values) = (State::Plain, String::new(), Vec::new());
        Self { given, marks, state, sql, values, numbers: Map::new(), next_mark: 0 }
    }

    fn finish(self) -> Result<Statement, StepError> {
        if self.sql.len() > SQL_BYTES_MAX || self.values.len() > VALUES_MAX {
            return Err(invalid(format!(
                "query is longer than {SQL_BYTES_MAX} bytes, or has more than {VALUES_MAX} values"
            )));
        }
        if self.sql.trim().is_empty() {
            return Err(invalid("query is missing"));
        }
        Ok(Statement { sql: self.sql, values: self.values })
    }

    fn text(&mut self, text: &str) -> Result<(), StepError> {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match self.state.clone() {
                State::Plain => self.plain(rest, c)?,
                State::Quoted { from, parts } if c == '\'' => self.end_quote(rest, from, parts),
                State::Name(end) if c == end => self.copy_then(rest, 1, State::Plain),
                State::Line if c == '\n' => self.copy_then(rest, 1, State::Plain),
                State::Block(depth) if rest.starts_with("*/") => {
                    let state = if depth == 1 { State::Plain } else { State::Block(depth - 1) };
                    self.copy_then(rest, 2, state)
                }
                State::Block(depth) if rest.starts_with("/*") => self.copy_then(rest, 2, State::Block(depth + 1)),
                State::Dollar(tag) if rest.starts_with(&tag) => self.copy_then(rest, tag.len(), State::Plain),
                state => self.copy_then(rest, c.len_utf8(), state),
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    fn copy_then(&mut self, rest: &str, bytes: usize, state: State) -> usize {
        self.sql.push_str(&rest[..bytes]);
        self.state = state;
        bytes
    }

    /// Outside of texts, names and comments.
    fn plain(&mut self, rest: &str, c: char) -> Result<usize, StepError> {
        let next = rest[c.len_utf8()..].chars().next();
        Ok(match c {
            '\'' => {
                let from = self.sql.len();
                self.copy_then(rest, 1, State::Quoted { from, parts: 0 })
            }
            '"' | '`' => self.copy_then(rest, 1, State::Name(c)),
            '-' if next == Some('-') => self.copy_then(rest, 2, State::Line),
            '/' if next == Some('*') => self.copy_then(rest, 2, State::Block(1)),
            ':' if next == Some(':') => self.copy_then(rest, 2, State::Plain),
            '?' if self.marks => {
                let at = self.next_mark;
                self.next_mark += 1;
                self.of_list(at)?;
                1
            }
            '$' if next.is_some_and(|next| next.is_ascii_digit()) => {
                let digits: String = rest[1..].chars().take_while(char::is_ascii_digit).collect();
                let number: usize = digits.parse().unwrap_or(0);
                let at = number.checked_sub(1).ok_or_else(|| invalid("query has a parameter $0"))?;
                self.of_list(at)?;
                1 + digits.len()
            }
            '$' if dollar_tag(rest).is_some() => {
                let tag = dollar_tag(rest).unwrap_or_default().to_owned();
                self.copy_then(rest, tag.len(), State::Dollar(tag))
            }
            ':' | '@' | '$' if self.names(rest) => {
                let name = name_of(&rest[1..]);
                self.of_map(name)?;
                1 + name.len()
            }
            _ => self.copy_then(rest, c.len_utf8(), State::Plain),
        })
    }

    /// Whether a named parameter begins here. A word before it makes it a part of that, as in `a:b`.
    fn names(&self, rest: &str) -> bool {
        let follows_word =
            self.sql.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | ':'));
        matches!(self.given, Given::Map(_)) && !follows_word && !name_of(&rest[1..]).is_empty()
    }

    fn of_list(&mut self, at: usize) -> Result<(), StepError> {
        let items = match self.given {
            Given::List(items) => items,
            _ => &[],
        };
        let value = items.get(at).ok_or_else(|| invalid(format!("parameters has no value for ${}", at + 1)))?;
        let key = at.to_string();
        self.bind(Some(key), value.clone());
        Ok(())
    }

    fn of_map(&mut self, name: &str) -> Result<(), StepError> {
        let found = match self.given {
            Given::Map(map) => map.get(name),
            _ => None,
        };
        let value = found.ok_or_else(|| invalid(format!("parameters has no value for {name}")))?;
        self.bind(Some(name.to_owned()), value.clone());
        Ok(())
    }

    /// Writes the number of a value; one with a key has the same number each time.
    fn bind(&mut self, key: Option<String>, value: Value) {
        let known = key.as_ref().and_then(|key| self.numbers.get(key)).and_then(Value::as_u64);
        let number = known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() as u64
        });
        if let Some(key) = key {
            self.numbers.insert(key, number.into());
        }
        self.sql.push_str(&format!("${number}"));
    }

    /// A placeholder between two pieces of text.
    fn placeholder(&mut self, value: &Value) -> Result<(), StepError> {
        match &mut self.state {
            State::Plain => self.bind(None, value.clone()),
            State::Quoted { parts, .. } => {
                *parts += 1;
                // In quotes it is a text, whatever its type.
                let text = if value.is_null() { Value::Null } else { Value::String(written(value).into_owned()) };
                self.sql.push_str("' || CAST(");
                self.bind(None, text);
                self.sql.push_str(" AS text) || '");
            }
            // What a comment says does not count.
            State::Line | State::Block(_) => {}
            State::Name(_) | State::Dollar(_) => {
                return Err(invalid("query has a placeholder in a quoted name; placeholders stand for values"));
            }
        }
        Ok(())
    }

    /// The end of a text. One that is a placeholder and nothing else becomes the parameter itself, so that it takes the type of its place.
    fn end_quote(&mut self, rest: &str, from: usize, parts: usize) -> usize {
        if rest[1..].starts_with('\'') {
            self.sql.push_str("''");
            return 2;
        }
        self.sql.push('\'');
        self.state = State::Plain;
        if parts > 0 {
            let whole = self.sql[from..].to_owned();
            let only = whole.strip_prefix("'' || CAST(").and_then(|rest| rest.strip_suffix(" AS text) || ''"));
            let written = match only {
                Some(only) if parts == 1 => only.to_owned(),
                _ => format!("({whole})"),
            };
            self.sql.truncate(from);
            self.sql.push_str(&written);
        }
        1
    }
}

fn has_number(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
}

/// `$$` or `$tag$` at the start of a text.
fn dollar_tag(rest: &str) -> Option<&str> {
    let name = name_of(&rest[1..]);
    rest[1 + name.len()..].starts_with('$').then(|| &rest[..name.len() + 2])
}

fn name_of(rest: &str) -> &str {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    match rest.chars().next() {
        Some(c) if c.is_alphabetic() || c == '_' => &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(query: Value, parameters: Value) -> Result<(String, Value), String> {
        let statement = Statement::of(&query, Some(&parameters).filter(|given| !given.is_null()));
        statement.map(|one| (one.sql, Value::Array(one.values))).map_err(|error| error.message)
    }

    #[test]
    fn parameters_are_numbered_in_every_notation() {
        for (query, parameters, sql, values) in [
            ("select 1", json!(null), "select 1", json!([])),
            ("select $2, $1, $2", json!(["a", "b"]), "select $1, $2, $1", json!(["b", "a"])),
            ("select ?, '?', \"?\" -- ?\n, ?", json!([1, 2]), "select $1, '?', \"?\" -- ?\n, $2", json!([1, 2])),
            (
                "select :a, @b, $c, :a, x::text, a:b",
                json!({ "a": 1, "b": 2, "c": 3 }),
                "select $1, $2, $3, $1, x::text, a:b",
                json!([1, 2, 3]),
            ),
            ("select data ? 'k', ':a'", json!({ "a": 1 }), "select data ? 'k', ':a'", json!([])),
            ("select $$ :a ? $$, $t$ $1 $t$", json!({ "a": 1 }), "select $$ :a ? $$, $t$ $1 $t$", json!([])),
            (
                "select 'it''s :a' /* :a /* :a */ :a */",
                json!({ "a": 1 }),
                "select 'it''s :a' /* :a /* :a */ :a */",
                json!([]),
            ),
        ] {
            assert_eq!(read(json!(query), parameters), Ok((sql.to_owned(), values)), "{query}");
        }
        for (query, parameters, why) in [
            ("select $1", json!(null), "parameters has no value for $1"),
            ("select ?, ?", json!([1]), "parameters has no value for $2"),
            ("select :b", json!({ "a": 1 }), "parameters has no value for b"),
            ("select $0", json!([1]), "query has a parameter $0"),
            (" ", json!(null), "query is missing"),
            ("select 1", json!(5), "parameters is not a list or an object"),
        ] {
            assert_eq!(read(json!(query), parameters), Err(why.to_owned()), "{query}");
        }
    }

    #[test]
    fn placeholders_in_the_text_are_bound_and_never_pasted() {
        let evil = "'; drop table t; --";
        for (pieces, sql, values) in [
            (json!(["select * from t where a = ", 5, ""]), "select * from t where a = $1", json!([5])),
            (json!(["select '", evil, "' as a, ", null, ""]), "select $1 as a, $2", json!([evil, null])),
            (
                json!(["select * from t where a like '%", evil, "%' and b = '", 7, "'"]),
                "select * from t where a like ('%' || CAST($1 AS text) || '%') and b = $2",
                json!([evil, "7"]),
            ),
            (
                json!(["select '", "a", "-", "b", "'"]),
                "select ('' || CAST($1 AS text) || '-' || CAST($2 AS text) || '')",
                json!(["a", "b"]),
            ),
            (json!(["select 1 -- ", evil, "\n"]), "select 1 -- \n", json!([])),
        ] {
            assert_eq!(read(json!({ "$sql": pieces }), json!(null)), Ok((sql.to_owned(), values)), "{pieces}");
        }
        assert!(read(json!({ "$sql": ["select \"", "a", "\""] }), json!(null)).is_err());
        assert!(read(json!({ "$sql": [1] }), json!(null)).is_err());
        let mixed = read(json!({ "$sql": ["select ", "x", " where a = $1"] }), json!(["y"]));
        assert_eq!(mixed, Ok(("select $1 where a = $2".to_owned(), json!(["x", "y"]))));
    }
}
