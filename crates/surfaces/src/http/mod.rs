//! The plumbing that every surface shares: how a route is declared, how a request becomes a [`Call`], and how a
//! [`Reply`] or a [`Fault`](floe_model::Fault) becomes an answer.
//!
//! A surface is a [`Surface`] value and a list of [`Route`]s. For each request one runner (`run.rs`) goes through the
//! same steps in the same order: route, credentials, origin, rate, scope and permission, size and JSON shape, handler
//! (console contract, section 4). Whatever fails is rendered by the surface that owns the path.
//!
//! Start reading with [`Route`], then `run.rs`.

mod again;
mod body;
mod call;
mod capture;
mod catch;
mod compress;
mod cors;
mod credentials;
mod doc;
mod fields;
mod idempotent;
mod json;
mod meter;
mod multipart;
mod origin;
mod rate;
mod reply;
mod route;
mod router;
mod run;
mod sdk;
mod settings;
pub mod shape;
mod surface;

pub use call::{Call, Params, Query};
pub use capture::Trace;
pub use doc::{Answer, Body, Doc, Param};
pub use fields::Fields;
pub use idempotent::{Begun, Repeat};
pub use json::{JSON_DEPTH_MAX, depth_within, parse_json};
pub use reply::{Reply, ReplyBody};
pub use route::{Auth, BodyKind, Handler, Route};
pub use sdk::{SdkApp, SdkBucket, SdkCall, SdkDoor};
pub use settings::{HEARTBEAT, PublicUrl, RATE_KINDS, RateLimits, Settings};
pub use surface::{Check, Customs, FaultSite, Gate, RateStyle, Settle, Surface, SurfaceDoc};

pub(crate) use body::check_json;
pub(crate) use call::permission_word;
pub(crate) use compress::{PACKED_FROM, packed_headers};
pub(crate) use credentials::cookie_name;
pub(crate) use multipart::{Incoming, is_multipart};
pub(crate) use rate::OwnLimit;
pub use router::build;
pub use run::Arrival;
pub(crate) use sdk::count_address;
