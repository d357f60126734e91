//! How values travel to and from PostgreSQL, in its binary format.

use std::error::Error;

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::{Kind, Value};

/// An integer of any size.
pub(crate) struct Int(pub(crate) i64);

/// 128 bits.
pub(crate) struct Uuid(pub(crate) u128);

/// What a type of PostgreSQL is to us.
pub(super) fn kind_of(kind: &Type) -> Option<Kind> {
    match *kind {
        Type::UUID => Some(Kind::Id),
        Type::INT2 | Type::INT4 | Type::INT8 => Some(Kind::Int),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR => Some(Kind::Text),
        Type::BOOL => Some(Kind::Bool),
        Type::FLOAT8 => Some(Kind::Float),
        Type::BYTEA => Some(Kind::Bytes),
        _ => None,
    }
}

impl<'a> FromSql<'a> for Int {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT2 => i64::from(i16::from_sql(kind, raw)?),
            Type::INT4 => i64::from(i32::from_sql(kind, raw)?),
            _ => i64::from_sql(kind, raw)?,
        }))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT2 | Type::INT4 | Type::INT8)
    }
}

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(u128::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::UUID
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (*self, kind_of(kind)) {
            (Self::Null, _) => return Ok(IsNull::Yes),
            (Self::Int(value), Some(Kind::Int)) => return int_to_sql(value, kind, out),
            (Self::Float(value), Some(Kind::Float)) => out.extend_from_slice(&value.to_be_bytes()),
            (Self::Bool(value), Some(Kind::Bool)) => out.extend_from_slice(&[u8::from(value)]),
            (Self::Text(value), Some(Kind::Text)) => out.extend_from_slice(value.as_bytes()),
            (Self::Id(value), Some(Kind::Id)) => out.extend_from_slice(&value.to_be_bytes()),
            (Self::Bytes(value), Some(Kind::Bytes)) => out.extend_from_slice(value),
            // Never the value itself: it may be secret.
            _ => return Err(format!("a parameter of another type was given for {kind}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn int_to_sql(value: i64, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
    match *kind {
        Type::INT2 => out.extend_from_slice(&i16::try_from(value)?.to_be_bytes()),
        Type::INT4 => out.extend_from_slice(&i32::try_from(value)?.to_be_bytes()),
        _ => out.extend_from_slice(&value.to_be_bytes()),
    }
    Ok(IsNull::No)
}
