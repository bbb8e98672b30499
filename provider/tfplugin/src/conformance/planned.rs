//! Plans against configurations.

use super::Misfit;
use crate::cty::{Brief, Path, Step, Value};
use crate::schema::{Attribute, Fields, Nesting, Place, Schema, counterpart, objects, part};

pub(super) fn misfits(schema: &Schema, config: &Value, prior: &Value, planned: &Value) -> Vec<Misfit> {
    let mut check = Check { misfits: Vec::new() };
    if planned.is_null() || planned.is_unknown() {
        check.report(&Path::root(), format!("is planned as {}, and the configuration has it", Brief(planned)));
    } else {
        check.object(schema.fields(), &Values { config, prior, planned }, &Path::root(), false);
    }
    check.misfits
}

/// The three values at one place.
struct Values<'a> {
    config: &'a Value,
    prior: &'a Value,
    planned: &'a Value,
}

struct Check {
    misfits: Vec<Misfit>,
}

impl Check {
    fn report(&mut self, path: &Path, reason: impl Into<String>) {
        self.misfits.push(Misfit { path: path.clone(), reason: reason.into() });
    }

    fn object(&mut self, fields: Fields<'_>, values: &Values<'_>, path: &Path, sensitive: bool) {
        for field in fields.iter() {
            let path = path.then(Step::Attribute(field.name.to_owned()));
            let values = Values {
                config: part(values.config, field.name),
                prior: part(values.prior, field.name),
                planned: part(values.planned, field.name),
            };
            match (field.attribute, field.nested) {
                (Some(attribute), nested) => self.attribute(attribute, nested, &values, &path, sensitive),
                (None, Some((nesting, inner))) => self.block(nesting, inner, &values, &path, sensitive),
                (None, None) => {}
            }
        }
    }

    fn attribute(
        &mut self,
        attribute: &Attribute,
        nested: Option<(Nesting, Fields<'_>)>,
        values: &Values<'_>,
        path: &Path,
        sensitive: bool,
    ) {
        let Values { config, prior, planned } = values;
        let sensitive = sensitive || attribute.sensitive;
        if attribute.write_only {
            if !planned.is_null() {
                self.report(path, "is write-only, and the plan holds a value for it");
            }
            return;
        }
        // What the user wrote; or the state's spelling of it, when the provider takes both for the same.
        if same(planned, config) || (!prior.is_null() && !config.is_null() && same(planned, prior)) {
            return;
        }
        if config.is_null() {
            if !attribute.is_computed() {
                let planned = shown(planned, sensitive);
                self.report(
                    path,
                    format!("is planned as {planned}; it is not configured, and not computed in the schema"),
                );
            }
            return;
        }
        if let Some((nesting, inner)) = nested {
            self.objects(nesting, inner, values, path, sensitive);
        } else {
            let (config, planned) = (shown(config, sensitive), shown(planned, sensitive));
            self.report(path, format!("is configured as {config} and planned as {planned}"));
        }
    }

    /// A nested attribute that is configured and not planned as it is.
    fn objects(&mut self, nesting: Nesting, fields: Fields<'_>, values: &Values<'_>, path: &Path, sensitive: bool) {
        let Values { config, planned, .. } = values;
        if planned.is_null() || planned.is_unknown() || config.is_unknown() {
            return self.report(path, format!("is configured as {} and planned as {}", Brief(config), Brief(planned)));
        }
        if matches!(nesting, Nesting::Set) {
            return self.set(values, path);
        }
        self.elements(nesting, fields, values, path, sensitive);
    }

    /// Nested blocks of one type. A provider cannot add or remove any.
    fn block(&mut self, nesting: Nesting, fields: Fields<'_>, values: &Values<'_>, path: &Path, sensitive: bool) {
        let Values { config, planned, .. } = values;
        if same(planned, config) {
            return;
        }
        if config.is_unknown() || config.is_null() || planned.is_unknown() || planned.is_null() {
            return self.report(path, format!("is configured as {} and planned as {}", Brief(config), Brief(planned)));
        }
        if matches!(nesting, Nesting::Set) {
            return self.set(values, path);
        }
        self.elements(nesting, fields, values, path, sensitive);
    }

    /// Elements of a set cannot be told apart, so only their number is checked; unknown ones may turn out to be equal.
    fn set(&mut self, values: &Values<'_>, path: &Path) {
        let count = |value: &Value| value.elements().map_or(0, <[_]>::len);
        let (configured, planned) = (count(values.config), count(values.planned));
        let wrong = if values.planned.is_wholly_known() { planned != configured } else { planned < configured };
        if wrong && values.config.is_wholly_known() {
            self.report(path, format!("is configured as a set of {configured} and planned as a set of {planned}"));
        }
    }

    fn elements(&mut self, nesting: Nesting, fields: Fields<'_>, values: &Values<'_>, path: &Path, sensitive: bool) {
        let at = |place: Place<'_>| place.step().map_or_else(|| path.clone(), |step| path.then(step));
        for (place, planned) in objects(nesting, values.planned) {
            let config = counterpart(fields, values.config, place, planned);
            let prior = counterpart(fields, values.prior, place, planned);
            let path = at(place);
            if config.is_null() && !planned.is_null() {
                self.report(&path, "is planned and not configured");
            } else if same(planned, config) {
                // As the user wrote it.
            } else if planned.is_null() || planned.is_unknown() || config.is_unknown() {
                self.report(&path, format!("is configured as {} and planned as {}", Brief(config), Brief(planned)));
            } else {
                self.object(fields, &Values { config, prior, planned }, &path, sensitive);
            }
        }
        for (place, config) in objects(nesting, values.config) {
            if !config.is_null() && counterpart(fields, values.planned, place, config).is_null() {
                self.report(&at(place), "is configured and not planned");
            }
        }
    }
}

fn shown(value: &Value, sensitive: bool) -> String {
    if sensitive { "a sensitive value".to_owned() } else { Brief(value).to_string() }
}

/// Whether the values are equal for Terraform, which does not compare what is promised about unknown ones.
fn same(a: &Value, b: &Value) -> bool {
    match (a.undynamic(), b.undynamic()) {
        (Value::Unknown(_), Value::Unknown(_)) => true,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) | (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, va), (kb, vb))| ka == kb && same(va, vb))
        }
        (a, b) => a == b,
    }
}
