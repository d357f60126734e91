//! Looks up host names.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The addresses of a name, in the order in which they should be tried.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Most addresses of one name that are looked at.
pub const ADDRESSES_MAX: usize = 16;

/// Looks up host names. Its answers are not trusted: each address is checked, and only checked ones are dialled.
pub trait Resolver: Send + Sync {
    /// The addresses of `host`. Called once for each new connection; the time limit is kept by the caller.
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a>;
}

/// The operating system's resolver, with its hosts file and search lists.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let answers = tokio::net::lookup_host((host, 0)).await?;
            Ok(answers.map(|answer| answer.ip()).take(ADDRESSES_MAX).collect())
        })
    }
}
