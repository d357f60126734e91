//! Builds the router from the route tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use floe_model::{Fault, FaultKind};
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response, Uri};
use tower::ServiceExt;

use super::meter::Meter;
use super::route::Route;
use super::surface::Surface;
use super::{run, sdk};
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
    let router = router.fallback(move |request: Request<Body>| {
        let app = Arc::clone(&app);
        async move { unknown_path(&app, surfaces, default, &request) }
    });
    let aliases = surfaces.iter().filter_map(|surface| surface.customs.alias);
    aliases.fold(router, with_alias)
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
            // A router never fails.
            inner.oneshot(request).await.unwrap_or_else(|never| match never {})
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
            let method = request.method();
            let message = format!("{method} is not possible here");
            let fault = Fault::new(FaultKind::MethodNotAllowed, "method_not_allowed", message);
            run::refuse(&app, site.surface, &request, &fault, |reply| reply.header(ALLOW, site.allow.clone()))
        }
    }
}

fn unknown_path(
    app: &App,
    surfaces: &[&'static Surface],
    default: &'static Surface,
    request: &Request<Body>,
) -> Response<Body> {
    let path = request.uri().path();
    let owners = surfaces.iter().filter_map(|surface| Some((surface.owns(path)?, *surface)));
    let surface = owners.max_by_key(|(length, _)| *length).map_or(default, |(_, surface)| surface);
    run::refuse(app, surface, request, &run::unknown_path(), |reply| reply)
}
