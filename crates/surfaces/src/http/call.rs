//! One request as a handler sees it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use floe_access::{Act, Identity};
use floe_model::access::Permission;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::capture::Trace;
use super::fields::Fields;
use super::json::parse_json;
use super::route::Route;
use crate::App;

/// One request after everything that the route table promises was checked.
pub struct Call {
    /// Who calls, and the platform. On public routes the caller is [`Caller::anonymous`](floe_model::access::Caller::anonymous).
    pub ctx: Ctx,
    /// The application: services of the slices and settings.
    pub app: Arc<App>,
    /// What proved the caller; none on public routes.
    pub identity: Option<Identity>,
    /// The route that was found.
    pub route: Arc<Route>,
    /// Method as sent (`HEAD` comes to `GET` routes).
    pub method: Method,
    /// Path as sent, without the query.
    pub path: String,
    /// The base below which the route was called, where that is another than its own (see [`Customs::bases`](super::Customs::bases)).
    pub base: Option<&'static str>,
    /// Parameters of the path, decoded.
    pub params: Params,
    /// Parameters of the query, decoded.
    pub query: Query,
    /// Headers.
    pub headers: HeaderMap,
    /// The body: complete, within its limit, and not nested too deep.
    pub body: Bytes,
    /// The body of a route that reads it as it arrives; taken once.
    pub(super) stream: Mutex<Option<Body>>,
    /// Address of the client, looked up behind trusted proxies.
    pub peer: IpAddr,
    /// What the handler tells the request log.
    pub trace: Arc<Trace>,
}

/// Parameters of the path.
#[derive(Debug, Default)]
pub struct Params(pub(super) Vec<(String, String)>);

/// Parameters of the query, in order.
#[derive(Debug, Default)]
pub struct Query(pub(super) Vec<(String, String)>);

impl Call {
    /// A parameter of the path.
    ///
    /// # Errors
    /// An internal fault when the route does not declare it.
    pub fn param(&self, name: &str) -> Result<&str, Fault> {
        let found = self.params.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| Fault::internal(format!("route {} has no parameter {name}", self.route.path)))
    }

    /// A parameter of the path as an id; anything that is not an id is not found (`what` as in "Flow").
    ///
    /// # Errors
    /// 404.
    pub fn id<T: From<u128>>(&self, name: &str, what: &str) -> Result<T, Fault> {
        floe_model::id::parse_bits(self.param(name)?).map(T::from).map_err(|_| Fault::not_found(what))
    }

    /// Who does something, and from where, for the services of the access slice.
    #[must_use]
    pub fn act(&self) -> Act {
        Act { ctx: self.ctx.clone(), address: Some(self.peer) }
    }

    /// A header as text; one that is not visible ASCII counts as missing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body of a route with [`Route::streamed_body`]; an empty one when it was taken before.
    pub fn take_stream(&self) -> Body {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// The body as JSON; an empty body is an error.
    ///
    /// # Errors
    /// 400 `invalid_json` with the place.
    pub fn json_value(&self) -> Result<Value, Fault> {
        parse_json(&self.body)
    }

    /// The body as JSON, or `{}` when there is none.
    ///
    /// # Errors
    /// As [`Call::json_value`].
    pub fn json_value_or_empty(&self) -> Result<Value, Fault> {
        if self.body.is_empty() { Ok(json!({})) } else { self.json_value() }
    }

    /// The body as a type. For messages that name the field, use [`Call::fields`].
    ///
    /// # Errors
    /// As [`Call::json_value`]; 400 `validation_error` for JSON that is not of the type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let value = self.json_value()?;
        serde_json::from_value(value).map_err(|error| Fault::field("", "type", error.to_string()))
    }

    /// The body as an object that is read field by field; an empty body is an empty object.
    ///
    /// # Errors
    /// As [`Call::json_value`]; 400 for JSON that is not an object.
    pub fn fields(&self) -> Result<Fields, Fault> {
        Fields::of(self.json_value_or_empty()?)
    }

    /// Refuses callers whose role lacks a permission; for handlers whose answer depends on more than the route.
    ///
    /// # Errors
    /// 403 `forbidden`.
    pub fn require(&self, permission: Permission) -> Result<(), Fault> {
        if self.ctx.caller.may(permission) { Ok(()) } else { Err(missing_permission(permission)) }
    }

    /// The revision that `If-Match` names; `None` without the header or for `*`.
    ///
    /// # Errors
    /// 412 for a text that is no revision of ours.
    pub fn if_match(&self) -> Result<Option<i64>, Fault> {
        let Some(value) = self.headers.get(http::header::IF_MATCH) else { return Ok(None) };
        if value.as_bytes() == b"*" {
            return Ok(None);
        }
        let text = value.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'));
        let revision = text.and_then(|text| text.parse().ok());
        revision.map(Some).ok_or_else(|| Fault::new(FaultKind::Stale, "stale_revision", "If-Match names no revision"))
    }
}

impl Params {
    /// Every parameter: name and decoded value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Query {
    /// The last value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every name and value, in order.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Every value under a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `true` and `1`, `false` and `0`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some("true" | "1" | "") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Fault::field(format!("/{name}"), "type", format!("{name} must be true or false"))),
        }
    }

    /// A whole number within a range, bounds included.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn number(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, Fault> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => {
                let message = format!("{name} must be a whole number from {least} to {most}");
                Err(Fault::field(format!("/{name}"), "range", message))
            }
        }
    }

    /// Every pair, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The fault for a role that lacks a permission.
pub(super) fn missing_permission(permission: Permission) -> Fault {
    let word = permission_word(permission);
    Fault::forbidden(format!("Your role does not allow this; it needs the permission {word}"))
        .with_details(json!({ "required": word }))
}

pub(crate) const fn permission_word(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "read",
        Permission::Build => "build",
        Permission::Run => "run",
        Permission::Answer => "answer",
        Permission::Manage => "manage",
        Permission::Own => "own",
    }
}
