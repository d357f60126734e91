//! Files that come in as forms (placements contract, section 12): one part `file`, and texts beside it.

use floe_model::Fault;
use floe_model::id::AppId;
use floe_store::Tx;

use super::wire::app_id;
use crate::http::{Call, Incoming, Reply};

/// Bytes of a text beside a file at most.
const TEXT_BYTES_MAX: usize = 1_024;
/// Parts of a form at most.
const PARTS_MAX: usize = 20;
/// Bytes of a form beside its file at most.
pub(super) const AROUND_BYTES: usize = 64 * 1024;

/// The app of the path, which is looked for before anybody looks at the file (placements contract, section 1.2).
///
/// # Errors
/// 404.
pub(super) async fn app_of(call: &Call) -> Result<AppId, Fault> {
    let (app, workspace) = (app_id(call)?, call.ctx.caller.workspace);
    let look = move |tx: &mut Tx<'_>| floe_placements::apps::require(tx, workspace, app).map(drop);
    call.ctx.store.read(look).await?;
    Ok(app)
}

/// A form that was read.
pub(super) struct Form {
    /// Name of the file as given; may be empty.
    pub(super) name: String,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Texts by their names, in order.
    texts: Vec<(String, String)>,
}

impl Form {
    /// Reads the form of a request whose body was read whole; other parts than these texts are passed over.
    ///
    /// # Errors
    /// 400 for a form without a file; 413 for a file over `most` bytes; 415 for another body.
    pub(super) async fn of(call: &Call, most: usize, names: &[&str]) -> Result<Self, Fault> {
        let mut incoming = Incoming::of_whole(call)?;
        let mut file = None;
        let mut texts = Vec::new();
        let mut count = 0;
        while let Some((part, content)) = incoming.next_part(call).await? {
            count += 1;
            if count > PARTS_MAX {
                return Err(Fault::field("", "parts", format!("The form has more than {PARTS_MAX} parts")));
            }
            if part == "file" {
                let name = content.name.clone();
                if file.replace((name, content.whole(call, most).await?)).is_some() {
                    return Err(Fault::field("/file", "repeated", "The form has two parts named file"));
                }
            } else if names.contains(&part.as_str()) {
                let text = String::from_utf8(content.whole(call, TEXT_BYTES_MAX).await?)
                    .map_err(|_| Fault::field(format!("/{part}"), "type", format!("{part} must be UTF-8 text")))?;
                texts.push((part, text));
            }
        }
        let (name, bytes) = file.ok_or_else(|| Fault::field("/file", "required", "file is required"))?;
        Ok(Self { name, bytes, texts })
    }

    /// A text beside the file, trimmed; one that is empty counts as not given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().rev().find(|(part, _)| part == name);
        found.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }
}

/// Keeps an upload, with its answer for repeats: these are told by what came in, since the text between the parts of a form differs.
///
/// # Errors
/// As [`Call::commit`].
pub(super) async fn keep<T, A, R>(call: &Call, identity: &str, act: A, render: R) -> Result<Reply, Fault>
where
    T: Send + 'static,
    A: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
{
    call.commit_content(identity, act, render).await
}

/// Checks bytes away from the threads that serve requests, since a large file takes a while.
///
/// # Errors
/// What the check says.
pub(super) async fn checked<T, F>(check: F) -> Result<T, Fault>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Fault> + Send + 'static,
{
    tokio::task::spawn_blocking(check).await.map_err(Fault::internal)?
}
