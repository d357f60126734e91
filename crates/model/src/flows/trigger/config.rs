//! The configuration of a trigger: which members it has, under which names, and what they may be.

use serde_json::{Map, Value, json};

use super::TriggerKind;
use crate::FieldProblem;
use crate::flows::cron::{Cron, Zone};
use crate::webhooks::WORKFLOW_EVENTS;

/// Characters of a name of an event or a provider at most.
const NAME_CHARS_MAX: usize = 200;
/// Origins and filters of one trigger at most.
const ITEMS_MAX: usize = 50;
/// Where a problem with the configuration stands.
const BASE: &str = "/config";
/// The zone of a schedule that names none.
const UTC: &str = "UTC";
/// What may stand for a name, and the name.
const ALIASES: [(TriggerKind, &str, &str); 8] = [
    (TriggerKind::Schedule, "schedule", "cronExpression"),
    (TriggerKind::Schedule, "cron", "cronExpression"),
    (TriggerKind::Event, "provider", "providerId"),
    (TriggerKind::Event, "webhookProvider", "providerId"),
    (TriggerKind::Event, "event", "eventId"),
    (TriggerKind::Event, "filter", "filters"),
    (TriggerKind::Webhook, "httpMethod", "method"),
    (TriggerKind::Manual, "schema", "inputSchema"),
];

/// How a caller of an address proves that he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthKind {
    /// Not at all: whoever knows the address may.
    None,
    /// The secret in `X-API-Key`.
    ApiKey,
    /// The hex HMAC-SHA-256 of the body under the secret, in `X-Hub-Signature-256`, `X-Signature` or `X-Webhook-Signature`.
    Hmac,
    /// The secret as bearer token.
    Bearer,
}

impl AuthKind {
    const ALL: [(&str, Self); 4] =
        [("none", Self::None), ("api_key", Self::ApiKey), ("hmac", Self::Hmac), ("bearer", Self::Bearer)];
}

/// How the address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object that names the run.
    Json,
    /// `OK`.
    Text,
}

/// When a schedule fires.
#[derive(Debug, Clone)]
pub struct ScheduleRules {
    /// The pattern.
    pub cron: Cron,
    /// Where its times are.
    pub zone: Zone,
    /// Name of the zone.
    pub timezone: String,
}

/// What the address takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRules {
    /// The one method that it takes; none for every one.
    pub method: Option<String>,
    /// How callers prove themselves.
    pub auth: AuthKind,
    /// Origins that browsers may call from; empty for all.
    pub origins: Vec<String>,
    /// How it answers.
    pub format: Format,
}

/// Which events fire a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// The provider; none for events of this server.
    pub provider: Option<String>,
    /// Name of the event, of this server without its product.
    pub event: String,
    /// Paths in the payload and what must be there.
    pub filters: Map<String, Value>,
}

/// What a manual trigger adds to a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManualRules {
    /// Defaults under the inputs of a call.
    pub inputs: Map<String, Value>,
    /// JSON Schema of the inputs, as far as [`super::check_manual`] looks at it.
    pub schema: Option<Value>,
    /// Whether a call without any inputs is refused.
    pub require_inputs: bool,
}

/// A configuration that was checked.
#[derive(Debug, Clone)]
pub enum TriggerConfig {
    /// Of a schedule.
    Schedule(ScheduleRules),
    /// Of an address.
    Webhook(WebhookRules),
    /// Of events.
    Event(EventSource),
    /// Of calls by hand.
    Manual(ManualRules),
}

/// The configuration with each member under its one name; what is not known is kept.
#[must_use]
pub fn canonical(kind: TriggerKind, config: &Map<String, Value>) -> Map<String, Value> {
    let mut config = config.clone();
    for (of, alias, name) in ALIASES {
        if of == kind
            && let Some(value) = config.remove(alias)
        {
            config.entry(name).or_insert(value);
        }
    }
    config.retain(|_, value| !value.is_null());
    if kind == TriggerKind::Schedule {
        config.entry("timezone").or_insert_with(|| json!(UTC));
    }
    config
}

/// Checks a configuration whose members have their one name.
///
/// # Errors
/// Every problem, below `/config`.
pub fn read_config(kind: TriggerKind, config: &Map<String, Value>) -> Result<TriggerConfig, Vec<FieldProblem>> {
    let mut reader = Reader { config, problems: Vec::new() };
    let read = match kind {
        TriggerKind::Schedule => reader.schedule().map(TriggerConfig::Schedule),
        TriggerKind::Webhook => Some(TriggerConfig::Webhook(reader.webhook())),
        TriggerKind::Event => reader.event().map(TriggerConfig::Event),
        TriggerKind::Manual => Some(TriggerConfig::Manual(reader.manual())),
    };
    match read {
        Some(read) if reader.problems.is_empty() => Ok(read),
        _ => Err(reader.problems),
    }
}

