//! Documents from addresses: fetched once through the guarded client, then kept like an upload.

use std::time::Duration;

use bytes::Bytes;
use floe_model::agents::document_kind::FILE_BYTES_MAX;
use floe_model::{Fault, FaultKind};
use floe_runtime::Platform;
use floe_runtime::outside::{Limits, OutsideError, Request};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap};

/// Time for everything; the caller waits.
const TOTAL: Duration = Duration::from_secs(20);
/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Redirects that are followed; each is checked like the address itself.
const REDIRECTS_MAX: u32 = 5;

/// What an address gave.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The last part of its path; empty when there is none.
    pub name: String,
    /// What the server says it is.
    pub media_type: Option<String>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Fetches a file.
///
/// # Errors
/// 422 `outbound_blocked` for an address that may not be called; 400 for one that gives no file.
pub async fn fetch(platform: &Platform, url: &str) -> Result<Fetched, Fault> {
    let limits = Limits {
        total_ms: millis(TOTAL),
        connect_ms: millis(CONNECT),
        response_bytes_max: FILE_BYTES_MAX,
        redirects_max: REDIRECTS_MAX,
    };
    let (method, headers) = (Method::GET, HeaderMap::new());
    let request = Request { method, url: url.to_owned(), headers, body: Bytes::new(), limits };
    let response = platform.outside.send(request).await.map_err(refused)?;
    if !response.status.is_success() {
        let status = response.status.as_u16();
        return Err(Fault::field("/url", "unreachable", format!("The address answered with status {status}")));
    }
    let media_type = response.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let name = response.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
    Ok(Fetched { name, media_type, bytes: response.body.to_vec() })
}

fn refused(error: OutsideError) -> Fault {
    match error {
        OutsideError::Blocked(_) => {
            Fault::new(FaultKind::Unprocessable, "outbound_blocked", format!("The address was not called: {error}"))
        }
        OutsideError::InvalidUrl(_) => Fault::field("/url", "format", format!("url is wrong: {error}")),
        OutsideError::TooLarge { .. } => {
            let most = FILE_BYTES_MAX / 1024 / 1024;
            Fault::field("/url", "too_large", format!("The file at the address is larger than {most} MiB"))
        }
        error => Fault::field("/url", "unreachable", format!("The address gave no file: {error}")),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
