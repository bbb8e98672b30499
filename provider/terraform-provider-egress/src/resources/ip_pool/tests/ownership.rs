//! Whose addresses these are: renamed pools, changed owners, and addresses that the state does not know.

use egress_model::identity::{Identity, ResourceType};
use egress_model::ip_pool::{Address, Mark};

use super::host::{Host, plain};
use crate::resources::whole_diagnostics::messages;

const WARN: (&str, &str) = ("on_ip_change", "warn");

async fn one() -> Host {
    let mut host = Host::new();
    let config = host.config([("a", plain())], []);
    host.apply(&config).await;
    host
}

/// The owner that the tags of the only address name, and the pool.
fn marked(host: &Host) -> (String, String) {
    let addresses = host.cloud.addresses();
    let mark = addresses[0].mark.as_ref().expect("the identity");
    (mark.identity.owner.to_string(), mark.identity.name.to_string())
}

#[tokio::test]
async fn a_pool_is_renamed_in_place_and_keeps_its_ips() {
    let mut host = one().await;
    let ip = host.text("public_ips", "a");
    let config = Host::named(host.config([("a", plain())], []), "customers");
    let planned = host.plan(&config).await;
    assert_eq!((messages(&planned.diagnostics), planned.requires_replace.len()), (vec![], 0));
    assert_eq!(planned.identity.as_ref().and_then(|identity| identity.get("name")?.as_str()), Some("customers"));
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!((host.text("public_ips", "a"), marked(&host).1), (ip, "customers".to_owned()));
}

#[tokio::test]
async fn a_pool_is_renamed_alone_and_to_a_free_name() {
    let host = one().await;
    let more = Host::named(host.config([("a", plain()), ("b", plain())], [(WARN.0, WARN.1.into())]), "customers");
    let text = messages(&host.plan(&more).await.diagnostics).join("\n");
    assert!(text.starts_with("error [name] A pool is renamed alone"), "{text}");

    let mut other = Host::on(host.cloud.clone(), crate::session::Adoption::Automatic);
    let theirs = Host::named(other.config([("z", plain())], []), "customers");
    other.apply(&theirs).await;
    let taken = Host::named(host.config([("a", plain())], []), "customers");
    let text = messages(&host.plan(&taken).await.diagnostics).join("\n");
    assert!(text.starts_with("error [name] The name customers is taken"), "{text}");
    assert!(text.contains(&other.text("ids", "z")), "{text}");
}

#[tokio::test]
async fn a_changed_owner_is_told_and_forgets_no_address() {
    let mut host = one().await;
    let (ip, id) = (host.text("public_ips", "a"), host.text("ids", "a"));
    let config = host.config([("a", plain())], [(WARN.0, WARN.1.into())]);
    host.apply(&config).await;
    host.set_owner("globex");
    host.refresh().await;
    let text = messages(&host.plan_destroy().await).join("\n");
    assert!(text.contains("error [addresses] Addresses of the pool carry the tags of others"), "{text}");
    for said in [ip.as_str(), &id, "acme/ip-pool/partners", "owner", "state rm"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // A destroy that was planned before says the same, and the state still has the address.
    let text = messages(&host.destroy().await).join("\n");
    assert!(text.contains("acme/ip-pool/partners"), "{text}");
    assert_eq!((host.text("ids", "a"), host.cloud.addresses().len()), (id, 1));
    // An apply with the changed owner writes it, and says so.
    let planned = host.plan(&config).await;
    let text = messages(&planned.diagnostics).join("\n");
    assert!(text.starts_with("warning [addresses[\"a\"]] The address of key \"a\" changes its owner"), "{text}");
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(marked(&host), ("globex".to_owned(), "partners".to_owned()));
    assert_eq!(messages(&host.destroy().await), [""; 0]);
    assert_eq!(host.cloud.addresses(), []);
}

#[tokio::test]
async fn what_an_interrupted_update_left_is_told_and_adopted_by_its_key() {
    let mut host = one().await;
    let before = host.state.clone();
    let config = host.config([("a", plain()), ("c", plain())], [(WARN.0, WARN.1.into())]);
    host.apply(&config).await;
    let stray = host.text("public_ips", "c");
    // The crash: the state of before, the cloud of after.
    host.state = before;
    let text = messages(&host.refresh_with_diagnostics().await).join("\n");
    assert!(text.starts_with("warning [addresses] There are addresses of this pool that it does not know"), "{text}");
    assert!(text.contains(&stray) && text.contains("key \"c\""), "{text}");
    assert_eq!(host.text("ids", "c"), "", "it is no key: it may be another state's");
    let text = messages(&host.plan_destroy().await).join("\n");
    assert!(text.contains(&stray) && text.contains("They stay allocated"), "{text}");
    // The configuration has the key: the address is found.
    let planned = host.plan(&config).await;
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(host.text("public_ips", "c"), stray);
    assert_eq!(messages(&host.destroy().await), [""; 0]);
    assert_eq!(host.cloud.addresses(), []);
}

#[tokio::test]
async fn a_second_address_that_retain_keeps_is_named() {
    let mut host = Host::new();
    let config = host.config([("a", plain())], [("release_policy", "retain".into())]);
    let planned = host.plan(&config).await;
    // Two runs that did not see each other have allocated an address each.
    let mark = |host: &Host| {
        let address = host.cloud.allocate_outside();
        host.cloud.change_outside(&address.id, |address| {
            let identity = Identity {
                owner: "acme".parse().expect("an owner"),
                resource_type: ResourceType::IpPool,
                name: "partners".parse().expect("a name"),
            };
            let mark = Mark { identity, key: "a".parse().expect("a key"), created: Some(1), holder: None };
            Some(Address { mark: Some(mark), ..address })
        });
        address
    };
    let (kept, extra) = (mark(&host), mark(&host));
    let text = messages(&host.apply_plan(&config, planned).await).join("\n");
    assert!(text.starts_with("warning [addresses] Extra addresses stay allocated"), "{text}");
    assert!(text.contains(extra.id.as_str()) && text.contains(&extra.public_ips.to_string()), "{text}");
    assert_eq!(host.text("ids", "a"), kept.id.as_str());
    let addresses = host.cloud.addresses();
    let extra = addresses.iter().find(|address| address.id == extra.id).expect("it is still there");
    assert_eq!(extra.mark, None);
}
