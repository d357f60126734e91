//! The numbered set of migrations. A new one is a file in `migrations/` and a line here; an applied one never changes.

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// 1, 2, 3, …
    pub(crate) number: u32,
    /// Name of its file, without the number.
    pub(crate) name: &'static str,
    /// Text, with the column words of `migrate.rs`.
    pub(crate) text: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal $file:literal;)+) => {
        /// Every migration, in order.
        pub(crate) const MIGRATIONS: &[Migration] = &[$(
            Migration { number: $number, name: $name, text: include_str!(concat!("../migrations/", $file)) },
        )+];
    };
}

migrations! {
    1 "platform" "0001_platform.sql";
    2 "access" "0002_access.sql";
    3 "flows" "0003_flows.sql";
    4 "runs" "0004_runs.sql";
    5 "schedules" "0005_schedules.sql";
    6 "sharing" "0006_sharing.sql";
    7 "reruns" "0007_reruns.sql";
    8 "accounts" "0008_accounts.sql";
    9 "secrets" "0009_secrets.sql";
    10 "records" "0010_records.sql";
    11 "operation" "0011_operation.sql";
    12 "nodes" "0012_nodes.sql";
    13 "payees" "0013_payees.sql";
    14 "payment_runs" "0014_payment_runs.sql";
    15 "ledger" "0015_ledger.sql";
    16 "webhooks" "0016_webhooks.sql";
    17 "payout_history" "0017_payout_history.sql";
    18 "apps" "0018_apps.sql";
    19 "experiments" "0019_experiments.sql";
    20 "placement_events" "0020_placement_events.sql";
    21 "placement_assets" "0021_placement_assets.sql";
    23 "payments_in_the_console" "0023_payments_in_the_console.sql";
    24 "treasury_lists" "0024_treasury_lists.sql";
    25 "agents" "0025_agents.sql";
    26 "models" "0026_models.sql";
    27 "exchanges" "0027_exchanges.sql";
    28 "callbacks" "0028_callbacks.sql";
    29 "knowledge" "0029_knowledge.sql";
    30 "agent_approvals" "0030_agent_approvals.sql";
    31 "whatsapp" "0031_whatsapp.sql";
    32 "workflows" "0032_workflows.sql";
    33 "triggers" "0033_triggers.sql";
    35 "agent_memory" "0035_agent_memory.sql";
    36 "run_files" "0036_run_files.sql";
    42 "step_pins" "0042_step_pins.sql";
    47 "notification_reads" "0047_notification_reads.sql";
    48 "runs_of_tests" "0048_runs_of_tests.sql";
    49 "child_calls" "0049_child_calls.sql";
    50 "fewer_indexes" "0050_fewer_indexes.sql";
    51 "webhook_cursor" "0051_webhook_cursor.sql";
}
