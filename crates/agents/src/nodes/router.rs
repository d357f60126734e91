//! The node type `router`: a model says which way a run goes on.

use std::sync::Arc;

use floe_engine::catalog::StepSpec;
use floe_engine::event::StepError;
use floe_runtime::Platform;
use floe_runtime::effect::{Effect, EffectCall, EffectFuture};
use floe_runtime::models::ChatMessage;
use serde_json::{Value, json};

use super::config::{Config, text_of};
use super::fail::invalid;
use super::llm::question;
use super::model::{ask, choose};
use crate::Agents;
use crate::steps::json_in;

/// Routes of a node at most.
const ROUTES_MAX: usize = 100;
/// What is believed of an answer that cannot be used.
const UNSURE: f64 = 0.5;

pub(super) static SPEC: StepSpec = super::spec(
    "node-router",
    "Route by a model",
    "Lets a model choose one of several ways.",
    &[
        ("selectedRoute", "value of the way"),
        ("routeLabel", "its label"),
        ("confidence", "0 to 1"),
        ("reasoning", "why"),
    ],
);

/// Asks models for the way.
pub(super) struct Router(pub(super) Arc<Agents>);

impl Effect for Router {
    fn spec(&self) -> &'static StepSpec {
        &SPEC
    }

    /// A model that is asked again changes nothing outside.
    fn sends(&self, _: &Value) -> bool {
        false
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: EffectCall) -> EffectFuture<'a> {
        Box::pin(async move { run(&self.0, &call).await.into() })
    }
}

/// A way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) about: Option<String>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    pub(super) at: usize,
    pub(super) confidence: f64,
    pub(super) reasoning: String,
}

async fn run(agents: &Arc<Agents>, call: &EffectCall) -> Result<Value, StepError> {
    let config = Config(&call.input);
    let mut routes = routes(config)?;
    let subject = subject(config).ok_or_else(|| invalid("prompt", "is empty, and nothing comes before the node"))?;
    let chosen = choose(agents, call.scope, config).await?;
    let mut asked = question(config, &chosen, call.timeout_ms, vec![ChatMessage::user(told(&routes, &subject))], 0.0)?;
    asked.response_schema = Some(schema(&routes));
    let fallback = fallback(config, &mut routes);
    let reply = ask(agents, call, 0, &asked, None).await?;
    let choice = if chosen.is_mock() {
        by_words(&routes, fallback, &subject)
    } else {
        by_answer(&routes, fallback, &reply.text)
    };
    let route = &routes[choice.at];
    Ok(json!({
        "selectedRoute": route.value, "route": route.value, "routeLabel": route.label, "confidence": choice.confidence,
        "reasoning": choice.reasoning, "model": chosen.model, "provider": chosen.provider,
        "usage": super::model::usage(reply.usage),
    }))
}

/// The ways of a configuration, at least two; a text alone is a value.
pub(super) fn routes(config: Config<'_>) -> Result<Vec<Route>, StepError> {
    let list = config.list("routes");
    if !(2..=ROUTES_MAX).contains(&list.len()) {
        return Err(invalid("routes", &format!("must be a list of 2 to {ROUTES_MAX}")));
    }
    let route = |value: &Value| match value {
        Value::Object(map) => {
            let text = |key: &str| map.get(key).filter(|value| !value.is_null()).map(text_of);
            let value = text("value").or_else(|| text("id")).or_else(|| text("label"));
            let value = value.ok_or_else(|| invalid("routes", "has an entry without a value"))?;
            let label = text("label").unwrap_or_else(|| value.clone());
            Ok(Route { label, about: text("description"), value })
        }
        Value::Null => Err(invalid("routes", "has an entry without a value")),
        other => Ok(Route { value: text_of(other), label: text_of(other), about: None }),
    };
    list.iter().map(route).collect()
}

/// The way for an answer that cannot be used: the default one, else the first.
pub(super) fn fallback(config: Config<'_>, routes: &mut Vec<Route>) -> usize {
    let Some(name) = config.written(&["defaultRoute"]) else { return 0 };
    named(routes, &name).unwrap_or_else(|| {
        // A way of its own, which no answer is offered: edges of `default` lead there.
        routes.push(Route { value: name.clone(), label: name, about: None });
        routes.len() - 1
    })
}

/// What is to be classified: the prompt, else what the nodes before gave.
fn subject(config: Config<'_>) -> Option<String> {
    let before = || {
        let given: Vec<String> = config.list("predecessors").iter().map(text_of).collect();
        Some(given.join("\n\n")).filter(|text| !text.trim().is_empty())
    };
    config.written(&["prompt"]).or_else(before)
}

fn told(routes: &[Route], subject: &str) -> String {
    let line = |route: &Route| match &route.about {
        Some(about) => format!("- {} ({}): {about}", route.value, route.label),
        None => format!("- {} ({})", route.value, route.label),
    };
    let lines: Vec<String> = routes.iter().map(line).collect();
    format!(
        "{subject}\n\nChoose exactly one of these routes:\n{}\n\nAnswer with nothing but JSON: {{\"selectedRoute\": value of the \
         route, \"confidence\": number from 0 to 1, \"reasoning\": one sentence}}.",
        lines.join("\n")
    )
}

fn schema(routes: &[Route]) -> Value {
    let values: Vec<&str> = routes.iter().map(|route| route.value.as_str()).collect();
    json!({
        "type": "object", "required": ["selectedRoute", "confidence", "reasoning"], "additionalProperties": false,
        "properties": {
            "selectedRoute": { "type": "string", "enum": values }, "confidence": { "type": "number" },
            "reasoning": { "type": "string" },
        },
    })
}

/// The way with a value, or a label, whatever its case.
fn named(routes: &[Route], name: &str) -> Option<usize> {
    let (name, same) = (name.trim(), |text: &str, name: &str| text.trim().to_lowercase() == name.to_lowercase());
    let exact = routes.iter().position(|route| route.value == name);
    exact
        .or_else(|| routes.iter().position(|route| same(&route.value, name)))
        .or_else(|| routes.iter().position(|route| same(&route.label, name)))
}

/// The choice of a model, and the way that is taken when its answer cannot be used.
pub(super) fn by_answer(routes: &[Route], fallback: usize, text: &str) -> Choice {
    let read = || {
        let answer = json_in(text).ok()?;
        let name = ["selectedRoute", "route", "selected_route"].iter().find_map(|key| answer.get(*key)?.as_str())?;
        let confidence = match answer.get("confidence") {
            Some(Value::String(text)) => text.trim().parse().unwrap_or(UNSURE),
            Some(value) => value.as_f64().unwrap_or(UNSURE),
            None => UNSURE,
        };
        let reasoning = answer.get("reasoning").and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Choice { at: named(routes, name)?, confidence: confidence.clamp(0.0, 1.0), reasoning })
    };
    read().unwrap_or_else(|| Choice {
        at: fallback,
        confidence: UNSURE,
        reasoning: "The model's answer names none of the routes.".to_owned(),
    })
}

/// The choice of the mock: the first way whose value or label occurs in the text, ignoring case (Workflow API contract, section 24).
pub(super) fn by_words(routes: &[Route], fallback: usize, text: &str) -> Choice {
    let text = text.to_lowercase();
    let occurs = |words: &str| !words.trim().is_empty() && text.contains(&words.trim().to_lowercase());
    match routes.iter().position(|route| occurs(&route.value) || occurs(&route.label)) {
        Some(at) => Choice { at, confidence: 1.0, reasoning: "The text names this route.".to_owned() },
        None => Choice { at: fallback, confidence: UNSURE, reasoning: "The text names none of the routes.".to_owned() },
    }
}
