//! Tables of the flows slice.

use crate::Statement;

pub mod aliases;
pub mod automations;
pub mod bulk;
pub mod documents;
pub mod executions;
pub mod files;
pub mod flow_groups;
pub mod flow_logs;
#[expect(clippy::module_inception, reason = "the table is called what the slice is called")]
pub mod flows;
pub mod journal;
pub mod logged_runs;
pub mod mentions;
pub mod ownership;
pub mod pins;
pub mod reruns;
pub mod run_files;
pub mod run_list;
pub mod run_owners;
pub mod run_rows;
pub mod run_totals;
pub mod runs;
pub mod schedules;
pub mod shares;
pub mod trigger_events;
pub mod trigger_requests;
pub mod triggers;
pub mod versions;
pub mod waits;
pub mod workflow_versions;

/// The statements of each table file: `some_table::STATEMENTS`, one line a file.
pub(crate) const TABLES: &[&[Statement]] = &[
    aliases::STATEMENTS,
    automations::STATEMENTS,
    bulk::STATEMENTS,
    documents::STATEMENTS,
    executions::STATEMENTS,
    files::STATEMENTS,
    flow_groups::STATEMENTS,
    flow_logs::STATEMENTS,
    flows::STATEMENTS,
    journal::STATEMENTS,
    logged_runs::STATEMENTS,
    mentions::STATEMENTS,
    ownership::STATEMENTS,
    pins::STATEMENTS,
    reruns::STATEMENTS,
    run_list::STATEMENTS,
    run_totals::STATEMENTS,
    run_owners::STATEMENTS,
    run_files::STATEMENTS,
    run_rows::STATEMENTS,
    runs::STATEMENTS,
    schedules::STATEMENTS,
    shares::STATEMENTS,
    trigger_requests::STATEMENTS,
    triggers::STATEMENTS,
    versions::STATEMENTS,
    waits::STATEMENTS,
    workflow_versions::STATEMENTS,
];
