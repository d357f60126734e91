//! Token buckets of the SDK (placements contract, section 1.3).

use std::net::IpAddr;

use floe_access::rate::{Bucket, Steady, Verdict};
use floe_model::id::KeyId;
use floe_model::{Fault, Timestamp};

use super::SdkBucket;
use crate::App;
use crate::http::Call;
use crate::http::rate::{limited, per_minute_of};

/// A bucket: its name for operators, how fast it fills, and how many seconds of that it holds.
struct Size {
    kind: &'static str,
    per_minute: u32,
    seconds: u32,
}

const RESOLVE: Size = Size { kind: "sdk-resolve", per_minute: 5_000 * 60, seconds: 2 };
const EVENTS: Size = Size { kind: "sdk-events", per_minute: 20_000 * 60, seconds: 2 };
const ERRORS: Size = Size { kind: "sdk-errors", per_minute: 50 * 60, seconds: 4 };
const ADDRESS: Size = Size { kind: "sdk-address", per_minute: 100 * 60, seconds: 4 };

/// The bits of an IPv6 address that name a network; whoever has one has the rest.
const NETWORK: u128 = !0 << 64;

/// Takes out of the bucket of a key; `None` when it has no limit.
pub(super) fn take(app: &App, bucket: SdkBucket, key: KeyId, cost: u32, now: Timestamp) -> Option<Verdict> {
    let size = match bucket {
        SdkBucket::Resolve => RESOLVE,
        SdkBucket::Events => EVENTS,
        SdkBucket::Errors => ERRORS,
    };
    size.take(app, key.0, cost, now)
}

/// The refusal of a request whose client address has none left.
pub(super) fn refused_address(app: &App, address: IpAddr, now: Timestamp) -> Option<Verdict> {
    // Behind a proxy this is every request.
    if !is_counted(address) {
        return None;
    }
    take_of_address(app, address, now).filter(|verdict| !verdict.allowed)
}

/// Takes one request out of the bucket of a client address. Loopback and private ones are proxies or tests, and not counted.
pub(super) fn take_of_address(app: &App, address: IpAddr, now: Timestamp) -> Option<Verdict> {
    let id = match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() & NETWORK,
    };
    ADDRESS.take(app, id, u32::from(is_counted(address)), now)
}

/// Counts a request without a key, for a file that devices load.
///
/// # Errors
/// 429.
pub(crate) fn count_address(call: &Call) -> Result<(), Fault> {
    refused_address(&call.app, call.peer, call.ctx.now()).map_or(Ok(()), |verdict| Err(limited(&verdict)))
}

impl Size {
    /// Takes; the limit that is told is what the bucket holds.
    fn take(&self, app: &App, id: u128, cost: u32, now: Timestamp) -> Option<Verdict> {
        let per_minute = per_minute_of(&app.settings.rate_limits, self.kind, self.per_minute);
        let held = u64::from(per_minute) * u64::from(self.seconds) / 60;
        let burst = u32::try_from(held).unwrap_or(u32::MAX).max(1);
        let bucket = Bucket { space: self.kind, id };
        let rate = Steady { per_minute, burst };
        let verdict = app.access.limiter().take_steady(bucket, rate, cost.min(burst), now)?;
        Some(Verdict { limit: burst, ..verdict })
    }
}

fn is_counted(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_and_tests_are_not_counted() {
        for (address, counted) in [
            ("203.0.113.7", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.31.0.1", false),
            ("192.168.1.1", false),
            ("::ffff:10.0.0.1", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_counted(address.parse().expect("an address")), counted, "{address}");
        }
    }
}
