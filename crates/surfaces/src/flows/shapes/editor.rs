//! Shapes of the editor's helpers.

use crate::http::shape::{
    ANY, COUNT, FLAG, JSON_OBJECT, Shape, TEXT, extend, input, int, list, map, may, must, object, text,
};

const INPUT: Shape = object(
    "CatalogueInput",
    &[
        must("key", TEXT),
        must("label", TEXT),
        must("type", TEXT),
        must("required", FLAG),
        must("default", ANY),
        must("options", list(&TEXT)),
        must("dynamic", FLAG).about("Whether step-field-items gives choices"),
    ],
);
const OUTPUT: Shape = object("CatalogueOutput", &[must("key", TEXT), must("type", TEXT), must("description", TEXT)]);
const STEP: Shape = object(
    "CatalogueStep",
    &[
        must("key", TEXT),
        must("name", TEXT),
        must("category", TEXT),
        must("description", TEXT),
        must("inputs", list(&INPUT)),
        must("outputs", list(&OUTPUT)),
        must("waits", FLAG),
    ],
);
const CATEGORY: Shape = object("CatalogueCategory", &[must("key", TEXT), must("name", TEXT)]);
const MODEL: Shape =
    object("CatalogueModel", &[must("id", TEXT), must("name", TEXT), must("provider", TEXT), must("available", FLAG)]);
const FUNCTION: Shape =
    object("CatalogueFunction", &[must("name", TEXT), must("signature", TEXT), must("description", TEXT)]);

/// The catalogue.
pub(in crate::flows) const PREFERENCES: Shape = object(
    "FlowPreferences",
    &[
        must("steps", list(&STEP)),
        must("triggers", list(&STEP)),
        must("categories", list(&CATEGORY)),
        must("models", list(&MODEL)),
        must("functions", list(&FUNCTION)),
        must("limits", map(&COUNT)),
        must("timezone", TEXT),
    ],
);

/// Which choices are asked for.
pub(in crate::flows) const ITEMS_IN: Shape = input(
    "StepFieldItemsRequest",
    &[
        must("stepType", text(1, 200)),
        must("field", text(1, 200)),
        may("data", JSON_OBJECT).about("The step's configuration so far"),
        may("flowId", text(1, 200)).about("The flow that is edited"),
        may("search", text(0, 200)),
        may("limit", int(1, floe_flows::editor::LIMIT_MAX as i64)),
        may("skip", int(0, 1_000_000)),
    ],
);
const ITEM: Shape = object(
    "StepFieldItem",
    &[must("label", TEXT), must("value", TEXT), must("description", TEXT.or_null()), must("group", TEXT.or_null())],
);
/// Choices.
pub(in crate::flows) const ITEMS: Shape = object("StepFieldItems", &[must("items", list(&ITEM)), must("total", COUNT)]);

/// What a model shall do.
pub(in crate::flows) const ENHANCE: Shape = input(
    "EnhanceNothing",
    &[must("prompt", text(1, 8_000)), may("definition", JSON_OBJECT), may("modelId", text(1, 200))],
);
/// What a model shall do with a flow.
pub(in crate::flows) const ENHANCE_FLOW: Shape = extend(
    "EnhanceFlow",
    ENHANCE,
    &[may("stepIds", list(&text(1, 200))), may("apply", FLAG), may("baseRevision", COUNT)],
);
/// What a model proposes.
pub(in crate::flows) const PROPOSAL: Shape = object(
    "FlowProposal",
    &[
        must("definition", JSON_OBJECT),
        must("name", TEXT),
        must("description", TEXT),
        must("summary", TEXT),
        must("changes", list(&JSON_OBJECT)),
        must("valid", FLAG),
        must("problems", list(&JSON_OBJECT)),
        must("applied", FLAG),
        must("version", COUNT.or_null()),
        must("revision", COUNT.or_null()),
        must("modelId", TEXT),
        must("usage", JSON_OBJECT),
    ],
);
