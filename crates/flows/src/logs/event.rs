//! The events that a flow's log knows, and how grave each is (Flow API contract, section 9).

/// How grave an entry is, from the least on.
pub const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];

macro_rules! events {
    ($($name:ident $word:literal $level:literal;)+) => {
        /// What an entry reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each name is its word")]
        pub enum Event { $($name,)+ }

        impl Event {
            /// Every event.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word on the wire and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Its level as a rule.
            #[must_use]
            pub const fn level(self) -> &'static str {
                match self { $(Self::$name => $level,)+ }
            }
        }
    };
}

events! {
    RunStarted "run.started" "info";
    RunCompleted "run.completed" "info";
    RunFailed "run.failed" "error";
    RunWaiting "run.waiting" "info";
    RunResumed "run.resumed" "info";
    RunCancelled "run.cancelled" "warn";
    StepFailed "step.failed" "error";
    StepRetried "step.retried" "warn";
    StepLog "step.log" "info";
    ScheduleSet "schedule.set" "info";
    ScheduleFired "schedule.fired" "info";
    ScheduleSkipped "schedule.skipped" "warn";
    ScheduleMissed "schedule.missed" "warn";
    ScheduleCancelled "schedule.cancelled" "info";
    FlowUpdated "flow.updated" "info";
    FlowPublished "flow.published" "info";
    FlowUnpublished "flow.unpublished" "info";
    FlowRolledBack "flow.rolled_back" "info";
    FlowDeleted "flow.deleted" "warn";
    ShareEnabled "share.enabled" "info";
    ShareDisabled "share.disabled" "info";
    ShareExecuted "share.executed" "info";
}

impl Event {
    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == word)
    }

    /// Whether runs and their journals tell it, so that it is not stored.
    #[must_use]
    pub fn is_of_runs(self) -> bool {
        self.as_str().starts_with("run.") || self.as_str().starts_with("step.")
    }
}
