//! Shapes of credits.

use super::page;
use crate::http::shape::{COUNT, ID, INSTANT, NUMBER, Shape, TEXT, closed, may, must, object, text, words};

/// Why a balance changed.
pub(in crate::console) const REASONS: &[&str] = &["opening", "grant", "refill", "usage", "given_back"];

const REFILL: Shape = object("CreditRefill", &[must("below", NUMBER), must("to", NUMBER)]);

const LEDGER: Shape = object(
    "CreditLedger",
    &[
        must("balance", NUMBER),
        must("held", NUMBER).about("Put aside for calls under way"),
        must("used_today", NUMBER).about("Since midnight, UTC"),
        must("used_this_month", NUMBER).about("Since the first of the month, UTC"),
        must("auto_refill", REFILL.or_null()).about("Fills up by itself; null makes it a real budget"),
        must("low_at", NUMBER.or_null()).about("Below this platform.credits.low is sent"),
        must("monthly_limit", NUMBER.or_null()),
    ],
);

/// The ledgers of a workspace.
pub(in crate::console) const CREDITS: Shape =
    object("Credits", &[must("live", LEDGER), must("test", LEDGER), must("revision", COUNT)]);

const RULES: Shape = closed(
    "CreditRules",
    &[
        may("auto_refill", closed("NewCreditRefill", &[must("below", NUMBER), must("to", NUMBER)])),
        may("low_at", NUMBER),
        may("monthly_limit", NUMBER),
    ],
);

/// Other rules; null takes one away.
pub(in crate::console) const CREDITS_PATCH: Shape = closed("CreditsPatch", &[may("live", RULES), may("test", RULES)]);

/// A grant.
pub(in crate::console) const NEW_GRANT: Shape = closed(
    "NewCreditGrant",
    &[
        must("mode", words(&["live", "test"])),
        must("credits", NUMBER).about("Above 0, three digits after the point at most"),
        must("reference", text(1, 200)).about("Counts once"),
    ],
);

/// An entry.
pub(in crate::console) const CREDIT_ENTRY: Shape = object(
    "CreditEntry",
    &[
        must("id", ID),
        must("seq", COUNT).about("Its number in the ledger, from 1"),
        must("mode", words(&["live", "test"])),
        must("at", INSTANT),
        must("amount", NUMBER).about("Below 0 when taken"),
        must("balance_after", NUMBER),
        must("reason", words(REASONS)),
        must("product", TEXT.or_null()),
        must("run_id", ID.or_null()),
        must("agent_id", ID.or_null()),
        must("model", TEXT.or_null()),
        must("reference", TEXT.or_null()).about("Of grants"),
    ],
);
/// A list of entries.
pub(in crate::console) const CREDIT_ENTRIES: Shape = object("CreditEntries", &page(&CREDIT_ENTRY));
