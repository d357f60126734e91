//! The tools of an agent.

use serde_json::{Map, Value};

use super::HIDDEN;
use super::read::{Reader, schema, word};
use crate::id::{AgentId, FlowId, KnowledgeBaseId};

/// Characters of the name of a tool at most.
const NAME_MAX: usize = 64;
/// Characters of a URL at most.
const URL_MAX: usize = 2_000;
/// Headers at most.
const HEADERS_MAX: usize = 50;
/// Characters of the value of a header at most.
const HEADER_MAX: usize = 4_096;
/// Names in `allowed_tools` at most.
const ALLOWED_MAX: usize = 200;
/// Knowledge bases of one tool at most.
const BASES_MAX: usize = 20;
/// Passages that a search gives at most.
const TOP_K_MAX: u32 = 50;
/// Longest and shortest time that a call may take, milliseconds.
const TIMEOUT_MS: (u32, u32) = (100, 120_000);

/// The words of `type`, for messages and documents.
const KINDS: &[&str] = &["http", "mcp", "flow", "knowledge", "agent", "workflow", "builtin"];

/// Something that an agent can use.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// What the model calls it; tools of knowledge, flows, agents and workflows may do without.
    pub name: Option<String>,
    /// What the model is told about it.
    pub description: String,
    /// A person has to allow each call.
    pub requires_approval: bool,
    /// What it is.
    pub kind: ToolKind,
}

/// How an HTTP tool is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Arguments go into the query.
    Get,
    /// Arguments are the body.
    Post,
    /// Arguments are the body.
    Put,
    /// Arguments are the body.
    Patch,
    /// Arguments go into the query.
    Delete,
}

impl HttpMethod {
    const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];
    const WORDS: &'static [&'static str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a tool is.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolKind {
    /// An address that is called.
    Http {
        /// JSON Schema of the arguments.
        parameters: Value,
        /// Absolute, with `{names}` of arguments in it.
        url: String,
        /// How.
        method: HttpMethod,
        /// Names and secret values, in order.
        headers: Vec<(String, String)>,
        /// Longest time of a call, milliseconds.
        timeout_ms: Option<u32>,
    },
    /// A server that has tools of its own.
    Mcp {
        /// Absolute.
        url: String,
        /// Names and secret values, in order.
        headers: Vec<(String, String)>,
        /// Which of its tools; none for all.
        allowed_tools: Option<Vec<String>>,
        /// Longest time of a call, milliseconds.
        timeout_ms: Option<u32>,
    },
    /// A published flow.
    Flow {
        /// The flow.
        flow_id: FlowId,
        /// One version; none for the newest that is published.
        version: Option<u32>,
    },
    /// Knowledge bases, searched together.
    Knowledge {
        /// The bases.
        knowledge_base_ids: Vec<KnowledgeBaseId>,
        /// Passages of an answer.
        top_k: u32,
    },
    /// Another agent.
    Agent {
        /// The agent.
        agent_id: AgentId,
    },
    /// A workflow.
    Workflow {
        /// Its id, as it was given.
        workflow_id: String,
        /// One version; none for the newest.
        version: Option<u32>,
    },
    /// Something that the server can do by itself, by its name.
    Builtin,
}

impl ToolKind {
    /// The word of `type`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Mcp { .. } => "mcp",
            Self::Flow { .. } => "flow",
            Self::Knowledge { .. } => "knowledge",
            Self::Agent { .. } => "agent",
            Self::Workflow { .. } => "workflow",
            Self::Builtin => "builtin",
        }
    }
}

