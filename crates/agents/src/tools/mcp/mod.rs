//! Tools of MCP servers (Model Context Protocol over streamable HTTP), as a client.
//!
//! Two generations of the protocol are spoken: the stateless one of 2026, in which every request stands alone, and the one before,
//! which begins with a handshake and may hold a session. Which one a server speaks is found out once and remembered for a minute, with
//! the list of its tools. What a server says of its tools is shown to models and to nobody else, and its schemas are bounded as all are.
//! Why this is our own client and not the official one: ADR 0036.

mod client;
mod listed;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use floe_model::{Mode, Scope, Timestamp};
use floe_runtime::Platform;
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolFuture, ToolSpec};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::secrets::Secrets;
use super::{names, text};
use crate::Agents;
use client::{Client, Generation};
use listed::Listed;

/// How long the tools of a server are remembered, in milliseconds.
const LISTED_MS: i64 = 60_000;
/// Servers that are remembered at most.
const SERVERS_MAX: usize = 500;
/// Longest that one call of a tool takes, in milliseconds.
const CALL_MS_MAX: u64 = 60_000;
/// Longest that asking a server for its tools takes, in milliseconds.
const LIST_MS_MAX: u64 = 9_000;

/// What is known of servers: a cache, told by workspace, address and headers.
#[derive(Default)]
pub(super) struct Servers(Mutex<HashMap<[u8; 32], Known>>);

#[derive(Clone)]
struct Known {
    at: Timestamp,
    generation: Generation,
    tools: Arc<Vec<Listed>>,
}

impl Servers {
    fn get(&self, key: &[u8; 32], now: Timestamp) -> Option<Known> {
        let servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |known: &&Known| (0..LISTED_MS).contains(&now.millis_since(known.at));
        servers.get(key).filter(is_fresh).cloned()
    }

    fn put(&self, key: [u8; 32], known: Known) {
        let mut servers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= SERVERS_MAX {
            servers.clear();
        }
        servers.insert(key, known);
    }

    fn forget(&self, key: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// A server as an agent names it.
struct Server {
    key: [u8; 32],
    url: String,
    secrets: Secrets,
    agents: Arc<Agents>,
}

impl Server {
    /// What is known of it, asked anew when that is old.
    async fn known(&self, mode: Mode, limit_ms: u64) -> Result<Known, ToolFault> {
        let platform = &self.agents.platform;
        let now = platform.clock.now();
        if let Some(known) = self.agents.tools.servers.get(&self.key, now) {
            return Ok(known);
        }
        let client = self.client(platform, mode, limit_ms);
        let (generation, tools) = client.discover().await?;
        let known = Known { at: now, generation, tools: Arc::new(tools) };
        self.agents.tools.servers.put(self.key, known.clone());
        Ok(known)
    }

    fn client<'a>(&'a self, platform: &'a Platform, mode: Mode, limit_ms: u64) -> Client<'a> {
        Client { platform, url: &self.url, secrets: &self.secrets, mode, limit_ms }
    }
}

struct McpTool {
    spec: ToolSpec,
    /// Its name as the server knows it.
    name: String,
    server: Arc<Server>,
}

/// The tools of a definition.
///
/// # Errors
/// `invalid_definition`, and what keeps the server from being asked.
pub(super) async fn open(
    agents: &Arc<Agents>,
    scope: Scope,
    definition: &Value,
) -> Result<Vec<Arc<dyn Tool>>, ToolFault> {
    let wrong = |what: &str| ToolFault::new("invalid_definition", what);
    let url = text(definition, "url").ok_or_else(|| wrong("url is missing"))?;
    let label = names::plain(text(definition, "name").unwrap_or("mcp"), "mcp");
    let allowed = match definition.get("allowed_tools") {
        None | Some(Value::Null) => None,
        Some(Value::Array(items)) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>()),
        Some(_) => return Err(wrong("allowed_tools must be a list of names")),
    };
    let secrets = Secrets::read(definition)?;
    let key = key_of(scope, url, &secrets);
    let server = Arc::new(Server { key, url: url.to_owned(), secrets, agents: Arc::clone(agents) });
    let known = server.known(scope.mode, LIST_MS_MAX).await?;
    let shown =
        known.tools.iter().filter(|tool| allowed.as_ref().is_none_or(|names| names.contains(&tool.name.as_str())));
    let tools = shown.map(|tool| {
        let spec = ToolSpec {
            name: names::plain(&format!("{label}_{}", tool.name), "mcp"),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        };
        Arc::new(McpTool { spec, name: tool.name.clone(), server: Arc::clone(&server) }) as Arc<dyn Tool>
    });
    Ok(tools.collect())
}

/// Two definitions share what is known of a server when they would send it the same headers, for one workspace.
fn key_of(scope: Scope, url: &str, secrets: &Secrets) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(scope.workspace.0.to_be_bytes());
    digest.update(scope.mode.as_str());
    digest.update([0]);
    digest.update(url);
    for (name, value) in secrets.headers() {
        digest.update([0]);
        digest.update(name.as_str());
        digest.update([0]);
        digest.update(value.as_bytes());
    }
    digest.finalize().into()
}

impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            let limit_ms = call.deadline_ms.min(CALL_MS_MAX);
            let client = self.server.client(platform, call.scope.mode, limit_ms);
            let known = self.server.known(call.scope.mode, limit_ms).await?;
            let called = client.call(&known.generation, &self.name, &call.arguments, &call.key).await;
            if let Err(fault) = &called
                && fault.code == "session_ended"
            {
                // The server forgot the session; nothing of the call was done, so it is made again in a new one.
                self.server.agents.tools.servers.forget(&self.server.key);
                let known = self.server.known(call.scope.mode, limit_ms).await?;
                return client.call(&known.generation, &self.name, &call.arguments, &call.key).await;
            }
            called
        })
    }
}
