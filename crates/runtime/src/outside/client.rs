//! The client: one call from the judged URL to the complete response.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::Position;

use super::allow::AllowList;
use super::body::{Body, Coding, answer_failure};
use super::connect::Connector;
use super::dial::{Dialer, TcpDialer};
use super::error::{OutsideError, ProtocolFailure};
use super::open::{Opened, check_plain};
use super::pool::{Lease, Place, Pool};
use super::redirect::{Hop, next_hop};
use super::refusal::Refusal;
use super::request::{Limits, Request, Response, prepared_headers};
use super::resolve::{Resolver, SystemResolver};
use super::tls::{RootCertificate, client_config};
use super::url::{Target, judge};

/// Most redirects that a call can ask to follow.
pub const REDIRECTS_MAX: u32 = 10;

/// The guarded HTTP client. Cheap to share behind an `Arc`; one per process.
pub struct Outside {
    connector: Connector,
    pool: Arc<Pool>,
    permit: OnceLock<Permit>,
}

/// How much of a body is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Whole,
    Start,
}

/// A body that is read whole may come packed.
const PACKED: &str = "gzip";
/// One that is read while it arrives may not.
const PLAIN: &str = "identity";

/// The head of a response, and its body still arriving.
struct Answer {
    parts: Parts,
    body: Body,
    url: url::Url,
    redirects: u32,
}

/// Whether a request may leave now.
type Permit = Box<dyn Fn() -> bool + Send + Sync>;

/// How an [`Outside`] is made. [`OutsideConfig::default`] calls public addresses only.
pub struct OutsideConfig {
    /// Targets that may be called although they are not public.
    pub allow: AllowList,
    /// Certificate authorities that are trusted besides the usual ones.
    pub extra_root_certificates: Vec<RootCertificate>,
    /// Looks up names.
    pub resolver: Arc<dyn Resolver>,
    /// Opens connections.
    pub dialer: Arc<dyn Dialer>,
}

impl Default for OutsideConfig {
    fn default() -> Self {
        Self {
            allow: AllowList::default(),
            extra_root_certificates: Vec::new(),
            resolver: Arc::new(SystemResolver::default()),
            dialer: Arc::new(TcpDialer),
        }
    }
}

impl Outside {
    /// A client with no connections yet. Reads the system's certificates the first time it is called in a process.
    #[must_use]
    pub fn new(config: OutsideConfig) -> Self {
        let connector = Connector {
            allow: config.allow,
            resolver: config.resolver,
            dialer: config.dialer,
            tls: TlsConnector::from(client_config(&config.extra_root_certificates)),
        };
        Self { connector, pool: Arc::default(), permit: OnceLock::new() }
    }

