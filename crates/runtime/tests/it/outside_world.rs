//! A small world for the client to call: a name server with scripted answers, a dialer that leads public addresses to
//! stub servers on loopback and refuses all others, and the stub servers.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use floe_runtime::outside::{
    AllowList, Dialer, Dialing, Limits, Lookup, Outside, OutsideConfig, OutsideError, Request, Resolver, Response,
    RootCertificate,
};
use http::{HeaderMap, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The public address behind the names of the tests. It is never really dialled.
pub(crate) const PUBLIC: &str = "93.184.216.34";

/// Limits that no test should come near unless it means to.
pub(crate) const LIMITS: Limits =
    Limits { total_ms: 5_000, connect_ms: 2_000, response_bytes_max: 64 * 1024, redirects_max: 0 };

/// What the name server knows of a name.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// One list for each lookup; the last is repeated.
    Answers(Vec<Vec<IpAddr>>),
    /// Another name to look up.
    Alias(String),
}

#[derive(Default)]
pub(crate) struct World {
    records: Mutex<HashMap<String, Record>>,
    lookups: Mutex<HashMap<String, usize>>,
    routes: Mutex<HashMap<IpAddr, SocketAddr>>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A world in which `names` are served by `server` at the public address.
    pub(crate) fn with_site(names: &[&str], server: &Server) -> Arc<Self> {
        let world = Self::new();
        for name in names {
            world.name(name, &[&[PUBLIC]]);
        }
        world.route(PUBLIC, server);
        world
    }

    pub(crate) fn name(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        self.record(name, Record::Answers(answers));
    }

    pub(crate) fn record(&self, name: &str, record: Record) {
        self.records.lock().unwrap().insert(name.to_owned(), record);
    }

    pub(crate) fn route(&self, address: &str, server: &Server) {
        self.routes.lock().unwrap().insert(address.parse().unwrap(), server.address);
    }

    /// Every address that was dialled, in order.
    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().iter().map(|address| address.ip().to_string()).collect()
    }

    pub(crate) fn lookups(&self, name: &str) -> usize {
        self.lookups.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    pub(crate) fn client(self: &Arc<Self>) -> Outside {
        self.client_with(AllowList::default(), Vec::new())
    }

    pub(crate) fn client_with(self: &Arc<Self>, allow: AllowList, roots: Vec<RootCertificate>) -> Outside {
        Outside::new(OutsideConfig {
            allow,
            extra_root_certificates: roots,
            resolver: Arc::new(StubResolver(Arc::clone(self))),
            dialer: Arc::new(StubDialer(Arc::clone(self))),
        })
    }

    fn answer(&self, name: &str) -> Option<Record> {
        let record = self.records.lock().unwrap().get(name).cloned()?;
        let Record::Answers(mut lists) = record else {
            return Some(record);
        };
        let mut lookups = self.lookups.lock().unwrap();
        let count = lookups.entry(name.to_owned()).or_default();
        let list = lists.swap_remove((*count).min(lists.len() - 1));
        *count += 1;
        Some(Record::Answers(vec![list]))
    }
}

struct StubResolver(Arc<World>);

impl Resolver for StubResolver {
    /// Follows aliases without end, as a bad resolver might: the client's time limit has to cut it.
    fn lookup<'a>(&'a self, host: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let mut name = host.to_owned();
            loop {
                match self.0.answer(&name) {
                    Some(Record::Answers(mut lists)) => return Ok(lists.remove(0)),
                    Some(Record::Alias(other)) => name = other,
                    None => return Err(io::ErrorKind::NotFound.into()),
                }
                tokio::task::yield_now().await;
            }
        })
    }
}

struct StubDialer(Arc<World>);

