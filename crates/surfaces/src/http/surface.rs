//! What sets one surface apart from another.

use floe_access::rate::Limits;
use floe_model::Fault;
use floe_model::id::RequestId;

use super::reply::Reply;
use super::shape::Shape;

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
    /// What it says about itself.
    pub doc: SurfaceDoc,
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
}

/// Headers that tell the state of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateStyle {
    /// `X-RateLimit-*`; the reset is an instant in Unix seconds.
    XUnixSeconds,
    /// `RateLimit-*`; the reset is in seconds from now.
    Seconds,
    /// No such headers.
    None,
}

impl Surface {
    /// Whether the path is this surface's.
    #[must_use]
    pub fn owns(&self, path: &str) -> bool {
        self.prefixes
            .iter()
            .any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}
