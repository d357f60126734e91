//! The wallet and its transactions. Amounts are naira with two decimals.

use super::{ACCOUNT_NUMBER, CURRENCY, TIME, page};
use crate::http::shape::{
    COUNT, FLAG, ID, NUMBER, Shape, TEXT, extend, input, int, list, may, must, object, text, words,
};

/// A balance as keys see it.
pub(in crate::treasury) const BALANCE: Shape = object(
    "WalletBalance",
    &[
        must("balance", NUMBER).about("What can be spent now"),
        must("currency", CURRENCY),
        must("ai_credit_balance", COUNT),
        must("updated_at", TIME),
    ],
);
/// A wallet as members see it.
pub(in crate::treasury) const WALLET: Shape = object(
    "Wallet",
    &[
        must("balance", NUMBER).about("What can be spent now"),
        must("reserved_balance", NUMBER).about("Set aside for payouts under way"),
        must("total", NUMBER),
        must("currency", CURRENCY),
        must("ai_credit_balance", COUNT),
        must("low_balance", FLAG),
        must("updated_at", TIME),
    ],
);
pub(in crate::treasury) const VIRTUAL_ACCOUNT: Shape = object(
    "VirtualAccount",
    &[must("account_number", ACCOUNT_NUMBER), must("bank_name", TEXT), must("account_name", TEXT)],
);
const KINDS: Shape = words(&["funding", "release", "settlement", "refund", "reversal", "withdrawal", "correction"]);
/// A line of the ledger.
pub(in crate::treasury) const LINE: Shape = object(
    "WalletLine",
    &[
        must("type", words(&["credit", "debit"])),
        must("kind", KINDS),
        must("amount", NUMBER),
        must("reference", TEXT.or_null()),
        must("run_id", ID.or_null()),
        must("balance_before", NUMBER),
        must("balance_after", NUMBER),
        must("created_at", TIME),
    ],
);
pub(in crate::treasury) const LINES: Shape = object("WalletLines", &page(&LINE));
pub(in crate::treasury) const STATEMENT: Shape = object(
    "Statement",
    &[
        must("currency", CURRENCY),
        must("opening", NUMBER),
        must("lines", list(&LINE)).about("Oldest first"),
        must("closing", NUMBER),
    ],
);
/// Money to add by hand.
pub(in crate::treasury) const TOPUP: Shape = input(
    "Topup",
    &[must("amount", NUMBER), must("reference", text(1, 255)).about("Counts once"), may("description", text(0, 500))],
);
pub(in crate::treasury) const TOPPED_UP: Shape = object(
    "ToppedUp",
    &[
        must("balance", NUMBER),
        must("amount_credited", NUMBER).about("What this reference added, now or before"),
        must("reference", TEXT),
        must("already_processed", FLAG),
    ],
);
/// Credits to add.
pub(in crate::treasury) const ADD_CREDITS: Shape = input(
    "AddCredits",
    &[must("credits", int(1, 1_000_000_000)), must("reference", text(1, 255)).about("Counts once")],
);
pub(in crate::treasury) const ADDED_CREDITS: Shape = object(
    "AddedCredits",
    &[
        must("ai_credit_balance", COUNT),
        must("credits_added", COUNT),
        must("reference", TEXT),
        must("already_processed", FLAG),
    ],
);
/// A provider's notice.
pub(in crate::treasury) const NOTICE: Shape = input(
    "FundingNotice",
    &[
        must("reference", text(1, 255)).about("The provider's reference of the payment: counts once"),
        must("account_number", ACCOUNT_NUMBER),
        must("amount", NUMBER),
        may("currency", CURRENCY),
        may("sender_name", text(0, 255)),
    ],
);
pub(in crate::treasury) const NOTICED: Shape = object(
    "FundingNoticed",
    &[must("status", words(&["credited", "unmatched"])), must("reference", TEXT), must("already_processed", FLAG)],
);
/// A transaction as keys see it.
pub(in crate::treasury) const TRANSACTION: Shape = object(
    "Transaction",
    &[
        must("id", ID),
        must("run_id", ID),
        must("reference", TEXT),
        must("amount", NUMBER),
        must("currency", CURRENCY),
        must("direction", words(&["debit", "credit"])),
        must("status", words(&["SUCCESS", "PENDING", "FAILED"])),
        must("channel", words(&["NIP"])),
        must("created_at", TIME),
    ],
);
pub(in crate::treasury) const TRANSACTIONS: Shape = object("Transactions", &page(&TRANSACTION));
const RESOLUTION: Shape = object(
    "Resolution",
    &[
        must("outcome", words(&["success", "failed"])),
        must("evidence", TEXT),
        must("proposed_by", TEXT),
        must("proposed_at", TIME),
        must("confirmed_by", TEXT.or_null()),
        must("confirmed_at", TIME.or_null()),
    ],
);
/// A transaction as members see it.
pub(in crate::treasury) const FULL_TRANSACTION: Shape = extend(
    "FullTransaction",
    TRANSACTION,
    &[
        must("rail_reference", TEXT),
        must("response_code", TEXT.or_null()).about("The last code of the rail"),
        must("attempts", COUNT).about("Sendings and questions"),
        must("payout_status", words(&["pending", "success", "failed", "requires_followup", "reversed"])),
        must("failure_reason", TEXT.or_null()),
        must("resolution", RESOLUTION.or_null()).about("What people found out; only where one transaction is shown"),
    ],
);
pub(in crate::treasury) const FULL_TRANSACTIONS: Shape = object("FullTransactions", &page(&FULL_TRANSACTION));
/// What a person found out.
pub(in crate::treasury) const RESOLVE: Shape =
    input("ResolveTransaction", &[must("outcome", words(&["success", "failed"])), must("evidence", text(1, 2_000))]);