impl Dialer for StubDialer {
    fn dial(&self, address: SocketAddr) -> Dialing {
        self.0.dialled.lock().unwrap().push(address);
        let route = self.0.routes.lock().unwrap().get(&address.ip()).copied();
        Box::pin(async move {
            match route {
                Some(server) => TcpStream::connect(server).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

/// A GET with [`LIMITS`].
pub(crate) fn get(url: &str) -> Request {
    Request { method: Method::GET, url: url.to_owned(), headers: HeaderMap::new(), body: Bytes::new(), limits: LIMITS }
}

/// Sends a GET with [`LIMITS`] that follows up to five redirects.
pub(crate) async fn fetch(client: &Outside, url: &str) -> Result<Response, OutsideError> {
    let limits = Limits { redirects_max: 5, ..LIMITS };
    client.send(Request { limits, ..get(url) }).await
}

/// What a stub server does with a request.
pub(crate) enum Reply {
    /// Writes this and waits for the next request.
    Keep(Vec<u8>),
    /// Writes this and closes.
    Close(Vec<u8>),
    /// Writes this and resets the connection.
    Reset(Vec<u8>),
    /// Writes one byte at a time, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Writes the first, then the second without end.
    Endless(Vec<u8>, Vec<u8>),
    /// Writes the first, then what the function makes, until it makes nothing.
    Made(Vec<u8>, Box<dyn FnMut() -> Option<Vec<u8>> + Send>),
}

/// A stub server on loopback. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    written: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Server {
    pub(crate) async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_secured(None, reply).await
    }

    pub(crate) async fn start_secured(
        tls: Option<tokio_rustls::TlsAcceptor>,
        reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, reply) = (Arc::clone(&seen), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, reply, tls) = (Arc::clone(&shared), Arc::clone(&reply), tls.clone());
                tokio::spawn(async move {
                    // A client that goes away is what many tests want to see.
                    let _ = match tls {
                        None => converse(stream, &seen, &*reply).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => converse(stream, &seen, &*reply).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self { address, seen }
    }

    /// A server that gives the same answer to everything and keeps the connection.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_| Reply::Keep(answer.clone())).await
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Bytes the server could get rid of, including what is still in the socket's buffers.
    pub(crate) fn written(&self) -> usize {
        self.seen.written.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }
}

/// A complete response with a body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A complete redirect.
pub(crate) fn redirect(status: &str, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

async fn converse<S>(mut stream: S, seen: &Seen, reply: &(dyn Fn(&str) -> Reply + Send + Sync)) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Linger,
{
    while let Some(request) = read_request(&mut stream).await? {
        let answer = reply(&request);
        seen.requests.lock().unwrap().push(request);
        match answer {
            Reply::Keep(bytes) => write(&mut stream, seen, &bytes).await?,
            Reply::Close(bytes) => {
                write(&mut stream, seen, &bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Reset(bytes) => {
                write(&mut stream, seen, &bytes).await?;
                tokio::time::sleep(Duration::from_millis(30)).await;
                stream.reset_on_close();
                return Ok(());
            }
            Reply::Drip(bytes, pause) => {
                for byte in bytes {
                    write(&mut stream, seen, &[byte]).await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Reply::Endless(head, piece) => {
                write(&mut stream, seen, &head).await?;
                loop {
                    write(&mut stream, seen, &piece).await?;
                }
            }
            Reply::Made(head, mut make) => {
                write(&mut stream, seen, &head).await?;
                while let Some(piece) = make() {
                    write(&mut stream, seen, &piece).await?;
                }
            }
        }
    }
    Ok(())
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, seen: &Seen, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    seen.written.fetch_add(bytes.len(), Ordering::SeqCst);
    Ok(())
}

/// Head and body of one request as text; `None` when the client has gone.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= content_length(head)
        {
            return Ok(Some(text.into_owned()));
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap())
}

/// Streams that can be made to end with a reset.
trait Linger {
    fn reset_on_close(&self);
}

impl Linger for TcpStream {
    fn reset_on_close(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Linger for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset_on_close(&self) {
        self.get_ref().0.reset_on_close();
    }
}
