//! What can go wrong with a call to the outside.

use thiserror::Error;

use super::refusal::Refusal;

/// Why a call gave no response. The messages may be shown to the caller: they name nothing the caller did not give.
///
/// For a call that follows no redirects, [`OutsideError::InvalidUrl`], [`OutsideError::Blocked`],
/// [`OutsideError::Connect`] and [`OutsideError::Tls`] mean that no byte of the request left. After any other error the
/// receiver may have acted on it: a payout rail has to treat those as pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutsideError {
    /// The URL cannot be used at all.
    #[error("invalid URL: {0}")]
    InvalidUrl(Refusal),
    /// The URL is well formed, but leads where calls may not go.
    #[error("this address may not be called: {0}")]
    Blocked(Refusal),
    /// The whole call took longer than [`super::Limits::total_ms`].
    #[error("no complete answer within {limit_ms} ms")]
    Timeout {
        /// The limit that was reached, in milliseconds.
        limit_ms: u64,
    },
    /// This process may make no calls now: its work is others'. No byte of the request left.
    #[error("this server may make no calls now")]
    Withheld,
    /// No connection could be made.
    #[error("could not connect: {0}")]
    Connect(ConnectFailure),
    /// The connection could not be secured.
    #[error("no secure connection: {0}")]
    Tls(TlsFailure),
    /// The decoded body is larger than [`super::Limits::response_bytes_max`].
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that was reached, in bytes.
        limit_bytes: usize,
    },
    /// What came back is not a well-formed answer, or it broke off.
    #[error("no valid answer: {0}")]
    Protocol(ProtocolFailure),
    /// More redirects than [`super::Limits::redirects_max`].
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The limit that was reached.
        limit: u32,
    },
}

/// Why there was no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConnectFailure {
    /// The name has no address, or the name server did not answer.
    #[error("the host name could not be resolved")]
    Lookup,
    /// No address of the host accepted the connection.
    #[error("the host did not accept the connection")]
    Dial,
    /// Not connected and secured within [`super::Limits::connect_ms`].
    #[error("the host did not answer in time")]
    Timeout,
}

/// Why a connection was not secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TlsFailure {
    /// No trusted authority signed the certificate.
    #[error("the certificate is not signed by a trusted authority")]
    Untrusted,
    /// The certificate is not valid at this time.
    #[error("the certificate has expired or is not valid yet")]
    Expired,
    /// The certificate is for another host.
    #[error("the certificate is for another host name")]
    WrongHost,
    /// Any other fault of the certificate.
    #[error("the certificate is not acceptable")]
    Certificate,
    /// The two sides did not agree, or the other side does not speak TLS.
    #[error("the TLS handshake failed")]
    Handshake,
}

/// What was wrong with the answer or the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolFailure {
    /// The method cannot be used with this client.
    #[error("the method is not supported")]
    Method,
    /// The answer breaks the rules of HTTP/1.1.
    #[error("the answer is not valid HTTP")]
    Malformed,
    /// More than [`super::HEADERS_MAX`] headers, or more than [`super::HEADER_BYTES_MAX`] bytes of them.
    #[error("the answer has too many headers")]
    Headers,
    /// The connection was closed before the answer was complete.
    #[error("the connection was closed before the answer was complete")]
    Incomplete,
    /// The body is not what its `Content-Encoding` says.
    #[error("the body could not be decompressed")]
    Encoding,
    /// The `Location` of a redirect cannot be read.
    #[error("the redirect leads nowhere")]
    Location,
}

impl OutsideError {
    /// Stable, short code, for example `blocked`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            OutsideError::InvalidUrl(_) => "invalid_url",
            OutsideError::Blocked(_) => "blocked",
            OutsideError::Timeout { .. } => "timeout",
            OutsideError::Withheld => "withheld",
            OutsideError::Connect(_) => "connect",
            OutsideError::Tls(_) => "tls",
            OutsideError::TooLarge { .. } => "too_large",
            OutsideError::Protocol(_) => "protocol",
            OutsideError::TooManyRedirects { .. } => "too_many_redirects",
        }
    }
}

impl From<Refusal> for OutsideError {
    fn from(refusal: Refusal) -> Self {
        if refusal.is_malformed() { OutsideError::InvalidUrl(refusal) } else { OutsideError::Blocked(refusal) }
    }
}

impl From<ProtocolFailure> for OutsideError {
    fn from(failure: ProtocolFailure) -> Self {
        OutsideError::Protocol(failure)
    }
}
