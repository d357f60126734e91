//! The way of a request of the SDK: the same steps as of any other, in the order of the placements contract (section 1.2), with as
//! little work as they need, and without a database where everything is at hand.
//!
//! Key → rate limit → shape of the app's id → app exists → app is the workspace's → size and encoding of the body → media type → the
//! handler, which reads JSON and fields. Routes of this way are declared with [`Route::sdk`]; what their handlers see is [`SdkCall`].

mod cors;
mod limits;
mod proof;
mod run;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::RawPathParams;
use bytes::Bytes;
use floe_access::rate::Verdict;
use floe_model::access::{Caller, KeyKind};
use floe_model::id::{AppId, KeyId};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_placements::serving::{ServedApp, Snapshot};

use super::call::Query;
use super::meter::Handles;
use super::reply::Reply;
use super::route::{Auth, Route};
use super::surface::Surface;
use crate::App;

pub(super) use cors::{allows_any_origin, preflight};
pub(crate) use limits::count_address;
pub(super) use run::answer;

/// What an SDK route declares beside its path.
#[derive(Debug, Clone, Copy)]
pub struct SdkDoor {
    /// The bucket that counts its requests.
    pub bucket: SdkBucket,
    /// Where the app is named.
    pub app: SdkApp,
    /// Largest body after unpacking, bytes.
    pub body_limit: usize,
}

/// Buckets of a key (placements contract, section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdkBucket {
    /// Resolves; a batch costs its number of placements.
    Resolve,
    /// Events, one each.
    Events,
    /// Error reports.
    Errors,
}

/// Where a request names its app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdkApp {
    /// In the path, as `{appId}`.
    InPath,
    /// In the body; the handler calls [`SdkCall::choose_app`].
    InBody,
}

/// A handler with its types hidden.
pub(super) type SdkHandler =
    Arc<dyn Fn(SdkCall) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + Send>> + Send + Sync>;

/// What a route of this way is answered by.
#[derive(Clone)]
pub(super) struct Sdk {
    door: SdkDoor,
    handler: SdkHandler,
    counted: Arc<Handles>,
}

/// One request, after everything that the door promises was checked.
pub struct SdkCall {
    /// The application: services of the slices and settings.
    pub app: Arc<App>,
    /// Who calls: a key of the SDK; its workspace and mode are `caller.scope()`.
    pub caller: Arc<Caller>,
    /// The key.
    pub key: KeyId,
    /// When the request came; the one reading of the clock for everything in its answer.
    pub now: Timestamp,
    /// Parameters of the query, decoded.
    pub query: Query,
    /// Whether the answer may be packed with gzip.
    pub takes_gzip: bool,
    /// The body, unpacked.
    pub body: Bytes,
    /// The configuration of the key's workspace; the one that the whole answer is made from.
    pub config: Arc<Snapshot>,
    params: Option<RawPathParams>,
    target: Option<Arc<ServedApp>>,
    bucket: SdkBucket,
    count: Arc<Count>,
}

/// The state of the bucket, for the headers.
#[derive(Debug, Default)]
struct Count(Mutex<Option<Verdict>>);

impl Count {
    fn set(&self, verdict: Option<Verdict>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
    }

    fn get(&self) -> Option<Verdict> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SdkCall {
    /// The app of the path.
    ///
    /// # Errors
    /// An internal fault on a route whose app is in the body.
    pub fn app_here(&self) -> Result<&Arc<ServedApp>, Fault> {
        self.target.as_ref().ok_or_else(|| Fault::internal("the app of this route is in its body"))
    }

    /// A parameter of the path; empty when the route does not declare it.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        param(self.params.as_ref(), name)
    }

    /// The app that a body names, or the only one of the workspace (placements contract, section 6).
    ///
    /// # Errors
    /// 400 `invalid_app_id`, 404 `app_not_found`, 403.
    pub async fn choose_app(&self, named: Option<&str>) -> Result<Arc<ServedApp>, Fault> {
        let Some(text) = named else {
            let mut apps = self.config.apps();
            return match (apps.next(), apps.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                _ => Err(invalid_app_id("app_id is required: the workspace does not have exactly one app")),
            };
        };
        let id = AppId::parse(text).map_err(|_| invalid_app_id("app_id is not a UUID"))?;
        run::find_app(&self.app, &self.config, id).await.map(|(app, _)| app)
    }

    /// Takes more out of the bucket, beside the one that every request costs.
    ///
    /// # Errors
    /// 429 when there is not so much.
    pub fn charge(&self, more: usize) -> Result<(), Fault> {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let verdict = limits::take(&self.app, self.bucket, self.key, more, self.now);
        self.count.set(verdict);
        match verdict {
            Some(verdict) if !verdict.allowed => Err(super::rate::limited(&verdict)),
            _ => Ok(()),
        }
    }
}

impl Route {
    /// A `POST` route for keys of the SDK.
    pub fn sdk<H, F>(surface: &'static Surface, path: &'static str, door: SdkDoor, handler: H) -> Self
    where
        H: Fn(SdkCall) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply, Fault>> + Send + 'static,
    {
        // Never reached: the router sends its requests the other way.
        let other = async |_| Err(super::run::unknown_path());
        let mut route = Self::post(surface, path, Auth::only_key(KeyKind::PlacementsSdk), other);
        let handler: SdkHandler = Arc::new(move |call| Box::pin(handler(call)));
        route.sdk = Some(Sdk { door, handler, counted: Arc::new(Handles::new(surface.name, path)) });
        route.body_limit(door.body_limit)
    }
}

fn param<'p>(params: Option<&'p RawPathParams>, name: &str) -> &'p str {
    params.and_then(|params| params.iter().find(|(known, _)| *known == name)).map_or("", |(_, value)| value)
}

/// The refusal of an id of an app that is none.
pub(crate) fn invalid_app_id(message: &str) -> Fault {
    Fault::new(FaultKind::Invalid, "invalid_app_id", message)
}
