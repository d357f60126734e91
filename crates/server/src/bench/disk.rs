//! What the disk does by itself: how long a small synced write takes, so that a slow moment of the machine can be told from one of the
//! server.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::child::now;
use super::load::Sample;

/// Bytes of one write: about what one of a quiet server is.
const WRITE_BYTES: usize = 16 * 1024;
/// Writes to one place after the other until the first is written again: like a write-ahead log.
const PLACES: usize = 256;
/// Pause from one write to the next.
const PAUSE: Duration = Duration::from_millis(10);

/// Synced writes, one after the other, to a file that is there already.
pub(super) async fn measure(folder: &Path, length: Duration) -> anyhow::Result<Sample> {
    let path = folder.join("disk");
    tokio::task::spawn_blocking(move || write(&path, length)).await?
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own, which has nothing else to do between two writes")]
fn write(path: &Path, length: Duration) -> anyhow::Result<Sample> {
    let bytes = [1; WRITE_BYTES];
    let mut file = File::create(path).context("a file for the disk")?;
    for _ in 0..PLACES {
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    let (mut sample, started) = (Sample::default(), now());
    while started.elapsed() < length {
        if sample.count() % PLACES == 0 {
            file.rewind()?;
        }
        let begun = now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        sample.add(begun.elapsed());
        std::thread::sleep(PAUSE);
    }
    sample.sort();
    std::fs::remove_file(path)?;
    Ok(sample)
}
