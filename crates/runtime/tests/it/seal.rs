//! Values sealed at rest.

use std::sync::Arc;

use floe_model::Fault;
use floe_model::id::WorkspaceId;
use floe_runtime::ids::SystemRandom;
use floe_runtime::seal::{Place, SecretCheck};
use floe_runtime::{Ids, Seal, SystemClock};
use floe_store::Tx;
use floe_testkit::on_both;
use floe_testkit::store::TestStore;

const WORKSPACE: WorkspaceId = WorkspaceId(1);
const PLACE: Place = Place { field: "variable.value", id: 7 };

fn ids() -> Ids {
    Ids::new(Arc::new(SystemClock), Arc::new(SystemRandom))
}

/// Runs `act` in one transaction.
async fn within<T: Send + 'static>(
    store: &TestStore,
    act: impl Fn(&mut Tx<'_>, &Seal, &Ids) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (seal, ids) = (Seal::new([1; 32]), ids());
    store.write(move |tx| act(tx, &seal, &ids)).await
}

on_both! {
    async fn what_was_sealed_opens_at_its_place_only(store: TestStore) {
        within(&store, |tx, seal, ids| {
            let sealed = seal.seal(tx, ids, WORKSPACE, PLACE, b"top secret")?;
            assert_eq!(seal.open_text(tx, WORKSPACE, PLACE, &sealed)?, "top secret");
            assert!(!sealed.windows(4).any(|part| b"top secret".windows(4).any(|plain| plain == part)));
            let again = seal.seal(tx, ids, WORKSPACE, PLACE, b"top secret")?;
            assert_ne!(sealed, again, "a nonce of its own each time");

            seal.seal(tx, ids, WorkspaceId(2), PLACE, b"another")?;
            let other_field = Place { field: "variable.test_value", ..PLACE };
            assert!(seal.open(tx, WorkspaceId(2), PLACE, &sealed).is_err(), "another workspace");
            assert!(seal.open(tx, WORKSPACE, Place { id: 8, ..PLACE }, &sealed).is_err(), "another record");
            assert!(seal.open(tx, WORKSPACE, other_field, &sealed).is_err(), "another field");
            assert!(Seal::new([2; 32]).open(tx, WORKSPACE, PLACE, &sealed).is_err(), "another server secret");
            for at in 0..sealed.len() {
                let mut damaged = sealed.clone();
                damaged[at] ^= 1;
                assert!(seal.open(tx, WORKSPACE, PLACE, &damaged).is_err(), "byte {at} changed");
                assert!(seal.open(tx, WORKSPACE, PLACE, &sealed[..at]).is_err(), "cut at {at}");
            }
            Ok(())
        })
        .await
        .expect("a transaction");
    }

    async fn a_new_key_seals_and_the_old_one_still_opens(store: TestStore) {
        let (old, new) = within(&store, |tx, seal, ids| {
            let old = seal.seal(tx, ids, WORKSPACE, PLACE, b"old")?;
            seal.add_key(tx, ids, WORKSPACE)?;
            let new = seal.seal(tx, ids, WORKSPACE, PLACE, b"new")?;
            Ok((old, new))
        })
        .await
        .expect("a transaction");
        assert_ne!(old[1..17], new[1..17], "each names its key");
        within(&store, move |tx, seal, _| {
            assert_eq!(seal.open(tx, WORKSPACE, PLACE, &old)?, b"old");
            assert_eq!(seal.open(tx, WORKSPACE, PLACE, &new)?, b"new");
            Ok(())
        })
        .await
        .expect("a transaction");
    }

    async fn another_server_secret_is_told_apart(store: TestStore) {
        within(&store, |tx, seal, ids| {
            assert_eq!(seal.check(tx)?, SecretCheck::Unused);
            seal.seal(tx, ids, WORKSPACE, PLACE, b"x")?;
            assert_eq!(seal.check(tx)?, SecretCheck::Fits);
            assert_eq!(Seal::new([2; 32]).check(tx)?, SecretCheck::Other);
            assert!(Seal::new([2; 32]).seal(tx, ids, WORKSPACE, PLACE, b"y").is_err(), "nothing is mixed");
            Ok(())
        })
        .await
        .expect("a transaction");
    }
}
