//! Statement text made while compiling: placeholders for SQLite, and the two forms of a bulk statement.

use crate::sql::{Column, Kind};

/// Longest bulk statement in bytes; a longer one does not compile.
const BULK_TEXT_MAX: usize = 4_096;

/// Text of constant size.
pub(crate) struct Text {
    bytes: [u8; BULK_TEXT_MAX],
    length: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; BULK_TEXT_MAX], length: 0 }
    }

    /// What was written.
    pub(crate) const fn as_str(&self) -> &str {
        text_of(self.bytes.split_at(self.length).0)
    }

    const fn push(mut self, text: &str) -> Self {
        let source = text.as_bytes();
        let mut at = 0;
        while at < source.len() {
            self.bytes[self.length] = source[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    const fn push_number(mut self, number: usize) -> Self {
        assert!(number < 100, "a bulk row has fewer than 100 values");
        if number >= 10 {
            self.bytes[self.length] = b'0' + (number / 10) as u8;
            self.length += 1;
        }
        self.bytes[self.length] = b'0' + (number % 10) as u8;
        self.length += 1;
        self
    }
}

/// `head values (?1, ?2, …) tail`.
pub(crate) const fn bulk_sqlite(head: &str, columns: &[Column], tail: &str) -> Text {
    let mut text = Text::new().push(head).push(" values (");
    let mut number = 1;
    while number <= columns.len() {
        text = text.push(if number == 1 { "?" } else { ", ?" }).push_number(number);
        number += 1;
    }
    text.push(")").push(tail)
}

/// `head select * from unnest($1::uuid[], …) tail`.
pub(crate) const fn bulk_postgres(head: &str, columns: &[Column], tail: &str) -> Text {
    arrays(Text::new().push(head).push(" select * from "), columns).push(tail)
}

/// `unnest($1::uuid[], …)`.
const fn arrays(text: Text, columns: &[Column]) -> Text {
    let mut text = text.push("unnest(");
    let mut number = 1;
    while number <= columns.len() {
        let array = match columns[number - 1].kind {
            Kind::Id => "::uuid[]",
            Kind::Int => "::int8[]",
            Kind::Text => "::text[]",
            Kind::Bool => "::bool[]",
            Kind::Float => "::float8[]",
            Kind::Bytes => "::bytea[]",
        };
        text = text.push(if number == 1 { "$" } else { ", $" }).push_number(number).push(array);
        number += 1;
    }
    text.push(")")
}

/// `update table set c = ?3, … where a = ?1 and b = ?2`: the keys come first.
pub(crate) const fn update_sqlite(table: &str, keys: &[&str], changed: &[&str]) -> Text {
    let mut text = Text::new().push("update ").push(table).push(" set ");
    let mut at = 0;
    while at < changed.len() {
        text = text.push(if at == 0 { "" } else { ", " }).push(changed[at]).push(" = ?");
        text = text.push_number(keys.len() + at + 1);
        at += 1;
    }
    let mut at = 0;
    while at < keys.len() {
        text = text.push(if at == 0 { " where " } else { " and " }).push(keys[at]).push(" = ?").push_number(at + 1);
        at += 1;
    }
    text
}

/// True of every id. The planner takes it for a range that few values are in, and counts on one row to be changed. Without it, it counts on
/// ten, or on as many as there are: then it finds few rows by a plan that it makes for each execution, which costs more than the update, and
/// on a young database it reads the whole table for them (docs/adr/0053).
const ANY_ID: &str = " between '00000000-0000-0000-0000-000000000000' and 'ffffffff-ffff-ffff-ffff-ffffffffffff'";

/// `update table set c = news.c, … from unnest($1::uuid[], …) as news (a, b, c, …) where table.a = news.a and …`. The first key is an id.
pub(crate) const fn update_postgres(table: &str, keys: &[&str], changed: &[&str], columns: &[Column]) -> Text {
    let mut text = Text::new().push("update ").push(table).push(" set ");
    let mut at = 0;
    while at < changed.len() {
        text = text.push(if at == 0 { "" } else { ", " }).push(changed[at]).push(" = news.").push(changed[at]);
        at += 1;
    }
    text = arrays(text.push(" from "), columns).push(" as news (");
    let mut at = 0;
    while at < columns.len() {
        let name = if at < keys.len() { keys[at] } else { changed[at - keys.len()] };
        text = text.push(if at == 0 { "" } else { ", " }).push(name);
        at += 1;
    }
    text = text.push(")");
    let mut at = 0;
    while at < keys.len() {
        text = text.push(if at == 0 { " where " } else { " and " }).push(table).push(".").push(keys[at]);
        text = text.push(" = news.").push(keys[at]);
        at += 1;
    }
    assert!(matches!(columns[0].kind, Kind::Id), "the first key is an id");
    text.push(" and news.").push(keys[0]).push(ANY_ID)
}

/// Replaces `$n` by `?n` outside of quotes. SQLite would number a bare `$2 … $1` by order of appearance.
pub(crate) const fn question_marks<const N: usize>(text: &str) -> [u8; N] {
    let source = text.as_bytes();
    let mut target = [0_u8; N];
    let mut quoted = false;
    let mut at = 0;
    while at < N {
        let byte = source[at];
        if byte == b'\'' {
            quoted = !quoted;
        }
        let placeholder = byte == b'$' && !quoted && at + 1 < N && source[at + 1].is_ascii_digit();
        target[at] = if placeholder { b'?' } else { byte };
        at += 1;
    }
    target
}

/// UTF-8 of bytes made here.
pub(crate) const fn text_of(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("only whole texts and ASCII characters are written"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bulk_postgres, bulk_sqlite, question_marks, text_of, update_postgres, update_sqlite};
    use crate::sql::{Column, Kind};

    #[test]
    fn placeholders_are_rewritten_outside_of_quotes_only() {
        fn check<const N: usize>(text: &str, expected: &str) {
            assert_eq!(text_of(&question_marks::<N>(text)), expected);
        }
        check::<16>("select $2, $1, 1", "select ?2, ?1, 1");
        check::<19>("select '$1', $1, $a", "select '$1', ?1, $a");
        check::<14>("a = 'it''s $1'", "a = 'it''s $1'");
    }

    #[test]
    fn bulk_text_is_a_row_on_one_database_and_arrays_on_the_other() {
        let columns =
            [Column { kind: Kind::Id, nullable: false }, Column { kind: Kind::Text, nullable: true }].as_slice();
        assert_eq!(bulk_sqlite("insert into t (a, b)", columns, "").as_str(), "insert into t (a, b) values (?1, ?2)");
        assert_eq!(
            bulk_postgres("insert into t (a, b)", columns, " on conflict do nothing").as_str(),
            "insert into t (a, b) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing"
        );
    }

    #[test]
    fn an_update_finds_its_rows_by_their_keys() {
        let column = |kind| Column { kind, nullable: false };
        let columns = [column(Kind::Id), column(Kind::Int), column(Kind::Text), column(Kind::Bool)];
        assert_eq!(
            update_sqlite("t", &["a", "b"], &["c", "d"]).as_str(),
            "update t set c = ?3, d = ?4 where a = ?1 and b = ?2"
        );
        assert_eq!(
            update_postgres("t", &["a", "b"], &["c", "d"], &columns).as_str(),
            "update t set c = news.c, d = news.d from unnest($1::uuid[], $2::int8[], $3::text[], $4::bool[]) \
             as news (a, b, c, d) where t.a = news.a and t.b = news.b \
             and news.a between '00000000-0000-0000-0000-000000000000' and 'ffffffff-ffff-ffff-ffff-ffffffffffff'"
        );
    }
}
