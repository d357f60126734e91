//! Finds the credential of a request and turns it into an [`Identity`].

use std::net::IpAddr;

use floe_access::{Identity, Presented, Proof};
use floe_model::access::{Credential, SecretText, recognise};
use floe_model::{Fault, FaultKind, Mode};
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;

use super::origin;
use super::route::{Auth, Route};
use super::run::query_pairs;
use super::surface::Customs;
use crate::App;

/// Header that overrides the current workspace of a session for one request.
const WORKSPACE_HEADER: &str = "floe-workspace";
/// How the text of a session for the `Authorization` header begins.
const SESSION_PREFIX: &str = "ses_";
/// Parameter that carries a key where a route takes it so.
pub(super) const QUERY_KEY: &str = "api_key";
/// Longest credential that is looked at, bytes.
const CREDENTIAL_MAX: usize = 512;

/// Name of the session cookie; the prefix makes browsers insist on `Secure`, host and path.
pub(crate) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-floe_session" } else { "floe_session" }
}

/// Proves who calls. `None` on routes that need nobody.
///
/// # Errors
/// 401 without a credential that the route takes; 403 for a key that is known and not for this route, and for a cookie
/// request from another site; 400 `invalid_mode`.
pub(super) async fn prove(app: &App, route: &Route, parts: &Parts, address: IpAddr) -> Result<Option<Identity>, Fault> {
    let auth = route.auth;
    if auth.public {
        if auth.same_origin {
            origin::check_sign_in_request(parts, &app.settings)?;
        }
        return Ok(None);
    }
    let customs = &route.surface.customs;
    let found = match key_in_header(&parts.headers, auth, customs)? {
        Some(found) => Some(found),
        None => find(&parts.headers, app.settings.public_url.secure, auth, customs)?,
    };
    let given = query_key(route, parts);
    let found = match (found, &given) {
        (None, Some(text)) => Some(key_of(text, auth)?),
        (found, _) => found,
    };
    let Some(found) = found else {
        let stands_in = auth.instead.is_some_and(|name| parts.headers.contains_key(name));
        return if stands_in { Ok(None) } else { Err(missing(customs, "Sign in, or send a token")) };
    };
    // Looked at once it is known who calls; a key has its own mode.
    let mode = mode_of(&parts.headers, route.surface.mode_headers);
    let is_key = matches!(found.proof, Proof::Key { .. });
    let asked = mode.as_ref().map_or(Mode::Live, |mode| *mode);
    let workspace = parts.headers.get(WORKSPACE_HEADER).map(|value| value.to_str().unwrap_or(""));
    let presented = Presented { proof: found.proof, mode: asked, workspace, address };
    let identity = app.access.authenticate(presented).await?;
    if !is_key {
        mode?;
    }
    if found.forbidden {
        let message = match identity.caller.credential {
            Credential::Token(_) => "A personal access token cannot call this route; sign in",
            _ => "An API key cannot call this route; use a personal access token",
        };
        return Err(Fault::forbidden(message));
    }
    if found.by_cookie {
        origin::check_cookie_request(parts, &app.settings)?;
    }
    Ok(Some(identity))
}

struct Found<'a> {
    proof: Proof<'a>,
    by_cookie: bool,
    forbidden: bool,
}

/// The key in the surface's own header, when it begins as such a key does. Another text there counts only where nothing else does.
fn key_in_header<'a>(headers: &'a HeaderMap, auth: Auth, customs: &Customs) -> Result<Option<Found<'a>>, Fault> {
    let Some((name, prefix)) = customs.key_header.filter(|_| auth.key.is_some()) else { return Ok(None) };
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or("").trim();
    if !text.starts_with(prefix) {
        let is_alone = !text.is_empty() && !headers.contains_key(AUTHORIZATION);
        return if is_alone { Err(unknown()) } else { Ok(None) };
    }
    key_of(text, auth).map(Some)
}

/// A text that can only be a key of the route's kind.
fn key_of(text: &str, auth: Auth) -> Result<Found<'_>, Fault> {
    match recognise(text).filter(|_| text.len() <= CREDENTIAL_MAX) {
        Some(SecretText::Key(kind, mode)) if auth.key == Some(kind) => {
            Ok(Found { proof: Proof::Key { kind, mode, text }, by_cookie: false, forbidden: false })
        }
        _ => Err(unknown()),
    }
}

