//! A kube-apiserver and its etcd for one test run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kube::core::Request;
use serde_json::{Value, json};

/// The token of a user who may do everything; `NOBODY` is that of one who may do nothing.
pub(crate) const TOKEN: &str = "TOKEN";

/// A running API server; dropping it ends it.
pub(crate) struct ApiServer {
    port: u16,
    client: kube::Client,
    audit: PathBuf,
    processes: Vec<Child>,
    _folder: tempfile::TempDir,
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn start(folder: &Path, program: &Path, arguments: &[String]) -> Child {
    let log = folder.join(format!("{}.log", program.file_name().expect("a name").to_string_lossy()));
    let log = std::fs::File::create(log).expect("a log");
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()))
}

impl ApiServer {
    /// Starts etcd and the API server; `None`, with a message, where there are no binaries.
    pub(crate) async fn start() -> Option<Self> {
        let Some(assets) = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from) else {
            eprintln!("skipped: KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let key = rcgen::KeyPair::generate().expect("a key");
        std::fs::write(path("sa.key"), key.serialize_pem()).expect("a file");
        std::fs::write(path("sa.pub"), key.public_key_pem()).expect("a file");
        std::fs::write(path("tokens.csv"), "TOKEN,admin,admin,\"system:masters\"\nNOBODY,nobody,nobody\n")
            .expect("a file");
        std::fs::write(
            path("audit.yaml"),
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: Metadata\n",
        )
        .expect("a file");
        let (etcd_port, peer_port, port) = (free_port(), free_port(), free_port());
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let etcd = [
            format!("--data-dir={}", path("etcd")),
            format!("--listen-client-urls={etcd_url}"),
            format!("--advertise-client-urls={etcd_url}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peer_port}"),
            "--unsafe-no-fsync".to_owned(),
        ];
        let server = [
            format!("--etcd-servers={etcd_url}"),
            format!("--cert-dir={}", path("certificates")),
            format!("--secure-port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--service-account-key-file={}", path("sa.pub")),
            format!("--service-account-signing-key-file={}", path("sa.key")),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--token-auth-file={}", path("tokens.csv")),
            "--authorization-mode=RBAC".to_owned(),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            format!("--audit-policy-file={}", path("audit.yaml")),
            format!("--audit-log-path={}", path("audit.log")),
            "--audit-log-mode=blocking".to_owned(),
        ];
        let processes = vec![
            start(folder.path(), &assets.join("etcd"), &etcd),
            start(folder.path(), &assets.join("kube-apiserver"), &server),
        ];
        let kubeconfig = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("https://127.0.0.1:{port}"), "insecure-skip-tls-verify": true}}],
            "users": [{"name": "u", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        });
        let kubeconfig = serde_json::from_value(kubeconfig).expect("a kubeconfig");
        let config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await;
        let client = kube::Client::try_from(config.expect("a configuration")).expect("a client");
        let audit = folder.path().join("audit.log");
        let server = Self { port, client, audit, processes, _folder: folder };
        server.wait_until_ready().await;
        Some(server)
    }

    async fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let request = http::Request::get("/readyz").body(Vec::new()).expect("a request");
            match self.client.request_text(request).await {
                Ok(_) => return,
                Err(error) if Instant::now() > deadline => panic!("the API server is not ready after 60 s: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// How many requests about network policies the API server has answered so far, by its own audit log.
    pub(crate) fn requests(&self) -> usize {
        let log = std::fs::read_to_string(&self.audit).expect("the audit log");
        log.lines().filter(|line| line.contains("\"resource\":\"networkpolicies\"")).count()
    }

    pub(crate) async fn namespace(&self, name: &str) {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let request =
            Request::new("/api/v1/namespaces").create(&kube::api::PostParams::default(), body.to_string().into());
        self.client.request::<Value>(request.expect("a request")).await.expect("a namespace");
    }

    /// Sends a request as the administrator.
    pub(crate) async fn request(&self, request: http::Request<Vec<u8>>) -> Result<Value, kube::Error> {
        self.client.request(request).await
    }

    /// Changes an object as another manager would.
    pub(crate) async fn merge(&self, path: &str, manager: &str, change: &Value) {
        let request = http::Request::patch(format!("{path}?fieldManager={manager}"))
            .header("Content-Type", "application/merge-patch+json")
            .body(change.to_string().into_bytes())
            .expect("a request");
        self.client.request::<Value>(request).await.expect("a change");
    }
}

impl ApiServer {
    /// Applies a part of an object as another manager would, and takes over what it names.
    pub(crate) async fn apply_as(&self, path: &str, manager: &str, part: &Value) {
        let (_, name) = path.rsplit_once('/').expect("an object's path");
        let mut body = part.clone();
        body["apiVersion"] = json!("networking.k8s.io/v1");
        body["kind"] = json!("NetworkPolicy");
        body["metadata"]["name"] = json!(name);
        let request = http::Request::patch(format!("{path}?fieldManager={manager}&force=true"))
            .header("Content-Type", "application/apply-patch+yaml")
            .body(body.to_string().into_bytes())
            .expect("a request");
        self.client.request::<Value>(request).await.expect("applied");
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            // Both may have ended already; there is nothing to do about it here.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
