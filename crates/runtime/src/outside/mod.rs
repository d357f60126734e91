//! The one guarded HTTP client for everything that leaves Floe. Flow steps, webhooks, model providers and payout rails
//! all call through [`Outside`].
//!
//! A call passes four gates, each in a file of its own:
//!
//! 1. [`url`]: the text of the URL, its scheme, host name and port;
//! 2. [`address`]: every address a name resolves to; refused ones are never dialled;
//! 3. [`allow`]: the operator's list, which opens single hosts, addresses or networks;
//! 4. `redirect`: each redirect passes the first three again, with credentials taken off on another origin.
//!
//! Then limits apply: time in all and per connection, number and size of headers, size of the decoded body, number of
//! redirects. There are no proxies, no cookies, no HTTP/2 and no repeats; a caller that repeats is judged anew.
//!
//! Why hyper and not a client on top of it: the hooks of such clients see a host name without its port and are not
//! asked at all for addresses written in the URL, so the check could not sit at the one place where sockets are opened.

pub mod address;
pub mod allow;
pub mod host;
pub mod refusal;
pub mod resolve;
pub mod url;

mod body;
mod client;
mod connect;
mod dial;
mod error;
mod open;
mod pool;
mod redirect;
mod request;
mod tls;
mod wire;

pub use allow::{AllowList, AllowListError};
pub use client::{Outside, OutsideConfig, REDIRECTS_MAX};
pub use connect::{HEADER_BYTES_MAX, HEADERS_MAX};
pub use dial::{Dialer, Dialing, TcpDialer};
pub use error::{ConnectFailure, OutsideError, ProtocolFailure, TlsFailure};
pub use open::Opened;
pub use refusal::{AddressBlock, Refusal};
pub use request::{Limits, Request, Response};
pub use resolve::{Lookup, Resolver, SystemResolver};
pub use tls::{RootCertificate, RootCertificateError, install_tls_provider};
pub use url::{Target, URL_BYTES_MAX, judge};
pub use wire::Wire;
