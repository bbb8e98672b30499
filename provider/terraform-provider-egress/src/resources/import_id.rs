//! The import id of a resource that stands for objects of a cloud.
//!
//! `NAME`, with the place where it is not the provider's and ids by key where objects do not carry the identity:
//! `partners,aws.region=eu-west-1,a=eipalloc-0123`. Keys have no dots, so that each of them can be written.

use std::collections::BTreeMap;

use egress_model::identity::{Key, Name};
use tfplugin::Diagnostic;
use tfplugin::cty::{Type, Value};
use tfplugin::resource::ImportRequest;
use tfplugin::schema::Attribute;

/// What the user asked to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportId {
    /// The resource's name.
    pub(crate) name: String,
    /// The cloud, where it is said.
    pub(crate) cloud: Option<String>,
    /// The account, where it is said.
    pub(crate) account: Option<String>,
    /// The region, where it is said.
    pub(crate) region: Option<String>,
    /// Objects that need not carry the identity, by key.
    pub(crate) ids: BTreeMap<Key, String>,
}

/// The attribute `id`.
pub(crate) fn attribute() -> Attribute {
    Attribute::new("id", Type::String, "What `terraform import` takes for this resource.").computed()
}

impl ImportId {
    /// Reads a request. `example` is an id of an object, such as `eipalloc-0123`.
    pub(crate) fn read(request: &ImportRequest, example: &str) -> Result<Self, Diagnostic> {
        match request {
            ImportRequest::Id(id) => Self::parse(id, example),
            ImportRequest::Identity(identity) => {
                let text = |name: &str| identity.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
                Ok(Self {
                    name: text("name").unwrap_or_default(),
                    cloud: text("cloud"),
                    account: text("account"),
                    region: text("region"),
                    ids: BTreeMap::new(),
                })
            }
        }
    }

    fn parse(text: &str, example: &str) -> Result<Self, Diagnostic> {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if let Err(error) = name.parse::<Name>() {
            return Err(malformed(text, &format!("{name:?} is not a name: it {error}"), example));
        }
        let mut id = Self { name: name.to_owned(), ..Self::default() };
        for part in parts {
            let wrong = |why: &str| malformed(text, &format!("{part:?} {why}"), example);
            let (left, right) = part.split_once('=').ok_or_else(|| wrong("has no \"=\""))?;
            if right.is_empty() {
                return Err(wrong("says nothing after the \"=\""));
            }
            match left.split_once('.') {
                Some((cloud, "region")) => {
                    if id.region.replace(right.to_owned()).is_some() {
                        return Err(wrong("is the second region"));
                    }
                    id.cloud = Some(cloud.to_owned());
                }
                Some(_) => return Err(wrong("is no part of a place; there is CLOUD.region")),
                None => {
                    let key: Key = left.parse().map_err(|error| wrong(&format!("begins with no key: it {error}")))?;
                    if id.ids.values().any(|other| other == right) {
                        return Err(wrong("names an object that another key has"));
                    }
                    if id.ids.insert(key, right.to_owned()).is_some() {
                        return Err(wrong("has a key that was there before"));
                    }
                }
            }
        }
        Ok(id)
    }

    /// The one of these clouds that is meant: the one that is named, or the only one.
    pub(crate) fn cloud<'a, B: ?Sized>(
        &self,
        clouds: &'a [Box<B>],
        name: impl Fn(&B) -> &'static str,
    ) -> Result<&'a B, Diagnostic> {
        let names = || clouds.iter().map(|cloud| name(cloud)).collect::<Vec<_>>().join(", ");
        let is_meant = |cloud: &&B| self.cloud.as_deref().is_none_or(|wanted| wanted == name(cloud));
        let mut meant = clouds.iter().map(AsRef::as_ref).filter(is_meant);
        match (meant.next(), meant.next(), &self.cloud) {
            (Some(cloud), None, _) => Ok(cloud),
            (None, _, Some(wanted)) => {
                Err(Diagnostic::error(format!("The cloud {wanted:?} is not known"), format!("There are: {}.", names())))
            }
            _ => Err(Diagnostic::error(
                "The cloud is not said",
                format!(
                    "Write the place into the import id, such as CLOUD.region=REGION. The clouds are: {}.",
                    names()
                ),
            )),
        }
    }

    /// Why the account of what was found is not the one that is meant.
    pub(crate) fn another_account(&self, found: &Value) -> Option<Diagnostic> {
        let (wanted, found) = (self.account.as_deref()?, found.get("account")?.as_str()?);
        (wanted != found).then(|| {
            Diagnostic::error(
                "The identity is one of another account",
                format!("It names the account {wanted:?}, and the provider's credentials are for {found:?}."),
            )
        })
    }
}

fn malformed(text: &str, why: &str, example: &str) -> Diagnostic {
    Diagnostic::error(
        format!("The import id {text:?} cannot be read"),
        format!(
            "{why}. Write the name alone (`prod`) to find what carries its tags; with the objects (`prod,a={example}`) where they do not; and \
             the place (`prod,aws.region=us-east-1`) where it is not the provider's."
        ),
    )
}

