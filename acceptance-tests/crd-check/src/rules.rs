//! The rules of `x-kubernetes-validations`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex};

use cel::objects::{Key, Map};
use cel::{Context, Env, Program};
use ipnet::IpNet;
use serde_json::Value;

use crate::report::{Report, Violation};
use crate::schema::{Additional, Rule, Schema};
use crate::structure::below;

/// Words that are no field names in CEL; Kubernetes writes a field that is called so between underscores.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    cel::extensions::strings(&mut env).expect("the strings extension can be added to the standard library");
    Arc::new(env)
});

/// Compiled rules, by their text.
#[derive(Default)]
pub(crate) struct Rules(Mutex<BTreeMap<String, Compiled>>);

/// A rule, or why it cannot be compiled.
type Compiled = Arc<Result<Program, String>>;

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rules")
    }
}

impl Rules {
    /// Evaluates every rule of the schema on the parts of the object that it is about.
    pub(crate) fn evaluate(&self, schema: &Schema, object: &Value, report: &mut Report) {
        self.walk(schema, object, "", report);
    }

    /// Per rule of a schema and of all below it, the functions that it calls, or why it cannot be compiled.
    pub(crate) fn functions(&self, schema: &Schema) -> Vec<Result<Vec<String>, String>> {
        let own = schema.rules.iter().map(|rule| match self.compiled(&rule.text).as_ref() {
            Ok(program) => Ok(program.references().functions().into_iter().map(str::to_owned).collect()),
            Err(error) => Err(format!("{}: {error}", rule.text)),
        });
        own.chain(schema.parts().flat_map(|part| self.functions(part))).collect()
    }

    fn walk(&self, schema: &Schema, value: &Value, path: &str, report: &mut Report) {
        if value.is_null() {
            return;
        }
        if !schema.rules.is_empty() {
            let this = cel_value(Some(schema), value);
            for rule in &schema.rules {
                self.judge(rule, &this, path, report);
            }
        }
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (schema.properties.get(name), &schema.additional_properties) {
                        (Some(property), _) => self.walk(property, value, &below(path, name), report),
                        (None, Some(Additional::Schema(schema))) => {
                            self.walk(schema, value, &below(path, name), report);
                        }
                        (None, _) => {}
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(schema) = &schema.items {
                        self.walk(schema, item, &format!("{path}[{index}]"), report);
                    }
                }
            }
            _ => {}
        }
    }

    fn judge(&self, rule: &Rule, this: &cel::Value, path: &str, report: &mut Report) {
        let path = match &rule.field_path {
            Some(field) => below(path, field.trim_start_matches('.')),
            None => path.to_owned(),
        };
        let compiled = self.compiled(&rule.text);
        let program = match compiled.as_ref() {
            Ok(program) if program.references().has_variable("oldSelf") => {
                report.transitions += 1;
                return;
            }
            Ok(program) => program,
            Err(error) => {
                report.undecided.push(undecided(path, rule, error));
                return;
            }
        };
        let mut context = Context::with_env(Arc::clone(&ENV));
        for (name, function) in FUNCTIONS {
            context.add_function(name, function).expect("a function that CEL itself does not have");
        }
        context.add_variable_from_value("self", this.clone());
        report.evaluated += 1;
        match program.execute(&context) {
            Ok(cel::Value::Bool(true)) => {}
            Ok(cel::Value::Bool(false)) => {
                report.violation(&path, rule.message.clone().unwrap_or_else(|| format!("failed rule: {}", rule.text)));
            }
            Ok(other) => report.undecided.push(undecided(path, rule, &format!("gives {other:?}"))),
            Err(error) => report.undecided.push(undecided(path, rule, &error.to_string())),
        }
    }

    fn compiled(&self, rule: &str) -> Compiled {
        let mut compiled = self.0.lock().expect("no rule panics while it is compiled");
        let program = compiled
            .entry(rule.to_owned())
            .or_insert_with(|| Arc::new(ENV.compile(rule).map_err(|errors| errors.to_string())));
        Arc::clone(program)
    }
}

/// A function of texts.
type Predicate = fn(Arc<String>) -> bool;

/// What Kubernetes adds to CEL and the definitions use. The others of its functions would make a rule undecided.
const FUNCTIONS: [(&str, Predicate); 2] = [("isIP", is_ip), ("isCIDR", is_cidr)];

