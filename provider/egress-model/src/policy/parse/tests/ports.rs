//! Ports, and what is looked into on them.

use std::collections::BTreeMap;

use super::*;

#[test]
fn tells_mistakes_about_ports() {
    check(vec![
        (
            with_rule(RuleSpec { ports: None, ..external(&[]) }),
            "allow[\"r\"].ports: It must name at least one port; [\"any\"] is every port of every protocol",
        ),
        (
            with_rule(external(&[])),
            "allow[\"r\"].ports: It must name at least one port; [\"any\"] is every port of every protocol",
        ),
        (
            with_rule(external(&["443", "any"])),
            "allow[\"r\"].ports[1]: It must stand alone: \"any\" is every port of every protocol",
        ),
        (with_rule(external(&["0"])), "allow[\"r\"].ports[0]: 0 is not a port; ports are 1 to 65535"),
        (
            with_rule(external(&["80", "90-80"])),
            "allow[\"r\"].ports[1]: The range ends at 80, before its first port 90",
        ),
        (
            with_rule(external(&["tcp"])),
            "allow[\"r\"].ports[0]: \"tcp\" is a protocol without ports; write \"any/TCP\" for all of it, or the port before it",
        ),
        (
            with_rule(external(&["web"])),
            "allow[\"r\"].ports[0]: \"web\" has no protocol; write \"web/TCP\" for the port that the destination's containers call so",
        ),
        (
            with_rule(external(&["256/ICMP"])),
            "allow[\"r\"].ports[0]: \"256\" is not between 0 and 255, in digits without a sign and without a leading zero",
        ),
    ]);
}

#[test]
fn what_is_looked_into_is_announced_and_said() {
    let request = || HttpSpec {
        method: Some("GET".into()),
        path_prefix: Some("/v1".into()),
        headers: Some(BTreeMap::new()),
        ..HttpSpec::default()
    };
    let requests =
        |ports: &[&str], request| with_rule(RuleSpec { http_requests: Some(vec![request]), ..external(ports) });
    let names = |ports: &[&str]| with_rule(RuleSpec { server_names: Some(texts(&["example.com"])), ..external(ports) });
    let denied = Spec { deny: BTreeMap::from([("r".to_owned(), external(&["80/http"]))]), ..valid() };
    check(vec![
        (
            with_rule(external(&["80/http"])),
            "allow[\"r\"].ports[0]: It announces \"http\", which needs http_requests; write \"TCP\" in its place for whatever is inside",
        ),
        (
            with_rule(external(&["53/UDP", "443/tls"])),
            "allow[\"r\"].ports[1]: It announces \"tls\", which needs server_names; write \"TCP\" in its place for whatever is inside",
        ),
        (
            requests(&["80"], request()),
            "allow[\"r\"].http_requests: It needs every port of the rule announced as \"http\", such as \"80/http\"",
        ),
        (
            requests(&["80/http", "53/UDP"], request()),
            "allow[\"r\"].http_requests: It needs every port of the rule announced as \"http\", such as \"80/http\"",
        ),
        (
            names(&["any"]),
            "allow[\"r\"].server_names: It needs every port of the rule announced as \"tls\", such as \"443/tls\"",
        ),
        (
            denied,
            "deny[\"r\"].ports[0]: It announces \"http\", and a deny rule is about whole connections; write \"TCP\" in its place",
        ),
        (
            requests(&["80/http"], HttpSpec { method: None, ..request() }),
            "allow[\"r\"].http_requests[0].method: It must be set; \"any\" is every method",
        ),
        (
            requests(&["80/http"], HttpSpec { method: Some("get".into()), ..request() }),
            "allow[\"r\"].http_requests[0].method: \"get\" is not an HTTP method such as \"GET\"; methods are uppercase",
        ),
        (
            requests(&["80/http"], HttpSpec { path_prefix: None, ..request() }),
            "allow[\"r\"].http_requests[0]: It has neither path nor path_prefix; path_prefix = \"/\" is every path",
        ),
        (
            requests(&["80/http"], HttpSpec { path: Some("/".into()), ..request() }),
            "allow[\"r\"].http_requests[0].path_prefix: It cannot stand beside path; a request has one of them",
        ),
        (
            requests(
                &["80/http"],
                HttpSpec { headers: Some(BTreeMap::from([("x-tenant".to_owned(), " ".to_owned())])), ..request() },
            ),
            "allow[\"r\"].http_requests[0].headers[\"x-tenant\"]: \" \" is not a header value: ASCII without \
             control characters, and without blanks at its ends",
        ),
        (
            requests(&["80/http"], HttpSpec { headers: None, ..request() }),
            "allow[\"r\"].http_requests[0].headers: It must be set; {} asks for none",
        ),
        (
            requests(&["80/http"], HttpSpec { method: Some("any".into()), path_prefix: Some("/".into()), ..request() }),
            "allow[\"r\"].http_requests[0]: It is every HTTP request; leave http_requests out and write \"TCP\" in \
             place of \"http\" in ports",
        ),
    ]);
    let every_path = HttpSpec { path_prefix: Some("/".into()), ..request() };
    let policy = Policy::parse(&requests(&["80/http", "any/http"], every_path)).expect("a policy");
    let rule = &policy.allow["r"];
    assert_eq!(rule.ports.iter().map(ToString::to_string).collect::<Vec<_>>(), ["80/TCP", "any/TCP"]);
    assert_eq!(rule.http_requests[0].path, None);
}
