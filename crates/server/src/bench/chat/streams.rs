//! Streams of events, as far as the bench reads them.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bench::child::now;

/// Bytes before what is looked for.
const BEFORE_MAX: usize = 1024 * 1024;

/// An open stream.
pub(super) struct Stream {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Stream {
    /// Asks for a stream.
    pub(super) async fn open((address, request): &(SocketAddr, Vec<u8>)) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await.context("the server is not reachable")?;
        stream.set_nodelay(true)?;
        stream.write_all(request).await?;
        Ok(Self { stream, read: Vec::with_capacity(4_096) })
    }

    /// Reads until something was said.
    pub(super) async fn read_until(&mut self, mark: &str) -> anyhow::Result<()> {
        while !self.read.windows(mark.len()).any(|window| window == mark.as_bytes()) {
            let count = self.stream.read_buf(&mut self.read).await?;
            if count == 0 || self.read.len() > BEFORE_MAX {
                bail!("a stream without {mark}: {}", String::from_utf8_lossy(&self.read));
            }
        }
        Ok(())
    }

    /// Milliseconds until something was said, on a connection that is open already.
    pub(super) async fn first_piece_ms(asked: &(SocketAddr, Vec<u8>), mark: &str) -> anyhow::Result<f64> {
        let (address, request) = asked;
        let mut stream = Self::open(&(*address, Vec::new())).await?;
        let started = now();
        stream.stream.write_all(request).await?;
        stream.read_until(mark).await?;
        Ok(started.elapsed().as_secs_f64() * 1_000.0)
    }
}