impl Tool {
    /// Reads a tool; `before` are those that the agent has, for secrets that stay. None when a problem keeps it from being one.
    pub(super) fn read(reader: &mut Reader<'_>, before: &[Self]) -> Option<Self> {
        let Some(kind) = reader.value("type") else {
            reader.problem("type", "required", format!("type is required, one of: {}", KINDS.join(", ")));
            return None;
        };
        // The workflow API calls two of them otherwise (console contract, section 5.2).
        let kind = match kind.as_str() {
            Some("knowledge_base") => "knowledge".to_owned(),
            Some("function") => "http".to_owned(),
            Some(word) if KINDS.contains(&word) => word.to_owned(),
            _ => {
                reader.problem("type", "value", format!("type must be one of: {}", KINDS.join(", ")));
                return None;
            }
        };
        let must_be_named = matches!(kind.as_str(), "http" | "mcp" | "builtin");
        let name = name(reader, must_be_named);
        let description = reader.text("description", 0, super::DESCRIPTION_MAX).unwrap_or_default();
        let requires_approval = reader.flag("requires_approval").unwrap_or_default();
        let old = before.iter().find(|old| old.kind.as_str() == kind && old.name == name).map(|old| &old.kind);
        let kind = match kind.as_str() {
            "http" => http(reader, old),
            "mcp" => mcp(reader, old),
            "flow" => flow(reader),
            "knowledge" => knowledge(reader),
            "agent" => {
                let agent_id = id(reader, "agent_id", AgentId::parse)?;
                ToolKind::Agent { agent_id }
            }
            "workflow" => workflow(reader),
            _ => ToolKind::Builtin,
        };
        Some(Self { name, description, requires_approval, kind })
    }

    /// The tool on the wire, with whatever values its secrets have.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| {
            map.insert(name.to_owned(), value);
        };
        put("type", self.kind.as_str().into());
        if let Some(name) = &self.name {
            put("name", name.as_str().into());
        }
        put("description", self.description.as_str().into());
        match &self.kind {
            ToolKind::Http { parameters, url, method, headers, timeout_ms } => {
                put("parameters", parameters.clone());
                put("url", url.as_str().into());
                put("method", method.as_str().into());
                put("headers", object(headers));
                put("timeout_ms", (*timeout_ms).into());
            }
            ToolKind::Mcp { url, headers, allowed_tools, timeout_ms } => {
                put("url", url.as_str().into());
                put("headers", object(headers));
                put("allowed_tools", allowed_tools.clone().into());
                put("timeout_ms", (*timeout_ms).into());
            }
            ToolKind::Flow { flow_id, version } => {
                put("flow_id", flow_id.to_string().into());
                put("version", (*version).into());
            }
            ToolKind::Knowledge { knowledge_base_ids, top_k } => {
                put("knowledge_base_ids", knowledge_base_ids.iter().map(|id| id.prefixed()).collect());
                put("top_k", (*top_k).into());
            }
            ToolKind::Agent { agent_id } => put("agent_id", agent_id.to_string().into()),
            ToolKind::Workflow { workflow_id, version } => {
                put("workflow_id", workflow_id.as_str().into());
                put("version", (*version).into());
            }
            ToolKind::Builtin => {}
        }
        put("requires_approval", self.requires_approval.into());
        Value::Object(map)
    }
}

fn object(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// A name as models take it.
fn name(reader: &mut Reader<'_>, must_be_named: bool) -> Option<String> {
    if must_be_named && reader.value("name").is_none() {
        reader.problem("name", "required", "name is required");
        return None;
    }
    let name = reader.text("name", 1, NAME_MAX)?;
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Some(name);
    }
    reader.problem("name", "value", "name must hold letters, digits, _ and - only");
    None
}

fn http(reader: &mut Reader<'_>, old: Option<&ToolKind>) -> ToolKind {
    let usual = || serde_json::json!({ "type": "object", "properties": {} });
    let parse = |word: &str| HttpMethod::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(word));
    let old_headers = match old {
        Some(ToolKind::Http { headers, .. }) => headers.as_slice(),
        _ => &[],
    };
    ToolKind::Http {
        parameters: schema(reader, "parameters").unwrap_or_else(usual),
        url: url(reader),
        method: word(reader, "method", HttpMethod::WORDS, parse).unwrap_or(HttpMethod::Post),
        headers: headers(reader, old_headers),
        timeout_ms: reader.whole("timeout_ms", TIMEOUT_MS.0, TIMEOUT_MS.1),
    }
}

fn mcp(reader: &mut Reader<'_>, old: Option<&ToolKind>) -> ToolKind {
    let old_headers = match old {
        Some(ToolKind::Mcp { headers, .. }) => headers.as_slice(),
        _ => &[],
    };
    ToolKind::Mcp {
        url: url(reader),
        headers: headers(reader, old_headers),
        allowed_tools: reader.texts("allowed_tools", ALLOWED_MAX, 200),
        timeout_ms: reader.whole("timeout_ms", TIMEOUT_MS.0, TIMEOUT_MS.1),
    }
}

