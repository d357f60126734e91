//! The providers that forms offer, and what can be asked of each. Any other name is taken too, with the generic operation.

use serde_json::{Value, json};

use super::kinds::Kind;

/// A service.
struct Provider {
    key: &'static str,
    name: &'static str,
    kinds: &'static [Kind],
    base_url: Option<&'static str>,
    /// Whether a message can be posted to its URL.
    takes_messages: bool,
}

const HTTP_KINDS: &[Kind] = &[Kind::Bearer, Kind::ApiKey, Kind::Basic, Kind::Oauth2Token, Kind::CustomHeaders];

const PROVIDERS: &[Provider] = &[
    Provider { key: "http", name: "Any HTTP service", kinds: HTTP_KINDS, base_url: None, takes_messages: false },
    Provider {
        key: "slack",
        name: "Slack (incoming webhook)",
        kinds: HTTP_KINDS,
        base_url: Some("https://hooks.slack.com"),
        takes_messages: true,
    },
    Provider {
        key: "discord",
        name: "Discord (webhook)",
        kinds: HTTP_KINDS,
        base_url: Some("https://discord.com/api/webhooks"),
        takes_messages: true,
    },
    Provider {
        key: "teams",
        name: "Microsoft Teams (incoming webhook)",
        kinds: HTTP_KINDS,
        base_url: None,
        takes_messages: true,
    },
    Provider { key: "smtp", name: "Mail server", kinds: &[Kind::Smtp], base_url: None, takes_messages: false },
    Provider { key: "postgres", name: "PostgreSQL", kinds: &[Kind::Database], base_url: None, takes_messages: false },
    Provider { key: "sqlite", name: "SQLite", kinds: &[Kind::Database], base_url: None, takes_messages: false },
    Provider { key: "mysql", name: "MySQL", kinds: &[Kind::Database], base_url: None, takes_messages: false },
    Provider {
        key: "tavily",
        name: "Tavily (web search)",
        kinds: &[Kind::Bearer],
        base_url: Some("https://api.tavily.com"),
        takes_messages: false,
    },
    Provider {
        key: "brave",
        name: "Brave Search",
        kinds: &[Kind::ApiKey],
        base_url: Some("https://api.search.brave.com/res/v1"),
        takes_messages: false,
    },
    Provider {
        key: "serper",
        name: "Serper (web search)",
        kinds: &[Kind::ApiKey],
        base_url: Some("https://google.serper.dev"),
        takes_messages: false,
    },
    Provider { key: "searxng", name: "SearXNG (web search)", kinds: HTTP_KINDS, base_url: None, takes_messages: false },
    Provider { key: "mcp", name: "MCP server", kinds: &[Kind::Mcp], base_url: None, takes_messages: false },
];

/// The list behind forms (console contract, section 5.1, `GET /catalog/connection-providers`).
#[must_use]
pub fn catalog() -> Vec<Value> {
    let entry = |provider: &Provider| {
        let kinds: Vec<Value> = provider.kinds.iter().map(|kind| kind.form()).collect();
        json!({ "key": provider.key, "name": provider.name, "base_url": provider.base_url, "types": kinds })
    };
    PROVIDERS.iter().map(entry).collect()
}

/// What can be asked of a connection. A type that this server has no way to call has no operation.
#[must_use]
pub fn operations(provider: &str, kind: Kind) -> Vec<Value> {
    let mut list = Vec::new();
    if PROVIDERS.iter().any(|known| known.key == provider && known.takes_messages) && kind.is_http() {
        list.push(json!({
            "name": "send_message",
            "description": "Posts a message to the webhook.",
            "method": "POST",
            "path": "",
            "parameters": [{ "key": "text", "label": "Text", "type": "text", "required": true }],
        }));
    }
    if kind.is_http() && kind != Kind::Mcp {
        list.push(json!({
            "name": "request",
            "description": "Any call below the base URL, with the credentials of the connection.",
            "method": null,
            "path": null,
            "parameters": [
                { "key": "method", "label": "Method", "type": "text", "required": false },
                { "key": "path", "label": "Path", "type": "text", "required": true },
                { "key": "query", "label": "Query", "type": "key-value", "required": false },
                { "key": "headers", "label": "Headers", "type": "key-value", "required": false },
                { "key": "body", "label": "Body", "type": "json", "required": false },
            ],
        }));
    }
    list
}
