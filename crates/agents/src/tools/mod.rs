//! Tools of agents: what a model may ask for, and what it is told of it (agents contract, section 5).
//!
//! An agent holds definitions. For each exchange they are opened into a [`Toolbox`]: one tool each, or as many as an MCP server has.
//! A definition that cannot be opened is left out and named in [`Toolbox::problems`]; the exchange goes on without it.
//!
//! Every call passes the same gates, whatever the tool: its arguments are checked against its schema, it has a limit of time, and what
//! it gives is cut to a size. Whatever goes wrong is told to the model in words, and never ends an exchange.

mod agent;
mod builtin;
mod http;
mod knowledge;
mod mcp;
mod names;
mod result;
pub mod schema;
mod secrets;
mod test;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use floe_model::Scope;
use floe_runtime::Platform;
use floe_runtime::tools::{Tool, ToolCall, ToolFault, ToolSource, ToolSpec};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Agents;

pub use result::RESULT_BYTES_MAX;
pub use schema::Schema;
pub use test::{Tested, TryTool};

/// Tools of one exchange at most; the rest of a long list is left out.
pub const TOOLS_MAX: usize = 128;
/// Agents that ask each other at most, one below the other.
pub const DEPTH_MAX: u8 = 5;
/// Longest that opening a definition takes, in milliseconds.
const OPEN_MS: u64 = 10_000;

/// What the slice keeps for its tools: sources of other slices, and what is known of MCP servers.
#[derive(Default)]
pub struct Tools {
    sources: RwLock<Vec<Arc<dyn ToolSource>>>,
    servers: mcp::Servers,
}

impl Tools {
    /// Adds a source of another slice; one that was there for its type is replaced.
    pub fn register(&self, source: Arc<dyn ToolSource>) {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|known| known.kind() != source.kind());
        sources.push(source);
    }

    fn source(&self, kind: &str) -> Option<Arc<dyn ToolSource>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.iter().find(|source| source.kind() == kind).cloned()
    }
}

/// The tools of one exchange.
#[derive(Default)]
pub struct Toolbox {
    entries: Vec<Entry>,
    /// Definitions that could not be opened.
    pub problems: Vec<Problem>,
}

struct Entry {
    spec: ToolSpec,
    tool: Arc<dyn Tool>,
    requires_approval: bool,
}

/// The tools of one definition.
type Opened = Result<Vec<Arc<dyn Tool>>, ToolFault>;

/// A definition that could not be opened.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its place in the list of the agent.
    pub at: usize,
    /// Its name, or its type when it has none.
    pub name: String,
    /// Why.
    pub fault: ToolFault,
}

impl Toolbox {
    /// Opens the definitions of an agent, with the real values of their secrets; `depth` is that of the exchange.
    pub async fn open(agents: &Arc<Agents>, scope: Scope, definitions: &[Value], depth: u8) -> Self {
        let mut opening = JoinSet::new();
        for (at, definition) in definitions.iter().enumerate() {
            let (agents, definition) = (Arc::clone(agents), definition.clone());
            opening.spawn(async move {
                let limit = Duration::from_millis(OPEN_MS);
                let opened = tokio::time::timeout(limit, open_one(&agents, scope, &definition, depth)).await;
                (at, opened.unwrap_or_else(|_| Err(ToolFault::new("timeout", "It could not be opened in time"))))
            });
        }
        let mut opened: Vec<(usize, Opened)> = Vec::with_capacity(definitions.len());
        while let Some(done) = opening.join_next().await {
            opened.extend(done.ok());
        }
        opened.sort_unstable_by_key(|(at, _)| *at);
        let mut toolbox = Self::default();
        for (at, outcome) in opened {
            let definition = &definitions[at];
            match outcome {
                Ok(tools) => tools.into_iter().for_each(|tool| toolbox.add(definition, tool)),
                Err(fault) => {
                    let name = text(definition, "name").or_else(|| text(definition, "type")).unwrap_or_default();
                    toolbox.problems.push(Problem { at, name: name.to_owned(), fault });
                }
            }
        }
        toolbox
    }

