//! The words of a schema that are known (Placements contract, sections 10.3 to 10.6).

/// Kinds of nodes.
pub(super) const NODE_KINDS: [&str; 4] = ["screen", "condition", "assign", "abTest"];

/// Kinds of edges; an edge without one is `normal`.
pub(super) const EDGE_KINDS: [&str; 6] = ["normal", "conditionTrue", "conditionFalse", "error", "event", "abVariant"];

/// Types of components.
pub(super) const COMPONENT_TYPES: [&str; 16] = [
    "screenRoot",
    "stack",
    "text",
    "image",
    "button",
    "input",
    "toggle",
    "progress",
    "ringProgress",
    "icon",
    "slider",
    "picker",
    "ruler",
    "lottie",
    "comparisonChart",
    "custom",
];

/// Events of interactions.
pub(super) const EVENTS: [&str; 5] = ["onPress", "onChange", "onFocus", "onBlur", "onAppear"];

/// Kinds of actions.
pub(super) const ACTION_KINDS: [&str; 13] = [
    "navigate",
    "goNext",
    "goBack",
    "closeFlow",
    "requestReview",
    "setVariable",
    "assign",
    "trackEvent",
    "openUrl",
    "haptic",
    "custom",
    "triggerAnimation",
    "triggerParticle",
];

/// Operations on variables.
pub(super) const OPERATIONS: [&str; 14] = [
    "set_true",
    "set_false",
    "toggle",
    "set",
    "increment",
    "decrement",
    "multiply",
    "divide",
    "reset",
    "append",
    "prepend",
    "clear",
    "add",
    "remove",
];

/// Types of variables.
pub(super) const VARIABLE_TYPES: [&str; 4] = ["string", "number", "boolean", "list"];

/// How long a variable lives.
pub(super) const LIFECYCLES: [&str; 2] = ["static", "session"];

/// Where the start value of a variable comes from.
pub(super) const SOURCE_KINDS: [&str; 2] = ["constant", "sdk"];

/// What a condition compares with its `right`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    /// Anything.
    Any,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Nothing.
    None,
}

/// What an operator of a comparison takes; `None` when it is unknown.
pub(super) fn operand_of(op: &str) -> Option<Operand> {
    Some(match op {
        "equals" | "not_equals" => Operand::Any,
        "greater_than" | "less_than" | "greater_than_or_equals" | "less_than_or_equals" => Operand::Number,
        "contains" | "not_contains" | "starts_with" | "ends_with" => Operand::Text,
        "is_empty" | "is_not_empty" => Operand::None,
        _ => return None,
    })
}
