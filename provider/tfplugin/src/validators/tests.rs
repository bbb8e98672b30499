use super::*;

fn said(validator: &Validator, value: impl Into<Value>) -> Vec<(String, String)> {
    let diagnostics = (validator.check)(&Path::attribute("a"), &value.into());
    diagnostics.into_iter().map(|d| (d.path.unwrap_or_default().to_string(), d.detail)).collect()
}

#[test]
fn each_check_says_what_it_demands() {
    let even = || custom("even", |value| value.as_i64().is_some_and(|n| n % 2 == 0));
    let cases: Vec<(Validator, Value, Value, &str)> = vec![
        (even(), 2.into(), 3.into(), "a must be even, not 3."),
        (
            text("in lower case", |t| !t.contains(char::is_uppercase)),
            "a".into(),
            "A".into(),
            "a must be in lower case, not \"A\".",
        ),
        (
            parsed::<std::net::Ipv4Addr>("an IPv4 address"),
            "192.0.2.1".into(),
            "192.0.2".into(),
            "a must be an IPv4 address, not \"192.0.2\": invalid IPv4 address syntax.",
        ),
        (one_of(["x", "y", "z"]), "y".into(), "w".into(), "a must be \"x\", \"y\" or \"z\", not \"w\"."),
        (one_of(["x"]), "x".into(), "w".into(), "a must be \"x\", not \"w\"."),
        (length(1..=3), "äöü".into(), "".into(), "a must be 1 to 3 characters, not \"\"."),
        (length(2..=2), "ab".into(), "a".into(), "a must be exactly 2 characters, not \"a\"."),
        (length(..4), "abc".into(), "abcd".into(), "a must be less than 4 characters, not \"abcd\"."),
        (
            size(1..),
            Value::map([("k", 1)]),
            Value::map::<&str, Value>([]),
            "a must be at least 1 element, not a map of 0.",
        ),
        (size(..=1), Value::set([1]), Value::set([1, 2]), "a must be at most 1 element, not a set of 2."),
        (range(1..=65535), 443.into(), 0.into(), "a must be a whole number, 1 to 65535, not 0."),
        (
            range(1..10),
            9.into(),
            Number::from_f64(1.5).unwrap().into(),
            "a must be a whole number, at least 1 and less than 10, not 1.5.",
        ),
        (
            number(0, 1),
            Number::from_f64(0.5).unwrap().into(),
            Number::from_f64(1.5).unwrap().into(),
            "a must be a number, 0 to 1, not 1.5.",
        ),
    ];
    for (validator, good, bad, expected) in cases {
        assert_eq!(said(&validator, good), [], "{validator:?}");
        assert_eq!(said(&validator, bad), [("a".to_owned(), expected.to_owned())], "{validator:?}");
    }
}

#[test]
fn a_size_is_judged_when_it_is_known() {
    let three = || vec![Value::UNKNOWN, Value::from("a"), Value::from("b")];
    assert_eq!(said(&size(..=2), Value::List(three())).len(), 1);
    assert_eq!(said(&size(..=2), Value::Set(three())), []);
}

#[test]
fn elements_are_judged_one_by_one() {
    let short = || each(length(..=2));
    let paths = |value: Value| said(&short(), value).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(paths(Value::list(["abc", "a", "abcd"])), ["a[0]", "a[2]"]);
    assert_eq!(paths(Value::map([("k", "abc"), ("l", "a")])), ["a[\"k\"]"]);
    assert_eq!(paths(Value::set(["abc", "a"])), ["a"]);
    assert_eq!(paths(Value::list([Value::UNKNOWN, "abc".into()])), ["a[1]"]);
    assert_eq!(short().demand, "elements that are each at most 2 characters");
}

#[test]
fn keys_are_judged_also_of_unknown_elements() {
    let map = Value::map([("ok", Value::UNKNOWN), ("long", Value::UNKNOWN)]);
    let expected = ("a[\"long\"]".to_owned(), "a[\"long\"] must be at most 2 characters, not \"long\".".to_owned());
    assert_eq!(said(&keys(length(..=2)), map), [expected]);
}

#[test]
fn attributes_together() {
    type Rule = fn(&Value, &[Path]) -> Diagnostics;
    let paths = ["x", "y", "z"].map(Path::attribute);
    let config = |x: Value, y: Value, z: Value| Value::object([("x", x), ("y", y), ("z", z)]);
    let set = || Value::from("v");
    let (null, unknown) = (|| Value::Null, || Value::UNKNOWN);
    let none = "One of x, y and z is required.";
    let two = "Of x, y and z only one can be set, and x and z are.";
    let part = "x, y and z are set together or not at all; not set: y and z.";
    let cases: [(Rule, Value, &[&str]); 13] = [
        (exactly_one_of, config(set(), null(), null()), &[]),
        (exactly_one_of, config(null(), null(), null()), &[none]),
        (exactly_one_of, config(set(), null(), set()), &[two]),
        (exactly_one_of, config(null(), unknown(), null()), &[]),
        (exactly_one_of, config(set(), unknown(), null()), &[]),
        (exactly_one_of, config(set(), unknown(), set()), &[two]),
        (at_least_one_of, config(set(), null(), set()), &[]),
        (at_least_one_of, config(null(), null(), null()), &[none]),
        (at_most_one_of, config(null(), null(), null()), &[]),
        (at_most_one_of, config(set(), null(), set()), &[two]),
        (all_or_none, config(set(), null(), null()), &[part]),
        (all_or_none, config(set(), unknown(), set()), &[]),
        (all_or_none, config(null(), unknown(), null()), &[]),
    ];
    for (rule, config, expected) in cases {
        let said: Vec<_> = rule(&config, &paths).into_iter().map(|d| d.detail).collect();
        assert_eq!(said, expected);
    }
    let conflict = at_most_one_of(&config(set(), null(), set()), &paths).into_iter().next().unwrap();
    assert_eq!(conflict.path, Some(Path::attribute("z")));
}
