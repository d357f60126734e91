//! What a member sets for itself beside its record: the PIN for payments, and where it wants to be told what.

use floe_model::access::Caller;
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::access::{members, notification_reads};
use serde_json::{Value, json};

use crate::act::{Act, Note};
use crate::authenticate::require_member;
use crate::service::Access;

/// One rule: an event and where it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name of an event.
    pub event: String,
    /// `dashboard`, `mail`.
    pub channels: Vec<String>,
}

/// Where something can be told.
pub const CHANNELS: [&str; 2] = ["dashboard", "mail"];

/// What a member is told that never said: items that it can answer, failed runs of its own, disabled webhooks, low credits
/// (console contract, section 5.10).
const DEFAULT_EVENTS: [&str; 5] = [
    "platform.inbox.created",
    "flows.run.failed",
    "workflows.execution.failed",
    "platform.webhook.disabled",
    "platform.credits.low",
];

impl Access {
    /// Sets the caller's PIN, after its password.
    ///
    /// # Errors
    /// `invalid_credentials`; `rate_limited` as for signing in; `forbidden` for keys.
    pub async fn set_pin(&self, act: &Act, password: &str, pin: &str) -> Result<(), Fault> {
        let member = self.me(&act.ctx.caller).await?;
        self.prove_password(act, &member, password).await?;
        let hash = self.passwords.hash(pin, self.platform.ids.secret()).await?;
        let act = act.clone();
        let writing = self.platform.store.write(move |tx| {
            members::set_pin(tx, member.id, &hash)?;
            let target = Some(("member", member.id.0, member.name.as_str()));
            act.note(tx, Note { action: "changed_pin", mode: None, target, detail: json!({}) })
        });
        writing.await
    }

    /// Whether the caller has a PIN.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn has_pin(&self, caller: &Caller) -> Result<bool, Fault> {
        let id = require_member(caller)?;
        self.platform.store.read(move |tx| Ok(members::pin_hash(tx, id)?.is_some())).await
    }

    /// The caller's rules, or the default.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn notification_rules(&self, caller: &Caller) -> Result<Vec<Rule>, Fault> {
        let id = require_member(caller)?;
        let stored = self.platform.store.read(move |tx| members::notification_rules(tx, id)).await?;
        Ok(stored.and_then(|text| read_rules(&text)).unwrap_or_else(default_rules))
    }
}

/// Up to when the caller has read what it was told in its workspace; none when it never did.
///
/// # Errors
/// `forbidden` for keys.
pub fn notifications_read(tx: &mut Tx<'_>, caller: &Caller) -> Result<Option<Timestamp>, Fault> {
    notification_reads::find(tx, caller.workspace, require_member(caller)?)
}

/// The caller has read everything up to `until`; an earlier time than before changes nothing. It leaves no audit entry: nothing
/// changes but what is shown to the member itself.
///
/// # Errors
/// `forbidden` for keys.
pub fn read_notifications(tx: &mut Tx<'_>, caller: &Caller, until: Timestamp) -> Result<(), Fault> {
    notification_reads::set(tx, caller.workspace, require_member(caller)?, until)
}

/// Sets the caller's rules; an empty list tells nothing.
///
/// # Errors
/// `forbidden` for keys.
pub fn set_notification_rules(tx: &mut Tx<'_>, act: &Act, rules: &[Rule]) -> Result<(), Fault> {
    let id = require_member(&act.ctx.caller)?;
    let list: Vec<Value> = rules.iter().map(|rule| json!({ "event": rule.event, "channels": rule.channels })).collect();
    members::set_notification_rules(tx, id, &Value::from(list).to_string())?;
    let target = Some(("member", id.0, act.ctx.caller.name.as_str()));
    let detail = json!({ "rules": rules.len() });
    act.note(tx, Note { action: "changed_notification_rules", mode: None, target, detail })
}

fn default_rules() -> Vec<Rule> {
    let channels: Vec<String> = CHANNELS.map(str::to_owned).to_vec();
    DEFAULT_EVENTS.map(|event| Rule { event: event.to_owned(), channels: channels.clone() }).to_vec()
}

/// `None` for a record that cannot be read.
fn read_rules(text: &str) -> Option<Vec<Rule>> {
    let list: Vec<Value> = serde_json::from_str(text).ok()?;
    let rule = |value: &Value| {
        let channels = value["channels"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Some(Rule { event: value["event"].as_str()?.to_owned(), channels })
    };
    list.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use floe_model::event_types::EVENT_TYPES;

    use super::*;

    #[test]
    fn rules_survive_their_record_and_name_known_events() {
        let rules = default_rules();
        assert!(rules.iter().all(|rule| EVENT_TYPES.contains(&rule.event.as_str())));
        let list: Vec<Value> =
            rules.iter().map(|rule| json!({ "event": rule.event, "channels": rule.channels })).collect();
        assert_eq!(read_rules(&Value::from(list).to_string()), Some(rules));
        for damaged in ["", "{}", "[{}]", "[{\"event\":\"x\"}]"] {
            assert_eq!(read_rules(damaged), None, "{damaged}");
        }
    }
}
