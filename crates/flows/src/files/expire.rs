//! The end of files that nobody uses.

use std::sync::Arc;

use floe_model::id::FileId;
use floe_runtime::Platform;
use floe_runtime::jobs::{JobFuture, JobHandler};
use floe_store::flows::files;
use floe_store::platform::jobs::Job;

/// Removes a file that nobody uses; the subject is the file.
pub(super) const JOB_EXPIRE: &str = "flows.file_expire";
/// Seconds for which a file stays after its time is over: a run that was let in with it just before finds it.
pub(super) const GRACE_S: i64 = 600;

/// The jobs of files.
#[must_use]
pub fn handlers() -> Vec<Arc<dyn JobHandler>> {
    vec![Arc::new(Expire)]
}

struct Expire;

impl JobHandler for Expire {
    fn kind(&self) -> &'static str {
        JOB_EXPIRE
    }

    fn run<'a>(&'a self, platform: &'a Arc<Platform>, job: &'a Job) -> JobFuture<'a> {
        Box::pin(async move {
            let Some(file) = job.subject_id.map(FileId) else { return Ok(()) };
            let (workspace, before) = (job.workspace, platform.clock.now().plus_seconds(-GRACE_S));
            // A file that was claimed stays, and so does one whose time was set anew: then there is another job.
            platform.store.write(move |tx| files::delete_unused(tx, workspace, file, before)).await.map(drop)
        })
    }
}
