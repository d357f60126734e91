//! Reading what comes in: the body into events, and one event into what is kept, or why not (sections 5, 5.1 to 5.3).

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::members::Members;
use super::values::{
    Wrong, assignments, country, currency, echo, flag, integer, lower_when_uuid, name, properties, required, revenue,
    text, text_of, time, uuid, wrong,
};
use super::{Event, EventType};
use crate::Timestamp;
use crate::id::{AppId, ScreenFlowId, ScreenVersionId};
use crate::placements::Platform;

/// Events of one request at most.
pub const EVENTS_MAX: usize = 100;
/// Bytes of one request at most, when it is unpacked.
pub const BODY_BYTES_MAX: usize = 262_144;
/// Characters of a user's id.
pub const USER_CHARS_MAX: usize = 256;
/// Characters of a session's id.
pub const SESSION_CHARS_MAX: usize = 256;

/// Why an event is not kept: the words of section 5.1.
pub mod code {
    /// `event_id` is no UUID.
    pub const EVENT_ID: &str = "invalid_event_id";
    /// `app_id` is another app.
    pub const APP: &str = "app_id_mismatch";
    /// `flow_id` is not the flow of the version.
    pub const FLOW: &str = "flow_mismatch";
    /// `flow_version_id` is no version of this app.
    pub const VERSION: &str = "unknown_flow_version";
    /// Anything else that is missing or wrong.
    pub const FIELD: &str = "validation_failed";
    /// `event_type` is not known.
    pub const TYPE: &str = "unknown_event_type";
    /// Only the server makes this event.
    pub const SERVER_ONLY: &str = "server_only_event";
    /// `timestamp` is not RFC 3339.
    pub const TIME: &str = "invalid_timestamp";
    /// `timestamp` is too far away.
    pub const TIME_RANGE: &str = "timestamp_out_of_range";
}

/// What decides about the events of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppRules {
    /// The app.
    pub app: AppId,
    /// Whether it takes events of types that it made up.
    pub custom_events: bool,
}

/// Why a whole body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEvents {
    /// Not JSON.
    Json,
    /// Neither an event nor a list of events.
    Type,
    /// No event at all.
    None,
    /// More than [`EVENTS_MAX`].
    TooMany,
}

/// Why one event is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its id as it was sent, cut short; none when it is not a text.
    pub event_id: Option<String>,
    /// A word of [`code`].
    pub code: &'static str,
    /// The member that is wrong.
    pub field: &'static str,
    /// A sentence for a person.
    pub message: String,
}

/// The events of a body: one object, a list, or `{"events": [...]}`.
///
/// # Errors
/// [`NotEvents`] when the whole body is refused.
pub fn split(body: &[u8]) -> Result<Vec<&RawValue>, NotEvents> {
    let text = std::str::from_utf8(body).map_err(|_| NotEvents::Json)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(|_| NotEvents::Json)?;
    let events = match whole.get().as_bytes().first() {
        Some(b'[') => list(whole)?,
        Some(b'{') => match wrapped(whole)? {
            Some(events) if events.get().starts_with('[') => list(events)?,
            Some(_) => return Err(NotEvents::Type),
            None => vec![whole],
        },
        _ => return Err(NotEvents::Type),
    };
    match events.len() {
        0 => Err(NotEvents::None),
        1..=EVENTS_MAX => Ok(events),
        _ => Err(NotEvents::TooMany),
    }
}

fn list(value: &RawValue) -> Result<Vec<&RawValue>, NotEvents> {
    serde_json::from_str(value.get()).map_err(|_| NotEvents::Json)
}

fn wrapped(value: &RawValue) -> Result<Option<&RawValue>, NotEvents> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow, default)]
        events: Option<&'a RawValue>,
    }
    // A member that is there twice is refused by the derived reader; no client sends that.
    serde_json::from_str::<Wrapper<'_>>(value.get()).map(|wrapper| wrapper.events).map_err(|_| NotEvents::Json)
}

impl<'a> Event<'a> {
    /// Reads one event of a request. `rules` tells about an app, and nothing for one that the request may not name. That the flow and the
    /// version belong together is asked with [`Event::check_flow`] later.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the contract.
    pub fn read(
        raw: &'a RawValue,
        rules: &dyn Fn(AppId) -> Option<AppRules>,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let members: Members<'a> = serde_json::from_str(raw.get()).map_err(|_| Rejection {
            event_id: None,
            code: code::FIELD,
            field: "",
            message: "An event is an object".to_owned(),
        })?;
        checked(&members, rules, now).map_err(|Wrong(code, field, message)| Rejection {
            event_id: members.event_id.and_then(echo),
            code,
            field,
            message: message.into_owned(),
        })
    }

    /// Whether the version is one of the app of the event, and the flow is its flow. `version` is what is known of the version.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_flow(&self, version: Option<(AppId, ScreenFlowId)>) -> Result<(), Rejection> {
        let wrong = |code, field, message: &str| Rejection {
            event_id: Some(uuid::Uuid::from_u128(self.id).to_string()),
            code,
            field,
            message: message.to_owned(),
        };
        match version {
            Some((app, flow)) if app == self.app => {
                if self.flow == Some(flow) {
                    return Ok(());
                }
                Err(wrong(code::FLOW, "flow_id", "flow_id is not the flow of flow_version_id"))
            }
            _ => Err(wrong(code::VERSION, "flow_version_id", "flow_version_id is not a version of a flow of this app")),
        }
    }
}

