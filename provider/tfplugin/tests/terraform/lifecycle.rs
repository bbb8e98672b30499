//! Plan, apply, change, remove.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::workspace::{Workspace, all_hosts};

const DUNE: &str = r#"
resource "shelf_book" "dune" {
  number         = "1"
  title          = "Dune"
  price          = 0.1
  tags           = ["spice", "sand"]
  authors        = { first = { given = "Frank", family = "Herbert" } }
  chapters       = [{ heading = "One" }, { heading = "Two", pages = 3 }]
  secret         = "melange"
  secret_version = 1
}
"#;

#[test]
fn a_resource_lives_from_plan_to_removal() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write("main.tf", DUNE);
        workspace.run(&["validate", "-no-color"]).ok();
        workspace.run(&["plan", "-no-color"]).ok().says("1 to add, 0 to change, 0 to destroy").does_not_say("melange");
        workspace.apply().ok().says("1 added, 0 changed, 0 destroyed").does_not_say("Warning: The provider");
        workspace.nothing_to_do();
        let state = workspace.state_of("shelf_book.dune");
        assert_eq!(state["price"].to_string(), "0.1");
        assert_eq!(state["pages"], 100);
        assert_eq!(state["chapters"][0]["pages"], 10);
        assert_eq!(state["authors"]["first"]["full_name"], "Frank Herbert");
        assert_eq!(state["secret"], json!(null));
        assert!(!fs::read_to_string(workspace.path("terraform.tfstate")).unwrap().contains("melange"));
        assert!(fs::read_to_string(workspace.shelf().join("1.json")).unwrap().contains(r#""secret_length":7"#));

        // In place; what cannot change keeps its value in the plan.
        workspace.write("main.tf", &DUNE.replace("\"Dune\"", "\"Dune Messiah\"").replace("Frank", "F."));
        let run = workspace.run(&["plan", "-no-color"]).ok().says("0 to add, 1 to change, 0 to destroy");
        run.says("~ revision").says("~ full_name").does_not_say("~ id").does_not_say("~ token");
        workspace.apply().ok().says("0 added, 1 changed, 0 destroyed").does_not_say("Warning: The provider");
        workspace.nothing_to_do();
        assert_eq!(workspace.state_of("shelf_book.dune")["revision"], 2);

        // What the user gives up goes back to nothing, or to the default.
        workspace.write("main.tf", "resource \"shelf_book\" \"dune\" {\n  number = \"1\"\n  title = \"Dune\"\n}\n");
        workspace.apply().ok().says("0 added, 1 changed, 0 destroyed");
        workspace.nothing_to_do();
        let state = workspace.state_of("shelf_book.dune");
        assert_eq!((&state["tags"], &state["authors"], &state["pages"]), (&json!(null), &json!(null), &json!(100)));

        // Another number is another book.
        workspace.write("main.tf", "resource \"shelf_book\" \"dune\" {\n  number = \"2\"\n  title = \"Dune\"\n}\n");
        workspace.run(&["plan", "-no-color"]).ok().says("# forces replacement");
        workspace.apply().ok().says("1 added, 0 changed, 1 destroyed");
        assert!(workspace.shelf().join("2.json").exists() && !workspace.shelf().join("1.json").exists());

        // Removed by somebody else, it is made again.
        fs::remove_file(workspace.shelf().join("2.json")).unwrap();
        workspace.apply().ok().says("1 added, 0 changed, 0 destroyed");
        workspace.run(&["destroy", "-auto-approve", "-no-color"]).ok().says("1 destroyed");
        assert_eq!(fs::read_dir(workspace.shelf()).unwrap().count(), 0);
    }
}

#[test]
fn values_that_are_not_known_yet_flow_through_a_plan() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write(
            "main.tf",
            r#"
resource "shelf_book" "a" {
  number = "1"
  title  = "Dune"
}

resource "shelf_book" "b" {
  number   = "after-${shelf_book.a.token}"
  title    = "Emma"
  pages    = shelf_book.a.revision
  tags     = [shelf_book.a.token]
  chapters = [for i in range(2) : { heading = shelf_book.a.token, pages = shelf_book.a.revision }]
}
"#,
        );
        workspace.apply().ok().says("2 added");
        workspace.nothing_to_do();
        assert_eq!(workspace.state_of("shelf_book.b")["pages"], 1);
    }
}

#[test]
fn errors_are_shown_on_the_attribute() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write("main.tf", "resource \"shelf_book\" \"a\" {\n  number = \"a/b\"\n  title  = \"x\"\n}\n");
        workspace.run(&["validate", "-no-color"]).fails().says("Error: Bad number").says("on main.tf line 2");
        let mut workspace = Workspace::new(&host);
        workspace.write("main.tf", "resource \"shelf_book\" \"a\" {\n  number = \"1\"\n  title  = \"x\"\n}\n");
        workspace.write("variables.tf", "variable \"unused\" {\n  default = 1\n}\n");
        workspace.set("TF_VAR_unused", "2");
        fs::remove_dir(workspace.shelf()).unwrap();
        workspace.run(&["plan", "-no-color"]).fails().says("Error: The shelf does not exist").says("providers.tf line");
    }
}

#[test]
fn a_crash_is_shown_and_ends_only_its_own_resource() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write(
            "main.tf",
            r#"
resource "shelf_gremlin" "bad" {
  mischief = "panic"
}

resource "shelf_book" "good" {
  number = "1"
  title  = "Dune"
}
"#,
        );
        let run = workspace.apply().fails().says("Error: The provider crashed").says("the gremlin panicked");
        if host.is_terraform(0) {
            // Terraform prints the crash's own lines too; OpenTofu keeps them for its log.
            run.says("panic: the gremlin panicked at ");
        }
        assert_eq!(workspace.state_of("shelf_book.good")["title"], "Dune");
        assert_eq!(workspace.state_of("shelf_gremlin.bad"), json!(null));
    }
}

#[test]
fn what_was_made_in_part_is_in_the_state() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write("main.tf", "resource \"shelf_gremlin\" \"a\" {\n  mischief = \"fail late\"\n}\n");
        let run = workspace.apply().fails().says("Error: The gremlin stumbled");
        run.does_not_say("invalid result object").does_not_say("inconsistent result");
        assert_eq!(workspace.state_of("shelf_gremlin.a")["mischief"], "fail late");
    }
}

#[test]
fn an_interrupt_gives_back_what_is_known() {
    for host in all_hosts() {
        let workspace = Workspace::new(&host);
        workspace.write("main.tf", "resource \"shelf_gremlin\" \"a\" {\n  mischief = \"slow\"\n}\n");
        let mut child = workspace.command(&["apply", "-auto-approve", "-no-color"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("shelf_gremlin.a: Creating...")), "the apply did not begin");
        // The host announces the call before it makes it.
        thread::sleep(Duration::from_millis(500));
        let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let rest = lines.collect::<Vec<_>>().join("\n");
        child.wait().unwrap();
        assert_eq!(workspace.state_of("shelf_gremlin.a")["result"], "stopped", "{rest}");
    }
}

#[test]
fn the_link_is_quiet_and_ends_at_once() {
    for host in all_hosts() {
        let mut workspace = Workspace::new(&host);
        workspace.write("main.tf", DUNE);
        workspace.set("TF_LOG", "TRACE");
        let run = workspace.apply().ok();
        run.does_not_say("plugin failed to exit gracefully")
            .does_not_say("unexpected data")
            .does_not_say("Unimplemented")
            // Our lines arrive with their level and fields.
            .says("tf_rpc=ApplyResourceChange");
    }
}
