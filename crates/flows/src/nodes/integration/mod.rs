//! The node types `integration` and `action`, and those that are named after a provider (Workflow API contract, sections 18 and 21): one
//! operation of a service, with the credentials of a connection.
//!
//! What can be asked is data ([`definition`]) for services that speak HTTP; mail and SQL have code of their own. Any connection that speaks
//! HTTP takes the operation `request` too. In test mode nothing is called (section 24).

pub(super) mod definition;
mod http;
mod smtp;

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_model::Mode;
use floe_runtime::Platform;
use floe_runtime::connections::Opened;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture, Effected};
use serde_json::{Map, Value, json};

use super::config::{Config, parsed};
use super::failure::invalid;
use super::{connection, database, spec};

pub(super) use http::{Call, ask};

/// Keys of the configuration that are no parameters.
const OWN_KEYS: [&str; 9] =
    ["provider", "operation", "action", "connectionId", "parameters", "nodeId", "timeout", "retry", "onError"];

static SPEC: StepSpec = spec::outside("node-integration", "Integration");

/// Uses services.
pub(super) struct Integration;

impl Effect for Integration {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    fn call<'a>(&'a self, platform: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move {
            let asked = match Asked::of(&call.input) {
                Ok(asked) => asked,
                Err(error) => return Effected::failed(error),
            };
            if call.scope.mode == Mode::Test {
                return Effected::done(asked.pretended());
            }
            let names = asked.provider_names();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let id = asked.connection.as_deref();
            let opened = match connection::choose(platform, call.scope.workspace, id, &names).await {
                Ok(opened) => opened,
                Err(error) => return Effected::failed(error),
            };
            let done = asked.perform(platform, &call, &opened).await;
            connection::without_secret(&opened, done.map(|data| asked.record(data, json!({}))).into())
        })
    }
}

/// What a node asks for.
struct Asked {
    provider: String,
    operation: String,
    connection: Option<String>,
    parameters: Map<String, Value>,
}

impl Asked {
    fn of(input: &Value) -> Result<Self, StepError> {
        let config = Config(input);
        let mut parameters = match config.get(&["parameters"]).map(parsed).as_deref() {
            None => Map::new(),
            Some(Value::Object(map)) => map.clone(),
            Some(_) => return Err(invalid("parameters is not an object")),
        };
        let loose = input.as_object().into_iter().flatten().filter(|(key, _)| !OWN_KEYS.contains(&key.as_str()));
        for (key, value) in loose {
            parameters.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Ok(Self {
            provider: config.required(&["provider"])?.into_owned(),
            operation: config.required(&["operation", "action"])?.into_owned(),
            connection: config.text(&["connectionId"])?.map(std::borrow::Cow::into_owned),
            parameters,
        })
    }

    /// The names under which connections of the provider may be kept.
    fn provider_names(&self) -> Vec<String> {
        match definition::find(&self.provider) {
            Some(known) => known.names().map(str::to_owned).collect(),
            None => vec![self.provider.to_lowercase()],
        }
    }

    async fn perform(&self, platform: &Arc<Platform>, call: &EffectCall, opened: &Opened) -> Result<Value, StepError> {
        match opened.row.kind.as_str() {
            "smtp" => smtp::send(platform, call, opened, &self.operation, &self.parameters).await,
            "database" => database::of_integration(platform, call, opened, &self.parameters).await,
            _ => {
                let known = definition::find(&self.provider);
                let asked = Call { definition: known, operation: &self.operation, parameters: &self.parameters };
                ask(platform, call, opened, &asked).await
            }
        }
    }

    /// What test mode answers: nothing was called.
    fn pretended(&self) -> Value {
        let data = json!({
            "sandbox": true, "provider": self.provider, "operation": self.operation, "parameters": self.parameters,
        });
        self.record(data, json!({ "sandbox": true }))
    }

    fn record(&self, data: Value, metadata: Value) -> Value {
        json!({
            "provider": self.provider, "operation": self.operation, "success": true, "data": data, "metadata": metadata,
        })
    }
}

/// The value of a parameter as a text, under the first of its names that has one.
///
/// # Errors
/// VALIDATION for a list or an object.
fn text_of(parameters: &Map<String, Value>, names: &[&str]) -> Result<Option<String>, StepError> {
    let value = Value::Object(parameters.clone());
    Ok(Config(&value).text(names)?.map(std::borrow::Cow::into_owned))
}
