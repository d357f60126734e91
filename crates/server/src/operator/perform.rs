//! What each operation does: one call of a service.

use super::operation::{Answer, Operation};
use crate::app::App;
use crate::settings::Settings;

/// How long a command waits for another process to let go of the database, seconds.
const LOCK_WAIT_S: u64 = 1;

/// Carries out an operation on open parts.
pub async fn perform(_app: &App, _operation: Operation) -> Answer {
    Answer::Refused { exit: 1, code: "unavailable".to_owned(), message: "not there yet".to_owned() }
}

/// Opens the data folder, carries out one operation, and closes it again.
///
/// # Errors
/// When the folder or database cannot be opened, for example because a server without a socket holds it.
pub async fn perform_alone(settings: &Settings, operation: Operation) -> anyhow::Result<Answer> {
    let app = App::open(settings.clone(), LOCK_WAIT_S).await?;
    let answer = perform(&app, operation).await;
    app.close().await;
    Ok(answer)
}
