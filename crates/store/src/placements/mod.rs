//! Tables of the placements slice.

use floe_model::Fault;

use crate::Statement;

pub mod apps;
pub mod assignments;
pub mod audiences;
pub mod drafts;
pub mod experiments;
pub mod history;
pub mod outcomes;
pub mod overrides;
pub mod placements;
pub mod results;
pub mod revisions;
pub mod screen_flows;
pub mod served;
pub mod variants;
pub mod versions;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    apps::STATEMENTS,
    assignments::STATEMENTS,
    audiences::STATEMENTS,
    drafts::STATEMENTS,
    experiments::STATEMENTS,
    history::STATEMENTS,
    outcomes::STATEMENTS,
    overrides::STATEMENTS,
    placements::STATEMENTS,
    results::STATEMENTS,
    revisions::STATEMENTS,
    screen_flows::STATEMENTS,
    served::STATEMENTS,
    variants::STATEMENTS,
    versions::STATEMENTS,
];

/// Ids as a statement takes a list of them.
fn id_list<T: serde::Serialize>(ids: &[T]) -> Result<String, Fault> {
    serde_json::to_string(ids).map_err(Fault::internal)
}
