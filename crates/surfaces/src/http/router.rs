//! Builds the router from the route tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use floe_model::{Fault, FaultKind};
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use tower::ServiceExt;

use super::call::Call;
use super::meter::Meter;
use super::reply::Reply;
use super::route::{Auth, Route};
use super::run::Base;
use super::surface::Surface;
use super::{cors, run, sdk};
use crate::App;

/// The routes of one path.
struct Site {
    surface: &'static Surface,
    routes: Vec<Arc<Route>>,
    allow: HeaderValue,
}

/// Builds the router. Unknown paths are answered by the surface that owns them, or by `default`.
pub fn build(
    app: Arc<App>,
    routes: Vec<Route>,
    surfaces: &'static [&'static Surface],
    default: &'static Surface,
) -> Router {
    let mut paths: BTreeMap<&'static str, Vec<Arc<Route>>> = BTreeMap::new();
    for route in routes {
        paths.entry(route.path).or_default().push(Arc::new(route));
    }
    let mut router = Router::new();
    for (path, routes) in paths {
        let site = Arc::new(Site::new(routes));
        let app = Arc::clone(&app);
        let service = move |request: Request<Body>| at_path(Arc::clone(&app), Arc::clone(&site), request);
        router = router.route(path, any(service));
    }
    let aliases: Vec<_> = surfaces.iter().filter_map(|surface| surface.customs.alias).collect();
    let known = Arc::new(Known { app, surfaces, default });
    let as_is = Arc::clone(&known);
    let router = router.fallback(move |request: Request<Body>| unknown(Arc::clone(&as_is), request));
    let router = surfaces.iter().copied().fold(router, with_base);
    let inner = router.clone();
    let router = router.fallback(move |request: Request<Body>| {
        let (known, inner) = (Arc::clone(&known), inner.clone());
        async move {
            let (request, is_another) = known.without_slash(request);
            if is_another { pass(inner, request).await } else { unknown(known, request).await }
        }
    });
    aliases.into_iter().fold(router, with_alias)
}

/// Serves the prefixes of a surface below its other base as what is below its own.
fn with_base(router: Router, surface: &'static Surface) -> Router {
    let Some((other, own)) = surface.customs.bases else { return router };
    let inner = router.clone();
    let service = move |mut request: Request<Body>| {
        let inner = inner.clone();
        async move {
            let uri = without_slash(request.uri()).unwrap_or_else(|| request.uri().clone());
            let target = uri.path_and_query().and_then(|target| target.as_str().strip_prefix(other));
            if let Some(uri) = target.and_then(|rest| format!("{own}{rest}").parse::<Uri>().ok()) {
                *request.uri_mut() = uri;
                request.extensions_mut().insert(Base(other));
            }
            pass(inner, request).await
        }
    };
    let below =
        surface.prefixes.iter().filter(|prefix| prefix.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')));
    below.fold(router, |router, prefix| {
        router.route(prefix, any(service.clone())).route(&format!("{prefix}/{{*rest}}"), any(service.clone()))
    })
}

/// What answers requests for paths that no route has.
struct Known {
    app: Arc<App>,
    surfaces: &'static [&'static Surface],
    default: &'static Surface,
}

impl Known {
    fn surface_of(&self, path: &str) -> &'static Surface {
        let owners = self.surfaces.iter().filter_map(|surface| Some((surface.owns(path)?, *surface)));
        owners.max_by_key(|(length, _)| *length).map_or(self.default, |(_, surface)| surface)
    }

    /// The request without the slash at the end of its path, where that does not matter, and whether it had one; else as it is.
    fn without_slash(&self, mut request: Request<Body>) -> (Request<Body>, bool) {
        let forgives = self.surface_of(request.uri().path()).customs.proves_first.is_some();
        match without_slash(request.uri()).filter(|_| forgives) {
            Some(uri) => {
                *request.uri_mut() = uri;
                (request, true)
            }
            None => (request, false),
        }
    }
}