    /// Lets requests leave only while `permit` says so; asked at the last moment, just before the first byte. For a node that shares its
    /// work with others: what it had in hand when its lease ended is theirs. Only the first call of this counts.
    pub fn only_while(&self, permit: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.permit.set(Box::new(permit));
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    pub(super) fn permitted(&self) -> Result<(), OutsideError> {
        let is_permitted = self.permit.get().is_none_or(|permit| permit());
        if is_permitted { Ok(()) } else { Err(OutsideError::Withheld) }
    }

    /// Judges a URL by this client's rules without calling it, for example when an endpoint is registered. A name that
    /// passes can still be refused at the call, when its addresses are known.
    ///
    /// # Errors
    /// The [`Refusal`] that applies first.
    pub fn judge(&self, url: &str) -> Result<Target, Refusal> {
        judge(url, &self.connector.allow)
    }

    /// Judges a URL and, if it has a name, the addresses the name has now. Nothing is dialled. The call itself checks
    /// anew: names move.
    ///
    /// # Errors
    /// `InvalidUrl` or `Blocked`; `Connect` if the name could not be looked up within `limit_ms` milliseconds.
    pub async fn judge_with_lookup(&self, url: &str, limit_ms: u64) -> Result<Target, OutsideError> {
        let target = self.judge(url)?;
        self.connector.lookup(&target, Duration::from_millis(limit_ms)).await?;
        Ok(target)
    }

    /// Makes one call and reads the response whole. It is never repeated here, except on a fresh connection when an idle
    /// one turned out to be closed before any byte of the request was written.
    ///
    /// # Errors
    /// See [`OutsideError`]. A response of any status is not an error.
    pub async fn send(&self, request: Request) -> Result<Response, OutsideError> {
        self.send_and_read(request, Reading::Whole).await
    }

    /// As [`Outside::send`], for callers that want no more than the beginning of the response: a body over its limit is cut there, and
    /// its connection closed.
    ///
    /// # Errors
    /// See [`OutsideError`], but never [`OutsideError::TooLarge`].
    pub async fn send_and_cut(&self, request: Request) -> Result<Response, OutsideError> {
        self.send_and_read(request, Reading::Start).await
    }

    async fn send_and_read(&self, request: Request, reading: Reading) -> Result<Response, OutsideError> {
        let started = Instant::now();
        let limit_ms = request.limits.total_ms;
        let method = request.method.clone();
        let target = self.first_target(&request);
        let log_host = target.as_ref().map_or_else(|_| String::new(), |target| target.host().to_owned());
        let outcome = match target {
            Err(error) => Err(error),
            Ok(target) => {
                tokio::time::timeout(Duration::from_millis(limit_ms), Box::pin(self.follow(target, request, reading)))
                    .await
                    .unwrap_or(Err(OutsideError::Timeout { limit_ms }))
            }
        };
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        log_call(&method, &log_host, duration_ms, &outcome);
        outcome.map(|response| Response { duration_ms, ..response })
    }

    fn first_target(&self, request: &Request) -> Result<Target, OutsideError> {
        if request.method == Method::CONNECT {
            return Err(ProtocolFailure::Method.into());
        }
        Ok(self.judge(&request.url)?)
    }

    /// Makes one call and hands the response out while it arrives. The limits are those of the whole call, the time for reading the
    /// body included; the body is asked for plain, and one that is packed all the same is refused.
    ///
    /// # Errors
    /// See [`OutsideError`]. A response of any status is not an error.
    pub async fn open(&self, request: Request) -> Result<Opened, OutsideError> {
        let started = Instant::now();
        let Limits { total_ms: limit_ms, response_bytes_max: bytes_max, .. } = request.limits;
        let deadline = started + Duration::from_millis(limit_ms);
        let method = request.method.clone();
        let target = self.first_target(&request);
        let log_host = target.as_ref().map_or_else(|_| String::new(), |target| target.host().to_owned());
        let outcome = match target {
            Err(error) => Err(error),
            Ok(target) => tokio::time::timeout_at(deadline, Box::pin(self.answer(target, request, PLAIN)))
                .await
                .unwrap_or(Err(OutsideError::Timeout { limit_ms })),
        };
        let outcome = outcome.and_then(|answer| check_plain(&answer.parts.headers).map(|()| answer));
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        log_opening(&method, &log_host, duration_ms, &outcome);
        outcome.map(|Answer { parts, body, .. }| Opened {
            status: parts.status,
            headers: parts.headers,
            body,
            deadline,
            limit_ms,
            bytes_left: bytes_max,
            bytes_max,
        })
    }

    async fn follow(&self, target: Target, request: Request, reading: Reading) -> Result<Response, OutsideError> {
        let bytes_max = request.limits.response_bytes_max;
        let Answer { mut parts, body, url, redirects } = self.answer(target, request, PACKED).await?;
        let coding = Coding::take(&mut parts.headers);
        let body = match reading {
            Reading::Whole => body.collect(bytes_max, coding).await?,
            Reading::Start => body.collect_start(bytes_max, coding).await?,
        };
        Ok(Response { status: parts.status, headers: parts.headers, body, url, redirects, duration_ms: 0 })
    }

    /// The head of the response behind all redirects.
    async fn answer(&self, target: Target, request: Request, coding: &'static str) -> Result<Answer, OutsideError> {
        let Request { method, url: _, headers, body, limits } = request;
        let connect_limit = Duration::from_millis(limits.connect_ms.min(limits.total_ms));
        let redirects_max = limits.redirects_max.min(REDIRECTS_MAX);
        let mut headers = prepared_headers(&headers);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
        let mut hop = Hop { target, method, headers, body };
        let mut redirects = 0;
        loop {
            let (parts, body) = self.exchange(&hop, connect_limit).await?;
            let next = match redirects_max {
                0 => None,
                _ => next_hop(&hop, parts.status, &parts.headers, &self.connector.allow)?,
            };
            let Some(next) = next else {
                return Ok(Answer { parts, body, url: hop.target.url().clone(), redirects });
            };
            if redirects == redirects_max {
                return Err(OutsideError::TooManyRedirects { limit: redirects_max });
            }
            redirects += 1;
            hop = next;
        }
    }

    /// Sends one request and waits for the head of its response.
    async fn exchange(&self, hop: &Hop, connect_limit: Duration) -> Result<(Parts, Body), OutsideError> {
        let place = Place::of(&hop.target);
        let mut message = http_request(hop)?;
        while let Some(connection) = self.pool.take(&place) {
            let mut lease = Lease { connection, place: place.clone(), pool: Arc::clone(&self.pool) };
            self.permitted()?;
            match lease.connection.sender.try_send_request(message).await {
                Ok(response) => return Ok(opened(response, lease)),
                Err(mut error) => match error.take_message() {
                    // Closed by the other side while idle; nothing was written.
                    Some(unsent) => message = unsent,
                    None => return Err(answer_failure(error.error())),
                },
            }
        }
        let connection = self.connector.connect(&hop.target, connect_limit).await?;
        let mut lease = Lease { connection, place, pool: Arc::clone(&self.pool) };
        self.permitted()?;
        match lease.connection.sender.try_send_request(message).await {
            Ok(response) => Ok(opened(response, lease)),
            Err(error) => Err(answer_failure(error.error())),
        }
    }
}

fn opened(response: http::Response<hyper::body::Incoming>, lease: Lease) -> (Parts, Body) {
    let (parts, incoming) = response.into_parts();
    (parts, Body::new(incoming, lease))
}

fn http_request(hop: &Hop) -> Result<http::Request<Full<Bytes>>, OutsideError> {
    let url = hop.target.url();
    let malformed = |_| OutsideError::InvalidUrl(Refusal::Malformed);
    let mut request = http::Request::new(Full::new(hop.body.clone()));
    *request.method_mut() = hop.method.clone();
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse().map_err(malformed)?;
    *request.headers_mut() = hop.headers.clone();
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(authority).map_err(|_| OutsideError::InvalidUrl(Refusal::Malformed))?;
    request.headers_mut().insert(header::HOST, host);
    // hyper leaves the length out when there is no body; some servers insist on it.
    if hop.body.is_empty() && matches!(hop.method, Method::POST | Method::PUT | Method::PATCH) {
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(request)
}

/// One line per opened response; see [`log_call`].
fn log_opening(method: &Method, host: &str, duration_ms: u64, outcome: &Result<Answer, OutsideError>) {
    match outcome {
        Ok(answer) => tracing::info!(
            outside.method = %method,
            outside.host = host,
            outside.status = answer.parts.status.as_u16(),
            outside.duration_ms = duration_ms,
            outside.redirects = answer.redirects,
            "called the outside, which goes on answering"
        ),
        Err(error) => log_failure(method, host, duration_ms, *error),
    }
}

/// One line per call. Never the path, the query, a header or a body: all of them can hold secrets.
fn log_call(method: &Method, host: &str, duration_ms: u64, outcome: &Result<Response, OutsideError>) {
    match outcome {
        Ok(response) => tracing::info!(
            outside.method = %method,
            outside.host = host,
            outside.status = response.status.as_u16(),
            outside.duration_ms = duration_ms,
            outside.body_bytes = response.body.len(),
            outside.redirects = response.redirects,
            "called the outside"
        ),
        Err(error) => log_failure(method, host, duration_ms, *error),
    }
}

fn log_failure(method: &Method, host: &str, duration_ms: u64, error: OutsideError) {
    tracing::info!(
        outside.method = %method,
        outside.host = host,
        outside.error = error.code(),
        outside.reason = %error,
        outside.duration_ms = duration_ms,
        "call to the outside failed"
    );
}
