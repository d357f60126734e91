//! Builds the router from the route tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use floe_model::{Fault, FaultKind};
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, Response};

use super::meter::Meter;
use super::route::Route;
use super::run;
use super::surface::Surface;
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
    router.fallback(move |request: Request<Body>| {
        let app = Arc::clone(&app);
        async move { unknown_path(&app, surfaces, default, &request) }
    })
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
        Some(route) => {
            let (meter, method) = (Meter::start(), request.method().clone());
            let answer = run::answer(app, Arc::clone(route), request).await;
            meter.done(site.surface.name, route.path, &method, answer.status());
            answer
        }
        None => {
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
    let surface = surfaces.iter().copied().find(|surface| surface.owns(path)).unwrap_or(default);
    run::refuse(app, surface, request, &Fault::not_found("Page"), |reply| reply)
}
