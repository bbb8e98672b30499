//! EC2's token buckets: throttling costs time and nothing else.

use tokio::sync::Semaphore;

use super::*;

#[tokio::test]
async fn sixty_pools_ten_at_a_time_are_made_though_ec2_throttles() {
    let settings = Settings {
        quotas: Quotas::generous(),
        // A fifth of the buckets is left for this run: 10 allocations at once and then one a second.
        throttling: stand_in_cloud::throttling::Throttling { enabled: true, share_percent: 20 },
        ..Settings::default()
    };
    let server = Arc::new(Server::start(ServerConfig { settings, ..ServerConfig::default() }).expect("a server"));
    let region = Arc::new(region(&client(&server)));
    let ten = Arc::new(Semaphore::new(10));
    // The server's clock runs ten times as fast: what takes minutes there takes seconds here.
    let clock = {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                server.advance(Duration::from_millis(90));
            }
        })
    };
    let pools: Vec<_> = (0..60)
        .map(|number| {
            let (region, ten) = (Arc::clone(&region), Arc::clone(&ten));
            let mut wanted = desired(&["a"], "x");
            wanted.identity.name = format!("pool-{number}").parse().expect("a name");
            tokio::spawn(async move {
                let _one_of_ten = ten.acquire().await.expect("an open gate");
                let limits = Limits::within(CancellationToken::new(), Duration::from_mins(1));
                let observed = region.observe(&wanted.identity, &[], Freshness::Now).await.expect("an observation");
                drive(&Pools(&*region), &request(&wanted, &State::new()), observed, &limits).await.end
            })
        })
        .collect();
    for pool in pools {
        let end = pool.await.expect("a pool");
        assert!(matches!(end, End::Done), "{end:?}");
    }
    clock.abort();
    let throttled = server.log().iter().filter(|call| call.code.as_deref() == Some("RequestLimitExceeded")).count();
    assert!(throttled > 10, "{throttled} calls were throttled");
    assert_eq!(server.inventory().addresses.len(), 60, "no duplicate");
}
