//! Files that people upload: a form with a part `file`, or the file as the whole body (Treasury contract, section 10.2).

use bytes::Bytes;
use floe_model::{Fault, FieldProblem};
use floe_treasury::import::{FileProblem, Imported, RowNote};
use http::header::CONTENT_TYPE;

use super::input::{invalid, wrong};
use crate::http::shape::{Shape, words};
use crate::http::{Call, Incoming, is_multipart};

/// Largest upload, bytes (Treasury contract, section 1.1).
pub(super) const LIMIT: usize = 10 * 1024 * 1024;
/// What becomes of a file with bad rows.
pub(super) const ON_ERROR: Shape = words(&["refuse", "skip"]);

/// The bytes of the file.
///
/// # Errors
/// 422 for a form without a file or one that breaks off.
pub(super) async fn file(call: &Call) -> Result<Bytes, Fault> {
    if !is_multipart(call.header(CONTENT_TYPE.as_str()).unwrap_or_default()) {
        return Ok(call.body.clone());
    }
    let file = Incoming::of_whole(call)?.next(call, "file").await?;
    let file = file.ok_or_else(|| wrong("/body/file", "missing", "field required"))?;
    file.whole(call, LIMIT).await.map(Bytes::from)
}

/// Reads a file away from the threads that serve requests, since a large one takes a while. Bad rows refuse it unless they are to be
/// skipped.
///
/// # Errors
/// 422 for a file that cannot be read, and for one with bad rows, all of which are named up to a limit.
pub(super) async fn read<R, F>(call: &Call, read: F) -> Result<Imported<R>, Fault>
where
    R: Send + 'static,
    F: FnOnce(&[u8]) -> Result<Imported<R>, FileProblem> + Send + 'static,
{
    let bytes = file(call).await?;
    let imported = tokio::task::spawn_blocking(move || read(&bytes)).await.map_err(Fault::internal)?;
    let imported = imported.map_err(|problem| wrong_file(&problem))?;
    let skips = call.query.get("on_error") == Some("skip");
    if imported.bad_rows > 0 && !skips { Err(wrong_rows(&imported.problems)) } else { Ok(imported) }
}

/// A file that cannot be read.
fn wrong_file(problem: &FileProblem) -> Fault {
    let kind = match problem {
        FileProblem::MissingColumn(_) | FileProblem::Empty => "missing",
        FileProblem::TooManyRows | FileProblem::Unpacked => "less_than_equal",
        FileProblem::Form | FileProblem::Xlsx | FileProblem::RepeatedColumn(_) => "pattern",
    };
    wrong("/body/file", kind, problem.to_string())
}

/// A file with bad rows.
fn wrong_rows(notes: &[RowNote]) -> Fault {
    let problem =
        |note: &RowNote| FieldProblem::new(format!("/body/file/{}/{}", note.row, note.field), note.kind, &note.message);
    invalid(notes.iter().map(problem).collect())
}
