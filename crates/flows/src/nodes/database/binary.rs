//! Values of PostgreSQL as JSON and back. They come in the binary form of their type, and are sent as text, which the server reads as whatever
//! type stands in their place.

use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use floe_model::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

/// Microseconds from the Unix epoch to the one of PostgreSQL, 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const DAY_MICROS: i64 = 86_400_000_000;
/// Digits up to which a decimal number is one in JSON as well, without loss.
const EXACT_DIGITS: usize = 15;
/// Dimensions of an array at most (a limit of PostgreSQL).
const DIMENSIONS_MAX: usize = 6;

type Wrong = Box<dyn Error + Sync + Send>;

/// A value that goes to the server.
#[derive(Debug)]
pub(super) struct Sent<'a>(pub(super) &'a Value);

impl ToSql for Sent<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        let text = match (self.0, kind.kind()) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            // JSON takes a text as a JSON text when it is one, as authors write it, and else as a value.
            (Value::String(text), _) if is_json(kind) && serde_json::from_str::<Value>(text).is_err() => {
                json!(text).to_string()
            }
            (Value::String(text), _) => text.clone(),
            (Value::Array(items), Kind::Array(_)) => array(items),
            (other, _) => other.to_string(),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

fn is_json(kind: &Type) -> bool {
    *kind == Type::JSON || *kind == Type::JSONB
}

/// The text form of an array.
fn array(items: &[Value]) -> String {
    let item = |item: &Value| match item {
        Value::Null => "NULL".to_owned(),
        Value::Array(items) => array(items),
        Value::String(text) => quoted(text),
        Value::Object(_) => quoted(&item.to_string()),
        other => other.to_string(),
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value that came from the server.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) value: Value,
    /// Its size in the answer.
    pub(super) bytes: usize,
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Wrong> {
        Ok(Self { value: value(kind, raw)?, bytes: raw.len() })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Self { value: Value::Null, bytes: 4 })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn value(kind: &Type, raw: &[u8]) -> Result<Value, Wrong> {
    match kind.kind() {
        Kind::Array(of) => return read_array(of, raw),
        Kind::Domain(of) => return value(of, raw),
        _ => {}
    }
    Ok(match *kind {
        Type::BOOL => json!(raw.first() == Some(&1)),
        Type::INT2 => json!(i16::from_be_bytes(raw.try_into()?)),
        Type::INT4 => json!(i32::from_be_bytes(raw.try_into()?)),
        Type::INT8 => json!(i64::from_be_bytes(raw.try_into()?)),
        Type::OID => json!(u32::from_be_bytes(raw.try_into()?)),
        Type::FLOAT4 => float(f64::from(f32::from_be_bytes(raw.try_into()?))),
        Type::FLOAT8 => float(f64::from_be_bytes(raw.try_into()?)),
        Type::NUMERIC => numeric(raw)?,
        Type::JSON => serde_json::from_slice(raw)?,
        // One byte says which form it has.
        Type::JSONB => serde_json::from_slice(raw.get(1..).unwrap_or_default())?,
        Type::UUID => json!(uuid(raw.try_into()?)),
        Type::DATE => date(i32::from_be_bytes(raw.try_into()?)),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => instant(i64::from_be_bytes(raw.try_into()?)),
        Type::TIME => json!(time(i64::from_be_bytes(raw.try_into()?))),
        Type::BYTEA => json!(STANDARD.encode(raw)),
        _ => match std::str::from_utf8(raw) {
            Ok(text) if !text.contains('\0') => json!(text),
            // A type of its own form, such as an interval or a point: a statement can cast it to text.
            _ => json!(STANDARD.encode(raw)),
        },
    })
}

/// Numbers that JSON does not have are texts.
fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| json!(number.to_string()), Value::Number)
}

