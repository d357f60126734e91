//! Which protocol a provider speaks, and where a provider comes from.

use floe_model::id::{ModelId, ProviderId};

/// Which protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// `/chat/completions` and `/embeddings`, as many servers have them.
    OpenaiCompatible,
    /// `/v1/messages`.
    Anthropic,
    /// This server itself.
    Builtin,
}

impl ProviderKind {
    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiCompatible => "openai_compatible",
            Self::Anthropic => "anthropic",
            Self::Builtin => "builtin",
        }
    }

    /// Reads the word of a provider that can be configured.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "openai_compatible" => Some(Self::OpenaiCompatible),
            "anthropic" => Some(Self::Anthropic),
            _ => None,
        }
    }
}

/// Where a provider comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody configured it.
    Workspace,
    /// The server's environment names it.
    Environment,
    /// It is part of this program.
    Builtin,
}

impl Origin {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Environment => "environment",
            Self::Builtin => "builtin",
        }
    }

    /// Where the provider of an id comes from.
    #[must_use]
    pub const fn of(id: ProviderId) -> Self {
        match id.0 {
            1 => Self::Builtin,
            2 | 3 => Self::Environment,
            _ => Self::Workspace,
        }
    }
}

/// The built-in provider. Ids of records grow with time and are never this small.
pub const BUILTIN: ProviderId = ProviderId(1);
/// `openai` of the environment.
pub(super) const OPENAI: ProviderId = ProviderId(2);
/// `anthropic` of the environment.
pub(super) const ANTHROPIC: ProviderId = ProviderId(3);

/// The model `offline`.
pub(super) const OFFLINE: ModelId = ModelId(1);
/// The model `mock`.
pub(super) const MOCK: ModelId = ModelId(2);
/// The model `hash-256`.
pub(super) const HASH_256: ModelId = ModelId(3);

/// Whether a model is part of this program.
#[must_use]
pub(super) const fn is_builtin(id: ModelId) -> bool {
    id.0 <= HASH_256.0
}
