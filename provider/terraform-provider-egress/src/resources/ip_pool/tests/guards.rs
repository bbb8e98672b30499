//! What keeps an IP from leaving unasked where a plan could not know.

use cloud::{Class, Error};
use tfplugin::cty::Value;

use super::host::{Host, plain, with};
use crate::resources::whole_diagnostics::messages;

async fn two() -> Host {
    let mut host = Host::new();
    let config = host.config([("a", plain()), ("b", plain())], []);
    host.apply(&config).await;
    host
}

fn elsewhere_unknown(mut config: Value) -> Value {
    config.as_object_mut().expect("an object").insert("memory".to_owned(), Value::UNKNOWN);
    config
}

#[tokio::test]
async fn an_ip_does_not_leave_unasked_where_the_cloud_is_not_known_yet() {
    let host = two().await;
    let ip = host.text("public_ips", "b");
    let removed = elsewhere_unknown(host.config([("a", plain())], []));
    let text = messages(&host.plan(&removed).await.diagnostics).join("\n");
    assert!(
        text.starts_with("error [on_ip_change] Public IPs leave the pool partners: IPs would be given up"),
        "{text}"
    );
    assert!(text.contains(&ip) && !text.contains(&host.text("public_ips", "a")), "{text}");
    let warned = elsewhere_unknown(host.config([("a", plain())], [("on_ip_change", "warn".into())]));
    assert!(messages(&host.plan(&warned).await.diagnostics)[0].starts_with("warning [addresses]"));
    let kept = elsewhere_unknown(host.config([("a", plain()), ("b", plain())], []));
    assert_eq!(messages(&host.plan(&kept).await.diagnostics), [""; 0]);
}

#[tokio::test]
async fn an_apply_refuses_what_its_plan_could_not_know() {
    let mut host = two().await;
    let source = |range: Value| with("memory", with("range", range));
    let open = host.config([("a", source(Value::UNKNOWN)), ("b", plain())], []);
    let mut planned = host.plan(&open).await;
    let text = messages(&planned.diagnostics).join("\n");
    assert!(text.starts_with("warning [addresses] Whether all keys keep their IPs is not known yet"), "{text}");
    // It turns out to be another range, for which another address is needed.
    let config = host.config([("a", source(7.into())), ("b", plain())], []);
    let addresses = config.get("addresses").expect("an attribute").clone();
    planned.planned.as_object_mut().expect("an object").insert("addresses".to_owned(), addresses);
    let (before, state) = (host.cloud.addresses(), host.state.clone());
    let text = messages(&host.apply_plan(&config, planned).await).join("\n");
    assert!(text.starts_with("error [on_ip_change] Public IPs leave the pool partners"), "{text}");
    assert_eq!((host.cloud.addresses(), &host.state), (before, &state), "nothing was changed");
}

/// The messages name ways that work: for a change in one plan, for a destroy in two.
#[tokio::test]
async fn the_ways_on_that_the_messages_name_work() {
    let mut host = two().await;
    let removed = host.config([("a", plain())], []);
    let text = messages(&host.plan(&removed).await.diagnostics).join("\n");
    assert!(text.contains("set on_ip_change = \"warn\" together with this change"), "{text}");
    let together = host.config([("a", plain())], [("on_ip_change", "warn".into())]);
    let planned = host.plan(&together).await;
    host.apply_plan(&together, planned).await;
    assert_eq!(host.cloud.addresses().len(), 1);

    let mut host = two().await;
    let text = messages(&host.plan_destroy().await).join("\n");
    assert!(text.contains("set on_ip_change = \"warn\" in the resource, apply, and then destroy"), "{text}");
    let warn = host.config([("a", plain()), ("b", plain())], [("on_ip_change", "warn".into())]);
    host.apply(&warn).await;
    assert!(messages(&host.plan_destroy().await)[0].starts_with("warning"));
    assert_eq!(messages(&host.destroy().await), [""; 0]);
    assert_eq!(host.cloud.addresses(), []);
}

#[tokio::test]
async fn every_class_of_error_has_a_remedy_and_a_place() {
    let classes = [
        Class::NotFound,
        Class::Conflict,
        Class::Throttled,
        Class::QuotaExceeded,
        Class::Denied,
        Class::Unsupported,
        Class::Transient,
        Class::Other,
    ];
    for class in classes {
        let mut host = Host::new();
        let config = host.config([("a", plain())], []);
        host.cloud.fail_after(0, Error::new(class, "AllocateAddress", "It is refused."));
        let planned = host.plan(&config).await;
        let text = messages(&host.apply_plan(&config, planned).await).join("\n");
        assert!(text.starts_with("error [addresses] Could not allocate"), "{text}");
        let parts: Vec<&str> = text.split('\n').filter(|part| !part.is_empty()).collect();
        assert!(text.contains("It is refused.") && !text.contains(".."), "{text}");
        assert!(parts.len() == 4, "the error, what to do, and what there is: {parts:?}");
    }
}
