//! Connections to PostgreSQL that break off: a write is made again if none of it was carried out, and only then.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use floe_model::{
    Fault,
    id::{RunId, WorkspaceId},
};
use floe_store::{
    Location, Store, StoreConfig,
    flows::journal::{self, Chunk},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::store::TestStore;

const WORKSPACE: WorkspaceId = WorkspaceId(7);
const RUNS: [RunId; 2] = [RunId(1), RunId(2)];
/// How statements begin that are put together (docs/adr/0054).
const TOGETHER: &[u8] = b"with s0 as (";
/// Bytes that are passed on at a time; the messages of these tests are smaller.
const BUFFER_BYTES: usize = 64 * 1_024;

/// Where a connection breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// Before statements that are put together reach the server to be prepared.
    BeforePrepared,
    /// When they were carried out, before the answer arrives.
    BeforeAnswered,
}

/// The way to a server, on which the first connection breaks off that comes to a certain place.
struct Wire {
    url: String,
    broke: Arc<AtomicBool>,
}

impl Wire {
    async fn to(url: &str, place: Break) -> Self {
        let (user, rest) = url.split_once('@').expect("an address with a user");
        let (server, database) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let own = listener.local_addr().expect("an address");
        let broke = Arc::new(AtomicBool::new(false));
        let (server, has_broken) = (server.to_owned(), Arc::clone(&broke));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.expect("the server is there");
                tokio::spawn(pass(client, server, place, Arc::clone(&has_broken)));
            }
        });
        Self { url: format!("{user}@{own}/{database}"), broke }
    }
}

/// Passes on what both sides say, until one of them ends or the place is reached.
async fn pass(mut client: TcpStream, mut server: TcpStream, place: Break, broke: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let (mut is_prepared, mut is_sent) = (false, false);
    loop {
        let passed = tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                is_sent |= is_prepared;
                is_prepared |= asked[..count].windows(TOGETHER.len()).any(|part| part == TOGETHER);
                if place == Break::BeforePrepared && is_prepared && !broke.swap(true, Ordering::SeqCst) {
                    return;
                }
                server.write_all(&asked[..count]).await
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if place == Break::BeforeAnswered && is_sent && !broke.swap(true, Ordering::SeqCst) {
                    return;
                }
                client.write_all(&answered[..count]).await
            }
        };
        if passed.is_err() {
            return;
        }
    }
}

/// What becomes of a write of two rows whose connection breaks off, and how often each row is there afterwards.
async fn write_over(place: Break) -> Option<(Result<(), Fault>, [usize; 2])> {
    let beside = TestStore::postgres().await?;
    let wire = Wire::to(&beside.database().expect("PostgreSQL has a database").url(), place).await;
    let store = Store::open(StoreConfig::at(Location::Postgres(wire.url))).await.expect("the store opens");
    let chunks = RUNS.map(|run| Chunk { workspace: WORKSPACE, run, seq: 0, events: "[]".to_owned() });
    let write = store.write(move |tx| {
        tx.at_once();
        chunks.iter().try_for_each(|chunk| journal::append(tx, &[chunk]))
    });
    let written = write.await;
    assert!(wire.broke.load(Ordering::SeqCst), "the connection did not break off at {place:?}");
    let mut kept = [0; 2];
    for (run, count) in RUNS.into_iter().zip(&mut kept) {
        *count = beside.read(move |tx| journal::read(tx, WORKSPACE, run)).await.expect("reading works").len();
    }
    store.close().await;
    Some((written, kept))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_lost_before_it_is_prepared_is_made_again() {
    let Some((written, kept)) = write_over(Break::BeforePrepared).await else { return };
    written.expect("the second try works");
    assert_eq!(kept, [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_is_not_made_again() {
    let Some((written, kept)) = write_over(Break::BeforeAnswered).await else { return };
    assert_eq!(written.expect_err("nobody knows what became of it").kind(), floe_model::FaultKind::Internal);
    assert_eq!(kept, [1, 1], "this one was kept");
}
