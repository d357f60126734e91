//! The service: what the server builds once and the surfaces call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use floe_runtime::Platform;
use serde_json::{Map, Value};

use crate::audit::head::Signer;
use crate::cache::Memory;
use crate::password::Passwords;
use crate::rate::Limiter;
use crate::requests::{BodyRule, RequestLog};
use crate::secret::{Hasher, ServerSecret};
use crate::standing::Standing;

/// What an operator sets about sessions and records.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// Hours without use after which a session that stays signed in ends.
    pub session_idle_hours: i64,
    /// Days after which such a session ends in any case.
    pub session_max_days: i64,
    /// Days for which requests are kept; 0 keeps none.
    pub request_log_days: u32,
    /// Of which requests the bodies are kept, unless the workspace says otherwise.
    pub request_log_bodies: BodyRule,
    /// Settings of a workspace that never said otherwise, by their names.
    pub of_workspaces: Map<String, Value>,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            session_idle_hours: 168,
            session_max_days: 30,
            request_log_days: 7,
            request_log_bodies: BodyRule::Test,
            of_workspaces: Map::new(),
        }
    }
}

/// Proves callers and manages what they are proven by.
pub struct Access {
    pub(crate) platform: Arc<Platform>,
    pub(crate) settings: AccessSettings,
    pub(crate) hashers: Hashers,
    pub(crate) memory: Memory,
    /// Keys of the SDK that were proven here.
    pub(crate) standing: Standing,
    pub(crate) passwords: Passwords,
    pub(crate) limiter: Limiter,
    /// Set once an owner exists; never unset.
    pub(crate) set_up: AtomicBool,
    /// Notes of last use that are on their way to the store.
    pub(crate) notes_under_way: Arc<AtomicUsize>,
    /// The request log.
    pub requests: RequestLog,
    /// Signs the heads of audit chains.
    pub(crate) signer: Signer,
    /// Held while an audit chain is verified.
    pub(crate) verifying: tokio::sync::Mutex<()>,
}

/// One hasher for each kind of secret.
pub(crate) struct Hashers {
    pub(crate) session: Hasher,
    pub(crate) token: Hasher,
    pub(crate) key: Hasher,
    pub(crate) link: Hasher,
    pub(crate) share: Hasher,
    pub(crate) share_text: Hasher,
    pub(crate) resume_text: Hasher,
}

impl Access {
    /// The service on a platform, with secrets hashed under the server's.
    #[must_use]
    pub fn new(platform: Arc<Platform>, secret: &ServerSecret, settings: AccessSettings) -> Self {
        let memory = Memory::new(&platform.store);
        let requests = RequestLog::new(settings.request_log_days, settings.request_log_bodies);
        Self {
            platform,
            settings,
            hashers: Hashers {
                session: Hasher::new(secret, "session"),
                token: Hasher::new(secret, "token"),
                key: Hasher::new(secret, "api-key"),
                link: Hasher::new(secret, "link"),
                share: Hasher::new(secret, "share"),
                share_text: Hasher::new(secret, "share-text"),
                resume_text: Hasher::new(secret, "resume-text"),
            },
            memory,
            standing: Standing::default(),
            passwords: Passwords::new(),
            limiter: Limiter::default(),
            set_up: AtomicBool::new(false),
            notes_under_way: Arc::new(AtomicUsize::new(0)),
            requests,
            signer: Signer::new(secret),
            verifying: tokio::sync::Mutex::default(),
        }
    }

    /// Counts requests.
    #[must_use]
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Forgets every remembered credential: called after a commit that changed one, so that the next request of this
    /// process already sees the change. Other processes hear of it by themselves.
    pub fn forget(&self) {
        self.memory.clear();
    }
}