/// The import id of a resource with this value: unknown until all of it is known.
pub(crate) fn of(value: &Value) -> Value {
    let unknown = |part: Option<&Value>| part.is_some_and(Value::is_unknown);
    let (name, region) = (value.get("name"), value.get("aws").and_then(|aws| aws.get("region")));
    let addresses = value.get("addresses");
    if [name, region, addresses, value.get("aws")].into_iter().any(unknown) {
        return Value::UNKNOWN;
    }
    let mut id = name.and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(region) = region.and_then(Value::as_str) {
        id.extend([",aws.region=", region]);
    }
    for (key, address) in addresses.and_then(Value::as_map).into_iter().flatten() {
        // An adopted address does not carry the pool's tags.
        match address.get("existing_id") {
            Some(existing) if existing.is_unknown() => return Value::UNKNOWN,
            _ if address.is_unknown() => return Value::UNKNOWN,
            Some(existing) => id.extend(existing.as_str().map(|existing| format!(",{key}={existing}"))),
            None => {}
        }
    }
    Value::from(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ImportId, String> {
        ImportId::parse(text, "nat-0123").map_err(|diagnostic| diagnostic.detail.split(". ").next().unwrap().to_owned())
    }

    #[test]
    fn names_places_and_objects_are_read() {
        let plain = ImportId { name: "prod".to_owned(), ..ImportId::default() };
        assert_eq!(parse("prod"), Ok(plain.clone()));
        let place = ImportId { cloud: Some("aws".to_owned()), region: Some("us-east-1".to_owned()), ..plain.clone() };
        assert_eq!(parse("prod, aws.region=us-east-1"), Ok(place));
        let ids = [("region", "nat-1"), ("us-east-1a", "nat-2")];
        let ids = ids.map(|(key, id)| (key.parse().unwrap(), id.to_owned())).into();
        assert_eq!(parse("prod,region=nat-1,us-east-1a=nat-2"), Ok(ImportId { ids, ..plain }));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, why) in [
            ("", "\"\" is not a name: it must not be empty"),
            (
                "Prod",
                "\"Prod\" is not a name: it contains 'P'; only lowercase letters, digits and hyphens fit the tags, labels and names of every cloud",
            ),
            ("prod,a", "\"a\" has no \"=\""),
            ("prod,a=", "\"a=\" says nothing after the \"=\""),
            ("prod,aws.zone=x", "\"aws.zone=x\" is no part of a place; there is CLOUD.region"),
            ("prod,aws.region=x,aws.region=y", "\"aws.region=y\" is the second region"),
            ("prod,a=nat-1,b=nat-1", "\"b=nat-1\" names an object that another key has"),
            ("prod,a=nat-1,a=nat-2", "\"a=nat-2\" has a key that was there before"),
        ] {
            assert_eq!(parse(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_cloud_is_the_one_that_is_named_or_the_only_one() {
        let of = |cloud: Option<&str>, clouds: &[&str]| {
            let clouds: Vec<Box<str>> = clouds.iter().map(|name| (*name).into()).collect();
            let id = ImportId { cloud: cloud.map(ToOwned::to_owned), ..ImportId::default() };
            let name = |cloud: &str| if cloud == "aws" { "aws" } else { "azure" };
            id.cloud(&clouds, name).map(ToOwned::to_owned).map_err(|error| error.summary)
        };
        assert_eq!(of(None, &["aws"]), Ok("aws".to_owned()));
        assert_eq!(of(Some("azure"), &["aws", "azure"]), Ok("azure".to_owned()));
        assert_eq!(of(None, &["aws", "azure"]), Err("The cloud is not said".to_owned()));
        assert_eq!(of(Some("moon"), &["aws"]), Err("The cloud \"moon\" is not known".to_owned()));
    }

    #[test]
    fn an_id_imports_what_it_is_of() {
        let address = |existing: Value| Value::object([("existing_id", existing)]);
        let pool = |region: Value, existing: Value| {
            let addresses = Value::map([("a", address(Value::Null)), ("b", address(existing))]);
            Value::object([
                ("name", Value::from("partners")),
                ("aws", Value::object([("region", region)])),
                ("addresses", addresses),
            ])
        };
        let id = of(&pool("us-east-1".into(), "eipalloc-1".into()));
        assert_eq!(id, Value::from("partners,aws.region=us-east-1,b=eipalloc-1"));
        let read = parse(id.as_str().unwrap()).unwrap();
        assert_eq!((read.region.as_deref(), read.ids.len()), (Some("us-east-1"), 1));
        assert_eq!(of(&pool(Value::Null, Value::Null)), Value::from("partners"));
        assert_eq!(of(&pool(Value::UNKNOWN, Value::Null)), Value::UNKNOWN);
        assert_eq!(of(&pool(Value::Null, Value::UNKNOWN)), Value::UNKNOWN);
    }
}
