//! One row of an answer, read by column index.

use floe_model::{Fault, Mode, Timestamp};
use rusqlite::types::ValueRef;

use crate::{postgres, tx::StatementError};

/// One row of an answer. Reading a column with the wrong type is an internal fault that names the statement.
pub struct Row<'r> {
    pub(crate) statement: &'static str,
    pub(crate) inner: RowInner<'r>,
}

pub(crate) enum RowInner<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// Declares a reader for a column that is never null and one for a column that may be.
macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident $opt_name:ident -> $type:ty, $pattern:pat => $value:expr, $wire:ty => $from_wire:expr;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// An internal fault when the column is null, of another type, or not there.
        pub fn $name(&self, index: usize) -> Result<$type, Fault> {
            self.$opt_name(index)?.ok_or_else(|| self.mismatch(index, stringify!($name)))
        }

        $(#[$doc])*
        /// Null is `None`.
        ///
        /// # Errors
        /// An internal fault when the column is of another type or not there.
        pub fn $opt_name(&self, index: usize) -> Result<Option<$type>, Fault> {
            match &self.inner {
                RowInner::Sqlite(row) => match row.get_ref(index) {
                    Ok(ValueRef::Null) => Ok(None),
                    Ok($pattern) => $value.map(Some).ok_or_else(|| self.mismatch(index, stringify!($name))),
                    _ => Err(self.mismatch(index, stringify!($name))),
                },
                RowInner::Postgres(row) => match row.try_get::<_, Option<$wire>>(index) {
                    Ok(value) => Ok(value.map($from_wire)),
                    Err(_) => Err(self.mismatch(index, stringify!($name))),
                },
            }
        }
    )+};
}

impl Row<'_> {
    readers! {
        /// A 64-bit integer.
        int opt_int -> i64, ValueRef::Integer(value) => Some(value), postgres::Int => |value: postgres::Int| value.0;
        /// Double precision.
        float opt_float -> f64, ValueRef::Real(value) => Some(value), f64 => std::convert::identity;
        /// A truth value.
        bool opt_bool -> bool, ValueRef::Integer(value) => Some(value != 0), bool => std::convert::identity;
        /// Text, borrowed from the row.
        text opt_text -> &str, ValueRef::Text(value) => std::str::from_utf8(value).ok(), &str => std::convert::identity;
        /// Raw bytes, borrowed from the row.
        bytes opt_bytes -> &[u8], ValueRef::Blob(value) => Some(value), &[u8] => std::convert::identity;
        /// A 128-bit id; wrap it: `row.id(0).map(FlowId)?`.
        id opt_id -> u128, ValueRef::Blob(value) => value.try_into().ok().map(u128::from_be_bytes),
            postgres::Uuid => |value: postgres::Uuid| value.0;
    }

    /// Text as an owned string.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn string(&self, index: usize) -> Result<String, Fault> {
        self.text(index).map(str::to_owned)
    }

    /// Text as an owned string; null is `None`.
    ///
    /// # Errors
    /// As [`Row::opt_text`].
    pub fn opt_string(&self, index: usize) -> Result<Option<String>, Fault> {
        self.opt_text(index).map(|text| text.map(str::to_owned))
    }

    /// An instant in microseconds.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn time(&self, index: usize) -> Result<Timestamp, Fault> {
        self.int(index).map(Timestamp)
    }

    /// An instant in microseconds; null is `None`.
    ///
    /// # Errors
    /// As [`Row::opt_int`].
    pub fn opt_time(&self, index: usize) -> Result<Option<Timestamp>, Fault> {
        self.opt_int(index).map(|micros| micros.map(Timestamp))
    }

    /// `live` or `test`.
    ///
    /// # Errors
    /// An internal fault when it is neither.
    pub fn mode(&self, index: usize) -> Result<Mode, Fault> {
        Mode::parse(self.text(index)?).ok_or_else(|| self.mismatch(index, "mode"))
    }

    /// A count or size that fits 32 bits, such as attempts.
    ///
    /// # Errors
    /// An internal fault when it does not fit.
    pub fn u32(&self, index: usize) -> Result<u32, Fault> {
        u32::try_from(self.int(index)?).map_err(|_| self.mismatch(index, "u32"))
    }

    /// A fault for a value that the row mapper cannot read, e.g. an unknown word in a state column.
    #[must_use]
    pub fn mismatch(&self, index: usize, expected: &str) -> Fault {
        Fault::internal(StatementError::new(self.statement, format!("column {index} cannot be read as {expected}")))
    }
}
