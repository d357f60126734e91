//! What a model may ask for: every kind of tool behind the same gates.

mod agents;
mod http;
mod mcp;

use std::sync::Arc;

use floe_agents::tools::{RESULT_BYTES_MAX, Toolbox};
use floe_model::access::Caller;
use floe_model::id::AgentId;
use floe_model::{Mode, Scope};
use floe_runtime::Platform;
use floe_runtime::tools::{OpenFuture, Tool, ToolCall, ToolFault, ToolFuture, ToolSource, ToolSpec};
use serde_json::{Value, json};

use crate::on_both;
use crate::world::{TEST, WORKSPACE, World};

pub(crate) const KEY: &str = "0197c0de-0000-7abc-8def-0123456789ab:1:0";

/// A call as an exchange makes it.
pub(crate) fn call(arguments: Value, deadline_ms: u64) -> ToolCall {
    ToolCall {
        scope: TEST,
        caller: Arc::new(Caller::system(WORKSPACE, Mode::Test)),
        agent: AgentId(7),
        key: KEY.to_owned(),
        arguments,
        depth: 0,
        chain: Vec::new(),
        deadline_ms,
    }
}

impl World {
    pub(crate) async fn toolbox(&self, definitions: Value) -> Toolbox {
        let definitions = definitions.as_array().cloned().unwrap_or_default();
        Toolbox::open(&self.agents, TEST, &definitions, 0).await
    }

    pub(crate) async fn use_tool(&self, toolbox: &Toolbox, name: &str, arguments: Value) -> Result<Value, ToolFault> {
        toolbox.call(&self.platform, name, call(arguments, 5_000)).await
    }
}

/// A source of another slice.
struct Echoes;

struct Echo(ToolSpec, &'static str);

impl ToolSource for Echoes {
    fn kind(&self) -> &'static str {
        "flow"
    }

    fn open<'a>(&'a self, _: &'a Arc<Platform>, scope: Scope, definition: &'a Value) -> OpenFuture<'a> {
        Box::pin(async move {
            assert_eq!(scope, TEST);
            if definition["flow_id"] == "gone" {
                return Err(ToolFault::new("not_found", "The flow is not there"));
            }
            let parameters = json!({
                "type": "object", "required": ["order"], "additionalProperties": false,
                "properties": { "order": { "type": "string", "pattern": "^[0-9]+$" }, "amount": { "type": "number", "maximum": 100 } },
            });
            let spec = ToolSpec { name: "refund".to_owned(), description: "Refunds".to_owned(), parameters };
            Ok(vec![Arc::new(Echo(spec, "echo")) as Arc<dyn Tool>])
        })
    }
}

impl Tool for Echo {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn call<'a>(&'a self, _: &'a Arc<Platform>, call: ToolCall) -> ToolFuture<'a> {
        Box::pin(async move {
            match call.arguments["order"].as_str() {
                Some("0") => std::future::pending().await,
                Some("1") => Ok(json!("long\0 ".repeat(RESULT_BYTES_MAX))),
                _ => Ok(json!({ "by": self.1, "key": call.key, "arguments": call.arguments })),
            }
        })
    }
}

on_both! {
    async fn every_call_passes_the_same_gates(store: TestStore) {
        let world = World::new(store);
        world.agents.tools.register(Arc::new(Echoes));
        let toolbox = world
            .toolbox(json!([
                { "type": "flow", "flow_id": "a" },
                { "type": "flow", "flow_id": "gone", "name": "lost" },
                { "type": "flow", "flow_id": "b", "requires_approval": true },
                { "type": "workflow", "workflow_id": "w" },
                { "type": "builtin", "name": "calculator" },
            ]))
            .await;
        let names: Vec<String> = toolbox.specs().into_iter().map(|spec| spec.name).collect();
        assert_eq!(names, ["refund", "refund_2", "calculator"]);
        let problems: Vec<_> = toolbox.problems.iter().map(|one| (one.at, one.name.as_str(), one.fault.code)).collect();
        assert_eq!(problems, [(1, "lost", "not_found"), (3, "workflow", "not_supported")]);
        assert_eq!(["refund", "refund_2", "no"].map(|name| toolbox.requires_approval(name)), [false, true, false]);

        let done = world.use_tool(&toolbox, "refund", json!({ "order": "12" })).await;
        assert_eq!(done, Ok(json!({ "by": "echo", "key": KEY, "arguments": { "order": "12" } })));
        assert_eq!(world.use_tool(&toolbox, "calculator", json!({ "expression": "6*7" })).await, Ok(json!({ "result": 42 })));

        let fault = world.use_tool(&toolbox, "refunds", json!({})).await.unwrap_err();
        assert_eq!((fault.code, fault.message.as_str()), ("unknown_tool", "There is no tool refunds; there are: refund, refund_2, calculator"));
        let wrong = [
            (json!("{\"order\":"), "must be a JSON object"),
            (json!({}), "order"),
            (json!({ "order": 5 }), "/order: 5 is not of type"),
            (json!({ "order": "x" }), "/order:"),
            (json!({ "order": "1", "amount": 500 }), "/amount: 500"),
            (json!({ "order": "1", "hidden": true }), "hidden"),
        ];
        for (arguments, said) in wrong {
            let fault = world.use_tool(&toolbox, "refund", arguments.clone()).await.unwrap_err();
            assert!(fault.code == "invalid_arguments" && fault.message.contains(said), "{arguments}: {fault}");
        }

        let late = toolbox.call(&world.platform, "refund", call(json!({ "order": "0" }), 50)).await.unwrap_err();
        assert_eq!(late.code, "timeout");
        let long = world.use_tool(&toolbox, "refund", json!({ "order": "1" })).await.unwrap();
        assert_eq!(long["truncated"], true);
        let beginning = long["beginning"].as_str().unwrap();
        assert!(beginning.len() <= RESULT_BYTES_MAX && !beginning.contains('\0') && beginning.starts_with("long long"));
    }
}
