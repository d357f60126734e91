//! The checked SQL: every registered statement is prepared by the real database and compared with what its file declares.

use floe_store::{Column, Statement};

use crate::on_both;

/// What is wrong with a statement, if anything.
fn problems(statement: &Statement, described: &floe_store::Described) -> Vec<String> {
    let (name, text, columns, parameters) = match statement {
        Statement::One(sql) => (sql.name, sql.postgres, sql.columns, highest_placeholder(sql.postgres)),
        Statement::Bulk(sql) => (sql.name, sql.postgres, &[] as &[Column], sql.columns.len()),
    };
    let mut problems: Vec<String> =
        described.unknown.iter().map(|kind| format!("{name}: uses the type {kind}, which has no kind")).collect();
    if described.parameters.len() != parameters {
        problems.push(format!("{name}: {} parameters, {parameters} in its text: {text}", described.parameters.len()));
    }
    if described.columns.len() != columns.len() {
        problems.push(format!("{name}: answers {} columns, declares {}", described.columns.len(), columns.len()));
    }
    for ((column, found), declared) in described.columns.iter().zip(columns) {
        if found.is_some_and(|found| found != declared.kind) {
            problems.push(format!("{name}: column {column} is {found:?}, declared {:?}", declared.kind));
        }
    }
    if let Statement::Bulk(sql) = statement {
        for (at, (found, declared)) in described.parameters.iter().zip(sql.columns).enumerate() {
            if found.is_some_and(|found| found != declared.kind) {
                problems.push(format!("{name}: value {} is {found:?}, declared {:?}", at + 1, declared.kind));
            }
        }
    }
    problems
}

fn highest_placeholder(text: &str) -> usize {
    text.split('$')
        .skip(1)
        .filter_map(|after| after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .max()
        .unwrap_or(0)
}

on_both! {
    async fn every_statement_is_what_its_file_declares(store: TestStore) {
        let mut found = Vec::new();
        for statement in floe_store::statements() {
            match store.write(move |tx| tx.describe(statement)).await {
                Ok(described) => found.extend(problems(statement, &described)),
                Err(fault) => {
                    let source = std::error::Error::source(&fault).map(ToString::to_string);
                    found.push(source.unwrap_or_else(|| fault.to_string()));
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn no_two_statements_have_one_name() {
    let mut names: Vec<&str> = floe_store::statements()
        .map(|statement| match statement {
            Statement::One(sql) => sql.name,
            Statement::Bulk(sql) => sql.name,
        })
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 20, "the tables are registered");
}
