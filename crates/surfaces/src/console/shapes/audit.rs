//! Shapes of the audit log.

use super::page;
use crate::http::shape::{ANY, COUNT, FLAG, ID, INSTANT, Shape, TEXT, closed, may, must, object, pattern, words};

const HASH: Shape = pattern("^[0-9a-f]{64}$");

/// An entry.
pub(in crate::console) const AUDIT_ENTRY: Shape = object(
    "AuditEntry",
    &[
        must("id", ID),
        must("seq", COUNT.or_null()).about("Its place in the chain; null until it is sealed, within a second"),
        must("at", INSTANT),
        must("mode", words(&["live", "test"]).or_null()),
        must("product", TEXT),
        must("agent_type", TEXT),
        must("action", TEXT).about("Past verb and object, e.g. published_flow"),
        must("actor", object("", &[must("type", TEXT), must("id", TEXT.or_null()), must("name", TEXT)])),
        must(
            "target",
            object("", &[must("type", TEXT), must("id", TEXT.or_null()), must("name", TEXT.or_null())]).or_null(),
        ),
        must("run_id", ID.or_null()),
        must("detail", ANY),
        must("request_id", ID.or_null()),
        must("ip", TEXT.or_null()),
        must("prev_hash", HASH.or_null()).about("Hash of the entry before it; zeros before the first"),
        must("hash", HASH.or_null())
            .about("SHA-256 over prev_hash (32 bytes) and the canonical JSON (RFC 8785) of this object without hash"),
    ],
);
/// A list of entries.
pub(in crate::console) const AUDIT_ENTRIES: Shape = object("AuditEntries", &page(&AUDIT_ENTRY));

/// A signed head.
pub(in crate::console) const AUDIT_HEAD: Shape = object(
    "AuditHead",
    &[
        must("workspace_id", ID),
        must("seq", COUNT),
        must("hash", HASH),
        must("at", INSTANT),
        must("public_key", TEXT).about("Ed25519 key of the server, base64"),
        must("signature", TEXT).about("Base64, over the canonical JSON (RFC 8785) of this object without signature"),
    ],
);
/// A list of heads.
pub(in crate::console) const AUDIT_HEADS: Shape = object("AuditHeads", &page(&AUDIT_HEAD));

/// What a chain is verified against.
pub(in crate::console) const AUDIT_PROOF: Shape = closed(
    "AuditProof",
    &[may(
        "head",
        closed(
            "AuditProofHead",
            &[
                must("workspace_id", ID),
                must("seq", COUNT),
                must("hash", HASH),
                must("at", INSTANT),
                must("public_key", TEXT),
                must("signature", TEXT),
            ],
        ),
    )
    .about("A head that was kept elsewhere")],
);

/// What a verification found.
pub(in crate::console) const AUDIT_VERDICT: Shape = object(
    "AuditVerdict",
    &[
        must("valid", FLAG),
        must("entries", COUNT).about("Entries that are right, from the first one on"),
        must("first_bad_id", ID.or_null()).about("Null also where entries are missing at the end"),
        must("first_bad_seq", COUNT.or_null()),
        must("reason", TEXT.or_null()),
        must("head", AUDIT_HEAD.or_null()).about("The end of a chain that is whole, signed now"),
    ],
);
