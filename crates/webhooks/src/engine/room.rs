//! How many attempts are under way at a time, and why the slow ones are not in the way of the quick ones.
//!
//! An attempt starts in the quick room, which nobody may keep for longer than a moment: one that takes longer moves on to the overtime room, and
//! its endpoint is sent to the slow rooms for its next attempts. So at any time the quick room is full of attempts that have just
//! begun, however many receivers hang. When even the overtime room is full, hanging attempts keep their place until they
//! end, which is 10 seconds at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use floe_model::id::WebhookId;
use floe_store::webhooks::lanes::Lane;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Attempts to endpoints that are not known to be slow.
const QUICK_MAX: usize = 256;
/// Of those, the ones that took longer than a moment.
const OVERTIME_MAX: usize = 512;
/// First attempts to endpoints that were slow before.
const SLOW_MAX: usize = 512;
/// Lanes of later attempts to endpoints that were slow before.
const SLOW_AGAIN_MAX: usize = 64;
/// What an attempt may take without being called slow.
pub(super) const MOMENT: Duration = Duration::from_millis(300);
/// Quick attempts after which an endpoint that was slow is no longer taken for slow.
const PROBATION: u8 = 3;
/// Endpoints that are remembered as slow; over it some are forgotten, and have to be found slow again.
const REMEMBERED_MAX: usize = 50_000;

/// The rooms.
pub(super) struct Room {
    quick: Arc<Semaphore>,
    overtime: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    slow_again: Arc<Semaphore>,
    /// Endpoints that were slow, and how many quick attempts clear them.
    probation: Mutex<HashMap<WebhookId, u8>>,
}

/// A place in a room. Dropping it makes room.
pub(super) struct Place {
    #[expect(dead_code, reason = "held for its end")]
    permit: OwnedSemaphorePermit,
    is_quick: bool,
}

impl Default for Room {
    fn default() -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        Self {
            quick: room(QUICK_MAX),
            overtime: room(OVERTIME_MAX),
            slow: room(SLOW_MAX),
            slow_again: room(SLOW_AGAIN_MAX),
            probation: Mutex::default(),
        }
    }
}

impl Room {
    /// Waits for a place; none when the rooms are closed, which they never are.
    pub(super) async fn enter(&self, endpoint: WebhookId, lane: Lane) -> Option<Place> {
        let (room, is_quick) = self.choose(endpoint, lane);
        let permit = Arc::clone(room).acquire_owned().await.ok()?;
        Some(Place { permit, is_quick })
    }

    /// A place, if there is one right now.
    pub(super) fn try_enter(&self, endpoint: WebhookId, lane: Lane) -> Option<Place> {
        let (room, is_quick) = self.choose(endpoint, lane);
        let permit = Arc::clone(room).try_acquire_owned().ok()?;
        Some(Place { permit, is_quick })
    }

    /// An attempt has taken longer than a moment: its endpoint is slow, and it gives the quick room back if there is another place.
    pub(super) fn overtime(&self, endpoint: WebhookId, place: &mut Place) {
        self.note(endpoint, true);
        if !place.is_quick {
            return;
        }
        if let Ok(permit) = Arc::clone(&self.overtime).try_acquire_owned() {
            *place = Place { permit, is_quick: false };
        }
    }

    /// Remembers how long an attempt took.
    pub(super) fn note(&self, endpoint: WebhookId, was_slow: bool) {
        let mut probation = self.probation.lock().unwrap_or_else(PoisonError::into_inner);
        if was_slow {
            if probation.len() >= REMEMBERED_MAX {
                probation.clear();
            }
            probation.insert(endpoint, PROBATION);
        } else if let Some(left) = probation.get_mut(&endpoint) {
            *left -= 1;
            if *left == 0 {
                probation.remove(&endpoint);
            }
        }
    }

    fn choose(&self, endpoint: WebhookId, lane: Lane) -> (&Arc<Semaphore>, bool) {
        let is_slow = self.probation.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&endpoint);
        match (is_slow, lane) {
            (false, _) => (&self.quick, true),
            (true, Lane::First) => (&self.slow, false),
            (true, Lane::Again) => (&self.slow_again, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hanging_attempts_leave_the_quick_room_and_come_back_after_some_good_ones() {
        let room = Room::default();
        let mut places = Vec::new();
        for endpoint in 0..QUICK_MAX as u128 {
            places.push((WebhookId(endpoint), room.enter(WebhookId(endpoint), Lane::First).await.expect("room")));
        }
        assert!(room.try_enter(WebhookId(9_999), Lane::First).is_none(), "the quick room is full");
        for (endpoint, place) in &mut places {
            room.overtime(*endpoint, place);
        }
        assert!(room.try_enter(WebhookId(9_999), Lane::First).is_some(), "those that hang have left it");
        assert_eq!(room.quick.available_permits(), QUICK_MAX, "the place of the line before was given back");
        let slow = room.try_enter(WebhookId(0), Lane::First).expect("a slow room");
        assert!(!slow.is_quick);
        for _ in 0..PROBATION {
            room.note(WebhookId(0), false);
        }
        assert!(room.try_enter(WebhookId(0), Lane::First).is_some_and(|place| place.is_quick));
    }
}