/// As in Kubernetes: no zone, no IPv4 address written as IPv6.
#[expect(clippy::needless_pass_by_value, reason = "cel hands functions their arguments so")]
fn is_ip(text: Arc<String>) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => address.to_ipv4_mapped().is_none(),
        Ok(IpAddr::V4(_)) => true,
        Err(_) => false,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "cel hands functions their arguments so")]
fn is_cidr(text: Arc<String>) -> bool {
    match text.parse::<IpNet>() {
        Ok(IpNet::V6(net)) => net.addr().to_ipv4_mapped().is_none(),
        Ok(IpNet::V4(_)) => true,
        Err(_) => false,
    }
}

fn undecided(path: String, rule: &Rule, why: &str) -> Violation {
    Violation { path, problem: format!("cannot tell whether {}: {why}", rule.text) }
}

/// A value with the types of its schema, as rules see it.
fn cel_value(schema: Option<&Schema>, value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) if !is_float(schema) => cel::Value::Int(integer),
            _ => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => {
            let schema = schema.and_then(|schema| schema.items.as_deref());
            cel::Value::List(Arc::new(items.iter().map(|item| cel_value(schema, item)).collect()))
        }
        Value::Object(fields) => {
            let entry = |(name, value): (&String, &Value)| {
                let property = schema.and_then(|schema| schema.properties.get(name));
                let additional = || match schema?.additional_properties.as_ref()? {
                    Additional::Schema(schema) => Some(&**schema),
                    Additional::Allowed(_) => None,
                };
                // Keys of a map stay as they are: rules read them as texts and not as fields.
                let key = if property.is_some() { field_name(name) } else { name.clone() };
                (Key::String(Arc::new(key)), cel_value(property.or_else(additional), value))
            };
            cel::Value::Map(Map { map: Arc::new(fields.iter().map(entry).collect()) })
        }
    }
}

fn is_float(schema: Option<&Schema>) -> bool {
    schema.is_some_and(|schema| schema.types.has(crate::schema::Type::Number))
}

/// A field's name as rules write it.
fn field_name(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(rule: &str, value: &Value) -> Report {
        let schema = json!({
            "type": "object",
            "x-kubernetes-validations": [{"rule": rule, "message": "m"}],
            "properties": {
                "namespace": {"type": "string"}, "ip": {"type": "string"}, "ports": {"type": "array", "items": {"type": "integer"}},
                "port": {"x-kubernetes-int-or-string": true}, "ratio": {"type": "number"},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        });
        let schema: Schema = serde_json::from_value(schema).expect("a schema");
        let mut report = Report::default();
        Rules::default().evaluate(&schema, value, &mut report);
        report
    }

    #[test]
    fn rules_hold_or_are_violated() {
        let value = json!({"namespace": "n", "ip": "192.0.2.1", "ports": [1, 2], "port": "http", "ratio": 1, "map": {"8080": "x"}});
        let cases = [
            ("has(self.__namespace__) && self.__namespace__ == 'n'", true),
            ("isIP(self.ip) && !isCIDR(self.ip)", true),
            ("self.ports.all(p, 0 < p && p < 2)", false),
            ("self.port == 'http' || self.port == 6", true),
            ("self.ratio < 1.5", true),
            ("self.map.all(key, 0 < int(key) && int(key) <= 65535)", true),
            ("self.ip.substring(4) == '0.2.1' && self.ip.split('.').size() == 4", true),
            ("duration('1h') > duration('1m')", true),
            (r#"self.ip.matches(r"""^[0-9.]+$""")"#, true),
            ("has(self.absent) ? false : true", true),
            ("type(self.port) == int ? self.port >= 0 : true", true),
            ("size(self.ports) == 3", false),
        ];
        for (rule, expected) in cases {
            let report = report(rule, &value);
            assert_eq!(report.undecided, [], "{rule}");
            assert_eq!(report.violations.is_empty(), expected, "{rule}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_reported_and_not_passed() {
        for rule in ["quantity(self.ip).isInteger()", "self.ip.size(", "self.absent == 'x'", "self.ip"] {
            let report = report(rule, &json!({"ip": "x"}));
            assert!(!report.accepts() && report.undecided.len() == 1, "{rule}: {report:?}");
        }
    }

    #[test]
    fn rules_about_changes_do_not_apply() {
        let report = report("self == oldSelf", &json!({}));
        assert!(report.accepts() && report.transitions == 1 && report.evaluated == 0);
    }
}
