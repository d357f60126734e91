//! Waiting for what another task, thread or process does.

use std::time::Duration;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// Looks at most: ten seconds and what they take.
const LOOKS_MAX: usize = 2_000;

/// Waits until this is so.
///
/// # Panics
/// When it is not so after ten seconds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..LOOKS_MAX {
        if is_so().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("waited ten seconds in vain: {what}");
}
