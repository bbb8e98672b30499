//! What plans and applies do.

use std::sync::Arc;

use cloud::ip_pools::memory::{Memory, Source};
use cloud::{Class, Error};
use egress_model::ip_pool::{Address, AddressId, User, UserKind};
use tfplugin::Context;
use tfplugin::cty::Value;

use super::host::{Host, plain, with};
use crate::resources::whole_diagnostics::messages;
use crate::session::Adoption;

const WARN: (&str, &str) = ("on_ip_change", "warn");

fn warn() -> [(&'static str, Value); 1] {
    [(WARN.0, WARN.1.into())]
}

#[expect(clippy::unnecessary_wraps, reason = "a change from outside may also remove the address")]
fn used(mut address: Address<Source>) -> Option<Address<Source>> {
    let (kind, association, private_ip) = (UserKind::Interface, None, None);
    address.users = vec![User { id: "eni-1".to_owned(), kind, association, private_ip }];
    Some(address)
}

/// A host whose pool has `a` and `b`.
async fn two() -> Host {
    let mut host = Host::new();
    let config = host.config([("a", plain()), ("b", plain())], []);
    host.apply(&config).await;
    host
}

fn id(host: &Host, key: &str) -> AddressId {
    AddressId::new(host.text("ids", key))
}

#[tokio::test]
async fn creates_reads_and_destroys() {
    let mut host = two().await;
    assert_eq!(host.cloud.addresses().len(), 2);
    let cidrs = host.state.get("cidrs").and_then(Value::elements).expect("a list").len();
    assert_eq!(cidrs, 2);
    assert_eq!(host.text("public_ips", "a"), host.cloud.addresses()[0].public_ips.to_string());
    let config = host.config([("a", plain()), ("b", plain())], warn());
    host.apply(&config).await;
    assert_eq!(messages(&host.destroy().await), [""; 0]);
    assert!(host.state.is_null());
    assert_eq!(host.cloud.addresses(), []);
}

#[tokio::test]
async fn another_key_leaves_the_others_known() {
    let mut host = two().await;
    let config = host.config([("a", plain()), ("b", plain()), ("c", plain())], []);
    let planned = host.plan(&config).await;
    let ids = planned.planned.get("ids").and_then(Value::as_map).expect("a map");
    assert_eq!(ids["a"].as_str(), Some(host.text("ids", "a").as_str()));
    assert!(ids["c"].is_unknown());
    assert!(planned.planned.get("cidrs").expect("an attribute").is_unknown(), "never a part");
    let before = (id(&host, "a"), id(&host, "b"));
    host.apply(&config).await;
    assert_eq!((id(&host, "a"), id(&host, "b")), before);
}

#[tokio::test]
async fn a_plan_names_the_ip_that_would_leave_and_its_user() {
    let mut host = two().await;
    let ip = host.text("public_ips", "b");
    let removed = host.config([("a", plain())], []);
    let text = messages(&host.plan(&removed).await.diagnostics).join("\n");
    assert!(
        text.starts_with("error [on_ip_change] Public IPs leave the pool partners: IPs would be given up"),
        "{text}"
    );
    assert!(text.contains(&ip) && text.contains("not used now") && text.contains("release_policy"), "{text}");
    host.cloud.change_outside(&id(&host, "b"), used);
    host.refresh().await;
    let text = messages(&host.plan(&removed).await.diagnostics).join("\n");
    assert!(text.contains("used now by eni-1"), "{text}");
    let text = messages(&host.plan_destroy().await).join("\n");
    assert!(text.starts_with("error [on_ip_change] The pool partners is destroyed"), "{text}");
    assert!(text.contains(&host.text("public_ips", "a")) && text.contains(&ip), "{text}");
}

#[tokio::test]
async fn an_address_in_use_is_released_by_a_later_apply() {
    let mut host = two().await;
    let b = id(&host, "b");
    host.cloud.change_outside(&b, used);
    host.refresh().await;
    let config = host.config([("a", plain())], warn());
    let planned = host.plan(&config).await;
    assert!(messages(&planned.diagnostics)[0].contains("released by a later apply"), "{:?}", planned.diagnostics);
    let diagnostics = host.apply_plan(&config, planned).await;
    assert_eq!(messages(&diagnostics), [""; 0]);
    assert_eq!(host.cloud.addresses().len(), 2);
    assert!(host.state.get("leaving").and_then(Value::as_map).expect("a map").contains_key(b.as_str()));
    assert_eq!(host.text("ids", "b"), "");
    // Still in use: the plan says so and changes nothing.
    host.refresh().await;
    let waiting = host.plan(&config).await;
    assert_eq!(waiting.planned, host.state);
    assert!(messages(&waiting.diagnostics)[0].contains("still used by eni-1"));
    host.cloud.change_outside(&b, |address| Some(Address { users: Vec::new(), ..address }));
    host.refresh().await;
    let planned = host.plan(&config).await;
    assert_ne!(planned.planned, host.state);
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(host.cloud.addresses().len(), 1);
}

#[tokio::test]
async fn a_retained_address_stays_without_tags() {
    let mut host = two().await;
    let b = id(&host, "b");
    let config = host.config([("a", plain())], [("release_policy", "retain".into())]);
    let planned = host.plan(&config).await;
    let text = messages(&planned.diagnostics).join("\n");
    assert!(text.starts_with("warning") && text.contains("stays allocated"), "{text}");
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    let retained = host.cloud.addresses().into_iter().find(|address| address.id == b).expect("the address");
    assert_eq!(retained.mark, None);
}

#[tokio::test]
async fn an_ip_released_outside_is_never_silently_replaced() {
    let mut host = two().await;
    let (b, ip) = (id(&host, "b"), host.text("public_ips", "b"));
    host.cloud.change_outside(&b, |_| None);
    host.refresh().await;
    assert_eq!(host.text("ids", "b"), "");
    let config = host.config([("a", plain()), ("b", plain())], []);
    let text = messages(&host.plan(&config).await.diagnostics).join("\n");
    assert!(text.starts_with(&format!("error [addresses[\"b\"]] The public IP {ip} of key \"b\" is gone")), "{text}");
    assert!(text.contains(&format!("recover = \"{ip}\"")), "{text}");
    let recovered = host.config([("a", plain()), ("b", with("recover", ip.as_str()))], []);
    host.apply(&recovered).await;
    assert_eq!(host.text("public_ips", "b"), ip);
    // The next time the user prefers another IP.
    host.cloud.change_outside(&id(&host, "b"), |_| None);
    host.refresh().await;
    let config = host.config([("a", plain()), ("b", plain())], warn());
    let planned = host.plan(&config).await;
    assert!(messages(&planned.diagnostics)[0].starts_with("warning"), "{:?}", planned.diagnostics);
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_ne!(host.text("public_ips", "b"), ip);
}

#[tokio::test]
async fn tags_changed_outside_are_reported_and_healed() {
    let mut host = two().await;
    let config = host.config([("a", plain()), ("b", plain())], []);
    let before = host.cloud.addresses();
    host.cloud.change_outside(&id(&host, "a"), |address| Some(Address { mark: None, ..address }));
    host.refresh().await;
    let planned = host.plan(&config).await;
    assert!(
        messages(&planned.diagnostics)[0].contains("were changed outside of Terraform"),
        "{:?}",
        planned.diagnostics
    );
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    let healed = host.cloud.addresses();
    assert_eq!(healed[0].mark.as_ref().map(|mark| &mark.key), before[0].mark.as_ref().map(|mark| &mark.key));
}

#[tokio::test]
async fn tags_follow_the_configuration() {
    let mut host = two().await;
    let tags = |value: &str| Value::map([("team", value)]);
    let config = host.config([("a", with("tags", tags("x"))), ("b", plain())], [("tags", tags("y"))]);
    host.apply(&config).await;
    let team = |host: &Host| -> Vec<Option<String>> {
        host.cloud.addresses().iter().map(|address| address.tags.get("team").cloned()).collect()
    };
    assert_eq!(team(&host), [Some("x".to_owned()), Some("y".to_owned())]);
    let config = host.config([("a", plain()), ("b", plain())], []);
    host.apply(&config).await;
    assert_eq!(team(&host), [None, None]);
    assert!(host.cloud.addresses().iter().all(|address| address.tags["by"] == "default"));
}

#[tokio::test]
async fn a_lost_state_finds_its_addresses_and_says_so() {
    let lost = two().await;
    let mut host = Host::on(Arc::clone(&lost.cloud), Adoption::Automatic);
    let config = host.config([("a", plain()), ("b", plain())], []);
    let planned = host.plan(&config).await;
    let text = messages(&planned.diagnostics).join("\n");
    assert!(text.starts_with("warning [addresses] Addresses that exist will be adopted"), "{text}");
    assert!(text.contains(&lost.text("ids", "a")) && text.contains(&lost.text("public_ips", "a")), "{text}");
    assert_eq!(planned.planned.get("ids"), lost.state.get("ids"), "known already in the plan");
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(host.cloud.addresses().len(), 2);
    let strict = Host::on(Arc::clone(&lost.cloud), Adoption::Error);
    let text = messages(&strict.plan(&config).await.diagnostics).join("\n");
    assert!(text.starts_with("error [addresses] Addresses with this identity exist already"), "{text}");
    // Those of the cloud in memory are as old as its clock.
    let recent = Host::on(Arc::clone(&lost.cloud), Adoption::Recent);
    let text = messages(&recent.plan(&config).await.diagnostics).join("\n");
    assert!(text.starts_with("error [addresses] Addresses with this identity exist already"), "{text}");
    assert!(text.contains("terraform.workspace") && text.contains("id = \"partners\""), "{text}");
}

#[tokio::test]
async fn adopts_renames_and_takes_over() {
    let mut host = Host::new();
    let theirs = host.cloud.allocate_outside();
    let config = host.config([("a", with("existing_id", theirs.id.as_str()))], []);
    host.apply(&config).await;
    assert_eq!(host.cloud.addresses(), std::slice::from_ref(&theirs), "it is only used");
    let config = host.config([("a", plain())], []);
    let planned = host.plan(&config).await;
    assert!(messages(&planned.diagnostics)[0].contains("becomes the pool's own"), "{:?}", planned.diagnostics);
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    let config = host.config([("b", with("existing_id", theirs.id.as_str()))], []);
    host.apply(&config).await;
    assert_eq!(host.text("ids", "b"), theirs.id.as_str());
    let mark = host.cloud.addresses()[0].mark.clone().expect("the identity");
    assert_eq!(mark.key.as_str(), "b");
}

#[tokio::test]
async fn another_source_replaces_new_before_old() {
    let mut host = two().await;
    let range = |range: i64| with("memory", with("range", range));
    let config = host.config([("a", range(7)), ("b", plain())], warn());
    let planned = host.plan(&config).await;
    assert!(messages(&planned.diagnostics)[0].contains(&host.text("public_ips", "a")));
    let (a, b) = (id(&host, "a"), id(&host, "b"));
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_ne!(id(&host, "a"), a);
    assert_eq!(id(&host, "b"), b);
    assert_eq!(host.cloud.addresses().len(), 2);
}

#[tokio::test]
async fn a_failed_create_records_what_it_reached_and_goes_on() {
    let mut host = Host::new();
    let config = host.config([("a", plain()), ("b", plain())], []);
    host.cloud.fail_after(1, Error::new(Class::QuotaExceeded, "AllocateAddress", "no more"));
    let planned = host.plan(&config).await;
    let text = messages(&host.apply_plan(&config, planned).await).join("\n");
    assert!(text.starts_with("error [addresses] Could not allocate the address of key \"b\""), "{text}");
    assert!(text.contains("The pool has now: \"a\" = 198.18.0.1 (ip-0001)."), "{text}");
    assert_eq!(host.text("ids", "a"), "ip-0001");
    assert!(host.state.get("cidrs").is_some_and(Value::is_null), "never a part");
    // Terraform takes a failed create for tainted, and replaces it: nobody knows these IPs yet.
    assert!(messages(&host.plan_destroy().await)[0].starts_with("warning"));
    // Untainted, the next apply goes on.
    host.apply(&config).await;
    assert_eq!(host.text("ids", "a"), "ip-0001");
    assert!(messages(&host.plan_destroy().await)[0].starts_with("error"), "complete now");
}

#[tokio::test]
async fn an_interrupted_create_is_no_failure_and_goes_on() {
    let mut host = Host::new();
    let config = host.config([("a", plain()), ("b", plain())], []);
    let planned = host.plan(&config).await;
    host.cx.stop.cancel();
    let text = messages(&host.apply_plan(&config, planned).await).join("\n");
    assert!(text.starts_with("warning [addresses] The run was interrupted"), "{text}");
    assert!(!host.state.is_null());
    host.cx = Context::default();
    host.apply(&config).await;
    assert_eq!(host.cloud.addresses().len(), 2);
}

#[tokio::test]
async fn a_failed_release_stays_on_record() {
    let mut host = two().await;
    let config = host.config([("a", plain())], warn());
    host.cloud.fail_after(0, Error::new(Class::Denied, "ReleaseAddress", "no"));
    let b = id(&host, "b");
    let planned = host.plan(&config).await;
    let text = messages(&host.apply_plan(&config, planned).await).join("\n");
    assert!(text.contains("Could not release") && text.contains("Allow the credentials this action"), "{text}");
    assert!(host.state.get("leaving").and_then(Value::as_map).expect("a map").contains_key(b.as_str()));
    host.refresh().await;
    let planned = host.plan(&config).await;
    assert!(messages(&planned.diagnostics)[0].contains("will be released now"));
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(host.cloud.addresses().len(), 1);
}

#[tokio::test]
async fn imports_by_name_and_by_ids() {
    let made = two().await;
    let mut host = Host::on(Arc::clone(&made.cloud), Adoption::Automatic);
    host.import("partners").await.expect("an import");
    assert_eq!(host.state.get("ids"), made.state.get("ids"));
    let config = host.config([("a", plain()), ("b", plain())], []);
    let planned = host.plan(&config).await;
    assert_eq!(messages(&planned.diagnostics), [""; 0]);
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;

    let mut host = Host::on(Arc::new(Memory::default()), Adoption::Error);
    let theirs = host.cloud.allocate_outside();
    host.import(&format!("partners,x={}", theirs.id)).await.expect("an import");
    let config = host.config([("x", plain())], []);
    let planned = host.plan(&config).await;
    assert!(!planned.diagnostics.has_errors());
    host.apply_plan(&config, planned).await;
    host.settled(&config).await;
    assert_eq!(host.text("ids", "x"), theirs.id.as_str());
    for wrong in ["nothing", "partners,x=ip-9999", "partners,x", "partners,x="] {
        let messages = messages(&host.import(wrong).await.err().unwrap_or_default());
        assert!(
            messages.len() == 1 && messages[0].starts_with("error") || wrong == "partners",
            "{wrong}: {messages:?}"
        );
    }
}

#[tokio::test]
async fn the_limit_of_the_account_is_seen_in_the_plan() {
    let host = Host::new();
    host.cloud.set_limit(1);
    let config = host.config([("a", plain()), ("b", plain())], []);
    let text = messages(&host.plan(&config).await.diagnostics).join("\n");
    assert!(text.starts_with("warning [addresses] The account's limit of addresses will be reached"), "{text}");
    assert!(text.contains("0 of 1") && text.contains("2 more"), "{text}");
}

#[tokio::test]
async fn what_is_not_known_yet_leaves_the_other_keys_known() {
    let mut host = two().await;
    let unknown = Value::UNKNOWN;
    let config = host.config([("a", plain()), ("b", plain()), ("c", with("existing_id", unknown))], []);
    let planned = host.plan(&config).await;
    let ids = planned.planned.get("ids").and_then(Value::as_map).expect("a map");
    assert!(!ids["a"].is_unknown() && ids["c"].is_unknown());
    assert_eq!(messages(&planned.diagnostics), [""; 0]);
    host.refresh().await;
    // The whole map may be unknown: then nothing is said at all.
    let mut config = host.config([], []);
    config.as_object_mut().expect("an object").insert("addresses".to_owned(), Value::UNKNOWN);
    let planned = host.plan(&config).await;
    assert_eq!(messages(&planned.diagnostics), [""; 0]);
    assert!(planned.planned.get("ids").expect("an attribute").is_unknown());
}

#[tokio::test]
async fn default_tags_count_towards_the_tags_that_an_address_can_have() {
    let host = Host::new();
    let tags = |count: usize| Value::map((0..count).map(|number| (format!("t{number}"), "v")));
    let with_own = |own: usize| Value::object([("new", Value::from(true)), ("tags", tags(own))]);
    let said = async |addresses: [(&'static str, Value); 2], of_all: usize| {
        let messages = messages(&host.plan(&host.config(addresses, [("tags", tags(of_all))])).await.diagnostics);
        messages.into_iter().filter(|messages| messages.starts_with("error")).collect::<Vec<_>>()
    };
    let too_many = |at: &str| {
        format!(
            "error [{at}] There are too many tags\nWith the provider's default_tags there are 44, and an address can have 50, of which the \
             provider needs 7."
        )
    };
    // With the default tag there are 43.
    assert_eq!(said([("a", plain()), ("b", with_own(42))], 42).await, [""; 0]);
    assert_eq!(said([("a", plain()), ("b", plain())], 43).await, [too_many("tags")]);
    assert_eq!(said([("a", plain()), ("b", with_own(43))], 42).await, [too_many("addresses[\"b\"].tags")]);
}
