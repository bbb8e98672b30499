//! Where the host connects.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::handshake::{Address, Host};

/// The host dials at once; whoever connects and then says nothing is not it.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept (out of file descriptors, for one) before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A socket on which connections already queue. What it leaves in the file system goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    /// What the host has to dial.
    pub(crate) address: Address,
}

#[derive(Debug)]
enum Socket {
    #[cfg(unix)]
    Unix(UnixListener, #[expect(dead_code, reason = "held for its drop")] SocketFile),
    /// Where there are no Unix sockets, or no path short enough for one.
    Tcp(TcpListener),
}

/// A socket's file in a directory of its own, removed when dropped.
#[cfg(unix)]
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    directory: PathBuf,
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // At the end of the process nobody is left who could act on a failure.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_dir(&self.directory);
    }
}

impl Listener {
    /// Listens where the host wants it: a Unix socket in a directory of its own, or else a port.
    pub(crate) fn bind(directory: Option<&Path>, group: Option<&str>, ports: RangeInclusive<u16>) -> io::Result<Self> {
        #[cfg(unix)]
        {
            let parent = directory.map_or_else(std::env::temp_dir, Path::to_path_buf);
            match bind_unix(&parent, group) {
                // Only a path that no socket address can hold (about 100 bytes) leaves the other way.
                Err(e) if e.kind() == io::ErrorKind::InvalidInput => {}
                bound => {
                    return bound.map(|(listener, file)| Self {
                        address: Address::Unix(file.path.clone()),
                        socket: Socket::Unix(listener, file),
                    });
                }
            }
        }
        #[cfg(not(unix))]
        let _ = (directory, group);
        let listener = bind_tcp(ports)?;
        Ok(Self { address: Address::Tcp(listener.local_addr()?), socket: Socket::Tcp(listener) })
    }

    /// As [`Listener::bind`], as the host said.
    pub(crate) fn for_host(host: &Host) -> io::Result<Self> {
        Self::bind(host.socket_directory.as_deref(), host.socket_group.as_deref(), host.ports.clone())
    }

    /// The connections, each once its TLS handshake is done. A client that fails to prove who it is costs nothing but a log
    /// line, and never keeps another waiting. Needs a runtime.
    pub(crate) fn connections(
        &self,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<impl Stream<Item = io::Result<Connection>> + use<>> {
        let acceptor = tls.map(TlsAcceptor::from);
        let accepting = Accepting::from_socket(&self.socket)?;
        let (ready, connections) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = ready.closed() => break,
                    accepted = accepting.accept() => match accepted {
                        Ok(stream) => {
                            tokio::spawn(secure(stream, acceptor.clone(), ready.clone()));
                        }
                        Err(error) => {
                            tracing::warn!(%error, "cannot accept a connection");
                            tokio::time::sleep(ACCEPT_PAUSE).await;
                        }
                    }
                }
            }
        });
        Ok(ReceiverStream::new(connections))
    }
}

/// A listener inside a runtime.
enum Accepting {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(tokio::net::TcpListener),
}

impl Accepting {
    fn from_socket(socket: &Socket) -> io::Result<Self> {
        match socket {
            #[cfg(unix)]
            Socket::Unix(listener, _) => {
                let listener = listener.try_clone()?;
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener).map(Self::Unix)
            }
            Socket::Tcp(listener) => {
                let listener = listener.try_clone()?;
                listener.set_nonblocking(true)?;
                tokio::net::TcpListener::from_std(listener).map(Self::Tcp)
            }
        }
    }

    async fn accept(&self) -> io::Result<ByteStream> {
        match self {
            #[cfg(unix)]
            Self::Unix(listener) => Ok(Box::pin(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::pin(stream))
            }
        }
    }
}

/// Passes an accepted stream on when the client has proved who it is.
async fn secure(stream: ByteStream, acceptor: Option<TlsAcceptor>, ready: mpsc::Sender<io::Result<Connection>>) {
    let connection = match acceptor {
        None => Connection(stream),
        Some(acceptor) => match timeout(TLS_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Connection(Box::pin(stream)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "refused a client that is not the host");
                return;
            }
            Err(_) => {
                tracing::warn!("refused a client that did not finish its TLS handshake");
                return;
            }
        },
    };
    // The receiver is gone when the server ends.
    let _ = ready.send(Ok(connection)).await;
}

#[cfg(unix)]
fn bind_unix(parent: &Path, group: Option<&str>) -> io::Result<(UnixListener, SocketFile)> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

    let group = group.map(group_id).transpose()?;
    let mode = if group.is_some() { 0o750 } else { 0o700 };
    for attempt in 0_u32.. {
        // Unique among live processes by the id, and against leftovers of a killed one by the counter.
        let directory = parent.join(format!("tfplugin-{}-{attempt}", std::process::id()));
        match std::fs::DirBuilder::new().mode(mode).create(&directory) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            created => created?,
        }
        let file = SocketFile { path: directory.join("plugin.sock"), directory };
        let listener = UnixListener::bind(&file.path)?;
        if let Some(group) = group {
            std::os::unix::fs::chown(&file.directory, None, Some(group))?;
            std::os::unix::fs::chown(&file.path, None, Some(group))?;
            std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o660))?;
        }
        return Ok((listener, file));
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The number of a group that is given by number or by its name in `/etc/group`.
#[cfg(unix)]
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    let mut entries = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    entries
        .find_map(|fields| (fields.first() == Some(&group)).then(|| fields.get(2)?.parse().ok()).flatten())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no group {group} in /etc/group")))
}

fn bind_tcp(ports: RangeInclusive<u16>) -> io::Result<TcpListener> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for port in ports {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok(listener),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// A stream of bytes in both directions.
trait Duplex: AsyncRead + AsyncWrite {}
impl<S: AsyncRead + AsyncWrite> Duplex for S {}

type ByteStream = Pin<Box<dyn Duplex + Send>>;

/// A connection, secured or not.
pub(crate) struct Connection(ByteStream);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_has_a_directory_of_its_own_and_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let listener = Listener::bind(Some(parent.path()), None, 0..=0).unwrap();
        let Address::Unix(path) = listener.address.clone() else { panic!("not a Unix socket") };
        assert!(path.exists());
        drop(listener);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_path_too_long_for_a_socket_falls_back_to_a_port() {
        let parent = tempfile::tempdir().unwrap();
        let deep = parent.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let listener = Listener::bind(Some(&deep), None, 0..=0).unwrap();
        assert!(matches!(listener.address, Address::Tcp(address) if address.ip().is_loopback()));
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        assert!(Listener::bind(Some(Path::new("/nonexistent/tfplugin")), None, 0..=0).is_err());
    }

    #[test]
    fn groups_are_found_by_number_and_name() {
        assert_eq!(group_id("1234").unwrap(), 1234);
        assert!(group_id("no such group").is_err());
        assert_eq!(group_id("root").ok().or_else(|| group_id("wheel").ok()), Some(0));
    }
}
