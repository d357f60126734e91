//! The folder of a run.

use floe_model::id::{FileId, FlowId, RunId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::flows::files::{self, CHUNK_BYTES, FileRow};
use floe_store::flows::run_files::{self, Held};

use crate::on_both;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const RUN: RunId = RunId(3);

fn put(tx: &mut Tx<'_>, id: u128, run: RunId, path: &str, bytes: &[u8]) -> Result<(), Fault> {
    let row = FileRow {
        workspace: WORKSPACE,
        id: FileId(id),
        share: None,
        uploaded_by: "run".to_owned(),
        name: path.to_owned(),
        mime_type: "text/plain".to_owned(),
        size: Some(bytes.len() as u64),
        sha256: [7; 32],
        created_at: Timestamp(0),
        expires_at: Timestamp(0),
        run: Some(run),
        flow: Some(FlowId(2)),
    };
    run_files::put(tx, path, &format!("key {id}"), &row, bytes)
}

on_both! {
    async fn a_folder_keeps_the_last_file_of_each_path(store: TestStore) {
        let large = vec![5; CHUNK_BYTES + 10];
        let bytes = large.clone();
        store
            .write(move |tx| {
                put(tx, 10, RUN, "b.txt", b"first")?;
                put(tx, 11, RUN, "b.txt", &bytes)?;
                put(tx, 12, RUN, "a/c.txt", b"x")?;
                put(tx, 13, RunId(4), "b.txt", b"of another run")
            })
            .await
            .expect("files");
        store
            .read(move |tx| {
                let found = run_files::find(tx, WORKSPACE, RUN, "b.txt")?.expect("a file");
                assert_eq!((found.file, found.written_by.as_str(), found.size), (FileId(11), "key 11", large.len() as u64));
                assert_eq!(files::bytes(tx, WORKSPACE, found.file)?, large);
                assert_eq!(files::find(tx, WORKSPACE, FileId(10))?, None, "the one before is gone");
                assert_eq!(files::chunk(tx, WORKSPACE, FileId(10), 0)?, None);
                let paths: Vec<String> = run_files::list(tx, WORKSPACE, RUN, "")?.into_iter().map(|file| file.path).collect();
                assert_eq!(paths, ["a/c.txt", "b.txt"]);
                assert_eq!(run_files::list(tx, WORKSPACE, RUN, "a/c.txt")?.len(), 1);
                assert_eq!(run_files::held(tx, WORKSPACE, RUN)?, Held { files: 2, bytes: large.len() as u64 + 1 });
                assert_eq!(run_files::find(tx, WorkspaceId(9), RUN, "b.txt")?, None);
                Ok(())
            })
            .await
            .expect("what was written");
        for expected in [true, false] {
            let removed = store.write(|tx| run_files::remove(tx, WORKSPACE, RUN, "b.txt")).await;
            assert_eq!(removed.expect("removed"), expected);
        }
        store
            .read(|tx| {
                assert_eq!(files::find(tx, WORKSPACE, FileId(11))?, None);
                let other = run_files::find(tx, WORKSPACE, RunId(4), "b.txt")?.expect("a file");
                assert_eq!(files::bytes(tx, WORKSPACE, other.file)?, b"of another run");
                Ok(())
            })
            .await
            .expect("the rest");
    }
}
