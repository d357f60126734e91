//! Tables of the placements slice.

use floe_model::Fault;

use crate::Statement;

pub mod apps;
pub mod assignments;
pub mod audiences;
pub mod blobs;
pub mod day_numbers;
pub mod drafts;
pub mod event_days;
mod event_filter;
pub mod event_journal;
pub mod events;
pub mod experiments;
pub mod fonts;
pub mod funnel;
pub mod history;
pub mod legacy_calls;
pub mod media;
pub mod outcomes;
pub mod overrides;
#[expect(clippy::module_inception, reason = "the table is called what the slice is called")]
pub mod placements;
pub mod results;
pub mod revisions;
pub mod screen_flows;
pub mod sdk_errors;
pub mod served;
pub mod user_numbers;
pub mod variants;
pub mod versions;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    apps::STATEMENTS,
    assignments::STATEMENTS,
    audiences::STATEMENTS,
    blobs::STATEMENTS,
    day_numbers::STATEMENTS,
    drafts::STATEMENTS,
    event_days::STATEMENTS,
    event_journal::STATEMENTS,
    events::STATEMENTS,
    experiments::STATEMENTS,
    fonts::STATEMENTS,
    funnel::STATEMENTS,
    history::STATEMENTS,
    legacy_calls::STATEMENTS,
    media::STATEMENTS,
    outcomes::STATEMENTS,
    overrides::STATEMENTS,
    placements::STATEMENTS,
    results::STATEMENTS,
    revisions::STATEMENTS,
    screen_flows::STATEMENTS,
    sdk_errors::STATEMENTS,
    served::STATEMENTS,
    user_numbers::STATEMENTS,
    variants::STATEMENTS,
    versions::STATEMENTS,
];

/// Ids as a statement takes a list of them.
fn id_list<T: serde::Serialize>(ids: &[T]) -> Result<String, Fault> {
    serde_json::to_string(ids).map_err(Fault::internal)
}
