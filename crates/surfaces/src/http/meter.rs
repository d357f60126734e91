//! What is counted of each request (console contract, section 5.10, `/metrics`). Names of routes, never paths: a path may hold a
//! token, and there is no end of paths.

use std::sync::OnceLock;
use std::time::Instant;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};

/// A request that is being answered.
pub(super) struct Meter(Instant);

impl Meter {
    /// Begins to measure.
    #[expect(clippy::disallowed_methods, reason = "measures how long an answer takes")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Counts the answer.
    pub(super) fn done(self, surface: &'static str, route: &'static str, method: &Method, status: StatusCode) {
        let method = word(method);
        counter!(
            "floe_http_requests_total",
            "surface" => surface, "route" => route, "method" => method, "status" => status.as_str().to_owned()
        )
        .increment(1);
        histogram!("floe_http_request_seconds", "surface" => surface).record(self.0.elapsed());
    }
}

/// The figures of one `POST` route that answers from memory: those of answers that went well are looked up once, not each time.
pub(super) struct Handles {
    surface: &'static str,
    route: &'static str,
    well: OnceLock<(Counter, Histogram)>,
}

impl Handles {
    pub(super) const fn new(surface: &'static str, route: &'static str) -> Self {
        Self { surface, route, well: OnceLock::new() }
    }

    /// Begins to measure.
    pub(super) fn start(&self) -> Meter {
        Meter::start()
    }

    /// Counts the answer.
    pub(super) fn done(&self, meter: Meter, status: StatusCode) {
        if status != StatusCode::OK {
            return meter.done(self.surface, self.route, &Method::POST, status);
        }
        let (requests, seconds) = self.well.get_or_init(|| {
            let requests = counter!(
                "floe_http_requests_total",
                "surface" => self.surface, "route" => self.route, "method" => "POST", "status" => "200"
            );
            (requests, histogram!("floe_http_request_seconds", "surface" => self.surface))
        });
        requests.increment(1);
        seconds.record(meter.0.elapsed());
    }
}

fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
