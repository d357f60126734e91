//! In which language an automation is written, and whether it may be started.

/// The language of a definition (console contract, section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Engine {
    /// Steps: what the Flow API edits.
    #[default]
    Flow,
    /// A graph of nodes: what the workflow API runs.
    Workflow,
}

impl Engine {
    /// Every word.
    pub const WORDS: &'static [&'static str] = &["flow", "workflow"];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Workflow => "workflow",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Flow, Self::Workflow].into_iter().find(|engine| engine.as_str() == text)
    }
}

/// Whether an automation may be started (workflow API contract, section 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Activity {
    /// It may.
    #[default]
    Active,
    /// It may not: somebody switched it off, or its definition has errors.
    Inactive,
}

impl Activity {
    /// Every word.
    pub const WORDS: &'static [&'static str] = &["active", "inactive"];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Inactive].into_iter().find(|activity| activity.as_str() == text)
    }
}
