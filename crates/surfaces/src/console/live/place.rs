//! Places: those in the stream of events as ids of messages, and those of readers.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use floe_model::id::{MemberId, parse_bits, to_base32};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::platform::events::Cursor;

use crate::console::events::{bits_of, place_of as cursor_of};
use crate::http::Call;
use crate::stream::Place;

/// Streams of one member on one server at a time (console contract, section 5.11).
const STREAMS_OF_MEMBER_MAX: u32 = 10;
/// Milliseconds that a reader may be away and still be told what it missed (console contract, section 5.11).
const AWAY_MS_MAX: i64 = 24 * 3_600_000;
/// Seconds after which a place may be free again.
const RETRY_S: u64 = 5;

static OF_MEMBERS: LazyLock<Mutex<HashMap<MemberId, u32>>> = LazyLock::new(Mutex::default);

/// The id of a message: a place, and when it was told.
pub(super) fn id_of(place: Cursor, now: Timestamp) -> String {
    format!("{}.{}", to_base32(bits_of(place)), now.micros())
}

/// The place in an id; none when it is none of ours, or too old to go on there.
pub(super) fn place_of(id: &str, now: Timestamp) -> Option<Cursor> {
    let (place, told_at) = id.split_once('.')?;
    let told_at = Timestamp(told_at.parse().ok()?);
    let is_near = (0..=AWAY_MS_MAX).contains(&now.millis_since(told_at));
    if is_near { parse_bits(place).ok().map(cursor_of) } else { None }
}

/// A place for a stream, of this process and of the member; given back when it is dropped.
pub(super) struct MemberPlace {
    _place: Place,
    member: Option<MemberId>,
}

impl MemberPlace {
    /// Takes a place.
    ///
    /// # Errors
    /// 429 when the member has too many streams open; 503 when this process has.
    pub(super) fn take(call: &Call) -> Result<Self, Fault> {
        let place = Place::take()?;
        let member = call.ctx.caller.member_id();
        if let Some(member) = member {
            let mut open = OF_MEMBERS.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(member).or_default();
            if *count >= STREAMS_OF_MEMBER_MAX {
                let message = format!("You have {STREAMS_OF_MEMBER_MAX} streams open; close one first");
                return Err(Fault::new(FaultKind::RateLimited, "rate_limited", message).with_retry_after(RETRY_S));
            }
            *count += 1;
        }
        Ok(Self { _place: place, member })
    }
}

impl Drop for MemberPlace {
    fn drop(&mut self) {
        let Some(member) = self.member else { return };
        let mut open = OF_MEMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&member) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_good_for_a_day() {
        let told = Timestamp(1_800_000_000_000_000);
        let place = Cursor { group: 7, position: 42 };
        let id = id_of(place, told);
        for (after_s, expected) in [(0, Some(place)), (86_400, Some(place)), (86_401, None), (-1, None)] {
            assert_eq!(place_of(&id, told.plus_seconds(after_s)), expected, "{after_s} s later");
        }
        for wrong in ["", "7", ".", "x.1", "0000.1"] {
            assert_eq!(place_of(wrong, told), None, "{wrong}");
        }
    }
}
