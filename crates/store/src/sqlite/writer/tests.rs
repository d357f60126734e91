//! A database without room: what was answered is there, what did not fit is refused as such, and it goes on when there is room.

use floe_model::FaultKind;
use tokio::sync::oneshot::Receiver;

use super::*;
use crate::act::Call;
use crate::{Column, Kind, Sql};

static INSERT: Sql = Sql {
    name: "tests::INSERT",
    sqlite: "insert into notes (id, body) values (?1, zeroblob(?2))",
    postgres: "",
    columns: &[],
};
static COUNT: Sql = Sql {
    name: "tests::COUNT",
    sqlite: "select count(*) from notes where id = ?1",
    postgres: "",
    columns: &[Column { kind: Kind::Int, nullable: false }],
};

/// Bytes that do not fit in the room of the test.
const HUGE: i64 = 4 * 1_024 * 1_024;

fn write(id: i64, bytes: i64) -> (Box<dyn Act>, Receiver<Result<u64, Fault>>) {
    Call::boxed(move |tx: &mut Tx<'_>| tx.execute(&INSERT, &[id.into(), bytes.into()]))
}

/// Runs closures as one group; what each was answered.
fn together(connection: &Connection, writes: &[(i64, i64)]) -> Vec<Result<u64, FaultKind>> {
    let mut group = Group::new(connection);
    let mut answers = Vec::new();
    for &(id, bytes) in writes {
        let (act, answer) = write(id, bytes);
        group.run(act);
        answers.push(answer);
    }
    group.finish(&Announcer::new());
    let told = |mut answer: Receiver<Result<u64, Fault>>| answer.try_recv().expect("answered");
    answers.into_iter().map(|answer| told(answer).map_err(|fault| fault.kind())).collect()
}

fn is_there(connection: &Connection, id: i64) -> bool {
    let mut changes = Changes::default();
    let mut tx = Tx::sqlite(connection, &mut changes);
    tx.row(&COUNT, &[id.into()], |row| row.int(0)).expect("reads go on") == Some(1)
}

#[test]
fn a_full_disk_refuses_writes_and_loses_none_that_was_answered() {
    let connection = Connection::open_in_memory().expect("a database");
    connection.execute_batch("create table notes (id integer primary key, body blob) strict").expect("a table");
    connection.query_row("pragma max_page_count = 64", [], |_| Ok(())).expect("a quota");

    let answers = together(&connection, &[(1, 10), (2, HUGE), (3, 10)]);
    assert_eq!(answers[1], Err(FaultKind::StorageFull));
    for (id, answer) in (1..).zip(&answers) {
        assert!(matches!(answer, Ok(1) | Err(FaultKind::StorageFull)), "{answer:?}");
        assert_eq!(is_there(&connection, id), answer.is_ok(), "{id}");
    }
    // Alone as well, and again and again.
    for id in 10..20 {
        assert_eq!(together(&connection, &[(id, HUGE)]), [Err(FaultKind::StorageFull)]);
    }
    connection.query_row("pragma max_page_count = 100000", [], |_| Ok(())).expect("room");
    assert_eq!(together(&connection, &[(2, HUGE), (3 + 100, 10)]), [Ok(1), Ok(1)]);
    assert!(is_there(&connection, 2));
}
