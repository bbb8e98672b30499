//! One provider process: started, shaken hands with, connected to, and ended as go-plugin does it.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::{CertificateDer, ServerName};
use tfplugin_proto::plugin::Empty;
use tfplugin_proto::plugin::grpc_controller_client::GrpcControllerClient;
use tfplugin_proto::tfplugin6::provider_client::ProviderClient;
use tfplugin_proto::tfplugin6::stop_provider;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::tls::HostCertificate;

const MAGIC_COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// go-plugin waits a minute; nothing here needs as long.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long go-plugin waits for the exit after `Shutdown` before it kills.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest message that a host takes.
const MESSAGE_LIMIT: usize = i32::MAX as usize;

/// Why a provider process could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program could not be started.
    #[error("cannot start {0}")]
    Spawn(PathBuf, #[source] std::io::Error),
    /// It ended or stayed silent where the handshake line was due; with what it wrote to stderr.
    #[error("no handshake line within {HANDSHAKE_TIMEOUT:?}; stderr: {0}")]
    Silent(String),
    /// The line is not one that a host takes.
    #[error("the handshake line {line:?} is refused: {why}")]
    Handshake {
        /// The line.
        line: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The certificates could not be made or used.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// The host's own certificate could not be made.
    #[error("cannot make the host's certificate")]
    Certificate(#[from] rcgen::Error),
    /// No gRPC connection came about.
    #[error("cannot connect to the provider")]
    Connect(#[from] tonic::transport::Error),
}

/// How long the steps of one start took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Startup {
    /// From before the exec to the handshake line.
    pub handshake: Duration,
    /// From the line to a TLS connection that gRPC can use.
    pub connect: Duration,
}

/// A running provider process. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Arc<Mutex<Child>>,
    pid: Pid,
    channel: Channel,
    stderr: Arc<Mutex<String>>,
    /// How long the start took.
    pub startup: Startup,
}

/// Ends or interrupts a process from beside the walk that uses it.
#[derive(Clone, Debug)]
pub struct Control {
    child: Arc<Mutex<Child>>,
    pid: Pid,
    channel: Channel,
}

impl Process {
    /// Starts the program with these variables added to this process's own, and connects to it.
    pub async fn start(program: &Path, environment: &[(OsString, OsString)]) -> Result<Self, StartError> {
        let certificate = HostCertificate::generate()?;
        let mut command = Command::new(program);
        command
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("TF_PLUGIN_MAGIC_COOKIE", MAGIC_COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_CLIENT_CERT", certificate.pem())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child = command.spawn().map_err(|error| StartError::Spawn(program.to_owned(), error))?;
        let stderr = child.stderr.take().map(collect).unwrap_or_default();
        let line = child.stdout.take().map(first_line);
        let pid = Pid::from_child(&child);
        let child = Arc::new(Mutex::new(child));
        let mut guard = KillOnDrop(Some(child.clone()));
        let (line, at) = match line {
            Some(line) => tokio::time::timeout(HANDSHAKE_TIMEOUT, line).await.ok().and_then(Result::ok),
            None => None,
        }
        .ok_or_else(|| StartError::Silent(lock(&stderr).clone()))?;
        let (socket, server) = parse_handshake(&line)?;
        let tls = TlsConnector::from(certificate.client_config(server)?);
        let channel = connect(socket, tls).await?;
        let startup = Startup { handshake: at - begin, connect: at.elapsed() };
        guard.0 = None;
        Ok(Self { child, pid, channel, stderr, startup })
    }

    /// A client of the provider service.
    pub fn client(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT)
    }

    /// A handle to end or interrupt it from elsewhere.
    pub fn control(&self) -> Control {
        Control { child: self.child.clone(), pid: self.pid, channel: self.channel.clone() }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// What it has written to stderr so far.
    pub fn stderr(&self) -> String {
        lock(&self.stderr).clone()
    }

    /// Ends it as a host does, and tells how long it took; `None` when it had to be killed, as a host would after two
    /// seconds.
    pub async fn shut_down(self) -> Option<Duration> {
        let begin = Instant::now();
        // The reply may be lost: the process may exit before it is sent.
        let _lost = GrpcControllerClient::new(self.channel.clone()).shutdown(Empty {}).await;
        let child = self.child.clone();
        let exit = tokio::task::spawn_blocking(move || wait(&child, EXIT_TIMEOUT)).await.ok().flatten();
        exit.map(|_| begin.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&self.child);
    }
}

impl Control {
    /// SIGKILL, as when a machine runs out of memory; returns when the process is gone.
    pub fn kill(&self) {
        end(&self.child);
    }

    /// SIGINT, as the terminal sends it to the whole process group.
    pub fn interrupt(&self) -> std::io::Result<()> {
        Ok(kill_process(self.pid, Signal::INT)?)
    }

    /// SIGTERM, as a supervisor sends it.
    pub fn terminate(&self) -> std::io::Result<()> {
        Ok(kill_process(self.pid, Signal::TERM)?)
    }

    /// The call by which a host asks for an early end after the first Ctrl-C.
    pub async fn stop(&self) -> Result<(), tonic::Status> {
        ProviderClient::new(self.channel.clone()).stop_provider(stop_provider::Request {}).await.map(drop)
    }
}

/// How long a program takes from the exec to its first line, measured as [`Process::start`] measures it.
pub async fn time_to_first_line(program: &Path) -> Result<Duration, StartError> {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begin = Instant::now();
    let mut child = command.spawn().map_err(|error| StartError::Spawn(program.to_owned(), error))?;
    let stderr = child.stderr.take().map(collect).unwrap_or_default();
    let line = child.stdout.take().map(first_line);
    let _guard = KillOnDrop(Some(Arc::new(Mutex::new(child))));
    let (_, at) = match line {
        Some(line) => line.await.ok(),
        None => None,
    }
    .ok_or_else(|| StartError::Silent(lock(&stderr).clone()))?;
    Ok(at - begin)
}

struct KillOnDrop(Option<Arc<Mutex<Child>>>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            end(child);
        }
    }
}

