//! Addresses that the account brought to AWS, or that IPAM manages.

use super::*;

/// Pools that every account of the stand-in has (its rule `address-pools`).
const BYOIP: &str = "ipv4pool-ec2-0a1b2c3d4e5f60718";
const IPAM: &str = "ipam-pool-0a1b2c3d4e5f60718";

pub(super) fn byoip() -> Source {
    Source { public_ipv4_pool: Some(BYOIP.to_owned()), ..Source::default() }
}

pub(super) fn ipam() -> Source {
    Source { ipam_pool_id: Some(IPAM.to_owned()), ..Source::default() }
}

fn from(source: Source, recover: Option<std::net::IpAddr>) -> Desired<Source> {
    let mut wanted = desired(&["a"], "x");
    wanted.addresses.get_mut(&key("a")).expect("an address").origin = Origin::Allocated { source, recover };
    wanted
}

#[tokio::test]
async fn addresses_come_from_the_pool_that_is_named_and_stay() {
    // Addresses of these pools are in no quota.
    let server = server(Timings::fast(), Quotas { addresses: 0, ..Quotas::generous() });
    let client = client(&server);
    for (source, network, pool) in [(byoip(), "192.0.2.0/28", BYOIP), (ipam(), "192.0.2.16/28", IPAM)] {
        let network: ipnet::Ipv4Net = network.parse().expect("a network");
        let wanted = from(source, None);
        let outcome = run(&client, &wanted, &State::new()).await;
        assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
        let state = recorded(&wanted, &State::new(), &outcome.observed);
        check(&server, &wanted);
        let inventory = server.inventory();
        let address = inventory.addresses.values().next().expect("an address");
        assert!(network.contains(&address.public_ip) && address.pool == pool, "{address:?}");
        check_settled(&client, &wanted, &state).await;
        // Whoever no longer says where it should come from keeps it.
        check_settled(&client, &from(Source::default(), None), &state).await;
        run(&client, &desired(&[], "x"), &state).await;
    }
    assert!(region(&client).quotas().await.expect("an answer").iter().all(|quota| quota.used == 0));
}

#[tokio::test]
async fn another_pool_is_another_address_the_new_one_first() {
    let server = fast();
    let client = client(&server);
    let first = from(byoip(), None);
    let outcome = run(&client, &first, &State::new()).await;
    let state = recorded(&first, &State::new(), &outcome.observed);
    let second = from(ipam(), None);
    server.clear_log();
    let outcome = run(&client, &second, &state).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let log = server.log();
    let writes: Vec<_> = log.iter().map(|entry| entry.action.as_str()).filter(|a| !a.starts_with("Describe")).collect();
    assert_eq!(writes, ["AllocateAddress", "ReleaseAddress"]);
    check_settled(&client, &second, &recorded(&second, &state, &outcome.observed)).await;
}

#[tokio::test]
async fn an_address_of_ones_own_pool_can_be_chosen() {
    let server = fast();
    let client = client(&server);
    let wanted = from(byoip(), Some([192, 0, 2, 7].into()));
    let outcome = run(&client, &wanted, &State::new()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let address = outcome.observed.iter().next().expect("an address").clone();
    assert_eq!((address.public_ips.to_string().as_str(), address.source.public_ipv4_pool.as_deref()), ("192.0.2.7", Some(BYOIP)));
    check_settled(&client, &wanted, &recorded(&wanted, &State::new(), &outcome.observed)).await;
}

#[tokio::test]
async fn a_pool_that_does_not_exist_is_said() {
    let server = fast();
    let client = client(&server);
    let source = Source { public_ipv4_pool: Some("ipv4pool-ec2-0".to_owned()), ..Source::default() };
    let outcome = run(&client, &from(source, None), &State::new()).await;
    let End::Failed { error, .. } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!((error.class, error.code.as_str()), (Class::NotFound, "InvalidPublicIpv4PoolID.NotFound"));
    assert_eq!(server.inventory().addresses.len(), 0);
}
