//! A real Kubernetes API server: one of its own with etcd out of `KUBEBUILDER_ASSETS`, or an existing one.
//!
//! An existing cluster is used only where `EGRESS_TEST_KUBECONFIG` names its kubeconfig file: `KUBECONFIG` is what a developer
//! works with, and may be production. Everything that is made there is in namespaces of its own, which are deleted at the end.
//!
//! In one of its own there are no controllers and no nodes: objects stay as they were written.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::environment::{self, Missing};

const START_TIMEOUT: Duration = Duration::from_mins(1);
const TOKEN: &str = "acceptance";
/// A user whom nothing is allowed but what a test allows it, with the token of the same text.
pub const RESTRICTED_USER: &str = "restricted";
/// What the names of all namespaces on an existing cluster begin with.
const NAMESPACE_PREFIX: &str = "egress-acceptance";
/// A label of every namespace, by which what a killed run left can be found.
const NAMESPACE_LABEL: &str = "egress-acceptance";

/// A running API server with an administrator's kubeconfig.
#[derive(Debug)]
pub struct ApiServer {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    own: Option<Own>,
    namespaces: Mutex<Vec<String>>,
}

/// Processes that are ours to stop, and their folder.
#[derive(Debug)]
struct Own {
    api_server: Child,
    etcd: Child,
    folder: TempDir,
}

impl Drop for Own {
    fn drop(&mut self) {
        for child in [&mut self.api_server, &mut self.etcd] {
            // Both fail only when the process is gone. At SIGTERM the server would go on for seconds.
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }
}

/// What an existing cluster was given is taken away again. Own servers end as a whole.
impl Drop for ApiServer {
    fn drop(&mut self) {
        let namespaces = std::mem::take(&mut *self.namespaces.lock().unwrap_or_else(PoisonError::into_inner));
        if self.own.is_some() || namespaces.is_empty() {
            return;
        }
        let mut arguments = vec!["delete", "namespace", "--wait=false", "--ignore-not-found"];
        arguments.extend(namespaces.iter().map(String::as_str));
        if let Err(error) = self.kubectl(&arguments, "") {
            eprintln!("the namespaces {} are left in the cluster: {error:#}", namespaces.join(" "));
        }
    }
}

impl ApiServer {
    /// Whether one can be had here, and if not, why.
    pub fn available() -> Result<(), Missing> {
        environment::on_path("kubectl").ok_or("kubectl is not on PATH")?;
        match environment::test_kubeconfig()? {
            Some(_) => Ok(()),
            None => environment::kubernetes_assets().map(drop).map_err(|missing| format!("no API server: {missing}")),
        }
    }

    /// Whether one of its own can be had here, whatever else there is, and if not, why.
    pub fn own_available() -> Result<(), Missing> {
        environment::on_path("kubectl").ok_or("kubectl is not on PATH")?;
        environment::kubernetes_assets().map(drop).map_err(|missing| format!("no API server: {missing}"))
    }

    /// The existing one that tests may use, or one of its own.
    pub fn start() -> Result<Self> {
        match environment::test_kubeconfig().map_err(anyhow::Error::msg)? {
            Some(kubeconfig) => Self::existing(kubeconfig),
            None => Self::start_own(),
        }
    }

    fn existing(kubeconfig: PathBuf) -> Result<Self> {
        let kubectl = environment::on_path("kubectl").context("kubectl is not on PATH")?;
        let server = Self { kubeconfig, kubectl, own: None, namespaces: Mutex::default() };
        let reached = server.kubectl(&["version", "--request-timeout=10s"], "");
        reached.with_context(|| format!("the cluster of {} does not answer", server.kubeconfig.display()))?;
        Ok(server)
    }

