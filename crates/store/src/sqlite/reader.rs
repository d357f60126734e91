//! A reader thread: one closure at a time, each on one snapshot.

use std::sync::Arc;

use floe_model::Fault;
use rusqlite::Connection;

use super::open::TemporaryFolder;
use crate::{
    act::Act,
    change::Changes,
    queue::{Queue, Serves},
    tx::Tx,
};

/// What a reader thread owns.
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue>,
    /// Last, so that it is dropped after the connection.
    pub(super) folder: Option<Arc<TemporaryFolder>>,
}

impl Reader {
    /// Serves until the queue is closed and empty.
    pub(super) fn run(self) {
        let mut batch = Vec::with_capacity(1);
        while self.queue.take(Serves::Reads, 1, &mut batch) {
            for (_, act) in batch.drain(..) {
                // Reading for nobody would only make the others wait.
                if !act.abandoned() {
                    self.serve(act);
                }
            }
        }
        drop(self.connection);
        drop(self.folder);
    }

    fn serve(&self, mut act: Box<dyn Act>) {
        if let Err(error) = self.statement("begin") {
            return act.refuse(Fault::internal(error));
        }
        let mut changes = Changes::default();
        act.run(&mut Tx::sqlite(&self.connection, &mut changes));
        if let Err(error) = self.statement("rollback") {
            tracing::error!(%error, "a read transaction could not be ended");
        }
        act.answer();
    }

    fn statement(&self, text: &str) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(text)?.execute([])
    }
}
