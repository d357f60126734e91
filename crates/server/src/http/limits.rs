//! The named limits of the front door.

use std::time::Duration;

/// Limits of one listener. [`Limits::default`] is production; tests shorten the times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the request line and all headers together; more is 431.
    pub head_bytes_max: usize,
    /// Header lines of one request; more is 431.
    pub headers_max: usize,
    /// Bytes of the request target; more is 414.
    pub target_bytes_max: usize,
    /// Bytes of a request body that any route may ask for; more is 413. Routes have smaller limits of their own.
    pub body_bytes_max: u64,
    /// Time for a whole head, and for the silence between two requests of one connection.
    pub head_timeout: Duration,
    /// Longest silence inside a body; then 408.
    pub body_idle_timeout: Duration,
    /// Longest time for a whole body; then 408.
    pub body_total_timeout: Duration,
    /// Longest time for which the client may take nothing of its answer; then the connection is cut.
    pub write_timeout: Duration,
    /// Open connections; more wait in the listen queue of the operating system.
    pub connections_max: usize,
    /// Time for requests in flight to end after a stop was asked for; then their connections are cut.
    pub drain_timeout: Duration,
}

/// Bytes of a chunked body that are read before a route is called, so that broken framing is refused as a whole.
pub(super) const CHUNKED_READ_AHEAD_BYTES: usize = 64 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 64 * 1024,
            headers_max: 100,
            target_bytes_max: 16 * 1024,
            body_bytes_max: 256 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_idle_timeout: Duration::from_secs(10),
            body_total_timeout: Duration::from_secs(300),
            write_timeout: Duration::from_secs(30),
            connections_max: 8_192,
            drain_timeout: Duration::from_secs(4),
        }
    }
}