fn checked<'a>(
    members: &Members<'a>,
    rules: &dyn Fn(AppId) -> Option<AppRules>,
    now: Timestamp,
) -> Result<Event<'a>, Wrong> {
    let id = uuid(members.event_id, "event_id", code::EVENT_ID)?;
    let app = AppId(uuid(members.app_id, "app_id", code::APP)?);
    let Some(rules) = rules(app) else {
        return Err(Wrong(code::APP, "app_id", Cow::Borrowed("app_id is not the app that the request is for")));
    };
    let kind = kind(members.event_type, rules)?;
    let at = time(members.timestamp, now)?;
    let user_id = name(members.user_id, "user_id", USER_CHARS_MAX)?;
    let session_id = name(members.session_id, "session_id", SESSION_CHARS_MAX)?;
    let platform = required(members.device_platform, "device_platform")?;
    let platform = text_of(platform).and_then(|word| Platform::parse(&word));
    let platform = platform.ok_or_else(|| wrong("device_platform", "must be ios, android or web"))?;
    let version = ScreenVersionId(uuid(members.flow_version_id, "flow_version_id", code::VERSION)?);
    let flow = ScreenFlowId(uuid(members.flow_id, "flow_id", code::FLOW)?);
    Ok(Event {
        id,
        app,
        kind,
        at,
        user_id,
        session_id,
        platform,
        placement: text(members.placement_id, "placement_id", 64)?,
        flow: Some(flow),
        version: Some(version),
        experiment: text(members.experiment_id, "experiment_id", 64)?.map(lower_when_uuid),
        variant: text(members.variant_id, "variant_id", 64)?.map(lower_when_uuid),
        screen_id: text(members.screen_id, "screen_id", 128)?,
        screen_name: text(members.screen_name, "screen_name", 256)?,
        screen_index: integer(members.screen_index, "screen_index", 0)?,
        time_on_screen_ms: integer(members.time_on_screen_ms, "time_on_screen_ms", 0)?,
        revenue: members.revenue.map(revenue).transpose()?,
        currency: members.currency.map(currency).transpose()?,
        app_version: text(members.app_version, "app_version", 64)?,
        country: members.country.and_then(country),
        is_debug: flag(members.is_debug, "is_debug")?,
        reason: None,
        ab_assignments: members.ab_assignments.map(assignments).transpose()?,
        more: more(members)?,
    })
}

/// The members that are kept as they were sent, as one object.
fn more<'a>(members: &Members<'a>) -> Result<Cow<'a, str>, Wrong> {
    let sdk_version = required(members.sdk_version, "sdk_version")?;
    if text(members.sdk_version, "sdk_version", 64)?.is_none_or(|version| version.trim().is_empty()) {
        return Err(wrong("sdk_version", "must have 1 to 64 characters"));
    }
    text(members.variant_name, "variant_name", 256)?;
    text(members.element_id, "element_id", 128)?;
    text(members.element_type, "element_type", 64)?;
    text(members.interaction_type, "interaction_type", 64)?;
    let flow_version = integer(members.flow_version, "flow_version", 1)?;
    let since_start = integer(members.time_since_flow_start_ms, "time_since_flow_start_ms", 0)?;
    if let Some(given) = members.properties {
        properties(given)?;
    }
    let texts = [
        ("variant_name", members.variant_name),
        ("element_id", members.element_id),
        ("element_type", members.element_type),
        ("interaction_type", members.interaction_type),
        ("properties", members.properties),
    ];
    let given = texts.iter().map(|(name, value)| value.map_or(0, |value| name.len() + value.get().len() + 4));
    let mut more = String::with_capacity(96 + sdk_version.get().len() + given.sum::<usize>());
    let _ = write!(more, "{{\"sdk_version\":{}", sdk_version.get());
    for (name, number) in [("flow_version", flow_version), ("time_since_flow_start_ms", since_start)] {
        if let Some(number) = number {
            let _ = write!(more, ",\"{name}\":{number}");
        }
    }
    for (name, value) in texts {
        if let Some(value) = value {
            let _ = write!(more, ",\"{name}\":{}", value.get());
        }
    }
    more.push('}');
    Ok(Cow::Owned(more))
}

fn kind<'a>(value: Option<&'a RawValue>, rules: AppRules) -> Result<Cow<'a, str>, Wrong> {
    let unknown = |message| Wrong(code::TYPE, "event_type", Cow::Borrowed(message));
    let value = value.ok_or_else(|| unknown("event_type is required"))?;
    let word = text_of(value).ok_or_else(|| unknown("event_type must be a text"))?;
    match EventType::parse(&word) {
        Some(EventType::ResolveNoFlow) => {
            Err(Wrong(code::SERVER_ONLY, "event_type", Cow::Borrowed("resolve_no_flow is written by the server only")))
        }
        Some(known) => Ok(Cow::Borrowed(known.as_str())),
        None if rules.custom_events && is_custom(&word) => Ok(word),
        None => Err(unknown("event_type is not one that this app takes")),
    }
}

/// `^[A-Za-z][A-Za-z0-9_.:-]{0,63}$`.
fn is_custom(word: &str) -> bool {
    let mut bytes = word.bytes();
    word.len() <= 64
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-'))
}
