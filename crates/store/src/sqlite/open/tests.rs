use rusqlite::StatementStatus;

use super::{Durability, connect, temporary_folder};

#[test]
fn a_bound_limit_does_not_compile_a_statement_again() {
    let folder = temporary_folder().expect("a folder");
    let connection = connect(&folder.0.join("plans.db"), Durability::None, 256).expect("a database");
    connection.execute_batch("create table t (a text, b integer); create index ab on t (a, b)").expect("a table");
    let mut statement = connection
        .prepare("select b from t where a = ?1 and a like ?2 escape '!' order by b limit ?3 offset ?4")
        .expect("a statement");
    for turn in 0..3 {
        let rows = statement.query_map(("x", format!("{turn}%"), turn + 1, turn), |row| row.get::<_, i64>(0));
        assert_eq!(rows.expect("an answer").count(), 0);
    }
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}
