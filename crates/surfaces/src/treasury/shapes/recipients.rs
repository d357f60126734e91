//! Recipients.

use super::{ACCOUNT_NUMBER, TIME, page};
use crate::http::shape::{COUNT, ID, Shape, TEXT, extend, input, list, may, must, object, text, words};

/// A recipient.
pub(in crate::treasury) const RECIPIENT: Shape = object(
    "Recipient",
    &[
        must("id", ID),
        must("name", TEXT),
        must("account_number", ACCOUNT_NUMBER),
        must("institution_code", text(3, 6)).about("As it was given"),
        must("bank_name", TEXT.or_null()),
        must("narration_note", TEXT.or_null()),
        must("created_at", TIME),
    ],
);
pub(in crate::treasury) const RECIPIENTS: Shape = object("Recipients", &page(&RECIPIENT));
/// A recipient with what was paid to its account.
pub(in crate::treasury) const FULL_RECIPIENT: Shape = extend(
    "FullRecipient",
    RECIPIENT,
    &[
        must("payment_count", COUNT).about("Successful payouts to this account, whoever was named"),
        must("last_paid_at", TIME.or_null()),
        must("tags", list(&TEXT)),
    ],
);
pub(in crate::treasury) const FULL_RECIPIENTS: Shape = object("FullRecipients", &page(&FULL_RECIPIENT));
/// A recipient to save.
pub(in crate::treasury) const NEW_RECIPIENT: Shape = input(
    "NewRecipient",
    &[
        must("name", text(1, 256)),
        must("account_number", ACCOUNT_NUMBER),
        must("institution_code", text(3, 6)).about("Any code of a known institution"),
        may("bank_name", text(0, 128)).about("The bank's own name unless given"),
        may("narration_note", text(0, 100)),
    ],
);
const TAGS: Shape = list(&text(1, 40)).at_most(20);
pub(in crate::treasury) const NEW_FULL_RECIPIENT: Shape =
    extend("NewFullRecipient", NEW_RECIPIENT, &[may("tags", TAGS)]);
pub(in crate::treasury) const RECIPIENT_PATCH: Shape = input(
    "RecipientPatch",
    &[
        may("name", text(1, 256)),
        may("account_number", ACCOUNT_NUMBER),
        may("institution_code", text(3, 6)),
        may("bank_name", text(1, 128)),
        may("narration_note", text(1, 100)),
        may("tags", TAGS),
    ],
);
/// A file of recipients.
pub(in crate::treasury) const FILE: Shape =
    input("RecipientFile", &[must("file", TEXT).about("CSV or XLSX, at most 10 MiB")]);
const ROW_NOTE: Shape = object("RecipientFileNote", &[must("row", COUNT), must("field", TEXT), must("message", TEXT)]);
/// What became of it.
pub(in crate::treasury) const IMPORTED: Shape = object(
    "RecipientsImported",
    &[
        must("recipients_added", COUNT),
        must("total_rows_parsed", COUNT),
        must("parse_errors", list(&ROW_NOTE)),
        must("duplicates", list(&object("RecipientFileDuplicate", &[must("row", COUNT), must("same_as_row", COUNT)])))
            .about("Rows with the account of an earlier row; they are saved"),
        must("repaired", list(&ROW_NOTE)).about("Account numbers that got their lost leading zero back"),
    ],
);
/// Something that is gone.
pub(in crate::treasury) const DELETED: Shape =
    object("TreasuryDeleted", &[must("status", words(&["deleted"])), must("id", ID)]);
