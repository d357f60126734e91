//! Keys of the SDK, proven from memory, also while the database does not answer (placements contract, section 15, point 13).
//!
//! A key that was proven here once stays known. What the store announces, and on a database that other nodes write to also the time,
//! makes it ask again; only when the database gives no answer is the last one used. So a revoked key is dead at once where it was
//! revoked and within a second elsewhere, and no resolve waits for a database that is gone: one request finds that out, and the
//! others learn it from that one. What was announced shortly before is asked for at once too, by [`Access::prove_standing_again`],
//! so that a database that stops then leaves no revoked key alive.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use floe_model::access::KeyKind;
use floe_model::{Fault, FaultKind, Mode, Timestamp};
use floe_store::access::keys;

use crate::authenticate::{known_sdk_key, unknown};
use crate::cache::Known;
use crate::identity::{Identity, Presented, Proof};
use crate::secret::same_hash;
use crate::service::Access;

/// Keys that are held at most.
const STANDING_MAX: usize = 20_000;
/// Keys that are read at the start of a server.
const WARM_MAX: usize = 5_000;
/// Age after which a key is asked for again where other nodes write too, milliseconds.
const RECHECK_MS: i64 = 500;
/// Age up to which it is used meanwhile, milliseconds.
const USED_MEANWHILE_MS: i64 = 5_000;
/// Keys that are asked for side by side.
const LANES: usize = 32;
/// How long a request waits for the answer about a key that is known.
const WAIT: Duration = Duration::from_millis(250);
/// How long a failure to ask counts for the other requests, milliseconds.
const DOWN_MS: i64 = 2_000;

/// The keys.
pub(crate) struct Standing {
    entries: quick_cache::sync::Cache<[u8; 32], Arc<Stood>>,
    /// When the database last gave no answer, microseconds.
    down_at: AtomicI64,
    /// One of them is held while a request asks for all that have the same key.
    asking: [tokio::sync::Mutex<()>; LANES],
    /// The generation of announcements that was asked for everything.
    proven_for: AtomicU64,
}

struct Stood {
    known: Arc<Known>,
    generation: u64,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            entries: quick_cache::sync::Cache::new(STANDING_MAX),
            down_at: AtomicI64::new(0),
            asking: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            proven_for: AtomicU64::new(0),
        }
    }
}

/// What is known of a key.
enum Found {
    /// It opens.
    Fresh(Arc<Known>),
    /// It opened, and somebody has to ask again.
    Old(Arc<Known>, Age),
    /// Nothing.
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Nothing speaks against it but the time.
    Time,
    /// Long unasked, or something about credentials was announced.
    Doubtful,
}

impl Standing {
    fn find(&self, hash: &[u8; 32], generation: u64, is_shared: bool, now: Timestamp) -> Found {
        let Some(found) = self.entries.get(hash).filter(|found| same_hash(&found.known.hash, hash)) else {
            return Found::Unknown;
        };
        let known = Arc::clone(&found.known);
        let age = now.millis_since(known.read_at);
        if found.generation != generation {
            Found::Old(known, Age::Doubtful)
        } else if !is_shared || age < RECHECK_MS {
            Found::Fresh(known)
        } else {
            Found::Old(known, if age < USED_MEANWHILE_MS { Age::Time } else { Age::Doubtful })
        }
    }

    fn lane(&self, hash: &[u8; 32]) -> &tokio::sync::Mutex<()> {
        &self.asking[usize::from(hash[0]) % LANES]
    }

    fn is_down(&self, now: Timestamp) -> bool {
        now.millis_since(Timestamp(self.down_at.load(Ordering::Relaxed))) < DOWN_MS
    }
}

impl Access {
    /// Proves a key of the SDK.
    ///
    /// # Errors
    /// `unauthenticated`; of the database only for a key that was never proven here.
    pub async fn authenticate_sdk(&self, text: &str, mode: Mode, address: IpAddr) -> Result<Identity, Fault> {
        let now = self.platform.clock.now();
        let hash = self.hashers.key.hash(text);
        let generation = self.memory.heard();
        let known = match self.standing.find(&hash, generation, self.memory.is_shared(), now) {
            Found::Fresh(known) => known,
            Found::Old(known, _) if self.standing.is_down(now) => known,
            // One request goes and asks; who cannot be that one uses what is known.
            Found::Old(known, Age::Time) if self.standing.lane(&hash).try_lock().is_err() => known,
            Found::Old(known, _) => Box::pin(self.ask_for_sdk(text, mode, hash, Some(known))).await?,
            Found::Unknown => Box::pin(self.ask_for_sdk(text, mode, hash, None)).await?,
        };
        if !known.is_alive(now) || known.caller(mode).mode != mode {
            return Err(unknown());
        }
        let proof = Proof::Key { kind: KeyKind::PlacementsSdk, mode, text };
        self.note_use(Presented { proof, mode, workspace: None, address }, &known, now);
        Ok(Identity { caller: Arc::clone(known.caller(mode)), limits: known.limits, session: None })
    }