    /// Starts one, whatever else there is.
    pub fn start_own() -> Result<Self> {
        let kubectl = environment::on_path("kubectl").context("kubectl is not on PATH")?;
        let assets = environment::kubernetes_assets().map_err(anyhow::Error::msg)?;
        let folder = TempDir::with_prefix("egress-kubernetes-")?;
        let [client_port, peer_port, secure_port] = free_ports()?;
        let etcd_address = format!("http://127.0.0.1:{client_port}");
        let etcd = Command::new(assets.join("etcd"))
            .arg("--data-dir")
            .arg(folder.path().join("etcd"))
            .args(["--listen-client-urls", &etcd_address, "--advertise-client-urls", &etcd_address])
            .args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer_port}"), "--unsafe-no-fsync"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("etcd.log"))?)
            .spawn()
            .context("cannot start etcd")?;
        let api_server = api_server(&assets, folder.path(), &etcd_address, secure_port);
        let api_server = match api_server {
            Ok(child) => child,
            Err(error) => {
                let mut etcd = etcd;
                let _gone = etcd.kill();
                return Err(error);
            }
        };
        let own = Own { api_server, etcd, folder };
        let kubeconfig = own.folder.path().join("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_text(secure_port, TOKEN))?;
        fs::write(own.folder.path().join(RESTRICTED_USER), kubeconfig_text(secure_port, RESTRICTED_USER))?;
        let mut server = Self { kubeconfig, kubectl, own: Some(own), namespaces: Mutex::default() };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The kubeconfig file of an administrator.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The kubeconfig file of [`RESTRICTED_USER`]; `None` on an existing server, which has no such user.
    pub fn restricted_kubeconfig(&self) -> Option<PathBuf> {
        self.own.as_ref().map(|own| own.folder.path().join(RESTRICTED_USER))
    }

    /// Runs kubectl, with this text as its input; what it printed, or its error.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String> {
        use std::io::Write as _;
        let mut child = Command::new(&self.kubectl)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(input.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes a namespace that no other run has, and gives its name.
    pub fn own_namespace(&self) -> Result<String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Two machines may test on one cluster, with the same process numbers.
        let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let name = format!("{NAMESPACE_PREFIX}-{time:x}-{}-{number}", std::process::id());
        self.create_namespace(&name)?;
        Ok(name)
    }

    /// Makes a namespace of this name; fails when there is one.
    pub fn create_namespace(&self, name: &str) -> Result<()> {
        let labels = json!({ NAMESPACE_LABEL: "true" });
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
        self.kubectl(&["create", "--filename", "-"], &namespace.to_string())?;
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        Ok(())
    }

    /// An object with its managed fields, or `None`.
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Result<Option<Json>> {
        let arguments = ["get", resource, name, "--namespace", namespace, "--output", "json", "--show-managed-fields"];
        let text = self.kubectl(&[&arguments[..], &["--ignore-not-found"]].concat(), "")?;
        if text.trim().is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&text)?)) }
    }

    /// Applies a manifest as another field manager.
    pub fn apply_as(&self, manager: &str, manifest: &Json) -> Result<()> {
        let arguments = ["apply", "--server-side", "--field-manager", manager, "--force-conflicts", "-f", "-"];
        self.kubectl(&arguments, &manifest.to_string()).map(drop)
    }

    /// Writes an object's status, as its controller does.
    pub fn patch_status(&self, resource: &str, namespace: &str, name: &str, status: &Json) -> Result<()> {
        let patch = json!({ "status": status }).to_string();
        let arguments = ["patch", resource, name, "--namespace", namespace, "--subresource=status", "--type=merge"];
        self.kubectl(&[&arguments[..], &["--patch", &patch]].concat(), "").map(drop)
    }

    /// Deletes an object.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) -> Result<()> {
        self.kubectl(&["delete", resource, name, "--namespace", namespace, "--wait=false"], "").map(drop)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let begin = Instant::now();
        loop {
            match self.kubectl(&["get", "--raw", "/readyz"], "") {
                Ok(_) => return Ok(()),
                Err(error) if begin.elapsed() > START_TIMEOUT => return Err(error.context(self.logs())),
                Err(_) => {}
            }
            if let Some(own) = &mut self.own
                && let Some(status) = own.api_server.try_wait()?
            {
                bail!("kube-apiserver ended with {status}: {}", self.logs());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn logs(&self) -> String {
        let Some(own) = &self.own else { return String::new() };
        let log = fs::read_to_string(own.folder.path().join("kube-apiserver.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

fn api_server(assets: &Path, folder: &Path, etcd: &str, port: u16) -> Result<Child> {
    // A service account key is demanded even where no token is ever issued.
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let (private, public) = (folder.join("sa.key"), folder.join("sa.pub"));
    fs::write(&private, key.serialize_pem())?;
    fs::write(&public, key.public_key_pem())?;
    let tokens = folder.join("tokens.csv");
    let users =
        format!("{TOKEN},admin,admin,\"system:masters\"\n{RESTRICTED_USER},{RESTRICTED_USER},{RESTRICTED_USER}\n");
    fs::write(&tokens, users)?;
    Command::new(assets.join("kube-apiserver"))
        .args(["--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", &port.to_string()])
        .arg("--cert-dir")
        .arg(folder.join("certificates"))
        .arg("--service-account-key-file")
        .arg(public)
        .arg("--service-account-signing-key-file")
        .arg(private)
        .arg("--token-auth-file")
        .arg(tokens)
        .args(["--service-account-issuer", "https://kubernetes.default.svc", "--authorization-mode", "RBAC"])
        .args(["--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("kube-apiserver.log"))?)
        .spawn()
        .context("cannot start kube-apiserver")
}

/// The server signs its certificate itself, a new one at each start.
fn kubeconfig_text(port: u16, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: acceptance\n\
         clusters:\n- name: acceptance\n  cluster:\n    server: https://127.0.0.1:{port}\n    insecure-skip-tls-verify: true\n\
         users:\n- name: acceptance\n  user:\n    token: {token}\n\
         contexts:\n- name: acceptance\n  context:\n    cluster: acceptance\n    user: acceptance\n"
    )
}

/// Ports that nobody listens on, all held until all are known.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let listeners: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<std::io::Result<_>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
