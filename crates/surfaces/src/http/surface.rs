//! What sets one surface apart from another.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_access::rate::Limits;
use floe_model::access::Caller;
use floe_model::id::{RequestId, WorkspaceId};
use floe_model::{Fault, Timestamp};

use super::call::{Params, Query};
use super::reply::Reply;
use super::route::{Auth, Route};
use super::shape::Shape;
use crate::App;

/// One protocol: which paths it owns and how it words what all surfaces have in common.
#[derive(Debug)]
pub struct Surface {
    /// Its name, in logs, metrics and the request log.
    pub name: &'static str,
    /// Path prefixes that it owns, without a slash at the end; each holds for itself and for everything below it.
    pub prefixes: &'static [&'static str],
    /// Renders a fault: the only place of the surface that builds an error body.
    pub render: fn(&Fault, &FaultSite<'_>) -> Reply,
    /// How it words the state of a rate limit.
    pub rate_style: RateStyle,
    /// Limits of a personal access token on this surface, counted for this surface alone; `None` counts it together
    /// with the other surfaces, 600 requests a minute.
    pub token_limits: Option<Limits>,
    /// Whether repeats (`Idempotency-Key`) are told apart by member, not by the session or token that was used.
    pub repeats_by_member: bool,
    /// Headers that give the mode of a session or token; the first that is there counts.
    pub mode_headers: &'static [&'static str],
    /// What it does in ways of its own.
    pub customs: Customs,
    /// What it says about itself.
    pub doc: SurfaceDoc,
}

/// Looks at the parameters of a request for a route.
pub type Check = fn(&Route, &Params, &Query) -> Result<(), Fault>;

/// Whether a proven caller may ask about what the path names: a step between the limits and the body.
pub type Gate =
    for<'a> fn(&'a App, &'a Caller, &'a Params) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Waits until what a request of a workspace changed shows everywhere in this process.
pub type Settle = fn(Arc<App>, WorkspaceId) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a surface does in ways of its own; most are [`Customs::PLAIN`].
#[derive(Debug)]
pub struct Customs {
    /// A header that carries an API key, and how its value must begin to win over `Authorization`.
    pub key_header: Option<(&'static str, &'static str)>,
    /// Code of the fault for a request without a credential.
    pub no_credential: &'static str,
    /// Wrong credentials a minute of one client address, after which they are answered with 429; 0 is no limit.
    pub wrong_per_minute: u32,
    /// Looks at parameters of path and query before the body is read.
    pub check: Option<Check>,
    /// Looks up what the path names, before the body is read.
    pub gate: Option<Gate>,
    /// An API key is also taken as the whole value of `Authorization`, without `Bearer`.
    pub bare_key: bool,
    /// Repeats (`Idempotency-Key`) are those of the whole workspace, of every method that changes something; they are found
    /// before the fields of the body are looked at, and refusals are given again too.
    pub repeats_by_workspace: bool,
    /// Requests below the first path are served as those below the second.
    pub alias: Option<(&'static str, &'static str)>,
    /// After a request that may have changed something, before its answer is sent.
    pub settle: Option<Settle>,
    /// Packs answers with gzip for clients that take it.
    pub packs: bool,
    /// What is below the first path is also served below the second: a base that the surface shares with others, so that only its
    /// prefixes are taken.
    pub bases: Option<(&'static str, &'static str)>,
    /// Who must be proven, and is counted, before an unknown path or method is refused. A slash at the end of a path is ignored then.
    pub proves_first: Option<Auth>,
    /// Limits of a client address without a valid credential.
    pub address_limits: Option<Limits>,
    /// The id of a request is a UUID on the wire, and one that the client gives is taken over.
    pub uuid_request_ids: bool,
    /// Pages of the origins that an operator names may call.
    pub allows_origins: bool,
    /// A refusal for missing scopes lists all that are needed, missing and held.
    pub tells_scopes: bool,
}

impl Customs {
    /// Nothing special.
    pub const PLAIN: Self = Self {
        key_header: None,
        no_credential: "unauthenticated",
        wrong_per_minute: 0,
        check: None,
        gate: None,
        bare_key: false,
        repeats_by_workspace: false,
        alias: None,
        settle: None,
        packs: false,
        bases: None,
        proves_first: None,
        address_limits: None,
        uuid_request_ids: false,
        allows_origins: false,
        tells_scopes: false,
    };
}

/// What a surface says about itself in its document.
#[derive(Debug)]
pub struct SurfaceDoc {
    /// Its title.
    pub title: &'static str,
    /// What it is for, in a few sentences.
    pub about: &'static str,
    /// Media type of its refusals.
    pub fault_media: &'static str,
    /// Shape of its refusals: what [`Surface::render`] makes.
    pub fault: Shape,
    /// The code of a refusal in its words.
    pub code: fn(&Fault) -> &'static str,
}

/// Where a fault happened, for error bodies that say so.
#[derive(Debug, Clone, Copy)]
pub struct FaultSite<'a> {
    /// Names the request in the log.
    pub request_id: RequestId,
    /// Path of the request, without its query.
    pub path: &'a str,
    /// When it is answered.
    pub at: Timestamp,
}

/// Headers that tell the state of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateStyle {
    /// `X-RateLimit-*`; the reset is an instant in Unix seconds.
    XUnixSeconds,
    /// `X-RateLimit-*`; the reset is in seconds from now.
    XSeconds,
    /// `RateLimit-*`; the reset is in seconds from now.
    Seconds,
    /// `X-RateLimit-*` of the minute, whose reset is an instant in Unix seconds, and of the day.
    XBothWindows,
    /// No such headers.
    None,
}

impl Surface {
    /// How long the prefix is by which the path is this surface's, bytes; of two surfaces the longer one counts.
    #[must_use]
    pub fn owns(&self, path: &str) -> Option<usize> {
        let holds =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.prefixes.iter().filter(|prefix| holds(prefix)).map(|prefix| prefix.len()).max()
    }
}
