//! Functions, data sources, imports, moves, upgrades, lists.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::workspace::{Workspace, all_hosts, hosts};

/// A book as the shelf stores it, put there by somebody else.
fn put(workspace: &Workspace, number: &str, title: &str) {
    let book = json!({
        "title": title, "pages": 100, "price": null, "tags": null, "authors": null, "chapters": null,
        "revision": 1, "secret_length": 0,
    });
    fs::write(workspace.shelf().join(format!("{number}.json")), book.to_string()).unwrap();
}

const EMMA: &str = "resource \"shelf_book\" \"emma\" {\n  number = \"7\"\n  title  = \"Emma\"\n}\n";

#[test]
fn functions_and_data_sources_answer() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        workspace.write(
            "main.tf",
            r#"
data "shelf_catalogue" "all" {}

output "titles" {
  value = data.shelf_catalogue.all.titles
}

output "joined" {
  value = provider::shelf::join("-", "a", "b", "c")
}

output "digits" {
  value = provider::shelf::echo(123456789012345678901234567890.12345)
}

output "anything" {
  value = provider::shelf::echo({ a = [1, "x", null], b = 0.1 })
}
"#,
        );
        workspace.apply().ok();
        let output = workspace.command(&["output", "-json"]).output().unwrap();
        let outputs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(outputs["titles"]["value"], json!({ "7": "Emma" }));
        assert_eq!(outputs["joined"]["value"], "a-b-c");
        assert_eq!(outputs["digits"]["value"].to_string(), "123456789012345678901234567890.12345");
        assert_eq!(outputs["anything"]["value"].to_string(), r#"{"a":[1,"x",null],"b":0.1}"#);
        workspace.nothing_to_do();

        workspace.write("main.tf", "output \"x\" {\n  value = provider::shelf::join(\"\", \"a\")\n}\n");
        workspace.run(&["plan", "-no-color"]).fails().says("the separator is empty");
    }
}

#[test]
fn an_object_is_imported() {
    for host in all_hosts() {
        // By a block.
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        workspace.write("main.tf", &format!("{EMMA}\nimport {{\n  to = shelf_book.emma\n  id = \"7\"\n}}\n"));
        workspace.apply().ok().says("1 imported, 0 added, 0 changed, 0 destroyed");
        workspace.nothing_to_do();
        // With a configuration that Terraform writes.
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        workspace.write("main.tf", "import {\n  to = shelf_book.emma\n  id = \"7\"\n}\n");
        workspace.run(&["plan", "-no-color", "-generate-config-out=made.tf"]).ok();
        let made = fs::read_to_string(workspace.path("made.tf")).unwrap();
        assert!(made.contains("\"Emma\""), "{made}");
        // By the command.
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        workspace.write("main.tf", EMMA);
        workspace.run(&["import", "-no-color", "shelf_book.emma", "7"]).ok();
        assert_eq!(workspace.state_of("shelf_book.emma")["title"], "Emma");
        workspace.run(&["import", "-no-color", "shelf_book.other", "8"]).fails();
    }
}

#[test]
fn an_object_is_imported_by_its_identity() {
    for host in hosts(super::workspace::Host::knows_identity, "identities") {
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        let import = "import {\n  to = shelf_book.emma\n  identity = {\n    number = \"7\"\n  }\n}\n";
        workspace.write("main.tf", &format!("{EMMA}\n{import}"));
        workspace.apply().ok().says("1 imported, 0 added, 0 changed, 0 destroyed");
        workspace.nothing_to_do();
        let state: serde_json::Value =
            serde_json::from_slice(&fs::read(workspace.path("terraform.tfstate")).unwrap()).unwrap();
        assert_eq!(state["resources"][0]["instances"][0]["identity"], json!({ "number": "7" }));

        // An update keeps it.
        workspace.write("main.tf", &EMMA.replace("\"Emma\"", "\"Emma, again\""));
        workspace.apply().ok().says("0 added, 1 changed").does_not_say("Warning: The provider");
        let state: serde_json::Value =
            serde_json::from_slice(&fs::read(workspace.path("terraform.tfstate")).unwrap()).unwrap();
        assert_eq!(state["resources"][0]["instances"][0]["identity"], json!({ "number": "7" }));
    }
}

#[test]
fn a_query_lists_what_exists() {
    for host in hosts(|host| host.is_terraform(14), "query command") {
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        put(&workspace, "8", "Dune");
        workspace.write(
            "all.tfquery.hcl",
            "list \"shelf_book\" \"all\" {\n  provider = shelf\n}\n\nlist \"shelf_book\" \"eight\" {\n  provider = shelf\n  \
             config {\n    starts_with = \"8\"\n  }\n}\n",
        );
        let run = workspace.run(&["query", "-no-color"]).ok();
        assert_eq!(run.text.matches("number=8").count(), 2, "{}", run.text);
        run.says("number=7").says("Emma");
        workspace.run(&["query", "-no-color", "-generate-config-out=made.tf"]).ok();
        let made = fs::read_to_string(workspace.path("made.tf")).unwrap();
        assert!(made.contains("\"Dune\"") && made.contains("identity"), "{made}");
    }
}

#[test]
fn a_resource_of_another_type_is_taken_over() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write(
            "main.tf",
            "resource \"terraform_data\" \"notes\" {\n  input = { number = \"7\", title = \"Emma\" }\n}\n",
        );
        workspace.apply().ok();
        put(&workspace, "7", "Emma");
        workspace.write(
            "main.tf",
            &format!("{EMMA}\nmoved {{\n  from = terraform_data.notes\n  to   = shelf_book.emma\n}}\n"),
        );
        workspace.apply().ok().says("0 added, 0 changed, 0 destroyed");
        assert_eq!(workspace.state_of("shelf_book.emma")["number"], "7");
        workspace.nothing_to_do();
    }
}

#[test]
fn state_of_an_older_version_is_upgraded() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        put(&workspace, "7", "Emma");
        workspace.write("main.tf", EMMA);
        let state = json!({
            "version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "x", "outputs": {},
            "resources": [{
                "mode": "managed", "type": "shelf_book", "name": "emma",
                "provider": "provider[\"registry.terraform.io/example/shelf\"]",
                "instances": [{ "schema_version": 0, "attributes": {
                    "number": "7", "name": "Emma", "id": "7", "token": "token-7", "pages": 100, "revision": 1,
                } }],
            }],
        });
        workspace.write("terraform.tfstate", &state.to_string());
        workspace.nothing_to_do();
    }
}

#[test]
fn a_provider_started_by_hand_is_attached() {
    for host in all_hosts() {
        let mut workspace = Workspace::new(&host);
        let mut provider = Command::new(crate::example::shelf()).arg("-debug").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(provider.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("TF_REATTACH_PROVIDERS='")).unwrap();
        let value = line.trim().trim_start_matches("TF_REATTACH_PROVIDERS='").trim_end_matches('\'');
        workspace.set("TF_REATTACH_PROVIDERS", value);
        workspace.write("cli.tfrc", "");
        workspace.write("main.tf", EMMA);
        workspace.run(&["init", "-no-color"]).ok();
        workspace.apply().ok().says("1 added");
        workspace.nothing_to_do();
        workspace.run(&["destroy", "-auto-approve", "-no-color"]).ok();
        assert!(provider.try_wait().unwrap().is_none(), "the host ended a provider that it did not start");
        provider.kill().unwrap();
        provider.wait().unwrap();
    }
}
