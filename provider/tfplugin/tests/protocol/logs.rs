//! The lines on stderr.

use serde_json::Value as Json;

use crate::host::Options;
use crate::session::Session;

async fn lines(variables: &[(&str, &str)]) -> Vec<Json> {
    let mut session = Session::start_with(&Options { variables, ..Options::default() }).await;
    let apply = session.gremlin_create("none", "");
    session.client.apply_resource_change(apply).await.unwrap();
    // A call's lines are written before its answer; what the reader thread has not seen yet it sees now.
    std::thread::sleep(std::time::Duration::from_millis(200));
    session
        .host
        .stderr()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

#[tokio::test]
async fn every_line_is_one_that_terraform_takes_over() {
    let lines = lines(&[("TF_LOG", "TRACE")]).await;
    assert!(!lines.is_empty());
    for line in &lines {
        for field in ["@level", "@message", "@module", "@timestamp"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
        let level = line["@level"].as_str().unwrap();
        assert!(["trace", "debug", "info", "warn", "error"].contains(&level), "{line}");
        // With any other count of digits Terraform drops the level.
        let timestamp = line["@timestamp"].as_str().unwrap();
        let (_, fraction) = timestamp.split_once('.').unwrap();
        assert!(fraction.len() == 7 && fraction.ends_with('Z'), "{timestamp}");
        assert!(!line["@module"].as_str().unwrap().starts_with("h2"), "{line}");
    }
    let born = lines.iter().find(|line| line["@message"] == "a gremlin is born").expect("the provider's own line");
    assert_eq!(born["mischief"], "none");
    assert_eq!(born["tf_rpc"], "ApplyResourceChange");
    assert_eq!(born["tf_resource_type"], "shelf_gremlin");
    assert_eq!(born["tf_provider_addr"], "registry.terraform.io/example/shelf");
    assert!(born["tf_req_id"].is_string());
}

#[tokio::test]
async fn levels_are_terraforms() {
    assert_eq!(lines(&[]).await, Vec::<Json>::new());
    assert_eq!(lines(&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER_SHELF", "ERROR")]).await, Vec::<Json>::new());
    let info = lines(&[("TF_LOG_PROVIDER", "INFO")]).await;
    assert!(info.iter().any(|line| line["@message"] == "a gremlin is born"));
    assert!(info.iter().all(|line| line["@level"] == "info"), "{info:?}");
}
