//! What Terraform does with a provider's process, without Terraform: starts it with go-plugin's environment, reads the
//! handshake line, and connects with a P-521 certificate of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P521_SHA512,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tfplugin_proto::plugin::Empty;
use tfplugin_proto::plugin::grpc_controller_client::GrpcControllerClient;
use tfplugin_proto::tfplugin6::provider_client::ProviderClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// A client's key and certificate, as Terraform makes one for each process.
pub(crate) struct Identity {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }
}

/// A running provider.
pub(crate) struct Host {
    child: Child,
    /// The handshake line, as it came.
    pub(crate) line: String,
    pub(crate) identity: Identity,
    stderr: Arc<Mutex<Vec<String>>>,
}

/// How a test departs from what Terraform does.
#[derive(Default)]
pub(crate) struct Options<'a> {
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// No `PLUGIN_CLIENT_CERT`, as under `TF_DISABLE_PLUGIN_TLS`.
    pub(crate) no_tls: bool,
}

/// The command with nothing of this process's Terraform settings in its environment.
pub(crate) fn bare_command() -> Command {
    let mut command = Command::new(crate::example::shelf());
    for (name, _) in std::env::vars() {
        if name.starts_with("TF_") || name.starts_with("PLUGIN_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command with the environment that Terraform gives.
pub(crate) fn command(identity: Option<&Identity>) -> Command {
    let mut command = bare_command();
    command.env(COOKIE.0, COOKIE.1);
    command.env("PLUGIN_PROTOCOL_VERSIONS", "5,6");
    command.env("PLUGIN_MIN_PORT", "10000").env("PLUGIN_MAX_PORT", "25000");
    if let Some(identity) = identity {
        command.env("PLUGIN_CLIENT_CERT", identity.pem());
    }
    command
}

impl Host {
    pub(crate) fn start() -> Self {
        Self::start_with(&Options::default())
    }

    pub(crate) fn start_with(options: &Options<'_>) -> Self {
        let identity = Identity::new();
        let mut command = command((!options.no_tls).then_some(&identity));
        command.envs(options.variables.iter().copied());
        Self::spawn(command, identity)
    }

    pub(crate) fn spawn(mut command: Command, identity: Identity) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // Kept open, as the host does.
        thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&stderr);
        let pipe = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in pipe.lines() {
                lines.lock().unwrap().push(line.unwrap());
            }
        });
        Self { child, line, identity, stderr }
    }

    /// The fields of the handshake line.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.line.trim_end().split('|').collect()
    }

    /// Where the process listens.
    pub(crate) fn socket(&self) -> &str {
        self.fields()[3]
    }

    /// Connects as Terraform does.
    pub(crate) async fn connect(&self) -> Result<Channel, tonic::transport::Error> {
        self.connect_as(Some(&self.identity)).await
    }

    /// Connects with TLS as somebody, or without a certificate.
    pub(crate) async fn connect_as(&self, client: Option<&Identity>) -> Result<Channel, tonic::transport::Error> {
        let server = STANDARD_NO_PAD.decode(self.fields()[5]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(server)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match client {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::Pkcs8(identity.key.serialize_der().into());
                config.with_client_auth_cert(vec![identity.certificate.der().clone()], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let (network, address) = (self.fields()[2].to_owned(), self.socket().to_owned());
        channel(move || {
            let (connector, network, address) = (connector.clone(), network.clone(), address.clone());
            async move {
                let name = ServerName::try_from("localhost").unwrap();
                let stream = connector.connect(name, dial(&network, &address).await?).await?;
                // Newer hosts insist.
                let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                assert_eq!(protocol.as_deref(), Some(&b"h2"[..]), "HTTP/2 was not negotiated");
                Ok(stream)
            }
        })
        .await
    }

    /// Connects without TLS.
    pub(crate) async fn connect_plain(&self) -> Result<Channel, tonic::transport::Error> {
        dial_plain(self.fields()[2], self.socket()).await
    }

    /// The provider's calls, as Terraform.
    pub(crate) async fn provider(&self) -> ProviderClient<Channel> {
        provider(self.connect().await.unwrap())
    }

    /// What the process wrote to stderr until now.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until stderr has a line.
    pub(crate) fn wait_for_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(line) = self.stderr().into_iter().find(|line| wanted(line)) {
                return line;
            }
            assert!(Instant::now() < end, "no such line among {:#?}", self.stderr());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let end = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "still running after {at_most:?}");
            thread::sleep(Duration::from_micros(200));
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A killed process leaves its socket.
        let fields = self.fields();
        let socket = fields.get(3).map(Path::new).and_then(Path::parent);
        if let Some(directory) = socket.filter(|directory| directory.to_string_lossy().contains("tfplugin-")) {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// Sends a signal, by its name, to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Connects without TLS.
pub(crate) async fn dial_plain(network: &str, address: &str) -> Result<Channel, tonic::transport::Error> {
    let (network, address) = (network.to_owned(), address.to_owned());
    channel(move || {
        let (network, address) = (network.clone(), address.clone());
        async move { dial(&network, &address).await }
    })
    .await
}

/// The provider's calls on a connection, with Terraform's limits.
pub(crate) fn provider(channel: Channel) -> ProviderClient<Channel> {
    ProviderClient::new(channel).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX)
}

/// Asks the process to end.
pub(crate) async fn shutdown(channel: Channel) -> Result<(), tonic::Status> {
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.map(drop)
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

async fn dial(network: &str, address: &str) -> std::io::Result<Box<dyn Duplex>> {
    Ok(match network {
        "unix" => Box::new(UnixStream::connect(address).await?),
        _ => Box::new(TcpStream::connect(address).await?),
    })
}

async fn channel<F, S>(dial: impl Fn() -> F + Clone + Send + Sync + 'static) -> Result<Channel, tonic::transport::Error>
where
    F: Future<Output = std::io::Result<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connector = tower::service_fn(move |_| {
        let dialed = dial();
        async move { dialed.await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://localhost").connect_with_connector(connector).await
}