/// The key in the query, where the route takes one.
fn query_key(route: &Route, parts: &Parts) -> Option<String> {
    let pairs = if route.query_key { query_pairs(parts) } else { return None };
    pairs.into_iter().find(|(name, _)| name == QUERY_KEY).map(|(_, value)| value)
}

/// The credential of the request, if there is one. A header that is not of a form that the route takes is a wrong
/// credential, not a missing one: no cookie is looked at then.
fn find<'a>(headers: &'a HeaderMap, secure: bool, auth: Auth, customs: &Customs) -> Result<Option<Found<'a>>, Fault> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        let cookie = if auth.session { session_cookie(headers, secure) } else { None };
        return Ok(cookie.map(|text| Found { proof: Proof::Session(text), by_cookie: true, forbidden: false }));
    };
    let is_only = lines.next().is_none();
    let text = if customs.bare_key {
        let text = bare(line.as_bytes());
        if text.is_empty() {
            return Ok(None);
        }
        // A header that holds more than a key, or two headers, are a wrong key.
        std::str::from_utf8(text).ok().filter(|_| is_only).ok_or_else(unknown)?
    } else {
        let text = line.to_str().ok().and_then(bearer).filter(|_| is_only);
        text.ok_or_else(|| missing(customs, "The Authorization header must be: Bearer <token>"))?
    };
    if text.len() > CREDENTIAL_MAX {
        return Err(unknown());
    }
    if text.starts_with(SESSION_PREFIX) {
        let found = Found { proof: Proof::Session(text), by_cookie: false, forbidden: false };
        return if auth.session { Ok(Some(found)) } else { Err(unknown()) };
    }
    match recognise(text).ok_or_else(unknown)? {
        // Where members sign in by session only, their tokens are known too, and not enough.
        SecretText::Token if auth.token || auth.session => {
            Ok(Some(Found { proof: Proof::Token(text), by_cookie: false, forbidden: !auth.token }))
        }
        SecretText::Key(kind, mode) if auth.key == Some(kind) || auth.key_forbidden == Some(kind) => {
            let proof = Proof::Key { kind, mode, text };
            Ok(Some(Found { proof, by_cookie: false, forbidden: auth.key != Some(kind) }))
        }
        SecretText::Token | SecretText::Key(..) => Err(unknown()),
    }
}

fn bearer(line: &str) -> Option<&str> {
    let (scheme, text) = line.split_once(' ')?;
    let text = text.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !text.is_empty()).then_some(text)
}

/// A key with or without `Bearer` before it; nothing where there is no key.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    match line.split_first_chunk::<6>() {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case(b"bearer") && rest.first().is_none_or(|&byte| byte == b' ') =>
        {
            rest.trim_ascii()
        }
        _ => line,
    }
}

/// The session in the cookie. A text for the header does not work here, nor the other way round.
fn session_cookie(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = cookie_name(secure);
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, text) = pairs.find(|(found, _)| *found == name)?;
    (!text.starts_with(SESSION_PREFIX) && text.len() <= CREDENTIAL_MAX && !text.is_empty()).then_some(text)
}

fn mode_of(headers: &HeaderMap, names: &[&str]) -> Result<Mode, Fault> {
    let Some(value) = names.iter().find_map(|name| headers.get(*name)) else { return Ok(Mode::Live) };
    value
        .to_str()
        .ok()
        .and_then(Mode::parse)
        .ok_or_else(|| Fault::new(FaultKind::Invalid, "invalid_mode", "The mode must be live or test"))
}

/// The fault for a credential that nobody has.
fn unknown() -> Fault {
    Fault::new(FaultKind::Unauthenticated, "unauthenticated", "Unknown, expired or revoked token")
}

/// The fault for a missing credential, in the code of the surface.
fn missing(customs: &Customs, message: &str) -> Fault {
    Fault::new(FaultKind::Unauthenticated, customs.no_credential, message)
}
