//! Typed ids: one 128-bit, time-ordered value with two spellings.
//!
//! Spelling A is the lower-case hyphenated UUID, which is read without its hyphens as well; spelling B is a prefix, `_`, and the same
//! bits as 26 lower-case Crockford base32 characters (console contract, section 1.2). Every lookup takes both.

use std::fmt;

/// Digits of Crockford base32 in lower case.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters that 128 bits take in base32 (130 bits, the top two are zero).
const BASE32_LEN: usize = 26;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID, or a prefix and 26 base32 characters")]
pub struct InvalidId;

/// Writes 128 bits as 26 lower-case Crockford base32 characters.
#[must_use]
pub fn to_base32(bits: u128) -> String {
    let mut text = String::with_capacity(BASE32_LEN);
    push_base32(bits, &mut text);
    text
}

fn push_base32(bits: u128, text: &mut String) {
    let digits: [u8; BASE32_LEN] = std::array::from_fn(|at| {
        let shift = (BASE32_LEN - 1 - at) * 5;
        CROCKFORD[(bits >> shift) as usize & 31]
    });
    text.extend(str::from_utf8(&digits));
}

/// Spelling B: each request has one in its answer, so it is put together without the machinery of formats.
fn write_prefixed(prefix: &str, bits: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + 1 + BASE32_LEN);
    text.push_str(prefix);
    text.push('_');
    push_base32(bits, &mut text);
    text
}

/// Reads either spelling; a prefix before `_` is accepted and ignored, since the place of use gives the kind.
///
/// # Errors
/// [`InvalidId`] when the text is neither spelling.
pub fn parse_bits(text: &str) -> Result<u128, InvalidId> {
    if matches!(text.len(), 32 | 36) && !text.contains('_') {
        return uuid::Uuid::try_parse(text).map(|id| id.as_u128()).map_err(|_| InvalidId);
    }
    let digits = text.rsplit_once('_').map_or(text, |(_, digits)| digits);
    if digits.len() != BASE32_LEN {
        return Err(InvalidId);
    }
    let mut bits: u128 = 0;
    for (position, byte) in digits.bytes().enumerate() {
        let value = base32_value(byte).ok_or(InvalidId)?;
        if position == 0 && value > 7 {
            return Err(InvalidId);
        }
        bits = (bits << 5) | u128::from(value);
    }
    Ok(bits)
}

/// Crockford decoding: case folds, and the look-alikes `i l o` read as the digits they resemble.
fn base32_value(byte: u8) -> Option<u8> {
    let folded = match byte.to_ascii_lowercase() {
        b'i' | b'l' => b'1',
        b'o' => b'0',
        other => other,
    };
    CROCKFORD.iter().position(|&digit| digit == folded).map(|index| index as u8)
}

/// Prints the bits as a lower-case hyphenated UUID.
pub fn write_uuid(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    fmt::Display::fmt(&uuid::Uuid::from_u128(bits), f)
}

