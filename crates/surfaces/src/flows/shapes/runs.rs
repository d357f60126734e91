//! Shapes of runs, their steps, and sums over them.

use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, NUMBER, Shape, TEXT, extend, format, int, list, map, may, must, object,
    open, words,
};

/// Where a run stands.
pub(in crate::flows) const STATUS: Shape = words(&["queued", "running", "waiting", "completed", "failed", "cancelled"]);
/// Words of `sort`.
pub(in crate::flows) const SORT: Shape = words(&[
    "createdAt",
    "-createdAt",
    "startedAt",
    "-startedAt",
    "queuedAt",
    "-queuedAt",
    "durationMs",
    "-durationMs",
]);

const TRIGGER: Shape = object("RunTrigger", &[must("type", TEXT), must("stepId", TEXT)]);
const SOURCE: Shape = open("RunSource", &[must("kind", TEXT)]);

/// What a run waits for; the other members depend on the type (Flow API contract, section 4).
pub(in crate::flows) const WAIT: Shape = open(
    "WaitState",
    &[
        must("waitId", ID),
        must("type", TEXT),
        must("stepId", TEXT),
        must("stepName", TEXT),
        must("createdAt", INSTANT),
        must("expiresAt", INSTANT.or_null()),
    ],
);
/// What somebody has to do about it.
pub(in crate::flows) const ACTION: Shape = open("PendingAction", &[must("type", TEXT), must("timestamp", INSTANT)]);

/// Why a run failed, in short.
pub(in crate::flows) const BRIEF_ERROR: Shape = object(
    "BriefRunError",
    &[
        must("code", TEXT),
        must("message", TEXT),
        must("stepId", TEXT.or_null()),
        must("stepName", TEXT.or_null()),
        must("stepType", TEXT.or_null()),
    ],
);

/// Why a run or a step failed.
const ERROR: Shape = extend(
    "RunError",
    BRIEF_ERROR,
    &[
        must("attempt", COUNT.or_null()),
        must("retryable", FLAG),
        must("details", ANY),
        must("occurredAt", INSTANT.or_null()),
    ],
);

/// A row for menus and charts.
pub(in crate::flows) const LIGHT: Shape = object(
    "LightRun",
    &[
        must("_id", ID),
        must("appRunId", ID),
        must("status", STATUS),
        must("version", COUNT),
        must("trigger", TRIGGER),
        must("startedAt", INSTANT.or_null()),
        must("durationMs", COUNT.or_null()),
    ],
);

/// A row of a list.
const LISTED: Shape = extend(
    "ListedRun",
    LIGHT,
    &[
        must("finishedAt", INSTANT.or_null()),
        must("source", SOURCE),
        must("credits", NUMBER),
        must("stepCount", COUNT),
        must("error", object("", &[must("code", TEXT), must("message", TEXT.or_null())]).or_null()),
        must("waitState", object("", &[must("type", TEXT), must("stepId", TEXT.or_null())]).or_null()),
        must("parentRunId", ID.or_null()),
    ],
);

/// A list of runs.
pub(in crate::flows) const RUNS: Shape = object("Runs", &page(&LISTED));
/// A list of short rows.
pub(in crate::flows) const LIGHT_RUNS: Shape = object("LightRuns", &page(&LIGHT));

/// A step without its values.
const STEP: Shape = object(
    "RunStep",
    &[
        must("stepId", TEXT),
        must("name", TEXT),
        must("type", TEXT),
        must("status", words(&["running", "waiting", "completed", "failed", "skipped", "cancelled"])),
        must("attempt", COUNT),
        must("iteration", list(&ANY)).about("Loop passes around it, from the outside in"),
        must("branchId", TEXT.or_null()),
        must("startedAt", INSTANT),
        must("finishedAt", INSTANT.or_null()),
        must("durationMs", COUNT.or_null()),
        must("error", ERROR.or_null()),
        must("credits", NUMBER),
    ],
);

/// A step with what it was given, gave and printed.
const WHOLE_STEP: Shape = extend(
    "WholeRunStep",
    STEP,
    &[
        must("input", ANY),
        must("output", ANY),
        must("logs", list(&object("LogLine", &[must("level", TEXT), must("message", TEXT)]))),
    ],
);

/// A list of steps.
pub(in crate::flows) const STEPS: Shape = object("RunSteps", &page(&WHOLE_STEP));