/// A decimal number, kept as text when JSON's numbers would lose digits of it.
fn numeric(raw: &[u8]) -> Result<Value, Wrong> {
    let part = |at: usize| -> Result<i16, Wrong> {
        let bytes = raw.get(at * 2..at * 2 + 2).ok_or("a number that ends early")?;
        Ok(i16::from_be_bytes(bytes.try_into()?))
    };
    let (count, weight, sign, scale) = (part(0)?, part(1)?, part(2)? as u16, part(3)?);
    match sign {
        0x0000 | 0x4000 => {}
        0xd000 => return Ok(json!("Infinity")),
        0xf000 => return Ok(json!("-Infinity")),
        _ => return Ok(json!("NaN")),
    }
    let digit = |place: i32| -> Result<i16, Wrong> {
        let at = i32::from(weight) - place;
        if (0..i32::from(count)).contains(&at) { part(4 + usize::try_from(at)?) } else { Ok(0) }
    };
    let mut text = String::new();
    for place in (0..=i32::from(weight.max(0))).rev() {
        text.push_str(&format!("{:04}", digit(place)?));
    }
    let whole = text.trim_start_matches('0');
    let mut text = if whole.is_empty() { "0".to_owned() } else { whole.to_owned() };
    let scale = usize::try_from(scale).unwrap_or(0);
    if scale > 0 {
        let mut fraction = String::new();
        for place in 1..=i32::try_from(scale.div_ceil(4))? {
            fraction.push_str(&format!("{:04}", digit(-place)?));
        }
        text = format!("{text}.{}", &fraction[..scale]);
    }
    if sign == 0x4000 {
        text.insert(0, '-');
    }
    let is_exact = text.chars().filter(char::is_ascii_digit).count() <= EXACT_DIGITS;
    Ok(match text.parse::<f64>() {
        Ok(number) if is_exact && number.fract() == 0.0 => json!(number as i64),
        Ok(number) if is_exact => float(number),
        _ => json!(text),
    })
}

fn uuid(raw: [u8; 16]) -> String {
    let hex = floe_model::hex::encode(&raw);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn date(days: i32) -> Value {
    if matches!(days, i32::MAX | i32::MIN) {
        return json!(if days > 0 { "infinity" } else { "-infinity" });
    }
    let at = Timestamp(i64::from(days).saturating_mul(DAY_MICROS).saturating_add(EPOCH_MICROS)).to_string();
    json!(at.split('T').next().unwrap_or_default())
}

fn instant(micros: i64) -> Value {
    match micros {
        i64::MAX => json!("infinity"),
        i64::MIN => json!("-infinity"),
        _ => json!(Timestamp(micros.saturating_add(EPOCH_MICROS)).to_string()),
    }
}

fn time(micros: i64) -> String {
    let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { clock } else { format!("{clock}.{rest:06}") }
}

/// Dimensions, then the members, each with its length.
fn read_array(of: &Type, raw: &[u8]) -> Result<Value, Wrong> {
    let mut reader = Reader(raw);
    let dimensions = usize::try_from(reader.int()?)?;
    if dimensions > DIMENSIONS_MAX {
        return Err("an array with too many dimensions".into());
    }
    let (_flags, _kind) = (reader.int()?, reader.int()?);
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.int()?)?);
        reader.int()?;
    }
    if lengths.is_empty() { Ok(json!([])) } else { members(of, &lengths, &mut reader) }
}

fn members(of: &Type, lengths: &[usize], reader: &mut Reader<'_>) -> Result<Value, Wrong> {
    let Some((length, inner)) = lengths.split_first() else {
        return match reader.int()? {
            -1 => Ok(Value::Null),
            length => value(of, reader.take(usize::try_from(length)?)?),
        };
    };
    (0..*length).map(|_| members(of, inner, reader)).collect()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Wrong> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("an array that ends early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn int(&mut self) -> Result<i32, Wrong> {
        Ok(i32::from_be_bytes(self.take(4)?.try_into()?))
    }
}
