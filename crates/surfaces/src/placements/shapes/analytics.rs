//! Numbers about what users did.

use crate::http::Param;
use crate::http::shape::{
    COUNT, FLAG, Field, ID, NUMBER, Shape, TEXT, extend, format, int, list, must, object, text, words,
};

/// A day, UTC.
const DATE: Shape = format("date");
/// Live or test.
const ENVIRONMENT: Shape = words(&["live", "test"]);
const RATE: Shape = NUMBER.or_null();

/// What every question takes.
pub(in crate::placements) const NARROWING: &[Param] = &[
    Param::new("from", DATE, "First day, UTC; 29 days before the last unless given"),
    Param::new("to", DATE, "Last day, UTC; today unless given"),
    Param::new("placement_id", text(1, 64), "At this placement, by its key"),
    Param::new("flow_id", ID, "Of this flow"),
    Param::new("flow_version_id", ID, "Of this version"),
    Param::new("platform", words(&["ios", "android", "web"]), "From this platform"),
    Param::new("country", text(2, 2), "From this country, two letters"),
    Param::new("app_version", text(1, 64), "From this version of the app"),
    Param::new("experiment_id", text(1, 64), "With this experiment"),
    Param::new("variant_id", text(1, 64), "With this variant"),
    Param::new("include_debug", FLAG, "Also from debug builds"),
    Param::new("environment", ENVIRONMENT, "live unless given"),
];

/// What every answer begins with.
const PERIOD: Shape = object("", &[must("from", DATE), must("to", DATE), must("environment", ENVIRONMENT)]);

/// A count with its change badge.
const COUNTED: Shape = object(
    "AnalyticsCount",
    &[
        must("value", COUNT),
        must("previous", COUNT).about("In the equally long period before"),
        must("change", RATE).about("Growth as a part of the one before"),
    ],
);
/// A share or a sum with its change badge.
const FIGURE: Shape = object(
    "AnalyticsFigure",
    &[
        must("value", RATE),
        must("previous", RATE).about("In the equally long period before"),
        must("change", RATE).about("Growth as a part of the one before"),
    ],
);
const CURRENCY: Field = must("currency", TEXT.or_null()).about("null where events did not name one");

const POINT: Shape = object(
    "AnalyticsPoint",
    &[
        must("date", DATE),
        must("impressions", COUNT),
        must("completions", COUNT),
        must("completion_rate", RATE),
        must("unique_users", COUNT),
        must("exits", COUNT),
        must("no_flow", COUNT),
        must("conversions", COUNT),
    ],
);

/// What happened in a period.
pub(in crate::placements) const OVERVIEW: Shape = extend(
    "AnalyticsOverview",
    PERIOD,
    &[
        must("impressions", COUNTED),
        must("completions", COUNTED),
        must("completion_rate", FIGURE),
        must("unique_users", COUNTED),
        must("no_flow", COUNTED),
        must("no_flow_share", FIGURE),
        must("conversions", COUNTED),
        must("revenue", list(&object("", &[CURRENCY, must("revenue", FIGURE)]))),
        must("no_flow_reasons", list(&object("", &[must("reason", TEXT), must("count", COUNT), must("share", RATE)]))),
        must(
            "placements",
            list(&object(
                "",
                &[
                    must("placement_id", TEXT.or_null()),
                    must("impressions", COUNT),
                    must("completions", COUNT),
                    must("completion_rate", RATE),
                    must("no_flow", COUNT),
                    must("no_flow_share", RATE),
                ],
            )),
        ),
        must(
            "flow_versions",
            list(&object(
                "",
                &[
                    must("flow_id", ID),
                    must("flow_version_id", ID),
                    must("impressions", COUNT),
                    must("completions", COUNT),
                    must("completion_rate", RATE),
                ],
            )),
        ),
    ],
);
/// The overview of one placement, and its days.
pub(in crate::placements) const OF_PLACEMENT: Shape = object(
    "AnalyticsOfPlacement",
    &[must("placement_id", TEXT), must("overview", OVERVIEW), must("points", list(&POINT)).about("One for each day")],
);
pub(in crate::placements) const SERIES: Shape = extend(
    "AnalyticsSeries",
    PERIOD,
    &[must("interval", words(&["day"])), must("points", list(&POINT)).about("One for each day")],
);
pub(in crate::placements) const REVENUE: Shape = extend(
    "AnalyticsRevenue",
    PERIOD,
    &[
        must("conversions", COUNTED),
        must("impressions", COUNT),
        must("unique_users", COUNT),
        must(
            "currencies",
            list(&object(
                "",
                &[
                    CURRENCY,
                    must("conversions", COUNT),
                    must("revenue", FIGURE),
                    must("per_impression", RATE),
                    must("per_user", RATE),
                ],
            )),
        ),
        must(
            "series",
            list(&object("", &[must("date", DATE), CURRENCY, must("conversions", COUNT), must("revenue", NUMBER)])),
        ),
    ],
);
const RETAINED: Shape = list(&object(
    "AnalyticsRetained",
    &[
        must("day", int(1, 30)),
        must("of", COUNT.or_null()).about("Users whose day has come; null when it has not for anybody"),
        must("users", COUNT.or_null()),
        must("rate", RATE),
    ],
));
pub(in crate::placements) const RETENTION: Shape = extend(
    "AnalyticsRetention",
    PERIOD,
    &[
        must("days", list(&COUNT)),
        must("total", object("", &[must("users", COUNT), must("retained", RETAINED)])),
        must("cohorts", list(&object("", &[must("date", DATE), must("users", COUNT), must("retained", RETAINED)])))
            .about("By the day of the first flow_start"),
    ],
);
pub(in crate::placements) const FUNNEL: Shape = extend(
    "AnalyticsFunnel",
    PERIOD,
    &[
        must("flow_version_id", ID),
        must("sessions", COUNT).about("With flow_start"),
        must("completed", COUNT).about("With flow_complete"),
        must("completion_rate", RATE),
        must(
            "screens",
            list(&object(
                "AnalyticsScreen",
                &[
                    must("screen_id", TEXT),
                    must("screen_name", TEXT.or_null()),
                    must("screen_index", COUNT.or_null()),
                    must("sessions", COUNT),
                    must("reach", RATE),
                    must("exits", COUNT),
                    must("drop_off", RATE),
                    must(
                        "time_on_screen_ms",
                        object("", &[must("count", COUNT), must("mean", NUMBER), must("median", NUMBER)]).or_null(),
                    ),
                ],
            )),
        ),
        must(
            "in_flow_tests",
            list(&object(
                "AnalyticsTest",
                &[
                    must("node_id", TEXT),
                    must(
                        "variants",
                        list(&object(
                            "",
                            &[
                                must("variant_id", TEXT),
                                must("sessions", COUNT),
                                must("completions", COUNT),
                                must("completion_rate", RATE),
                                must("conversions", COUNT),
                            ],
                        )),
                    ),
                ],
            )),
        ),
    ],
);
