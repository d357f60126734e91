//! Shapes of the search and of the first page.

use super::inbox::{COUNTS, ITEM};
use super::keys::MODE;
use super::runs::RUN;
use crate::http::shape::{COUNT, INSTANT, NUMBER, Shape, TEXT, list, must, object};

const HIT: Shape = object(
    "SearchHit",
    &[
        must("type", TEXT),
        must("id", TEXT.or_null()),
        must("title", TEXT),
        must("subtitle", TEXT.or_null()),
        must("url", TEXT).about("Its page"),
    ],
);
/// What was found.
pub(in crate::console) const HITS: Shape = object("SearchHits", &[must("data", list(&HIT))]);

const NUMBERS: Shape = object(
    "NumbersOfToday",
    &[
        must("product", TEXT),
        must("requests", COUNT),
        must("runs", COUNT),
        must("errors", COUNT),
        must("credits", NUMBER),
        must("input_tokens", COUNT),
        must("output_tokens", COUNT),
    ],
);
/// The first page.
pub(in crate::console) const HOME: Shape = object(
    "Home",
    &[
        must("mode", MODE),
        must("at", INSTANT),
        must("inbox", COUNTS),
        must("waiting", list(&ITEM)).about("What the caller can answer, the most urgent first, ten at most"),
        must("broken", list(&RUN)).about("Runs that failed within 24 hours, ten at most"),
        must("runs", list(&RUN)).about("The newest runs, ten at most"),
        must("today", list(&NUMBERS)).about("Usage of this day in UTC by product, where there was any"),
        must("credits", object("", &[must("balance", NUMBER), must("used_today", NUMBER)])),
    ],
);