/// Declares id newtypes; each has a name for its prefix in spelling B.
macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u128);

        impl $name {
            /// Prefix of spelling B, without the `_`.
            pub const PREFIX: &'static str = $prefix;

            /// Reads either spelling.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is neither.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse_bits(text).map(Self)
            }

            /// Spelling B: prefix, `_`, 26 base32 characters.
            #[must_use]
            pub fn prefixed(self) -> String {
                write_prefixed($prefix, self.0)
            }
        }

        impl From<u128> for $name {
            fn from(bits: u128) -> Self {
                Self(bits)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

id_types! {
    /// A workspace, the tenant.
    WorkspaceId = "ws";
    /// A member of one or more workspaces.
    MemberId = "mem";
    /// A signed-in session.
    SessionId = "ses";
    /// A personal access token.
    TokenId = "tok";
    /// An API key of any kind.
    KeyId = "key";
    /// A one-time link: set-up, sign-in.
    LinkId = "lnk";
    /// An invitation into a workspace.
    InviteId = "inv";
    /// A named list of members.
    GroupId = "grp";
    /// An agent.
    AgentId = "agent";
    /// An audit entry.
    AuditId = "aud";
    /// A domain event.
    EventId = "evt";
    /// A backup of the whole server.
    BackupId = "bak";
    /// An entry in the log of a flow.
    LogId = "log";
    /// A job: durable work with a due time.
    JobId = "job";
    /// A request, as printed in `X-Request-Id`.
    RequestId = "req";
    /// A flow (an `appId` of the Flow API).
    FlowId = "flow";
    /// A version record of a flow.
    VersionId = "ver";
    /// A run (an `appRunId` of the Flow API).
    RunId = "run";
    /// A run's open question.
    WaitId = "wait";
    /// An inbox item; the same bits as the wait behind it.
    InboxId = "inb";
    /// A variable or secret of a workspace.
    VariableId = "var";
    /// An account at another service.
    ConnectionId = "conn";
    /// A share link of a flow; another one after each replacement.
    ShareId = "shr";
    /// An uploaded file.
    FileId = "file";
    /// A server process among those that share one database.
    NodeId = "node";
    /// A payment run of the treasury.
    PaymentRunId = "prun";
    /// A payment that a run proposes.
    CandidateId = "cand";
    /// A saved payee.
    RecipientId = "rcpt";
    /// A transaction of the treasury.
    TransactionId = "txn";
    /// A payout order: what is sent to a rail for one candidate.
    PayoutId = "pay";
    /// One person's approval of a payment run.
    ApprovalId = "appr";
    /// A rule about who has to approve payment runs.
    ApprovalRuleId = "rule";
    /// An entry in the list of payees that are never paid.
    BlocklistId = "block";
    /// A transfer in the ledger: entries that sum to zero.
    TransferId = "xfer";
    /// One entry of a transfer in the ledger.
    LedgerEntryId = "ledg";
    /// A notice of a provider that money arrived.
    FundingId = "fund";
    /// A payment run that starts by itself at set times.
    ScheduledRunId = "sched";
    /// An endpoint that is told of events.
    WebhookId = "wh";
    /// A delivery of one event to one endpoint.
    DeliveryId = "delivery";
    /// An app of placements.
    AppId = "app";
    /// A screen flow: what an app shows at a placement (a `flow_id` of the placements API).
    ScreenFlowId = "screen";
    /// A published version of a screen flow (a `flow_version_id`).
    ScreenVersionId = "sver";
    /// A placement: a place in an app where a screen flow can be shown.
    PlacementId = "place";
    /// A saved audience of placements.
    AudienceId = "audience";
    /// An experiment between versions of screen flows.
    ExperimentId = "exp";
    /// A variant of an experiment.
    VariantId = "variant";
    /// A targeting rule of a placement.
    TargetingRuleId = "trule";
    /// An entry in the history of a placement.
    PlacementEntryId = "phist";
    /// A font of an app.
    FontId = "font";
    /// A media file of an app.
    MediaId = "media";
    /// A knowledge base.
    KnowledgeBaseId = "kb";
    /// A document of a knowledge base.
    DocumentId = "doc";
    /// A piece of a document, what a search finds.
    ChunkId = "chunk";
    /// A provider of models.
    ProviderId = "prov";
    /// A model of a provider.
    ModelId = "mdl";
    /// A conversation with an agent.
    ThreadId = "thread";
    /// A message of a conversation.
    MessageId = "msg";
    /// An exchange: what one call of an agent does.
    ExchangeId = "meta";
    /// Something that happened to an agent.
    ActivityId = "act";
    /// What starts a workflow or a flow: a schedule, an address, an event, a person.
    TriggerId = "trigger";
    /// A call of the address of a trigger.
    TriggerRequestId = "treq";
}

#[cfg(test)]
mod tests;
