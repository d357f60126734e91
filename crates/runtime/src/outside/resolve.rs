//! Looks up host names.

use std::future::Future;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// The addresses of a name, in the order in which they should be tried.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Most addresses of one name that are considered.
pub const ADDRESSES_MAX: usize = 16;

/// Looks up host names. Its answers are not trusted: each address is checked, and only checked ones are dialled.
pub trait Resolver: Send + Sync {
    /// The addresses of `host`. Called once for each new connection; the time limit is kept by the caller.
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a>;
}

/// The operating system's resolver, with its hosts file and search lists.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    permits: Arc<Semaphore>,
}

/// Most lookups at a time. The system's call holds a thread and cannot be cut short; without a limit a silent name
/// server would take all threads from other blocking work.
const LOOKUPS_MAX: usize = 64;

impl Default for SystemResolver {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)?;
            let host = host.to_owned();
            let lookup = tokio::task::spawn_blocking(move || {
                // Held until the system's call returns, even if nobody waits for it any more.
                let _permit = permit;
                (host.as_str(), 0).to_socket_addrs().map(|answers| answers.map(|answer| answer.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}
