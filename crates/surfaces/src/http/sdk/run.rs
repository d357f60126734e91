//! One request of the SDK from its arrival to its answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use bytes::Bytes;
use floe_access::Identity;
use floe_access::rate::Verdict;
use floe_model::access::Credential;
use floe_model::id::AppId;
use floe_model::{Fault, FaultKind, Timestamp};
use floe_placements::serving::{ServedApp, Snapshot};
use http::header::{CACHE_CONTROL, HeaderName, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Request, Response};

use super::{Count, Sdk, SdkApp, SdkBucket, SdkCall, allows_any_origin, invalid_app_id, limits, proof};
use crate::App;
use crate::http::call::Query;
use crate::http::capture::{Outcome, Seen};
use crate::http::catch::Catch;
use crate::http::route::Route;
use crate::http::surface::FaultSite;
use crate::http::{body, compress, rate, run};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NEVER_STORED: HeaderValue = HeaderValue::from_static("private, no-store");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// What is told of a request while it goes its way, for what is done after it.
#[derive(Default)]
struct Visit {
    count: Arc<Count>,
    identity: Option<Identity>,
    body: Bytes,
}

/// Answers a request for an SDK route.
pub(in crate::http) async fn answer(app: Arc<App>, route: Arc<Route>, request: Request<Body>) -> Response<Body> {
    let Some(sdk) = &route.sdk else {
        return run::refuse(&app, route.surface, &request, &run::unknown_path(), |reply| reply);
    };
    let (request_id, now) = (run::request_id(&app, &request), app.platform.clock.now());
    let started = sdk.counted.start();
    let (mut parts, body) = request.into_parts();
    let peer = run::peer_of(&parts.extensions);
    let takes_gzip = compress::takes_gzip(&parts.headers);
    let mut visit = Visit::default();
    let steps = Steps { app: &app, route: &route, sdk, peer, now, takes_gzip };
    let outcome = Catch(Box::pin(steps.go(&mut parts, body, &mut visit))).await;
    let outcome = outcome.unwrap_or_else(|panic| Err(Fault::internal(format!("panic in a handler: {panic}"))));

    let surface = route.surface;
    let error_code = outcome.as_ref().err().map(surface.doc.code);
    let reply = match outcome {
        Ok(reply) => reply,
        Err(fault) => run::render(
            surface,
            &fault,
            &FaultSite { request_id, path: parts.uri.path(), at: app.platform.clock.now() },
        ),
    };
    let mut reply = if takes_gzip { compress::gzip(reply).await } else { reply };
    note(
        &app,
        &route,
        &parts,
        &visit,
        peer,
        &Outcome { surface: surface.name, id: request_id, arrived_at: now, error_code, reply: &reply },
    );
    if let Some(verdict) = visit.count.get() {
        rate::write_headers(&mut reply.headers, surface.rate_style, &verdict);
    }
    allows_any_origin(&mut reply.headers, parts.headers.contains_key(ORIGIN));
    reply.headers.insert(CACHE_CONTROL, NEVER_STORED);
    reply.headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    reply.headers.insert(REQUEST_ID, run::id_header(request_id));
    sdk.counted.done(started, reply.status);
    reply.into_response()
}

/// Gives the request to the log: errors and one of a hundred; the others are counted (console contract, section 5.6).
fn note(app: &App, route: &Route, parts: &Parts, visit: &Visit, peer: IpAddr, outcome: &Outcome<'_>) {
    let Some(identity) = &visit.identity else { return };
    let requests = &app.access.requests;
    if outcome.error_code.is_none()
        && !requests.is_kept()
        && let Credential::PlacementsKey(key) = identity.caller.credential
    {
        return requests.count(identity.caller.scope(), outcome.surface, key, outcome.arrived_at);
    }
    if let Some(mut seen) = Seen::begin(app, route, parts, Some(identity), peer) {
        seen.body(&visit.body);
        seen.end(app, outcome);
    }
}

struct Steps<'a> {
    app: &'a Arc<App>,
    route: &'a Arc<Route>,
    sdk: &'a Sdk,
    peer: IpAddr,
    now: Timestamp,
    takes_gzip: bool,
}

