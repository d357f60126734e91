//! What an operator sets about models (console contract, section 8).

use std::fmt;

/// Where OpenAI's own server is.
pub(super) const OPENAI_URL: &str = "https://api.openai.com/v1";
/// Where Anthropic's own server is.
pub(super) const ANTHROPIC_URL: &str = "https://api.anthropic.com";

/// When the built-in models that answer without a provider may do so: `offline` and `mock`. Built-in embeddings always may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OfflineModels {
    /// Not at all.
    Never,
    /// In test mode.
    #[default]
    Test,
    /// In both modes.
    Always,
}

impl OfflineModels {
    /// Reads the word of the setting.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "never" => Some(Self::Never),
            "test" => Some(Self::Test),
            "always" => Some(Self::Always),
            _ => None,
        }
    }
}

/// What an operator sets about models. Shows no key.
#[derive(Clone, Default)]
pub struct ModelSettings {
    /// A server that speaks OpenAI's protocol, without a slash at the end; makes the provider `openai` of every workspace.
    pub openai_base_url: Option<String>,
    /// Its key; alone it stands for OpenAI's own server.
    pub openai_api_key: Option<String>,
    /// Key of Anthropic's own server; makes the provider `anthropic` of every workspace.
    pub anthropic_api_key: Option<String>,
    /// For workspaces that say nothing themselves.
    pub offline: OfflineModels,
}

impl fmt::Debug for ModelSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSettings")
            .field("openai_base_url", &self.openai_base_url)
            .field("openai_api_key", &self.openai_api_key.is_some())
            .field("anthropic_api_key", &self.anthropic_api_key.is_some())
            .field("offline", &self.offline)
            .finish()
    }
}
