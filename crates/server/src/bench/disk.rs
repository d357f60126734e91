//! What the disk does by itself: how long a small synced write takes, so that a slow moment of the machine can be told from one of the
//! server.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use super::child::now;
use super::load::Sample;

/// Bytes of one write: about what one of a quiet server is.
const WRITE_BYTES: usize = 16 * 1024;
/// Writes to one place after the other until the first is written again: like a write-ahead log.
const PLACES: u32 = 256;
/// Pause from one write to the next.
const PAUSE: Duration = Duration::from_millis(10);

/// Synced writes, one after the other, to a file that is there already.
pub(super) async fn measure(folder: &Path, length: Duration) -> anyhow::Result<Sample> {
    let path = folder.join("disk");
    let bytes: Arc<[u8]> = [1; WRITE_BYTES].into();
    let mut file = File::create(&path).context("a file for the disk")?;
    for _ in 0..PLACES {
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    let mut sample = Sample::default();
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (started, mut place) = (now(), 0);
    while started.elapsed() < length {
        ticks.tick().await;
        if place % PLACES == 0 {
            file.rewind()?;
        }
        place += 1;
        let bytes = Arc::clone(&bytes);
        let (written, took) = spawn_blocking(move || {
            let started = now();
            file.write_all(&bytes).and_then(|()| file.sync_data()).map(|()| (file, started.elapsed()))
        })
        .await??;
        file = written;
        sample.add(took);
    }
    sample.sort();
    std::fs::remove_file(path)?;
    Ok(sample)
}
