//! What can happen to an agent (agents contract, section 6).

/// Declares the kinds with their words; the domain event of each is `agents.` and the word.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Their words, for messages and documents.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word on the wire and in rows.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The name of its domain event (console contract, section 5.4).
            #[must_use]
            pub const fn event(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("agents.", $word),)+
                }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }
    };
}

kinds! {
    /// An exchange was answered.
    ChatCompleted = "chat.completed";
    /// An exchange failed: 402, 500, 503.
    ChatFailed = "chat.failed";
    /// A guardrail gave its own answer.
    ChatBlocked = "chat.blocked";
    /// A tool was called.
    ToolCalled = "tool.called";
    /// A callback arrived.
    CallbackDelivered = "callback.delivered";
    /// A callback was given up.
    CallbackFailed = "callback.failed";
    /// A message was handed to WhatsApp.
    WhatsappSent = "whatsapp.sent";
    /// A message was refused, or nobody knows whether it went out.
    WhatsappFailed = "whatsapp.failed";
    /// A person answers from here on.
    HandoffStarted = "handoff.started";
    /// The agent answers again.
    HandoffEnded = "handoff.ended";
    /// The agent was made.
    AgentCreated = "agent.created";
    /// Its configuration was changed.
    AgentUpdated = "agent.updated";
    /// It was deleted.
    AgentDeleted = "agent.deleted";
}