impl Steps<'_> {
    async fn go(&self, parts: &mut Parts, body: Body, visit: &mut Visit) -> Result<crate::http::reply::Reply, Fault> {
        let (app, door) = (self.app, self.sdk.door);
        let params = params_of(parts).await?;
        let identity = match proof::prove(app, &parts.headers, self.peer).await {
            Ok(identity) => identity,
            Err(fault) => return Err(self.wrong_key(visit, fault)),
        };
        let caller = Arc::clone(&identity.caller);
        visit.identity = Some(identity);
        let Credential::PlacementsKey(key) = caller.credential else {
            return Err(Fault::internal("a key of another kind opened an SDK route"));
        };
        self.count(visit, door.bucket, key)?;

        let named = match door.app {
            SdkApp::InPath => Some(app_of_path(params.as_ref())?),
            SdkApp::InBody => None,
        };
        let serving = &app.placements.serving;
        let mut config = match serving.at_hand(caller.workspace) {
            Some(config) => config,
            None => Box::pin(serving.config(caller.workspace)).await?,
        };
        let target = match named {
            None => None,
            Some(id) => match config.app(id) {
                Some(target) => Some(Arc::clone(target)),
                None => {
                    let (target, newer) = Box::pin(find_app(app, &config, id)).await?;
                    config = newer;
                    Some(target)
                }
            },
        };
        let body = body::read_packed(self.route, &parts.headers, body).await?;
        visit.body = body.clone();
        let call = SdkCall {
            app: Arc::clone(app),
            caller,
            key,
            now: self.now,
            params,
            query: if parts.uri.query().is_none() { Query::default() } else { Query(run::query_pairs(parts)) },
            takes_gzip: self.takes_gzip,
            body,
            config,
            target,
            bucket: door.bucket,
            count: Arc::clone(&visit.count),
        };
        (self.sdk.handler)(call).await
    }

    /// One request out of the buckets of the address and of the key.
    fn count(&self, visit: &Visit, bucket: SdkBucket, key: floe_model::id::KeyId) -> Result<(), Fault> {
        let of_address = limits::refused_address(self.app, self.peer, self.now);
        let verdict = of_address.or_else(|| limits::take(self.app, bucket, key, 1, self.now));
        visit.count.set(verdict);
        refusal(verdict)
    }

    /// A wrong key costs its address one request; an address that has none left learns nothing.
    fn wrong_key(&self, visit: &Visit, fault: Fault) -> Fault {
        if fault.kind() != FaultKind::Unauthenticated {
            return fault;
        }
        let verdict = limits::take_of_address(self.app, self.peer, self.now);
        visit.count.set(verdict);
        refusal(verdict).err().unwrap_or(fault)
    }
}

fn refusal(verdict: Option<Verdict>) -> Result<(), Fault> {
    match verdict {
        Some(verdict) if !verdict.allowed => Err(rate::limited(&verdict)),
        _ => Ok(()),
    }
}

/// The parameters of the path, as the router holds them; none where the route declares none.
async fn params_of(parts: &mut Parts) -> Result<Option<RawPathParams>, Fault> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => Ok(Some(params)),
        Err(RawPathParamsRejection::MissingPathParams(_)) => Ok(None),
        // Only a path that is not UTF-8 after decoding fails, and nothing has such a name.
        Err(_) => Err(run::unknown_path()),
    }
}

fn app_of_path(params: Option<&RawPathParams>) -> Result<AppId, Fault> {
    let text = super::param(params, "appId");
    AppId::parse(text).map_err(|_| invalid_app_id("The id of the app is not a UUID"))
}

/// The app of an id that the configuration at hand does not have, and the configuration that has it: an app that was just made on
/// another node.
///
/// # Errors
/// 404 `app_not_found`, 403 for an app of another workspace, 503 when the database does not answer.
pub(super) async fn find_app(
    app: &App,
    config: &Arc<Snapshot>,
    id: AppId,
) -> Result<(Arc<ServedApp>, Arc<Snapshot>), Fault> {
    if let Some(found) = config.app(id) {
        return Ok((Arc::clone(found), Arc::clone(config)));
    }
    let (serving, workspace) = (&app.placements.serving, config.workspace());
    let not_found = || Fault::new(FaultKind::NotFound, "app_not_found", "App not found");
    match serving.whose_app(workspace, id).await? {
        None => Err(not_found()),
        Some(false) => Err(Fault::forbidden("This app belongs to another workspace than the key")),
        Some(true) => {
            serving.refresh(workspace).await?;
            let newer = serving.config(workspace).await?;
            let found = newer.app(id).cloned().ok_or_else(not_found)?;
            Ok((found, newer))
        }
    }
}
