//! Servers that take a connection and never answer. The clock jumps to the next timeout, so that nothing waits in real time.

use std::time::Duration;

use cluster::{Cluster, Error, Limits};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{OWNED, config, manifest};

/// A plan must not take longer.
const LIMIT: Duration = Duration::from_mins(2);

/// A listener that accepts and says nothing, and its URL.
async fn silent(scheme: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    format!("{scheme}://127.0.0.1:{port}")
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reads_of_a_silent_server_wait_for_one_timeout() {
    for scheme in ["http", "https"] {
        let cluster = Cluster::connect(&config(&silent(scheme).await, "token")).await.expect("a client");
        let begin = Instant::now();
        // As Terraform asks: ten at a time, of two kinds.
        let names: Vec<_> = (0..1000).map(|number| format!("p{number}")).collect();
        for ten in names.chunks(10) {
            let reads = ten.iter().enumerate().map(|(index, name)| {
                let id = manifest("n", name, "192.0.2.0/24").id();
                let plural = if index % 2 == 0 { id.plural.clone() } else { "others".to_owned() };
                let id = egress_engines::manifest::ObjectId { plural, ..id };
                let cluster = &cluster;
                async move { cluster.observe(&id, OWNED).await }
            });
            for answer in futures::future::join_all(reads).await {
                assert!(matches!(answer, Err(Error::Silent { .. })), "{scheme}: {answer:?}");
            }
        }
        assert!(begin.elapsed() < LIMIT, "{scheme}: {:?}", begin.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_to_a_silent_server_ends_with_its_limits() {
    let cluster = Cluster::connect(&config(&silent("http").await, "token")).await.expect("a client");
    let id = manifest("n", "p", "192.0.2.0/24").id();
    let begin = Instant::now();
    let limits = Limits::within(CancellationToken::new(), Duration::from_secs(5));
    let answer = cluster.delete(&id, "uid", &limits).await;
    assert!(matches!(answer, Err(Error::OverdueWrite)), "{answer:?}");
    assert!(begin.elapsed() <= Duration::from_secs(16), "{:?}", begin.elapsed());

    let begin = Instant::now();
    let stop = CancellationToken::new();
    let limits = Limits::within(stop.clone(), Duration::from_hours(1));
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.cancel();
    };
    let (answer, ()) = tokio::join!(cluster.delete(&id, "uid", &limits), interrupt);
    assert!(matches!(answer, Err(Error::InterruptedWrite)), "{answer:?}");
    assert!(begin.elapsed() <= Duration::from_secs(14), "{:?}", begin.elapsed());
}