struct Reader<'a> {
    config: &'a Map<String, Value>,
    problems: Vec<FieldProblem>,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        self.problems.push(FieldProblem::new(format!("{BASE}/{name}"), code, message));
    }

    /// A short text that is not empty; none when there is none.
    fn text(&mut self, name: &str) -> Option<String> {
        let text = match self.config.get(name)? {
            Value::String(text) => text.trim(),
            _ => "",
        };
        if text.is_empty() || text.chars().count() > NAME_CHARS_MAX {
            self.problem(name, "value", format!("{name} must be a text of 1 to {NAME_CHARS_MAX} characters"));
            return None;
        }
        Some(text.to_owned())
    }

    fn object(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.config.get(name)? {
            Value::Object(map) => Some(map.clone()),
            _ => {
                self.problem(name, "type", format!("{name} must be an object"));
                None
            }
        }
    }

    fn schedule(&mut self) -> Option<ScheduleRules> {
        let timezone = self.text("timezone").unwrap_or_else(|| UTC.to_owned());
        let zone = Zone::parse(&timezone);
        if zone.is_none() {
            self.problem("timezone", "value", "timezone must be an IANA name, e.g. Africa/Lagos");
        }
        let cron = match self.config.get("cronExpression") {
            Some(Value::String(text)) => Cron::parse(text).map_err(|why| why.to_string()),
            Some(_) => Err("cronExpression must be a text".to_owned()),
            None => Err("cronExpression is required".to_owned()),
        };
        match (cron, zone) {
            (Ok(cron), Some(zone)) => Some(ScheduleRules { cron, zone, timezone }),
            (Ok(_), None) => None,
            (Err(why), _) => {
                self.problem("cronExpression", "value", why);
                None
            }
        }
    }

    fn webhook(&mut self) -> WebhookRules {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "ANY"];
        let method = self.text("method").map(|word| word.to_ascii_uppercase());
        if method.as_deref().is_some_and(|word| !METHODS.contains(&word)) {
            self.problem("method", "value", format!("method must be one of: {}", METHODS.join(", ")));
        }
        let auth = self.text("authType").unwrap_or_else(|| "none".to_owned());
        let auth = AuthKind::ALL.iter().find(|(word, _)| *word == auth).map(|(_, auth)| *auth);
        if auth.is_none() {
            self.problem("authType", "value", "authType must be one of: none, api_key, hmac, bearer");
        }
        let format = self.text("responseFormat").unwrap_or_else(|| "json".to_owned());
        if !matches!(format.as_str(), "json" | "text") {
            self.problem("responseFormat", "value", "responseFormat must be json or text");
        }
        WebhookRules {
            method: method.filter(|word| word != "ANY"),
            auth: auth.unwrap_or(AuthKind::None),
            origins: self.origins(),
            format: if format == "text" { Format::Text } else { Format::Json },
        }
    }

    /// One text with commas, or a list of texts.
    fn origins(&mut self) -> Vec<String> {
        let given: Vec<Option<&str>> = match self.config.get("allowedOrigins") {
            None => return Vec::new(),
            Some(Value::String(text)) => text.split(',').map(Some).collect(),
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
            Some(_) => vec![None],
        };
        let origins: Option<Vec<String>> = given.into_iter().map(|one| one.map(|one| one.trim().to_owned())).collect();
        match origins {
            Some(origins) if origins.len() <= ITEMS_MAX => {
                origins.into_iter().filter(|origin| !origin.is_empty()).collect()
            }
            _ => {
                self.problem(
                    "allowedOrigins",
                    "type",
                    format!("allowedOrigins must be a list of at most {ITEMS_MAX} texts"),
                );
                Vec::new()
            }
        }
    }

    fn event(&mut self) -> Option<EventSource> {
        let filters = self.object("filters").unwrap_or_default();
        if filters.len() > ITEMS_MAX {
            self.problem("filters", "too_long", format!("filters must have at most {ITEMS_MAX} entries"));
        }
        let source = self.text("source").filter(|source| source != "internal");
        let provider = self.text("providerId").or(source);
        if let Some(provider) = provider {
            let event = self.text("eventId").or_else(|| self.text("eventType"));
            if event.is_none() {
                self.problem("eventId", "required", "eventId is required beside providerId");
            }
            return Some(EventSource { provider: Some(provider), event: event?, filters });
        }
        let event = self.text("eventType").or_else(|| self.text("eventId"));
        let event = event.map(|name| name.strip_prefix("workflows.").map_or(name.clone(), str::to_owned));
        match event {
            Some(event) if WORKFLOW_EVENTS.contains(&event.as_str()) => {
                Some(EventSource { provider: None, event, filters })
            }
            _ => {
                let known = WORKFLOW_EVENTS.join(", ");
                let message = format!("eventType must be one of: {known}; or providerId and eventId must be given");
                self.problem("eventType", "value", message);
                None
            }
        }
    }

    fn manual(&mut self) -> ManualRules {
        let inputs = self.object("inputs").unwrap_or_default();
        let schema = self.object("inputSchema").map(Value::Object);
        let require_inputs = match self.config.get("requireInputs") {
            None => false,
            Some(Value::Bool(required)) => *required,
            Some(_) => {
                self.problem("requireInputs", "type", "requireInputs must be true or false");
                false
            }
        };
        ManualRules { inputs, schema, require_inputs }
    }
}