/// A run with what there is of it: counts of steps in a summary; values and steps in details; the context too when detailed.
pub(in crate::flows) const RUN: Shape = object(
    "Run",
    &[
        must("_id", ID),
        must("appRunId", ID),
        must("appId", ID),
        must("flowName", TEXT),
        must("version", COUNT),
        must("isDraft", FLAG),
        must("status", STATUS),
        must("trigger", TRIGGER),
        must("source", SOURCE),
        must("parentRunId", ID.or_null()),
        must("test", FLAG),
        must("queuedAt", INSTANT),
        must("startedAt", INSTANT.or_null()),
        must("finishedAt", INSTANT.or_null()),
        must("durationMs", COUNT.or_null()),
        must("credits", NUMBER),
        must("stepCount", COUNT),
        must("currentStepId", TEXT.or_null()),
        must("waitState", WAIT.or_null()),
        must("pendingAction", ACTION.or_null()),
        must("error", ERROR.or_null()),
        must("revision", COUNT),
        may("stepSummary", map(&COUNT)).about("In summaries"),
        may("inputs", JSON_OBJECT).about("Not in summaries"),
        may("output", ANY).about("Not in summaries"),
        may("context", JSON_OBJECT).about("When detailed"),
        may("steps", list(&extend("", STEP, &[may("input", ANY), may("output", ANY), may("logs", list(&ANY))])))
            .about("Not in summaries; with values when detailed"),
    ],
);

/// The few facts about a run.
pub(in crate::flows) const MINIMAL: Shape = object(
    "MinimalRun",
    &[
        must("appRunId", ID),
        must("appId", ID),
        must("status", STATUS),
        must("version", COUNT),
        must("currentStepId", TEXT.or_null()),
        must("startedAt", INSTANT.or_null()),
        must("finishedAt", INSTANT.or_null()),
    ],
);

/// What a poll answers.
pub(in crate::flows) const POLL: Shape = object(
    "PolledRun",
    &[
        must("appRunId", ID),
        must("status", STATUS),
        must("done", FLAG),
        must("revision", COUNT),
        must("currentStepId", TEXT.or_null()),
        must("completedSteps", COUNT),
        may("output", ANY),
        may("error", BRIEF_ERROR),
        may("waitState", WAIT),
        may("pendingAction", ACTION),
    ],
);

/// What a run began with.
pub(in crate::flows) const INPUTS: Shape =
    object("RunInputs", &[must("appRunId", ID), must("trigger", TRIGGER), must("inputs", JSON_OBJECT)]);
/// What a run gave.
pub(in crate::flows) const OUTPUTS: Shape =
    object("RunOutputs", &[must("appRunId", ID), must("status", STATUS), must("output", ANY)]);
/// Whether and why a run failed.
pub(in crate::flows) const ERROR_DETAILS: Shape =
    object("RunErrorDetails", &[must("appRunId", ID), must("hasError", FLAG), must("error", ERROR.or_null())]);
/// The context of a run.
pub(in crate::flows) const CONTEXT: Shape = object(
    "RunContext",
    &[
        must("appRunId", ID),
        must("context", JSON_OBJECT),
        must("truncated", FLAG).about("Whether values were replaced by their size"),
    ],
);
/// What a run cost.
pub(in crate::flows) const CREDITS: Shape =
    object("RunCredits", &[must("appRunId", ID), must("totalCredits", NUMBER), must("items", list(&JSON_OBJECT))]);

/// Sums over the runs of a flow.
pub(in crate::flows) const OVERVIEW: Shape = object(
    "RunOverview",
    &[
        must("appId", ID),
        must("from", INSTANT),
        must("to", INSTANT),
        must("total", COUNT),
        must("byStatus", map(&COUNT)),
        must("successRate", NUMBER.or_null()),
        must("durationMs", map(&int(0, i64::MAX).or_null())).about("avg, p50, p95, p99"),
        must("credits", NUMBER),
        must("byDay", list(&DAY)),
        must("byTrigger", map(&COUNT)),
        must("byVersion", map(&COUNT)),
        must(
            "topErrors",
            list(&object("", &[must("code", TEXT), must("stepId", TEXT.or_null()), must("count", COUNT)])),
        ),
        must("waiting", COUNT),
        must("lastRun", LIGHT.or_null()),
    ],
);

const DAY: Shape = object(
    "",
    &[
        must("date", format("date")),
        must("total", COUNT),
        must("completed", COUNT),
        must("failed", COUNT),
        must("credits", NUMBER),
    ],
);
