//! Words of threads and exchanges (agents contract, section 2; console contract, sections 5.2 and 5.7).

/// Declares an enum whose values are words on the wire and in rows.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The word on the wire and in rows.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}

words! {
    /// The way by which an exchange came.
    Channel {
        /// The agent API.
        Api = "api",
        /// The dashboard, where a configuration can be tried.
        Playground = "playground",
        /// A step of a flow.
        Flow = "flow",
        /// Another agent, as its tool.
        Agent = "agent",
        /// A message of WhatsApp.
        Whatsapp = "whatsapp",
        /// The workflow API, or a step of a workflow.
        Workflow = "workflow",
    }
}

words! {
    /// Where an exchange stands.
    ExchangeState {
        /// Accepted; others of its thread come first, or nobody has room for it.
        Waiting = "waiting",
        /// A process runs it.
        Running = "running",
        /// It has an outcome.
        Finished = "finished",
    }
}

words! {
    /// Who answers in a thread.
    ThreadState {
        /// The agent.
        Bot = "bot",
        /// A person: what comes is stored, no model runs.
        Human = "human",
        /// Nobody: nothing more is taken.
        Closed = "closed",
    }
}

words! {
    /// What happened inside an exchange.
    SpanKind {
        /// A call of a model.
        Model = "model",
        /// A call of a tool.
        Tool = "tool",
        /// A check of what came in or goes out.
        Guardrail = "guardrail",
        /// A call of a model that sums up what its window cannot hold.
        Summary = "summary",
    }
}

words! {
    /// What became of a span.
    SpanStatus {
        /// It is under way, or was when its process ended.
        Running = "running",
        /// It succeeded.
        Done = "done",
        /// It failed.
        Failed = "failed",
        /// It waits for a person's approval.
        Waiting = "waiting",
    }
}