    /// Asks the store about a key, one request of a key at a time.
    async fn ask_for_sdk(
        &self,
        text: &str,
        mode: Mode,
        hash: [u8; 32],
        old: Option<Arc<Known>>,
    ) -> Result<Arc<Known>, Fault> {
        let _one = self.standing.lane(&hash).lock().await;
        let (now, generation) = (self.platform.clock.now(), self.memory.heard());
        match self.standing.find(&hash, generation, self.memory.is_shared(), now) {
            Found::Fresh(known) => return Ok(known),
            Found::Old(known, _) if self.standing.is_down(now) => return Ok(known),
            Found::Old(..) | Found::Unknown => {}
        }
        let proof = Proof::Key { kind: KeyKind::PlacementsSdk, mode, text };
        let asking = self.look_up(proof, hash, now);
        let Some(old) = old else {
            let known = asking.await?;
            self.stand(&known, generation);
            return Ok(known);
        };
        match tokio::time::timeout(WAIT, asking).await {
            Ok(Ok(known)) => {
                known.used_as(&old);
                self.stand(&known, generation);
                Ok(known)
            }
            Ok(Err(fault)) if fault.kind() == FaultKind::Unauthenticated => {
                self.standing.entries.remove(&hash);
                Err(fault)
            }
            // The database does not answer: what it said last counts.
            Ok(Err(_)) | Err(_) => {
                self.standing.down_at.store(self.platform.clock.now().micros(), Ordering::Relaxed);
                Ok(old)
            }
        }
    }

    fn stand(&self, known: &Arc<Known>, generation: u64) {
        let stood = Stood { known: Arc::clone(known), generation };
        self.standing.entries.insert(known.hash, Arc::new(stood));
    }

    /// Reads keys of the SDK, so that they are known before their first request.
    ///
    /// # Errors
    /// Of the database.
    pub async fn warm_sdk_keys(&self) -> Result<usize, Fault> {
        let (now, generation) = (self.platform.clock.now(), self.memory.heard());
        let read = move |tx: &mut floe_store::Tx<'_>| keys::of_kind(tx, KeyKind::PlacementsSdk, WARM_MAX);
        let found = self.platform.store.read(read).await?;
        let known = found.into_iter().filter_map(|key| known_sdk_key(key, now));
        let mut count = 0;
        for known in known {
            self.stand(&Arc::new(known), generation);
            count += 1;
        }
        Ok(count)
    }

    /// Asks again for every key that is held, when something about credentials was announced since it was done last.
    ///
    /// # Errors
    /// Of the database.
    pub async fn prove_standing_again(&self) -> Result<(), Fault> {
        let generation = self.memory.heard();
        if self.standing.proven_for.load(Ordering::Acquire) == generation {
            return Ok(());
        }
        let now = self.platform.clock.now();
        let held: Vec<[u8; 32]> = self.standing.entries.iter().map(|(hash, _)| hash).collect();
        for hashes in held.chunks(keys::PAGE_MAX) {
            let hashes = hashes.to_vec();
            let read = move |tx: &mut floe_store::Tx<'_>| {
                let find = |hash: &[u8; 32]| Ok((*hash, keys::find_by_hash(tx, hash)?));
                hashes.iter().map(find).collect::<Result<Vec<_>, Fault>>()
            };
            for (hash, key) in self.platform.store.read(read).await? {
                match key.and_then(|key| known_sdk_key(key, now)) {
                    Some(known) => {
                        if let Some(old) = self.standing.entries.get(&hash) {
                            known.used_as(&old.known);
                        }
                        self.stand(&Arc::new(known), generation);
                    }
                    None => drop(self.standing.entries.remove(&hash)),
                }
            }
        }
        self.standing.proven_for.store(generation, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
