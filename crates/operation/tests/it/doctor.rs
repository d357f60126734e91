use floe_operation::doctor::{Check, Status};
use floe_testkit::on_both;

use crate::world::World;

fn status(checks: &[Check], id: &str) -> Status {
    checks.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}: {checks:?}")).status
}

on_both! {
    async fn a_sound_installation_has_no_failure(store: TestStore) {
        let world = World::new(store);
        let checks = world.operation.examine().await.expect("checks");
        // The clock of the test is not the machine's, and says so.
        let failed: Vec<&Check> = checks.iter().filter(|check| check.status == Status::Fail && check.id != "clock").collect();
        assert!(failed.is_empty(), "{failed:?}");
        assert_eq!(status(&checks, "clock"), Status::Fail);
        for id in ["store", "ledger", "migrations", "secret_key", "disk", "public_url", "egress", "backups", "runs", "keys"] {
            status(&checks, id);
        }
        assert!(checks.iter().all(|check| (check.status == Status::Ok) == check.fix.is_none()), "{checks:?}");
        // What was read whole is remembered.
        let again = world.operation.findings().await.expect("findings");
        assert_eq!(again.len(), checks.len());
    }

    async fn another_key_than_the_first_is_a_failure(store: TestStore) {
        let world = World::new(store);
        assert!(world.operation.remember_key().await.expect("learned"));
        let other = World::with_secret(world.store, [6; 32]);
        assert!(!other.operation.remember_key().await.expect("compared"));
        let checks = other.operation.findings().await.expect("findings");
        assert_eq!(status(&checks, "secret_key"), Status::Fail);
    }
}
