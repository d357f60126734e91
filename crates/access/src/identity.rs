//! What a request presents, and what it proves.

use std::net::IpAddr;
use std::sync::Arc;

use floe_model::access::{Caller, KeyKind};
use floe_model::id::SessionId;
use floe_model::{Mode, Timestamp};

use crate::rate::Limits;

/// A credential as it came, already of the right form.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// The text of a session, from its cookie or with `ses_` in front.
    Session(&'a str),
    /// A personal access token.
    Token(&'a str),
    /// An API key.
    Key {
        /// What its text claims to open.
        kind: KeyKind,
        /// The mode that its text claims.
        mode: Mode,
        /// The text.
        text: &'a str,
    },
}

/// What a request presents.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The credential.
    pub proof: Proof<'a>,
    /// The mode that the request asks for; keys have their own.
    pub mode: Mode,
    /// Id or slug of another workspace than the session's current one.
    pub workspace: Option<&'a str>,
    /// Where the request comes from.
    pub address: IpAddr,
}

/// A proven caller.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who, with which rights.
    pub caller: Arc<Caller>,
    /// Rate limits of the key; sessions and tokens have those of the surface.
    pub limits: Option<Limits>,
    /// The session, when it was one.
    pub session: Option<Arc<SessionFacts>>,
}

/// What a session is beside its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// Its id.
    pub id: SessionId,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Until when the password counts as just given.
    pub confirmed_until: Option<Timestamp>,
    /// Whether it is carried in a cookie.
    pub by_cookie: bool,
}
