//! Shapes of the inbox.

use super::keys::MODE;
use super::page;
use crate::http::shape::{
    ANY, COUNT, FLAG, ID, INSTANT, JSON_OBJECT, Shape, TEXT, any_of, closed, extend, int, list, map, may, must, object,
    pattern, text, words,
};

/// Words of `status`.
pub(in crate::console) const STATUS: Shape = words(&["open", "answered", "expired", "cancelled", "all"]);
/// Words of `product`.
pub(in crate::console) const PRODUCT: Shape = words(&["flows", "workflows", "agents", "treasury", "placements"]);
/// Words of `sort`.
pub(in crate::console) const SORT: Shape = words(&["created_at", "-created_at", "due_at", "-due_at"]);

/// Who did or may do something.
const ACTOR: Shape =
    object("Actor", &[must("type", TEXT.or_null()), must("id", TEXT.or_null()), must("name", TEXT.or_null())]);

/// Something that waits for a person.
pub(in crate::console) const ITEM: Shape = object(
    "InboxItem",
    &[
        must("id", ID),
        must("kind", TEXT),
        must("product", PRODUCT),
        must("mode", MODE),
        must("title", TEXT),
        must("summary", TEXT),
        must("status", words(&["open", "answered", "expired", "cancelled"])),
        must("requested_by", ACTOR),
        must("assignees", list(&ACTOR)),
        must("can_answer", FLAG),
        must("why_not", TEXT.or_null()).about("The code with which an answer would be refused"),
        must("options", list(&ANY)),
        must("answer_schema", JSON_OBJECT).about("What the answer takes beside content_hash, as JSON Schema"),
        must("content", ANY).about("What exactly is asked; in a list without the candidates of payment runs"),
        must("content_hash", TEXT).about("To be sent with the answer: proof that this content was seen"),
        must("revision", COUNT),
        must("amount", TEXT.or_null()),
        must("currency", TEXT.or_null()),
        must("risk", ANY),
        must("required_answers", COUNT),
        must("answers", list(&ANSWERED)),
        must("created_at", INSTANT),
        must("due_at", INSTANT.or_null()),
        must("links", object("", &[must("object", TEXT), must("run", TEXT), must("api", TEXT)])),
    ],
);

const ANSWERED: Shape = object(
    "",
    &[
        must("by", ACTOR),
        must("decision", TEXT.or_null()),
        must("comment", TEXT.or_null()),
        must("at", INSTANT.or_null()),
        must("via", TEXT.or_null()),
    ],
);

/// A list of items.
pub(in crate::console) const ITEMS: Shape = object("InboxItems", &page(&ITEM));
/// How much waits.
pub(in crate::console) const COUNTS: Shape =
    object("InboxCounts", &[must("open", COUNT), must("mine", COUNT), must("by_kind", map(&COUNT))]);

/// An answer.
pub(in crate::console) const ANSWER: Shape = closed(
    "InboxAnswer",
    &[
        must("content_hash", text(1, 200)),
        may("decision", ANY).about("approve or reject, where that is asked"),
        may("comment", text(0, 2_000)),
        may("data", ANY).about("The form, or the result of the client's tool"),
        may("candidate_ids", list(&ID).at_most(10_000)).about("Of a payment run: exactly these"),
        may("pin", pattern("^[0-9]{4,6}$")).about("Of a payment run, where the member has set one"),
        may("override_reason", text(0, 500)).about("Of a payment run: why a blocked candidate is paid"),
    ],
);
/// What one answer among many may say: payments are not among them.
const PLAIN_ANSWER: Shape = closed(
    "PlainInboxAnswer",
    &[
        must("content_hash", text(1, 200)),
        may("decision", ANY).about("approve or reject, where that is asked"),
        may("comment", text(0, 2_000)),
        may("data", ANY).about("The form, or the result of the client's tool"),
    ],
);
const ONE_OF_MANY: Shape = extend("InboxAnswerOfMany", PLAIN_ANSWER, &[must("id", text(1, 200))]);
/// Many answers.
pub(in crate::console) const ANSWERS: Shape =
    any_of(&[list(&ONE_OF_MANY).at_most(100), closed("", &[must("answers", list(&ONE_OF_MANY).at_most(100))])]);
/// An item after its answer.
pub(in crate::console) const RECEIPT: Shape = object(
    "InboxReceipt",
    &[must("item", ITEM), must("outcome", object("", &[must("status", TEXT), must("run_id", ID)]))],
);
/// What became of each of many answers.
pub(in crate::console) const RECEIPTS: Shape =
    list(&object("InboxOutcome", &[must("id", ANY), must("status", int(200, 599)), must("code", TEXT.or_null())]));
