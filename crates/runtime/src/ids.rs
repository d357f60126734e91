//! The one place that draws randomness: time-ordered ids and secrets.
//!
//! Ids are UUIDv7 (RFC 9562): 48 bits of milliseconds, then a counter that keeps ids of one process in the order in
//! which they were made, then random bits. They show when a record was made, so they are never used as a secret.

use std::sync::{Arc, Mutex, PoisonError};

use floe_model::Timestamp;

use crate::clock::Clock;

/// Random bytes drawn from the operating system at a time.
const POOL_BYTES: usize = 512;

/// Fills a buffer with random bytes; the simulation brings a seeded one.
pub trait Random: Send + Sync + 'static {
    /// Fills the whole buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's random source.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws randomness")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system always has random bytes after boot");
    }
}

/// Makes ids and secrets. Cheap to clone; clones share one sequence.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    state: Arc<Mutex<Sequence>>,
}

struct Sequence {
    last_ms: u64,
    counter: u16,
    pool: [u8; POOL_BYTES],
    used: usize,
}

impl Ids {
    /// A maker of ids on a clock and a random source.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let sequence = Sequence { last_ms: 0, counter: 0, pool: [0; POOL_BYTES], used: POOL_BYTES };
        Self { clock, random, state: Arc::new(Mutex::new(sequence)) }
    }

    /// The 128 bits of a new UUIDv7, larger than every id that this process made before.
    #[must_use]
    pub fn next_bits(&self) -> u128 {
        let now_ms = u64::try_from(self.clock.now().millis()).unwrap_or(0);
        let mut sequence = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (ms, counter) = sequence.step(now_ms);
        let tail = sequence.random_u64(self.random.as_ref());
        uuid_v7(ms, counter, tail)
    }

    /// A new id of any kind: `ids.next::<RunId>()`.
    #[must_use]
    pub fn next<T: From<u128>>(&self) -> T {
        T::from(self.next_bits())
    }

    /// Random bytes for a secret.
    #[must_use]
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// The clock that stamps the ids.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Sequence {
    /// Milliseconds and counter of the next id: never backwards, even when the clock is.
    fn step(&mut self, now_ms: u64) -> (u64, u16) {
        if now_ms > self.last_ms {
            self.last_ms = now_ms;
            self.counter = 0;
        } else if self.counter == 0x0fff {
            self.last_ms += 1;
            self.counter = 0;
        } else {
            self.counter += 1;
        }
        (self.last_ms, self.counter)
    }

    fn random_u64(&mut self, random: &dyn Random) -> u64 {
        if self.used + 8 > POOL_BYTES {
            random.fill(&mut self.pool);
            self.used = 0;
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.pool[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(bytes)
    }
}

/// Lays out version 7: 48 bits time, version, 12 bits counter, variant, 62 random bits.
fn uuid_v7(ms: u64, counter: u16, tail: u64) -> u128 {
    (u128::from(ms & 0xffff_ffff_ffff) << 80)
        | (0x7 << 76)
        | (u128::from(counter & 0x0fff) << 64)
        | (0b10 << 62)
        | u128::from(tail >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp(1_700_000_000_000_000)
        }
    }

    #[test]
    fn ids_rise_even_when_the_clock_stands_still() {
        let ids = Ids::new(Arc::new(Stopped), Arc::new(SystemRandom));
        let made: Vec<u128> = (0..10_000).map(|_| ids.next_bits()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| (id >> 76) & 0xf == 7 && (id >> 62) & 0b11 == 0b10));
    }
}