async fn unknown(known: Arc<Known>, request: Request<Body>) -> Response<Body> {
    let surface = known.surface_of(request.uri().path());
    let Some(auth) = surface.customs.proves_first else {
        return run::refuse(&known.app, surface, &request, &run::unknown_path(), |reply| reply);
    };
    if let Some(answer) = preflight(&known.app, surface, &request) {
        return answer;
    }
    let route = late(surface, auth, |_| async { Err(run::unknown_path()) });
    run::answer(Arc::clone(&known.app), route, request).await
}

/// The answer to a browser that asks whether its page may call.
fn preflight(app: &App, surface: &'static Surface, request: &Request<Body>) -> Option<Response<Body>> {
    let reply = surface.customs.allows_origins.then(|| cors::preflight(&app.settings, request)).flatten()?;
    Some(run::finish(reply, run::request_id(app, request)))
}

/// Hands a request on; a router never fails.
async fn pass(router: Router, request: Request<Body>) -> Response<Body> {
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// The same address without slashes at the end of its path; `None` when there is none.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().trim_end_matches('/');
    if path.len() == uri.path().len() {
        return None;
    }
    uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")).parse().ok()
}

/// A route that refuses everybody, after everything that comes before.
fn late<H, F>(surface: &'static Surface, auth: Auth, refuse: H) -> Arc<Route>
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Fault>> + Send + 'static,
{
    // No body is read for a refusal.
    Arc::new(Route::get(surface, "", auth, refuse).body_limit(usize::MAX).streamed_body())
}

/// Serves what is below one path as what is below another.
fn with_alias(router: Router, (from, to): (&'static str, &'static str)) -> Router {
    let inner = router.clone();
    let service = move |mut request: Request<Body>| {
        let inner = inner.clone();
        async move {
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            let target = target.strip_prefix(from).map(|rest| format!("{to}{rest}"));
            if let Some(uri) = target.and_then(|target| target.parse::<Uri>().ok()) {
                *request.uri_mut() = uri;
            }
            pass(inner, request).await
        }
    };
    router.route(&format!("{from}/{{*rest}}"), any(service))
}

impl Site {
    fn new(routes: Vec<Arc<Route>>) -> Self {
        let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        let allow = HeaderValue::from_str(&methods.join(", ")).unwrap_or(HeaderValue::from_static(""));
        Self { surface: routes[0].surface, routes, allow }
    }

    fn find(&self, method: &Method) -> Option<&Arc<Route>> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.routes.iter().find(|route| route.method == *method)
    }
}

async fn at_path(app: Arc<App>, site: Arc<Site>, request: Request<Body>) -> Response<Body> {
    match site.find(request.method()) {
        Some(route) if route.sdk.is_some() => sdk::answer(app, Arc::clone(route), request).await,
        Some(route) => {
            let (meter, method) = (Meter::start(), request.method().clone());
            let answer = run::answer(app, Arc::clone(route), request).await;
            meter.done(site.surface.name, route.path, &method, answer.status());
            answer
        }
        None => {
            let is_of_sdk = site.routes.iter().any(|route| route.sdk.is_some());
            if let Some(reply) = is_of_sdk.then(|| sdk::preflight(&request)).flatten() {
                return run::finish(reply, run::request_id(&app, &request));
            }
            if let Some(answer) = preflight(&app, site.surface, &request) {
                return answer;
            }
            let fault = wrong_method(request.method());
            if let Some(auth) = site.surface.customs.proves_first {
                let route = late(site.surface, auth, |call: Call| async move { Err(wrong_method(&call.method)) });
                let mut answer = run::answer(app, route, request).await;
                if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
                    answer.headers_mut().insert(ALLOW, site.allow.clone());
                }
                return answer;
            }
            run::refuse(&app, site.surface, &request, &fault, |reply| reply.header(ALLOW, site.allow.clone()))
        }
    }
}

fn wrong_method(method: &Method) -> Fault {
    let message = format!("{method} is not possible here");
    Fault::new(FaultKind::MethodNotAllowed, "method_not_allowed", message)
}
