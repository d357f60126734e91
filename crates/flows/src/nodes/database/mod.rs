//! The node type `database`: one statement on a database of the workspace's own (Workflow API contract, sections 18 and 21). Values are always
//! bound, never pasted. PostgreSQL is reached through the guarded connections of `outside`; SQLite files lie in a folder of the workspace
//! and can reach nothing else.
//!
//! This is the only SQL outside of `store`: it is written by people, for databases of theirs. In test mode nothing is asked (section 24).

mod binary;
mod postgres;
mod query;
mod sqlite;

use std::path::PathBuf;
use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::Mode;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::failure::{invalid, not_configured};
use super::{connection, spec};
use query::Statement;

/// Rows of one answer at most.
const ROWS_MAX: usize = 10_000;
/// Bytes of the values of one answer at most, about.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Names under which connections to PostgreSQL are kept.
const POSTGRES: [&str; 2] = ["postgres", "postgresql"];
/// Those to SQLite.
const SQLITE: [&str; 2] = ["sqlite", "sqlite3"];

static SPEC: StepSpec = spec::outside("node-database", "Database");

/// Asks databases.
pub(super) struct Database {
    /// Where SQLite files are, if there are any.
    pub(super) sqlite_folder: Option<PathBuf>,
}

impl Effect for Database {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let asked = match Asked::of(Config(&call.input)) {
                Ok(asked) => asked,
                Err(error) => return Effected::failed(error),
            };
            if call.scope.mode == Mode::Test {
                return Effected::done(asked.pretended(call.input.get("parameters")));
            }
            let opened = match asked.connection(platform, &call).await {
                Ok(opened) => opened,
                Err(error) => return Effected::failed(error),
            };
            let answer = perform(platform, &call, &opened, self.sqlite_folder.as_deref(), &asked.statement).await;
            connection::without_secret(&opened, answer.map(|answer| asked.record(answer)).into())
        })
    }
}

/// What a statement gave.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    rows: Vec<Value>,
    /// Rows that were given, or changed.
    count: u64,
}

struct Asked {
    provider: String,
    operation: String,
    connection: Option<String>,
    statement: Statement,
}

impl Asked {
    fn of(config: Config<'_>) -> Result<Self, StepError> {
        let provider = config
            .text(&["provider", "databaseType"])?
            .map_or_else(|| "postgres".to_owned(), |word| word.to_lowercase());
        let query = config.get(&["query", "sql"]).ok_or_else(|| invalid("query is missing"))?;
        Ok(Self {
            provider,
            operation: config.text(&["operation"])?.map_or_else(|| "query".to_owned(), std::borrow::Cow::into_owned),
            connection: config.text(&["connectionId"])?.map(std::borrow::Cow::into_owned),
            statement: Statement::of(query, config.get(&["parameters", "params"]))?,
        })
    }

    async fn connection(&self, platform: &Arc<Platform>, call: &EffectCall) -> Result<Opened, StepError> {
        let names: &[&str] = match self.provider.as_str() {
            "postgres" | "postgresql" => &POSTGRES,
            "sqlite" | "sqlite3" => &SQLITE,
            "mysql" | "mariadb" | "mongodb" => {
                return Err(not_configured(format!("This server has no driver for {}", self.provider)));
            }
            _ => return Err(invalid("provider is not one of postgres, mysql, sqlite, mongodb")),
        };
        let opened = connection::choose(platform, call.scope.workspace, self.connection.as_deref(), names).await?;
        if opened.row.kind == "database" {
            Ok(opened)
        } else {
            Err(super::failure::auth("The connection is not one of a database"))
        }
    }

    fn record(&self, answer: Answer) -> Value {
        json!({
            "rows": answer.rows, "rowCount": answer.count, "operation": self.operation, "provider": self.provider,
        })
    }

    /// What test mode answers: nothing was asked.
    fn pretended(&self, parameters: Option<&Value>) -> Value {
        let mut record = self.record(Answer::default());
        record["sandbox"] = json!(true);
        record["parameters"] = parameters.cloned().unwrap_or_default();
        record
    }
}

/// A statement through a connection of type `database` as an operation of an integration: `{query, parameters}`.
///
/// # Errors
/// As the node.
pub(super) async fn of_integration(
    platform: &Arc<Platform>,
    call: &EffectCall,
    opened: &Opened,
    parameters: &Map<String, Value>,
) -> Result<Value, StepError> {
    let given = Value::Object(parameters.clone());
    let config = Config(&given);
    let query = config.get(&["query", "sql"]).ok_or_else(|| invalid("query is missing"))?;
    let statement = Statement::of(query, config.get(&["parameters", "params", "values"]))?;
    let answer = perform(platform, call, opened, None, &statement).await?;
    Ok(json!({ "rows": answer.rows, "rowCount": answer.count }))
}

async fn perform(
    platform: &Arc<Platform>,
    call: &EffectCall,
    opened: &Opened,
    sqlite_folder: Option<&std::path::Path>,
    statement: &Statement,
) -> Result<Answer, StepError> {
    let provider = opened.row.provider.to_lowercase();
    if POSTGRES.contains(&provider.as_str()) {
        return postgres::ask(platform, opened, statement, call.timeout_ms).await;
    }
    if SQLITE.contains(&provider.as_str()) {
        let folder = sqlite_folder.ok_or_else(|| not_configured("This server keeps no SQLite databases"))?;
        let folder = folder.join(call.scope.workspace.to_string());
        return sqlite::ask(&folder, opened, statement, call.timeout_ms).await;
    }
    Err(not_configured(format!("This server has no driver for {provider}")))
}
