//! Statements: constant text, written once for both databases, registered for the statement test.

/// What a column or parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 128-bit id.
    Id,
    /// 64-bit integer, also for times.
    Int,
    /// Text, also for JSON.
    Text,
    /// Truth value.
    Bool,
    /// Double precision.
    Float,
    /// Raw bytes.
    Bytes,
}

/// One declared column of an answer, or of a bulk row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// What it holds.
    pub kind: Kind,
    /// Whether the row mapper expects null.
    pub nullable: bool,
}

/// A statement for both databases.
#[derive(Debug)]
pub struct Sql {
    /// `module::NAME`, for errors and tests.
    pub name: &'static str,
    /// Text for SQLite, with `?n`.
    pub sqlite: &'static str,
    /// Text for PostgreSQL, with `$n`.
    pub postgres: &'static str,
    /// Columns of the answer, in order; empty for a statement without one.
    pub columns: &'static [Column],
}

/// A statement that adds or changes many rows: a prepared loop on SQLite, one `unnest` on PostgreSQL.
#[derive(Debug)]
pub struct BulkSql {
    /// `module::NAME`, for errors and tests.
    pub name: &'static str,
    /// Text for SQLite: one row, `?1` to `?n`.
    pub sqlite: &'static str,
    /// Text for PostgreSQL: one array a column, `$1` to `$n`.
    pub postgres: &'static str,
    /// What each value of a row is.
    pub columns: &'static [Column],
}

/// One registered statement.
#[derive(Debug, Clone, Copy)]
pub enum Statement {
    /// With parameters.
    One(&'static Sql),
    /// With rows.
    Bulk(&'static BulkSql),
}

/// What a database says about a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Types of the parameters; `None` where the database does not say (SQLite).
    pub parameters: Vec<Option<Kind>>,
    /// Names and types of the columns of the answer.
    pub columns: Vec<(String, Option<Kind>)>,
    /// Types that have no [`Kind`], by the database's name.
    pub unknown: Vec<String>,
}

/// Declares the statements of a table file and registers them for the statement test.
///
/// ```ignore
/// statements! {
///     /// Adds a job.
///     INSERT = both("insert into jobs (id, payload) values ($1, $2)");
///     /// Takes due jobs.
///     CLAIM = split {
///         sqlite: "update jobs … returning id, payload",
///         postgres: "update jobs … for update skip locked … returning id, payload",
///     } -> [id, opt text];
///     /// Adds many: head, what each value of a row is, tail.
///     INSERT_MANY = bulk("insert into jobs (id, payload)", [id, opt text], "on conflict do nothing");
///     /// Changes many, each found by its keys.
///     CHANGE_MANY = update("jobs", by [id: id], set [payload: opt text]);
/// }
/// ```
///
/// Each name becomes a `static` of type [`Sql`] or [`BulkSql`]; all of them are in `STATEMENTS`, which the `mod.rs` of the
/// folder lists in its `TABLES`. Column words: `id int time text json bool float bytes`, with `opt` before them for null.
/// `bulk` columns on SQLite become `values (?1, …)`, on PostgreSQL `select * from unnest($1::…[], …)`. The values of an `update`'s row are
/// those of its keys, then what is set.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $form:ident $args:tt $(-> [$($($word:ident)+),* $(,)?])?;)+) => {
        $($crate::statement!($(#[$doc])* $name $form $args [$($($($word)+),*)?]);)+

        /// Every statement of this file.
        pub(crate) static STATEMENTS: &[$crate::Statement] = &[$($crate::statement_entry!($form $name)),+];
    };
}

/// One statement of [`statements!`].
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident both ($text:expr $(,)?) [$($($word:ident)+),*]) => {
        $crate::statement!($(#[$doc])* $name split { sqlite: $text, postgres: $text } [$($($word)+),*]);
    };
    ($(#[$doc:meta])* $name:ident split { sqlite: $sqlite:expr, postgres: $postgres:expr $(,)? } [$($($word:ident)+),*]) => {
        $(#[$doc])*
        pub(crate) static $name: $crate::Sql = {
            const TEXT: &str = $sqlite;
            const BYTES: [u8; TEXT.len()] = $crate::sql_text::question_marks(TEXT);
            $crate::Sql {
                name: concat!(module_path!(), "::", stringify!($name)),
                sqlite: $crate::sql_text::text_of(&BYTES),
                postgres: $postgres,
                columns: &[$($crate::column!($($word)+)),*],
            }
        };
    };
    ($(#[$doc:meta])* $name:ident bulk ($head:literal, [$($($word:ident)+),* $(,)?] $(, $tail:literal)? $(,)?) []) => {
        $(#[$doc])*
        pub(crate) static $name: $crate::BulkSql = {
            const COLUMNS: &[$crate::Column] = &[$($crate::column!($($word)+)),*];
            const TAIL: &str = concat!("" $(, " ", $tail)?);
            static SQLITE: $crate::sql_text::Text = $crate::sql_text::bulk_sqlite($head, COLUMNS, TAIL);
            static POSTGRES: $crate::sql_text::Text = $crate::sql_text::bulk_postgres($head, COLUMNS, TAIL);
            $crate::BulkSql {
                name: concat!(module_path!(), "::", stringify!($name)),
                sqlite: SQLITE.as_str(),
                postgres: POSTGRES.as_str(),
                columns: COLUMNS,
            }
        };
    };
    ($(#[$doc:meta])* $name:ident update (
        $table:literal,
        by [$($key:ident: $($key_word:ident)+),* $(,)?],
        set [$($changed:ident: $($word:ident)+),* $(,)?] $(,)?
    ) []) => {
        $(#[$doc])*
        pub(crate) static $name: $crate::BulkSql = {
            const COLUMNS: &[$crate::Column] = &[$($crate::column!($($key_word)+),)* $($crate::column!($($word)+)),*];
            const KEYS: &[&str] = &[$(stringify!($key)),*];
            const CHANGED: &[&str] = &[$(stringify!($changed)),*];
            static SQLITE: $crate::sql_text::Text = $crate::sql_text::update_sqlite($table, KEYS, CHANGED);
            static POSTGRES: $crate::sql_text::Text =
                $crate::sql_text::update_postgres($table, KEYS, CHANGED, COLUMNS);
            $crate::BulkSql {
                name: concat!(module_path!(), "::", stringify!($name)),
                sqlite: SQLITE.as_str(),
                postgres: POSTGRES.as_str(),
                columns: COLUMNS,
            }
        };
    };
}

/// One statement of [`statements!`].
macro_rules! statement_entry {
    (bulk $name:ident) => {
        $crate::Statement::Bulk(&$name)
    };
    (update $name:ident) => {
        $crate::Statement::Bulk(&$name)
    };
    ($form:ident $name:ident) => {
        $crate::Statement::One(&$name)
    };
}

/// One statement of [`statements!`].
macro_rules! column {
    (opt $word:ident) => { $crate::Column { kind: $crate::column!(@kind $word), nullable: true } };
    ($word:ident) => { $crate::Column { kind: $crate::column!(@kind $word), nullable: false } };
    (@kind id) => { $crate::Kind::Id };
    (@kind int) => { $crate::Kind::Int };
    (@kind time) => { $crate::Kind::Int };
    (@kind text) => { $crate::Kind::Text };
    (@kind json) => { $crate::Kind::Text };
    (@kind bool) => { $crate::Kind::Bool };
    (@kind float) => { $crate::Kind::Float };
    (@kind bytes) => { $crate::Kind::Bytes };
}

pub(crate) use {column, statement, statement_entry, statements};
