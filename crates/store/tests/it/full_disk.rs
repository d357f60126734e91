//! A PostgreSQL that has no room left, played by triggers that say so: in a statement, and only at the commit.

use floe_model::FaultKind;

use crate::notes;
use crate::store::TestStore;

const NO_ROOM: &str = "create function no_room() returns trigger language plpgsql as $$
    begin raise exception 'no room' using errcode = '53100'; end $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_without_room_refuses_writes_and_goes_on() {
    let Some(store) = TestStore::postgres().await else { return };
    let database = store.database().expect("PostgreSQL");
    notes::create(&store).await;
    store.write(|tx| notes::insert(tx, 1, 1)).await.expect("there is room");
    database.run(NO_ROOM).await;
    for trigger in [
        "create trigger full_disk before insert on notes for each row execute function no_room()",
        "create constraint trigger full_disk after insert on notes deferrable initially deferred for each row execute function no_room()",
    ] {
        database.run(trigger).await;
        for id in 2..6 {
            let refused = store.write(move |tx| notes::insert(tx, id, 1)).await.expect_err("no room");
            assert_eq!((refused.kind(), refused.code()), (FaultKind::StorageFull, "storage_full"), "{trigger}");
        }
        assert_eq!(notes::count(&store).await, 1, "reads go on");
        database.run("drop trigger full_disk on notes").await;
        store.write(|tx| notes::add(tx, 1, 1)).await.expect("there is room again");
    }
    assert_eq!(store.read(|tx| notes::number(tx, 1)).await.expect("a read"), Some(3));
}
