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
        if id.0 == BUILTIN.0 {
            Self::Builtin
        } else if id.0 == OPENAI.0 || id.0 == ANTHROPIC.0 {
            Self::Environment
        } else {
            Self::Workspace
        }
    }
}

/// Fixed ids lie above this. Ids of records grow with time and are never so small.
const FIXED: u128 = 0xf10e_0000;

/// The built-in provider.
pub const BUILTIN: ProviderId = ProviderId(FIXED + 1);
/// `openai` of the environment.
pub(super) const OPENAI: ProviderId = ProviderId(FIXED + 2);
/// `anthropic` of the environment.
pub(super) const ANTHROPIC: ProviderId = ProviderId(FIXED + 3);

/// The model `offline`.
pub(super) const OFFLINE: ModelId = ModelId(FIXED + 1);
/// The model `mock`.
pub(super) const MOCK: ModelId = ModelId(FIXED + 2);
/// The model `hash-256`.
pub(super) const HASH_256: ModelId = ModelId(FIXED + 3);

/// Whether a model is part of this program.
#[must_use]
pub(super) const fn is_builtin(id: ModelId) -> bool {
    id.0 > FIXED && id.0 <= HASH_256.0
}
