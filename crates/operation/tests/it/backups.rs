use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use floe_model::id::WorkspaceId;
use floe_model::{FaultKind, Mode, Scope, Timestamp};
use floe_operation::archive;
use floe_operation::schedule::Schedule;
use floe_store::access::workspaces::{self, Workspace};
use floe_store::operation::backups;
use floe_store::platform::events;
use floe_testkit::store::TestStore;

use crate::world::World;

const HOME_LIVE: Scope = Scope { workspace: WorkspaceId(1), mode: Mode::Live };

/// Commits while the backup is taken, as many as go.
async fn under_load<T>(world: &Arc<World>, act: impl Future<Output = T>) -> (T, u64) {
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (world, stop, written) = (Arc::clone(world), Arc::clone(&stop), Arc::clone(&written));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    world.event("under load").await;
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let result = act.await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("the writer ends");
    }
    (result, written.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_what_was_answered_before_it() {
    let world = Arc::new(World::new(TestStore::sqlite().await));
    for _ in 0..500 {
        world.event(&"before ".repeat(200)).await;
    }
    let (taken, during) = under_load(&world, world.operation.take_now("manual", false, None, None)).await;
    let taken = taken.expect("a backup");
    assert!(during > 0, "nothing was written meanwhile");
    let events = taken.trailer.rows["events"];
    assert!((500..=500 + during).contains(&events), "{events} of {during}");
    assert_eq!(taken.backup.status, "done");
    assert_eq!(taken.backup.verified_at, taken.backup.finished_at);
    let read = archive::verify(&taken.path).expect("sound");
    assert_eq!((Some(read.bytes as i64), Some(read.sha256)), (taken.backup.bytes, taken.backup.sha256));
    assert_eq!(read.trailer.secret_key, None);
    // Nothing is left beside it, and the running store goes on.
    let names = std::fs::read_dir(world.folder.path().join("backups")).expect("the folder").count();
    assert_eq!(names, 1);
    world.event("after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_noticed_and_said() {
    let world = World::new(TestStore::sqlite().await);
    let taken = world.operation.take_now("manual", true, None, None).await.expect("a backup");
    assert!(taken.trailer.secret_key.is_some());
    let ctx = world.ctx();
    world.pass_seconds(60);
    let seen = world.operation.verify(&ctx, taken.backup.id).await.expect("sound");
    assert_eq!(seen.verified_at, Some(ctx.now()));
    let mut bytes = std::fs::read(&taken.path).expect("read");
    bytes[20_000] ^= 1;
    std::fs::write(&taken.path, bytes).expect("written");
    let refused = world.operation.verify(&ctx, taken.backup.id).await.expect_err("damaged");
    assert_eq!(refused.code(), "backup_damaged");
    let id = taken.backup.id;
    let row = world.platform.store.read(move |tx| backups::find(tx, id)).await.expect("read").expect("a row");
    assert!(row.verified_at.is_none() && row.problem.is_some(), "{row:?}");
    // A file that is gone is told apart from a backup that never was.
    std::fs::remove_file(&taken.path).expect("removed");
    let gone = world.operation.verify(&ctx, id).await.expect_err("gone");
    assert_eq!(gone.kind(), FaultKind::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_cannot_be_written_leaves_nothing_and_says_so() {
    let world = World::new(TestStore::sqlite().await);
    let workspace = Workspace {
        id: HOME_LIVE.workspace,
        name: "Home".to_owned(),
        slug: "home".to_owned(),
        timezone: "UTC".to_owned(),
        settings: "{}".to_owned(),
        revision: 1,
        created_at: Timestamp(0),
    };
    world.platform.store.write(move |tx| workspaces::insert(tx, &workspace)).await.expect("a workspace");
    // A file stands where the folder should be.
    std::fs::write(world.folder.path().join("backups"), "in the way").expect("written");
    let refused = world.operation.take_now("manual", false, None, None).await.expect_err("it cannot be written");
    assert_eq!(refused.code(), "backup_failed");
    // Every workspace is told.
    let told = world.platform.store.read(|tx| events::latest(tx, HOME_LIVE, None, 10)).await.expect("read");
    let told: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(told, ["platform.backup.failed"]);
    let rows = world.platform.store.read(|tx| backups::list(tx, true, None, 10)).await.expect("read");
    assert_eq!((rows.len(), rows[0].status.as_str()), (1, "failed"));
    assert!(rows[0].problem.is_some() && rows[0].sha256.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_of_the_settings_holds_until_it_is_changed() {
    let world = World::new(TestStore::sqlite().await);
    let (operation, ctx) = (Arc::clone(&world.operation), world.ctx());
    let change = move |cron: &str, timezone: &str, revision: i64| {
        let (operation, ctx) = (Arc::clone(&operation), ctx.clone());
        let schedule = Schedule { cron: cron.to_owned(), timezone: timezone.to_owned(), keep: 3 };
        let store = ctx.store.clone();
        async move { store.write(move |tx| operation.reschedule(tx, &ctx, &schedule, Some(revision))).await }
    };
    let operation = Arc::clone(&world.operation);
    let first = world.platform.store.read(move |tx| operation.schedule(tx)).await.expect("a schedule");
    assert_eq!((first.schedule.cron.as_str(), first.revision), ("15 3 * * *", 0));
    // 2027-01-15T08:00:00Z is now.
    assert_eq!(first.next_at.map(|at| at.to_string()).as_deref(), Some("2027-01-16T03:15:00.000Z"));
    let second = change("0 4 * * *", "Africa/Lagos", 0).await.expect("changed");
    assert_eq!(second.next_at.map(|at| at.to_string()).as_deref(), Some("2027-01-16T03:00:00.000Z"));
    assert_eq!(second.revision, 1);
    assert_eq!(change("0 4 * * *", "UTC", 0).await.expect_err("stale").kind(), FaultKind::Stale);
    for (cron, zone) in [("61 * * * *", "UTC"), ("0 0 30 2 *", "UTC"), ("0 0 * * *", "Mars/Olympus")] {
        assert_eq!(change(cron, zone, 1).await.expect_err("no schedule").kind(), FaultKind::Invalid, "{cron} {zone}");
    }
    let off = change("", "UTC", 1).await.expect("off");
    assert_eq!(off.next_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_has_its_own_tools() {
    let Some(store) = TestStore::postgres().await else { return };
    let world = World::new(store);
    let refused = world.operation.take_now("manual", false, None, None).await.expect_err("not here");
    assert_eq!(refused.code(), "not_supported");
    assert!(refused.message().contains("pg_dump"), "{}", refused.message());
}
