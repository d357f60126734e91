//! SQL text lives in `store`, and every statement is registered for the test that prepares it on both databases.

use super::Finding;
use super::source::{Source, has_word};
use super::tree::{File, Tree};

/// The only crate with SQL, and the exceptions: this tool, which names the words to look for; what makes databases for tests; a test that
/// plays another node, whose changes do not go through this process; and the tests of nodes that ask databases of the user's own.
const EXCEPTIONS: [&str; 6] = [
    "crates/store/",
    "xtask/",
    "crates/testkit/src/postgres.rs",
    "crates/surfaces/tests/it/keys.rs",
    "crates/flows/src/nodes/database/",
    "crates/flows/tests/it/nodes/database.rs",
];
/// Where the statements are.
const STORE_SOURCE: &str = "crates/store/src/";

/// How a statement begins: its first words and, where the first alone is an English word, what else must follow.
const BEGINNINGS: &[(&str, &str)] = &[
    ("select ", " from "),
    ("insert into ", ""),
    ("insert or ", " into "),
    ("update ", " set "),
    ("delete from ", ""),
    ("create table ", ""),
    ("create index ", ""),
    ("create unique index ", ""),
    ("drop table ", ""),
    ("drop index ", ""),
    ("alter table ", ""),
    ("with ", " as ("),
    ("pragma ", ""),
    ("begin immediate", ""),
];

/// Texts that are SQL, outside of the store.
pub(super) fn outside_store(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust().filter(|(file, _)| !EXCEPTIONS.iter().any(|place| file.path.starts_with(place)));
    let texts = files.flat_map(|(file, source)| source.texts().map(move |(line, text)| (file, line, text)));
    let found = texts.filter(|(_, _, text)| is_sql(text));
    let instead = "SQL text outside of `store`: add a function to the table's file in crates/store and call that";
    found.map(|(file, line, _)| Finding::new(&file.path, line, "sql", instead)).collect()
}

/// Files of the store whose `statements!` no list names, and lists that `store/src/lib.rs` does not name.
pub(super) fn unregistered(tree: &Tree) -> Vec<Finding> {
    let ours: Vec<(&File, &Source)> = tree.rust().filter(|(file, _)| file.path.starts_with(STORE_SOURCE)).collect();
    let named = |path: &str, name: &str| {
        let mut lines =
            ours.iter().filter(|(file, _)| file.path.starts_with(path)).flat_map(|(_, source)| source.lines(false));
        lines.any(|(_, line)| has_word(line, name))
    };
    let mut findings = Vec::new();
    for (file, source) in &ours {
        let module = module_of(&file.path);
        let (folder, name) = module.rsplit_once('/').unwrap_or(("", module));
        if let Some((line, _)) = source.lines(false).find(|(_, line)| is_declaration(line)) {
            let everywhere = format!("crate::{}::STATEMENTS", module.replace('/', "::"));
            let in_folder = format!("{STORE_SOURCE}{folder}");
            if !named(&in_folder, &format!("{name}::STATEMENTS")) && !named(STORE_SOURCE, &everywhere) {
                let text = format!(
                    "the test of all statements misses these: list `{name}::STATEMENTS` in TABLES of {in_folder}/mod.rs"
                );
                findings.push(Finding::new(&file.path, line, "sql-registered", text));
            }
        }
        if let Some((line, _)) = source.lines(false).find(|(_, line)| is_list(line))
            && !named(&format!("{STORE_SOURCE}lib.rs"), &format!("{name}::TABLES"))
        {
            let text =
                format!("the test of all statements misses these: list `{name}::TABLES` in {STORE_SOURCE}lib.rs");
            findings.push(Finding::new(&file.path, line, "sql-registered", text));
        }
    }
    findings
}

/// `flows/runs` for `crates/store/src/flows/runs.rs`, `flows` for `crates/store/src/flows/mod.rs`.
fn module_of(path: &str) -> &str {
    let below = path.trim_start_matches(STORE_SOURCE).trim_end_matches(".rs");
    below.strip_suffix("/mod").unwrap_or(below)
}

/// Whether a text is a statement. Keywords are written in one case; prose begins with one capital.
fn is_sql(text: &str) -> bool {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words.split(' ').next().unwrap_or_default();
    let one_case =
        first.bytes().all(|byte| byte.is_ascii_lowercase()) || first.bytes().all(|byte| byte.is_ascii_uppercase());
    let lower = words.to_ascii_lowercase();
    one_case && BEGINNINGS.iter().any(|(head, rest)| lower.starts_with(head) && lower[head.len() - 1..].contains(rest))
}

fn is_declaration(line: &str) -> bool {
    has_word(line, "statements! {") && !line.contains("macro_rules!")
}

fn is_list(line: &str) -> bool {
    has_word(line, "TABLES: &[&[Statement]]")
}