fn flow(reader: &mut Reader<'_>) -> ToolKind {
    let flow_id = id(reader, "flow_id", FlowId::parse).unwrap_or(FlowId(0));
    ToolKind::Flow { flow_id, version: version(reader) }
}

fn workflow(reader: &mut Reader<'_>) -> ToolKind {
    ToolKind::Workflow { workflow_id: reader.required_text("workflow_id", 200), version: version(reader) }
}

/// A number; `latest` is as good as nothing.
fn version(reader: &mut Reader<'_>) -> Option<u32> {
    if reader.value("version").and_then(Value::as_str) == Some("latest") {
        return None;
    }
    reader.whole("version", 1, i32::MAX as u32)
}

fn knowledge(reader: &mut Reader<'_>) -> ToolKind {
    let texts = reader.texts("knowledge_base_ids", BASES_MAX, 200);
    if texts.as_ref().is_none_or(Vec::is_empty) {
        reader.problem("knowledge_base_ids", "required", "knowledge_base_ids must name at least one knowledge base");
    }
    let mut bases = Vec::new();
    for (at, text) in texts.unwrap_or_default().iter().enumerate() {
        match KnowledgeBaseId::parse(text) {
            Ok(id) if bases.contains(&id) => {}
            Ok(id) => bases.push(id),
            Err(_) => reader.problem(&format!("knowledge_base_ids/{at}"), "value", "This is not an id"),
        }
    }
    let top_k = reader.whole("top_k", 1, TOP_K_MAX).unwrap_or(5);
    ToolKind::Knowledge { knowledge_base_ids: bases, top_k }
}

fn id<T, E>(reader: &mut Reader<'_>, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
    if reader.value(name).is_none() {
        reader.problem(name, "required", format!("{name} is required"));
        return None;
    }
    let found = reader.value(name).and_then(Value::as_str).and_then(|text| parse(text).ok());
    if found.is_none() {
        reader.problem(name, "value", format!("{name} must be an id"));
    }
    found
}

/// An address of the web, without a user in it: those are secrets, which belong into headers.
fn url(reader: &mut Reader<'_>) -> String {
    let url = reader.required_text("url", URL_MAX);
    if url.is_empty() {
        return url;
    }
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        url.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).map(|_| &url[scheme.len()..])
    });
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        reader.problem("url", "value", "url must be an absolute http or https URL");
    } else if host.contains('@') {
        reader.problem("url", "value", "url must not hold a user or password; put them into headers");
    } else if host.contains(['{', '}']) {
        reader.problem("url", "value", "url must name its host; {names} belong behind it");
    }
    url
}

/// Names and values; `"***"` is the value that the tool of this name had.
fn headers(reader: &mut Reader<'_>, old: &[(String, String)]) -> Vec<(String, String)> {
    let map = match reader.value("headers") {
        None => return Vec::new(),
        Some(Value::Object(map)) if map.len() <= HEADERS_MAX => map.clone(),
        Some(_) => {
            reader.problem("headers", "type", format!("headers must be an object of at most {HEADERS_MAX} texts"));
            return Vec::new();
        }
    };
    let mut headers: Vec<(String, String)> = Vec::with_capacity(map.len());
    for (name, value) in map {
        let is_token = !name.is_empty()
            && name.len() <= NAME_MAX * 2
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !is_token || headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            reader.problem("headers", "value", "headers must have names of headers, each once");
            continue;
        }
        let path = format!("headers/{name}");
        let text = value.as_str().filter(|text| {
            text.chars().count() <= HEADER_MAX && text.chars().all(|letter| letter == '\t' || !letter.is_control())
        });
        match text {
            None => reader.problem(&path, "value", "The value of a header is a text of one line"),
            Some(HIDDEN) if !reader.is_stored => {
                match old.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                    Some((_, kept)) => headers.push((name, kept.clone())),
                    None => reader.problem(&path, "value", "There is no stored value for this header of this tool"),
                }
            }
            Some(text) => headers.push((name, text.to_owned())),
        }
    }
    headers
}
