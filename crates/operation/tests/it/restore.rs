use std::fs;
use std::path::{Path, PathBuf};

use floe_model::Timestamp;
use floe_operation::archive::{self, Trailer};
use floe_operation::restore::{self, Key, RestoreError, Restored, Wanted};
use floe_store::{DatabaseLock, Location, Store, StoreConfig};
use floe_testkit::store::{TestFolder, TestStore};

use crate::world::World;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// A backup of an installation with so many events.
async fn backup(events: u32, with_key: bool) -> (World, PathBuf) {
    let world = World::new(TestStore::sqlite().await);
    for _ in 0..events {
        world.event("kept").await;
    }
    let taken = world.operation.take_now("manual", with_key, None, None).await.expect("a backup");
    (world, taken.path)
}

fn restored(file: &Path, data_dir: &Path, replace: bool) -> Result<Restored, RestoreError> {
    restore::restore(&Wanted { file, data_dir, replace, given_key: None, now: NOW })
}

/// The rows of events in a data folder.
async fn events(folder: &Path) -> u64 {
    let store = Store::open(StoreConfig::at(Location::Sqlite(folder.join("floe.db")))).await.expect("it opens");
    store.close().await;
    let contents = floe_store::check_file(&folder.join("floe.db")).expect("it is sound");
    contents.rows.iter().find(|(table, _)| table == "events").map_or(0, |(_, rows)| *rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_becomes_the_data_it_was_made_of() {
    let (world, file) = backup(7, true).await;
    let target = TestFolder::create();
    let folder = target.path().join("new/data");
    let done = restored(&file, &folder, false).expect("restored");
    assert_eq!((done.snapshot, done.key), (None, Key::Restored));
    assert_eq!(done.trailer.rows["events"], 7);
    let key = fs::read_to_string(folder.join("secret.key")).expect("a key");
    assert_eq!(Some(key.trim()), done.trailer.secret_key.as_deref());
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["floe.db", "floe.db.lock", "secret.key"], "nothing else is left behind");
    assert_eq!(events(&folder).await, 7);
    drop(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_replaced_only_on_purpose_and_kept() {
    let (_world, file) = backup(3, false).await;
    let (_other, before) = backup(5, true).await;
    let target = TestFolder::create();
    restored(&before, target.path(), false).expect("the first one");
    assert_eq!(events(target.path()).await, 5);
    let refused = restored(&file, target.path(), false).expect_err("it is occupied");
    assert!(matches!(refused, RestoreError::Occupied(_)), "{refused}");
    assert_eq!(events(target.path()).await, 5, "a refusal changes nothing");
    let done = restored(&file, target.path(), true).expect("replaced");
    assert_eq!(done.key, Key::Fits, "the key of the folder stays");
    assert_eq!(events(target.path()).await, 3);
    let kept = done.snapshot.expect("what was there");
    assert_eq!(events(&kept).await, 5);
    assert!(kept.join("secret.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_backup_is_refused_and_nothing_changes() {
    let (_world, file) = backup(2, false).await;
    let target = TestFolder::create();
    let whole = fs::read(&file).expect("read");
    let bad = target.path().join("bad");
    let folder = target.path().join("data");
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("flipped", {
            let mut bytes = whole.clone();
            bytes[9_000] ^= 4;
            bytes
        }),
        ("a database alone", whole[..8_192].to_vec()),
    ] {
        fs::write(&bad, bytes).expect("written");
        let refused = restored(&bad, &folder, true).expect_err(name);
        assert!(matches!(refused, RestoreError::Archive(_)), "{name}: {refused}");
        assert!(!folder.exists(), "{name} left something behind");
    }
    // A sound digest over a database that is not what the trailer says.
    let trailer = archive::verify(&file).expect("sound").trailer;
    let sealed = |trailer: &Trailer, database: &[u8]| {
        fs::write(&bad, database).expect("written");
        archive::seal(&bad, trailer).expect("sealed");
    };
    sealed(&trailer, b"no database at all");
    assert!(matches!(restored(&bad, &folder, true).expect_err("no database"), RestoreError::Unsound(_)));
    sealed(&Trailer { schema_version: 9_999, ..trailer }, b"");
    let newer = restored(&bad, &folder, true).expect_err("newer");
    assert!(matches!(newer, RestoreError::Newer { found: 9_999, .. }), "{newer}");
    assert!(!folder.join("floe.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_a_server_uses_is_left_alone() {
    let (_world, file) = backup(1, false).await;
    let target = TestFolder::create();
    let _lock = DatabaseLock::acquire(&target.path().join("floe.db"), 0).expect("the lock");
    let refused = restored(&file, target.path(), true).expect_err("in use");
    assert!(matches!(refused, RestoreError::InUse(_)), "{refused}");
    assert!(!target.path().join("floe.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_was_killed_is_old_before_it_is_decided_and_new_after() {
    let (_world, file) = backup(4, true).await;
    let (_other, before) = backup(6, true).await;
    let target = TestFolder::create();
    let folder = target.path();
    restored(&before, folder, false).expect("the old data");
    let parts = TestFolder::create();
    let new = parts.path().join("floe.db");
    archive::extract(&file, &archive::verify(&file).expect("sound"), &new).expect("extracted");
    // Killed while it was prepared.
    fs::create_dir(folder.join("restore.draft")).expect("a folder");
    fs::copy(&new, folder.join("restore.draft/floe.db")).expect("copied");
    restore::finish_pending(folder).expect("nothing to finish");
    assert_eq!(events(folder).await, 6);
    // Killed after it was decided: with all to do, with the log of the old database in the way, with the database moved already.
    fs::rename(folder.join("restore.draft"), folder.join("restore.ready")).expect("decided");
    fs::write(folder.join("floe.db-wal"), "frames of the old database").expect("written");
    fs::write(folder.join("restore.ready/secret.key"), "a key\n").expect("written");
    restore::finish_pending(folder).expect("finished");
    assert_eq!(events(folder).await, 4);
    assert_eq!(fs::read_to_string(folder.join("secret.key")).expect("a key"), "a key\n");
    fs::create_dir(folder.join("restore.ready")).expect("a folder");
    restore::finish_pending(folder).expect("finished again");
    assert!(!folder.join("restore.ready").exists());
    assert_eq!(events(folder).await, 4);
}
