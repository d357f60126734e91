//! Commands of the owner of the data folder: through the running server, or on the folder itself when none runs.

use floe_model::{Fault, FaultKind};
use serde_json::Value;

use super::{Context, Exit, Failure};
use crate::operator::{self, Answer, Operation};

/// Carries out an operation where it can be: a running server answers on its socket; else the folder (or the PostgreSQL
/// database) is opened by this process.
pub(super) async fn operate(context: &Context, operation: Operation) -> Result<Value, Failure> {
    let socket = operator::socket_path(&context.settings.data_dir);
    let through_server = operator::call(&socket, &operation).await;
    let through_server =
        through_server.map_err(|error| Failure::new(Exit::Unreachable, "unreachable", error.to_string()))?;
    let answer = match through_server {
        Some(answer) => answer,
        None => operator::perform_alone(&context.settings, operation)
            .await
            .map_err(|error| Failure::new(Exit::Failed, "data_folder", format!("{error:#}")))?,
    };
    match answer {
        Answer::Done(value) => Ok(value),
        Answer::Refused { exit, code, message } => Err(Failure { exit: exit_of(exit), code, message }),
    }
}

/// The exit code of a fault, as a number for the socket.
pub(crate) fn exit_number(fault: &Fault) -> u8 {
    let exit = match fault.kind() {
        _ if matches!(fault.code(), "not_supported" | "schema_old") => Exit::Refused,
        _ if fault.code() == "backup_failed" => Exit::Failed,
        FaultKind::Unauthenticated | FaultKind::Forbidden => Exit::Denied,
        FaultKind::NotFound => Exit::NotFound,
        // Nothing may be done twice here: a second owner, a second set-up.
        FaultKind::Conflict if fault.code() == "setup_done" => Exit::Refused,
        FaultKind::Conflict | FaultKind::Gone | FaultKind::Stale => Exit::Conflict,
        FaultKind::RateLimited | FaultKind::Overloaded => Exit::Unreachable,
        FaultKind::Internal => Exit::Failed,
        _ => Exit::Usage,
    };
    exit as u8
}

fn exit_of(number: u8) -> Exit {
    let known =
        [Exit::Usage, Exit::Denied, Exit::NotFound, Exit::Conflict, Exit::Unreachable, Exit::Invalid, Exit::Refused];
    known.into_iter().find(|exit| *exit as u8 == number).unwrap_or(Exit::Failed)
}
