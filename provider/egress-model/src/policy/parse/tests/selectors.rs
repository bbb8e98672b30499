//! Selectors of pods and namespaces.

use super::*;

#[test]
fn selectors_say_what_they_select() {
    let labels = || BTreeMap::from([("app".to_owned(), "web".to_owned())]);
    let app = || SelectorSpec { match_labels: labels(), ..SelectorSpec::default() };
    let both = || SelectorSpec { match_expressions: texts(&["tier"]), ..app() };
    let to_pods = |pods: SelectorSpec| with_rule(RuleSpec { to_pods: Some(pods), ..rule() });
    let pods = |pods: SelectorSpec| Spec { pods: Some(pods), ..valid() };
    let empty = "It selects nothing in particular; set match_labels or match_expressions, or all = true for every one";
    let several = "It must say exactly one thing, and says match_labels and match_expressions; labels and names can \
                   be written in match_expressions too, such as \"app=web\" and \"kubernetes.io/metadata.name in \
                   (a, b)\"";
    check(vec![
        (to_pods(SelectorSpec::default()), format!("allow[\"r\"].to_pods: {empty}").as_str()),
        (to_pods(both()), format!("allow[\"r\"].to_pods: {several}").as_str()),
        (
            to_pods(SelectorSpec { all: Some(true), ..app() }),
            "allow[\"r\"].to_pods.all: It cannot stand beside match_labels: all = true selects every one",
        ),
        (
            to_pods(SelectorSpec { all: Some(false), ..SelectorSpec::default() }),
            "allow[\"r\"].to_pods.all: It must be true or left out: false says nothing",
        ),
        (pods(SelectorSpec { form: Form::Block, ..SelectorSpec::default() }), format!("pods: {empty}").as_str()),
        (
            to_namespaces(NamespaceSelectorSpec::default(), Some(SelectorSpec::all())),
            "allow[\"r\"].to_namespaces: It selects nothing in particular; set names, match_labels or \
             match_expressions, or all = true for every one",
        ),
        (
            to_namespaces(
                NamespaceSelectorSpec { match_labels: labels(), ..named(&["backend"]) },
                Some(SelectorSpec::all()),
            ),
            "allow[\"r\"].to_namespaces: It must say exactly one thing, and says names and match_labels; labels and \
             names can be written in match_expressions too, such as \"app=web\" and \"kubernetes.io/metadata.name \
             in (a, b)\"",
        ),
        (
            to_namespaces(named(&[]), Some(SelectorSpec::all())),
            "allow[\"r\"].to_namespaces.names: It must not be an empty list; leave it out, or name at least one",
        ),
        (
            to_namespaces(named(&["backend"]), None),
            "allow[\"r\"].to_namespaces.pods: It must be set; { all = true } is every pod",
        ),
    ]);
    for good in [
        pods(SelectorSpec { form: Form::Block, ..both() }),
        pods(SelectorSpec { form: Form::Block, ..SelectorSpec::all() }),
        to_pods(SelectorSpec::all()),
        to_namespaces(NamespaceSelectorSpec::all(), Some(app())),
    ] {
        assert_eq!(mistakes(&good), Vec::<String>::new());
    }
}

#[test]
fn namespace_names_become_the_label_that_kubernetes_sets() {
    let rule = |names: &[&str]| {
        let spec = to_namespaces(named(names), Some(SelectorSpec::all()));
        Policy::parse(&spec).expect("a policy").allow["r"].to.clone()
    };
    let selector = |peers| match peers {
        Peers::Pods { namespaces: Namespaces::Matching(selector), .. } => selector,
        other => panic!("{other:?}"),
    };
    let one = selector(rule(&["backend"]));
    assert_eq!(one.match_labels.len(), 1);
    assert_eq!(one.match_labels.keys().next().map(ToString::to_string), Some("kubernetes.io/metadata.name".to_owned()));
    let two = selector(rule(&["b", "a"]));
    assert!(two.match_labels.is_empty() && two.match_expressions.len() == 1, "{two:?}");
}