    fn add(&mut self, definition: &Value, tool: Arc<dyn Tool>) {
        if self.entries.len() == TOOLS_MAX {
            return;
        }
        let mut spec = tool.spec().clone();
        spec.name = names::unique(&spec.name, |name| self.entries.iter().any(|entry| entry.spec.name == name));
        let requires_approval = definition["requires_approval"] == true;
        self.entries.push(Entry { spec, tool, requires_approval });
    }

    /// What a model is told of them.
    #[must_use]
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.entries.iter().map(|entry| entry.spec.clone()).collect()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a person has to approve calls of a tool. A name that is not there is not asked about: its call fails.
    #[must_use]
    pub fn requires_approval(&self, name: &str) -> bool {
        self.find(name).is_some_and(|entry| entry.requires_approval)
    }

    /// Whether a call could be made: whether there is the tool, and the arguments are what it takes. What nobody could carry out is
    /// not brought before a person.
    ///
    /// # Errors
    /// `unknown_tool`, `invalid_arguments`.
    pub fn check(&self, name: &str, arguments: &Value) -> Result<(), ToolFault> {
        let entry = self.find(name).ok_or_else(|| self.unknown(name))?;
        check_arguments(&entry.spec, arguments)
    }

    /// Makes a call.
    ///
    /// # Errors
    /// `unknown_tool`, `invalid_arguments`, `timeout`, and what the tool says itself. Nothing of a secret is in it.
    pub async fn call(&self, platform: &Arc<Platform>, name: &str, call: ToolCall) -> Result<Value, ToolFault> {
        self.check(name, &call.arguments)?;
        let entry = self.find(name).ok_or_else(|| self.unknown(name))?;
        let limit_ms = call.deadline_ms;
        match tokio::time::timeout(Duration::from_millis(limit_ms), entry.tool.call(platform, call)).await {
            Ok(Ok(value)) => Ok(result::bounded(value)),
            Ok(Err(fault)) => Err(result::bounded_fault(fault)),
            Err(_) => Err(ToolFault::new("timeout", format!("The tool gave nothing within {limit_ms} ms"))),
        }
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.spec.name == name)
    }

    fn unknown(&self, name: &str) -> ToolFault {
        let known: Vec<&str> = self.entries.iter().map(|entry| entry.spec.name.as_str()).collect();
        let name: String = name.chars().take(names::NAME_CHARS_MAX).collect();
        ToolFault::new("unknown_tool", format!("There is no tool {name}; there are: {}", known.join(", ")))
    }
}

/// Whether the arguments are an object that fits the schema of the tool.
fn check_arguments(spec: &ToolSpec, arguments: &Value) -> Result<(), ToolFault> {
    if !arguments.is_object() {
        return Err(ToolFault::new("invalid_arguments", "The arguments must be a JSON object"));
    }
    let schema = Schema::compile(&spec.parameters)
        .map_err(|problem| ToolFault::new("invalid_schema", format!("The tool cannot be used: {problem}")))?;
    let problems = schema.problems(arguments, "");
    if problems.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = problems.into_iter().map(|problem| problem.sentence()).collect();
    Err(ToolFault::new("invalid_arguments", told.join("; ")))
}

async fn open_one(
    agents: &Arc<Agents>,
    scope: Scope,
    definition: &Value,
    depth: u8,
) -> Result<Vec<Arc<dyn Tool>>, ToolFault> {
    match text(definition, "type").unwrap_or_default() {
        "http" => http::open(definition).map(one),
        "mcp" => mcp::open(agents, scope, definition).await,
        "agent" => agent::open(agents, scope, definition, depth).await.map(one),
        "knowledge" => knowledge::open(agents, scope, definition).await.map(one),
        "builtin" => builtin::open(definition).map(one),
        kind => match agents.tools.source(kind) {
            Some(source) => source.open(&agents.platform, scope, definition).await,
            None => Err(ToolFault::new("not_supported", format!("This server has no tools of the type {kind}"))),
        },
    }
}

fn one(tool: Arc<dyn Tool>) -> Vec<Arc<dyn Tool>> {
    vec![tool]
}

/// A text of a definition that says something.
fn text<'d>(definition: &'d Value, name: &str) -> Option<&'d str> {
    definition.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
