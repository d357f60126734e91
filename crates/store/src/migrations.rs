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
}
