//! A receiver that counts how many calls are under way at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long an answer takes.
const PAUSE: Duration = Duration::from_millis(20);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// A listening receiver.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl Receiver {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, counts) = (listener.local_addr()?, Arc::<Counts>::default());
        let counting = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counting)));
            }
        });
        Ok(Self { address, counts })
    }

    /// Calls that were under way at once, at most, and calls in all.
    pub(super) fn seen(&self) -> (usize, usize) {
        (self.counts.most.load(Ordering::Relaxed), self.counts.all.load(Ordering::Relaxed))
    }
}

/// Answers until the caller goes; requests have no body.
async fn serve(mut stream: TcpStream, counts: Arc<Counts>) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        while !read.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        read.clear();
        let now = counts.now.fetch_add(1, Ordering::Relaxed) + 1;
        counts.most.fetch_max(now, Ordering::Relaxed);
        counts.all.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
        counts.now.fetch_sub(1, Ordering::Relaxed);
        stream.write_all(ANSWER).await?;
    }
}
