//! Speaking with one server: which generation of the protocol it knows, its tools, and calls of them.

use floe_model::Mode;
use floe_runtime::Platform;
use floe_runtime::tools::ToolFault;
use serde_json::{Value, json};

use super::super::TOOLS_MAX;
use super::super::secrets::Secrets;
use super::listed::{Listed, read_result};
use super::wire::{Message, Refused, exchange};

/// The generation in which every request stands alone.
const STATELESS: &str = "2026-07-28";
/// The newest one with a handshake that is spoken here.
const WITH_HANDSHAKE: &str = "2025-06-18";
/// Pages of a list of tools at most.
const PAGES_MAX: usize = 10;

/// What a server speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Generation {
    /// No handshake, no session.
    Stateless,
    /// After a handshake.
    Session {
        /// What it is called by, when the server gave it a name.
        id: Option<String>,
        /// The version that both speak.
        version: String,
    },
}

/// The way to one server, for one piece of work.
pub(super) struct Client<'a> {
    pub(super) platform: &'a Platform,
    pub(super) url: &'a str,
    pub(super) secrets: &'a Secrets,
    pub(super) mode: Mode,
    pub(super) limit_ms: u64,
}

impl Client<'_> {
    /// Finds out what the server speaks, and its tools.
    pub(super) async fn discover(&self) -> Result<(Generation, Vec<Listed>), ToolFault> {
        match self.list(&Generation::Stateless).await {
            Ok(tools) => Ok((Generation::Stateless, tools)),
            // A server of the generation before does not know such a request: it wants a handshake first.
            Err(Refused::Protocol(_)) => {
                let generation = self.shake_hands().await.map_err(|refused| self.told(refused))?;
                let tools = self.list(&generation).await.map_err(|refused| self.told(refused))?;
                Ok((generation, tools))
            }
            Err(refused) => Err(self.told(refused)),
        }
    }

    /// Calls a tool. `key` is the same on every repeat.
    pub(super) async fn call(
        &self,
        generation: &Generation,
        tool: &str,
        arguments: &Value,
        key: &str,
    ) -> Result<Value, ToolFault> {
        let params = json!({ "name": tool, "arguments": arguments });
        let message = Message { key: Some(key), name: Some(tool), ..self.message(generation, "tools/call", params) };
        let result = self.send(&message).await.map_err(|refused| self.told(refused))?;
        let read = read_result(&result);
        match read {
            Ok(value) => Ok(self.secrets.hide_in(value)),
            Err(fault) => Err(ToolFault::new(fault.code, self.secrets.hide(&fault.message))),
        }
    }

    async fn shake_hands(&self) -> Result<Generation, Refused> {
        let params = json!({
            "protocolVersion": WITH_HANDSHAKE, "capabilities": {},
            "clientInfo": { "name": "floe", "version": env!("CARGO_PKG_VERSION") },
        });
        let begun = Message::new("initialize", params);
        let answer = exchange(self, &begun).await?;
        let version = answer.result["protocolVersion"].as_str().unwrap_or(WITH_HANDSHAKE).to_owned();
        let generation = Generation::Session { id: answer.session, version };
        let ready =
            Message { expects_answer: false, ..self.message(&generation, "notifications/initialized", json!({})) };
        self.send(&ready).await?;
        Ok(generation)
    }

    async fn list(&self, generation: &Generation) -> Result<Vec<Listed>, Refused> {
        let mut tools = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let params = cursor.as_ref().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
            let page = self.send(&self.message(generation, "tools/list", params)).await?;
            let items = page.get("tools").and_then(Value::as_array).ok_or(Refused::malformed())?;
            tools.extend(items.iter().filter_map(Listed::read));
            cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() || tools.len() >= TOOLS_MAX {
                break;
            }
        }
        tools.truncate(TOOLS_MAX);
        Ok(tools)
    }

    fn message<'m>(&self, generation: &'m Generation, method: &'static str, mut params: Value) -> Message<'m> {
        let (version, session) = match generation {
            Generation::Stateless => {
                params["_meta"] = json!({
                    "io.modelcontextprotocol/protocolVersion": STATELESS,
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "io.modelcontextprotocol/clientInfo": { "name": "floe", "version": env!("CARGO_PKG_VERSION") },
                });
                (STATELESS, None)
            }
            Generation::Session { id, version } => (version.as_str(), id.as_deref()),
        };
        let is_stateless = *generation == Generation::Stateless;
        Message { version: Some(version), session, is_stateless, ..Message::new(method, params) }
    }

    async fn send(&self, message: &Message<'_>) -> Result<Value, Refused> {
        exchange(self, message).await.map(|answer| answer.result)
    }

    /// The refusal as a model is told it.
    fn told(&self, refused: Refused) -> ToolFault {
        match refused {
            Refused::Protocol(said) => ToolFault::new("mcp_error", self.secrets.hide(&said)),
            Refused::SessionEnded => ToolFault::new("session_ended", "The MCP server ended the session"),
            Refused::Outside(fault) => ToolFault::new(fault.code, self.secrets.hide(&fault.message)),
        }
    }
}
