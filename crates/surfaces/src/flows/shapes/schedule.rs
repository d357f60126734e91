//! Shapes of schedules.

use crate::http::shape::{FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, input, may, must, object, text, words};

const OVERLAP: Shape = words(&["skip", "allow"]);

/// A schedule. A flow without one answers `flowId` and `active` only.
pub(in crate::flows) const SCHEDULE: Shape = object(
    "Schedule",
    &[
        must("flowId", ID),
        must("active", FLAG).about("False once it was cancelled"),
        may("cron", TEXT),
        may("timezone", TEXT).about("IANA name"),
        may("data", JSON_OBJECT).about("{inputs?}: what the runs get over the defaults of their trigger"),
        may("overlap", OVERLAP).about("What happens at a time at which the last run goes on"),
        may("source", words(&["api", "trigger"])),
        may("nextRunAt", INSTANT.or_null()),
        may("lastRunAt", INSTANT.or_null()),
        may("lastRunId", ID.or_null()),
        may("lastStatus", TEXT.or_null()).about("Of the last run; failed when it could not be started"),
        may("pausedReason", TEXT.or_null()).about("Why it does not fire although it is active"),
        may("createdAt", INSTANT),
        may("updatedAt", INSTANT),
    ],
);

/// A schedule to be set.
pub(in crate::flows) const NEW_SCHEDULE: Shape = input(
    "NewSchedule",
    &[
        must("cron", TEXT).about("Five fields, or @hourly, @daily, @weekly, @monthly, @yearly"),
        may("timezone", text(1, 100)).about("IANA name; that of the workspace unless given"),
        may("overlap", OVERLAP).about("skip unless given"),
        may("data", input("", &[may("inputs", JSON_OBJECT)])),
    ],
);
