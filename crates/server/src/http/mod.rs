//! The front door: accepts connections, enforces limits on every request before any route sees it, and stops politely.
//!
//! What a client may send is decided in three places, in this order: the parser (`hyper`, with our limits on bytes, headers and
//! time), [`guard`] (method, target, `Host`, framing, encoding), and [`body`] (time and size of the body, and the framing of
//! chunked bodies). Only then the router is called. A refusal here is a problem document (console contract, section 4).
//!
//! Start reading with [`serve`](fn@serve).

mod address;
mod body;
mod exchange;
mod guard;
mod limits;
mod panic;
mod refusal;
mod serve;
mod stall;
mod tls;

pub use address::{Network, TrustedProxies};
pub use limits::Limits;
pub use serve::{Front, RequestIds, serve, serve_operator, serve_tls};
pub use tls::{Tls, TlsError};