/// Kills and reaps; a process that has ended already is only reaped.
fn end(child: &Mutex<Child>) {
    let mut child = lock(child);
    // Both fail only when it is gone, which is what is wanted.
    let _gone = child.kill();
    let _gone = child.wait();
}

fn wait(child: &Mutex<Child>, limit: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    loop {
        if let Ok(Some(status)) = lock(child).try_wait() {
            return Some(status);
        }
        if begin.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the first line and when it came, then drains the rest as a host does.
fn first_line(stdout: ChildStdout) -> oneshot::Receiver<(String, Instant)> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        if reader.read_line(&mut line).is_ok() && line.ends_with('\n') {
            // Nobody may be waiting any more.
            let _timed_out = sender.send((line, Instant::now()));
        } else {
            drop(sender);
        }
        let mut rest = [0; 4096];
        while reader.read(&mut rest).is_ok_and(|length| length > 0) {}
    });
    receiver
}

fn collect(stderr: ChildStderr) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut text = lock(&shared);
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}

/// `1|6|unix|PATH|grpc|CERTIFICATE`, by the rules of go-plugin's client.
fn parse_handshake(line: &str) -> Result<(PathBuf, CertificateDer<'static>), StartError> {
    let refuse = |why| StartError::Handshake { line: line.to_owned(), why };
    let fields: Vec<&str> = line.trim().split('|').collect();
    let [core, version, network, address, kind, certificate] = fields[..] else {
        return Err(refuse("it does not have six fields"));
    };
    match (core, version, network, kind) {
        ("1", "6", "unix", "grpc") => {}
        ("1", "6", "unix", _) => return Err(refuse("the server does not speak gRPC")),
        ("1", "6", ..) => return Err(refuse("the network is not a Unix socket")),
        ("1", ..) => return Err(refuse("the protocol is not version 6")),
        _ => return Err(refuse("the core protocol is not version 1")),
    }
    let der = STANDARD_NO_PAD.decode(certificate).map_err(|_| refuse("the certificate is not unpadded base64"))?;
    Ok((PathBuf::from(address), CertificateDer::from(der)))
}

async fn connect(socket: PathBuf, tls: TlsConnector) -> Result<Channel, StartError> {
    // The address is not used: the connector knows the socket.
    let endpoint = Endpoint::from_static("http://localhost");
    let connector = tower::service_fn(move |_| {
        let (socket, tls) = (socket.clone(), tls.clone());
        async move {
            let stream = UnixStream::connect(socket).await?;
            let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, stream).await?))
        }
    });
    Ok(endpoint.connect_with_connector(connector).await?)
}
