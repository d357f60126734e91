//! What the store promises, checked alike on SQLite and on PostgreSQL (`FLOE_TEST_POSTGRES_URL`).

// The test databases are those of the test kit, by path: as a dependency they would bring half of the workspace along.
#[allow(dead_code, unreachable_pub, reason = "public in the test kit, of which this uses a part")]
#[path = "../../../testkit/src/postgres.rs"]
mod postgres;
#[allow(dead_code, unreachable_pub, reason = "public in the test kit, of which this uses a part")]
#[path = "../../../testkit/src/store.rs"]
mod store;
#[allow(unreachable_pub, reason = "public in the test kit")]
#[path = "../../../testkit/src/wait.rs"]
mod wait;

mod audit;
mod audit_chain;
mod events;
mod full_disk;
mod jobs;
mod lost;
mod nodes;
mod notes;
mod opening;
mod placement_events;
mod replies;
mod run_files;
mod schedules;
mod statements;
mod transactions;
mod treasury_lists;
mod treasury_payees;
mod values;
