//! A receiver of webhooks: `http://hooks.floe.test/<status>` leads to a server on loopback that answers with that status.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use floe_runtime::outside::{
    AllowList, Dialer, Dialing, Lookup, OutsideConfig, Resolver, SystemResolver, TcpDialer, install_tls_provider,
};

/// The name that the operator's list opens.
const NAME: &str = "hooks.floe.test";
/// Where the receiver of this test listens; each test has a process of its own.
static PORT: AtomicU16 = AtomicU16::new(0);

/// Headers in lower case, and the body.
pub type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// The way out of a test server: the usual one, and that one name.
pub fn outside() -> OutsideConfig {
    install_tls_provider();
    OutsideConfig {
        allow: AllowList::parse(&format!("{NAME}:80")).expect("a list"),
        resolver: Arc::new(Names(SystemResolver::default())),
        dialer: Arc::new(Ports),
        ..OutsideConfig::default()
    }
}

struct Names(SystemResolver);

impl Resolver for Names {
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        if host == NAME {
            return Box::pin(async { io::Result::Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) });
        }
        self.0.lookup(host)
    }
}

struct Ports;

impl Dialer for Ports {
    fn dial(&self, address: SocketAddr) -> Dialing {
        let mut address = address;
        if address.ip().is_loopback() && address.port() == 80 {
            address.set_port(PORT.load(Ordering::Relaxed));
        }
        TcpDialer.dial(address)
    }
}

/// The address of a receiver that answers with this status.
pub fn url(status: u16) -> String {
    format!("http://{NAME}/{status}")
}

/// The name alone, for servers that a test starts itself; see [`lead_to`].
pub fn base_url() -> String {
    format!("http://{NAME}")
}

/// Lets the name lead to another server on loopback.
pub fn lead_to(port: u16) {
    PORT.store(port, Ordering::Relaxed);
}

/// Starts the receiver; what comes is in the list.
pub async fn receive() -> Received {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    PORT.store(listener.local_addr().expect("an address").port(), Ordering::Relaxed);
    let router = Router::new().route("/{status}", axum::routing::any(answer)).with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(listener, router).await });
    received
}

async fn answer(
    State(received): State<Received>,
    Path(status): Path<u16>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    received.lock().expect("the list").push((headers, body));
    StatusCode::from_u16(status).expect("a status")
}
