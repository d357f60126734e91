//! Values that go into statements.

use floe_model::{Mode, Timestamp, id};

/// One parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL null, of any type.
    Null,
    /// 64-bit integer; times are microseconds.
    Int(i64),
    /// Double precision.
    Float(f64),
    /// Truth value (0 or 1 on SQLite).
    Bool(bool),
    /// UTF-8 text; JSON is text too. Must not hold a NUL character (PostgreSQL refuses it).
    Text(&'a str),
    /// A 128-bit id: 16 bytes, big endian, on SQLite; `uuid` on PostgreSQL.
    Id(u128),
    /// Raw bytes.
    Bytes(&'a [u8]),
}

/// Makes a parameter list: `params![scope.workspace, scope.mode, &name, due_at]`.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*][..] };
}

pub(crate) use params;

/// Conversions that are a plain wrapping.
macro_rules! from_copy {
    ($($source:ty => |$value:ident| $target:expr;)+) => {$(
        impl From<$source> for Value<'_> {
            fn from($value: $source) -> Self {
                $target
            }
        }
    )+};
}

from_copy! {
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(i64::from(value));
    i16 => |value| Self::Int(i64::from(value));
    u32 => |value| Self::Int(i64::from(value));
    u16 => |value| Self::Int(i64::from(value));
    u8 => |value| Self::Int(i64::from(value));
    // Counts and sizes; nothing countable here comes near the end of the range.
    usize => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    u64 => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    f64 => |value| Self::Float(value);
    bool => |value| Self::Bool(value);
    u128 => |value| Self::Id(value);
    Timestamp => |value| Self::Int(value.micros());
    Mode => |value| Self::Text(value.as_str());
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        value.as_deref().map_or(Self::Null, Self::Text)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Id newtypes; a new one in `floe_model::id` gets its name here.
macro_rules! from_id {
    ($($name:ident)+) => {$(
        impl From<id::$name> for Value<'_> {
            fn from(value: id::$name) -> Self {
                Self::Id(value.0)
            }
        }
    )+};
}

from_id! {
    WorkspaceId MemberId BackupId SessionId TokenId KeyId LinkId InviteId GroupId AuditId EventId LogId JobId RequestId
    FlowId VersionId RunId WaitId InboxId ShareId FileId
    VariableId ConnectionId NodeId
    WebhookId DeliveryId
    AppId ScreenFlowId ScreenVersionId PlacementId AudienceId ExperimentId VariantId PlacementEntryId FontId MediaId
    RecipientId ApprovalRuleId BlocklistId
    KnowledgeBaseId DocumentId ChunkId
    AgentId ThreadId MessageId ExchangeId ActivityId TriggerId TriggerRequestId
    ProviderId ModelId
}
