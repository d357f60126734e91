//! Every kind of value goes in and comes out as itself.

use floe_model::FaultKind;
use floe_store::{BulkSql, Column, Kind, Sql, Value};

use crate::on_both;

const COLUMNS: &[Column] = &[
    Column { kind: Kind::Int, nullable: false },
    Column { kind: Kind::Int, nullable: true },
    Column { kind: Kind::Float, nullable: true },
    Column { kind: Kind::Bool, nullable: true },
    Column { kind: Kind::Text, nullable: true },
    Column { kind: Kind::Id, nullable: true },
    Column { kind: Kind::Bytes, nullable: true },
];
static CREATE: Sql = Sql {
    name: "values::CREATE",
    sqlite: "create table kinds (n INTEGER not null primary key, i INTEGER, f REAL, b INTEGER, t TEXT, u BLOB, r BLOB) strict",
    postgres: "create table kinds (n bigint not null primary key, i bigint, f double precision, b boolean, t text, u uuid, r bytea)",
    columns: &[],
};
static INSERT: Sql = Sql {
    name: "values::INSERT",
    sqlite: "insert into kinds (n, i, f, b, t, u, r) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    postgres: "insert into kinds (n, i, f, b, t, u, r) values ($1, $2, $3, $4, $5, $6, $7)",
    columns: &[],
};
static INSERT_ALL: BulkSql = BulkSql {
    name: "values::INSERT_ALL",
    sqlite: "insert into kinds (n, i, f, b, t, u, r) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    postgres: "insert into kinds (n, i, f, b, t, u, r) select * from unnest(
        $1::int8[], $2::int8[], $3::float8[], $4::bool[], $5::text[], $6::uuid[], $7::bytea[])",
    columns: COLUMNS,
};
static SELECT: Sql = Sql {
    name: "values::SELECT",
    sqlite: "select n, i, f, b, t, u, r from kinds where n >= ?1 order by n",
    postgres: "select n, i, f, b, t, u, r from kinds where n >= $1 order by n",
    columns: COLUMNS,
};

/// A row as its own types.
type Kinds = (i64, Option<i64>, Option<f64>, Option<bool>, Option<String>, Option<u128>, Option<Vec<u8>>);

fn samples() -> Vec<Kinds> {
    let text = |text: &str| Some(text.to_owned());
    vec![
        (0, None, None, None, None, None, None),
        (1, Some(i64::MIN), Some(-0.5), Some(false), text(""), Some(0), Some(Vec::new())),
        (
            2,
            Some(i64::MAX),
            Some(1e300),
            Some(true),
            text("ж 漢 🦀 'quoted' $1 ?1 \u{1}"),
            Some(u128::MAX),
            Some(vec![0, 255, 7]),
        ),
        (
            3,
            Some(0),
            Some(f64::MIN_POSITIVE),
            Some(true),
            Some("x".repeat(3_000_000)),
            Some(1 << 100 | 5),
            Some(vec![9; 2_000_000]),
        ),
    ]
}

fn parameters(row: &Kinds) -> [Value<'_>; 7] {
    [row.0.into(), row.1.into(), row.2.into(), row.3.into(), (&row.4).into(), row.5.into(), row.6.as_deref().into()]
}

fn read(row: &floe_store::Row<'_>) -> Result<Kinds, floe_model::Fault> {
    Ok((
        row.int(0)?,
        row.opt_int(1)?,
        row.opt_float(2)?,
        row.opt_bool(3)?,
        row.opt_string(4)?,
        row.opt_id(5)?,
        row.opt_bytes(6)?.map(<[u8]>::to_vec),
    ))
}

on_both! {
    async fn each_kind_survives_one_by_one_and_in_bulk(store: TestStore) {
        store.write(|tx| tx.execute(&CREATE, &[])).await.expect("the table is new");
        store
            .write(|tx| {
                for row in samples() {
                    assert_eq!(tx.execute(&INSERT, &parameters(&row))?, 1);
                }
                Ok(())
            })
            .await
            .expect("every kind goes in");
        let found = store.read(|tx| tx.rows(&SELECT, &[Value::Int(0)], read)).await.expect("every kind comes out");
        assert!(found == samples(), "one by one");
        let written = store
            .write(|tx| {
                let mut rows = samples();
                rows.iter_mut().for_each(|row| row.0 += 100);
                let rows: Vec<_> = rows.iter().map(parameters).collect();
                assert_eq!(tx.bulk(&INSERT_ALL, &rows[..0])?, 0);
                tx.bulk(&INSERT_ALL, &rows)
            })
            .await
            .expect("every kind goes in");
        assert_eq!(written, 4);
        let mut found = store.read(|tx| tx.rows(&SELECT, &[Value::Int(100)], read)).await.expect("every kind comes out");
        found.iter_mut().for_each(|row| row.0 -= 100);
        assert!(found == samples(), "in bulk");
    }

    async fn a_column_of_another_type_names_its_statement(store: TestStore) {
        store.write(|tx| tx.execute(&CREATE, &[])).await.expect("the table is new");
        store.write(|tx| tx.execute(&INSERT, &parameters(&samples()[1]))).await.expect("the row is new");
        let fault = store.read(|tx| tx.row(&SELECT, &[Value::Int(1)], |row| row.string(0))).await.expect_err("not a text");
        let source = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
        assert!(fault.kind() == FaultKind::Internal && source.contains("values::SELECT"), "{source}");
        let fault = store.read(|tx| tx.row(&SELECT, &[Value::Int(1)], |row| row.string(9))).await.expect_err("no column");
        assert_eq!(fault.kind(), FaultKind::Internal);
        let fault = store.read(|tx| tx.row(&SELECT, &[], |row| row.int(0))).await.expect_err("a parameter is missing");
        assert_eq!(fault.kind(), FaultKind::Internal);
    }

    async fn text_with_nul_is_refused_alike(store: TestStore) {
        store.write(|tx| tx.execute(&CREATE, &[])).await.expect("the table is new");
        let row: Kinds = (9, None, None, None, Some("a\0b".to_owned()), None, None);
        let fault = store.write(move |tx| tx.execute(&INSERT, &parameters(&row))).await.expect_err("NUL");
        assert_eq!(fault.kind(), FaultKind::Invalid);
    }
}
