//! The import id of a resource that stands for objects of a cloud.
//!
//! `NAME`, with the parts of the place that are not the provider's, and ids by key where objects do not carry the identity:
//! `partners,aws.region=eu-west-1,a=eipalloc-0123`. Keys have no dots, so that each of them can be written.

use std::collections::BTreeMap;

use egress_model::identity::{Key, Name};
use tfplugin::Diagnostic;
use tfplugin::cty::{Type, Value};
use tfplugin::resource::ImportRequest;
use tfplugin::schema::Attribute;

use crate::clouds::{Cloud, Part, Parts};

/// What the user asked to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportId {
    /// The resource's name.
    pub(crate) name: String,
    /// The cloud, where it is said.
    cloud: Option<String>,
    /// The account, where it is said.
    account: Option<String>,
    /// The parts of the place that are said.
    parts: Parts,
    /// Objects that need not carry the identity, by key.
    pub(crate) ids: BTreeMap<Key, String>,
}

/// The attribute `id`.
pub(crate) fn attribute() -> Attribute {
    Attribute::new("id", Type::String, "What `terraform import` takes for this resource.").computed()
}

impl ImportId {
    /// Reads a request for a resource that can be in these clouds. `example` is an id of an object, such as `eipalloc-0123`.
    pub(crate) fn read(request: &ImportRequest, example: &str, clouds: &[&'static Cloud]) -> Result<Self, Diagnostic> {
        match request {
            ImportRequest::Id(id) => Self::parse(id, example, clouds),
            ImportRequest::Identity(identity) => {
                let text = |name: &str| identity.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
                let parts = clouds.iter().flat_map(|cloud| cloud.parts);
                Ok(Self {
                    name: text("name").unwrap_or_default(),
                    cloud: text("cloud"),
                    account: text("account"),
                    parts: parts.filter_map(|part| Some((part.name, text(part.name)?))).collect(),
                    ids: BTreeMap::new(),
                })
            }
        }
    }

    fn parse(text: &str, example: &str, clouds: &[&'static Cloud]) -> Result<Self, Diagnostic> {
        let malformed = |why: &str| malformed(text, why, example, clouds);
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if let Err(error) = name.parse::<Name>() {
            return Err(malformed(&format!("{name:?} is not a name: it {error}")));
        }
        let mut id = Self { name: name.to_owned(), ..Self::default() };
        for part in parts {
            let wrong = |why: &str| malformed(&format!("{part:?} {why}"));
            let (left, right) = part.split_once('=').ok_or_else(|| wrong("has no \"=\""))?;
            if right.is_empty() {
                return Err(wrong("says nothing after the \"=\""));
            }
            if let Some((cloud, part)) = left.split_once('.') {
                id.add_part(cloud, part, right, clouds).map_err(|why| wrong(&why))?;
                continue;
            }
            let key: Key = left.parse().map_err(|error| wrong(&format!("begins with no key: it {error}")))?;
            if id.ids.values().any(|other| other == right) {
                return Err(wrong("names an object that another key has"));
            }
            if id.ids.insert(key, right.to_owned()).is_some() {
                return Err(wrong("has a key that was there before"));
            }
        }
        Ok(id)
    }

    fn add_part(&mut self, cloud: &str, part: &str, value: &str, clouds: &[&'static Cloud]) -> Result<(), String> {
        let known = clouds.iter().find(|known| known.name == cloud);
        let Some(part) = known.and_then(|known| known.part(part)) else {
            let text = |cloud: &Cloud, part: &Part| format!("{}.{}", cloud.name, part.name);
            let all = clouds.iter().flat_map(|cloud| cloud.parts.iter().map(move |part| text(cloud, part)));
            return Err(format!("is no part of a place; there is {}", all.collect::<Vec<_>>().join(", ")));
        };
        if self.cloud.as_deref().is_some_and(|before| before != cloud) {
            return Err("is of another cloud than what comes before it".to_owned());
        }
        self.cloud = Some(cloud.to_owned());
        if self.parts.insert(part.name, value.to_owned()).is_some() {
            return Err(format!("is the second {}", part.name));
        }
        Ok(())
    }

    /// The parts of the place in the cloud that is meant.
    pub(crate) fn parts_of(&self, cloud: &Cloud) -> Result<Parts, Diagnostic> {
        match self.parts.keys().find(|part| cloud.part(part).is_none()) {
            None => Ok(self.parts.clone()),
            Some(part) => Err(Diagnostic::error(
                format!("{} has no {part}", cloud.title),
                format!(
                    "The identity names one. What says where an object is there: {}.",
                    cloud.parts.iter().map(|part| part.name).collect::<Vec<_>>().join(", ")
                ),
            )),
        }
    }

    /// The one of these clouds that is meant: the one that is named, or the only one.
    pub(crate) fn cloud<'a, B: ?Sized>(
        &self,
        clouds: &'a [Box<B>],
        cloud: impl Fn(&B) -> &'static Cloud,
    ) -> Result<&'a B, Diagnostic> {
        let names = || clouds.iter().map(|of| cloud(of).name).collect::<Vec<_>>().join(", ");
        let is_meant = |of: &&B| self.cloud.as_deref().is_none_or(|wanted| wanted == cloud(of).name);
        let mut meant = clouds.iter().map(AsRef::as_ref).filter(is_meant);
        match (meant.next(), meant.next(), &self.cloud) {
            (Some(one), None, _) => Ok(one),
            (None, _, Some(wanted)) => {
                Err(Diagnostic::error(format!("The cloud {wanted:?} is not known"), format!("There are: {}.", names())))
            }
            _ => Err(Diagnostic::error(
                "The cloud is not said",
                format!("Write the place into the import id, as CLOUD.PART=VALUE. The clouds are: {}.", names()),
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

fn malformed(text: &str, why: &str, example: &str, clouds: &[&'static Cloud]) -> Diagnostic {
    let place = clouds.iter().find_map(|cloud| {
        let part = cloud.parts.first()?;
        Some(format!("{}.{}={}", cloud.name, part.name, part.example))
    });
    Diagnostic::error(
        format!("The import id {text:?} cannot be read"),
        format!(
            "{why}. Write the name alone (`prod`) to find what carries its tags; with the objects \
             (`prod,a={example}`) where they do not; and the place (`prod,{}`) where it is not the provider's.",
            place.unwrap_or_default()
        ),
    )
}

/// The import id of a resource with this value: unknown until all of it is known.
pub(crate) fn of(value: &Value, clouds: &[&'static Cloud]) -> Value {
    let unknown = |part: Option<&Value>| part.is_some_and(Value::is_unknown);
    let (name, addresses) = (value.get("name"), value.get("addresses"));
    if [name, addresses].into_iter().any(unknown) {
        return Value::UNKNOWN;
    }
    let mut id = name.and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(cloud) = clouds.iter().find(|cloud| cloud.is_chosen(value)) {
        let Some(parts) = cloud.parts_of(value) else { return Value::UNKNOWN };
        let said = cloud.parts.iter().filter_map(|part| Some((part.name, parts.get(part.name)?)));
        id.extend(said.map(|(part, said)| format!(",{}.{part}={said}", cloud.name)));
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
    use crate::clouds::aws::AWS;

    /// A cloud with another place than AWS.
    static NUBES: Cloud = Cloud {
        name: "nubes",
        title: "Nubes",
        parts: &[
            Part { name: "project", description: "The project", example: "p-1" },
            Part { name: "region", description: "The cloud's region", example: "here" },
        ],
        locate: |_| None,
    };
    const CLOUDS: &[&Cloud] = &[&AWS, &NUBES];

    fn parse(text: &str) -> Result<ImportId, String> {
        ImportId::parse(text, "nat-0123", CLOUDS)
            .map_err(|diagnostic| diagnostic.detail.split(". ").next().unwrap().to_owned())
    }

    #[test]
    fn names_places_and_objects_are_read() {
        let plain = ImportId { name: "prod".to_owned(), ..ImportId::default() };
        assert_eq!(parse("prod"), Ok(plain.clone()));
        let place = ImportId {
            cloud: Some("aws".to_owned()),
            parts: [("region", "us-east-1".to_owned())].into(),
            ..plain.clone()
        };
        assert_eq!(parse("prod, aws.region=us-east-1"), Ok(place));
        let place = ImportId {
            cloud: Some("nubes".to_owned()),
            parts: [("project", "p-1".to_owned()), ("region", "here".to_owned())].into(),
            ..plain.clone()
        };
        assert_eq!(parse("prod,nubes.region=here,nubes.project=p-1"), Ok(place));
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
                "\"Prod\" is not a name: it contains 'P'; only lowercase letters, digits and hyphens fit the tags, \
                 labels and names of every cloud",
            ),
            ("prod,a", "\"a\" has no \"=\""),
            ("prod,a=", "\"a=\" says nothing after the \"=\""),
            (
                "prod,aws.zone=x",
                "\"aws.zone=x\" is no part of a place; there is aws.region, nubes.project, nubes.region",
            ),
            ("prod,aws.region=x,nubes.project=y", "\"nubes.project=y\" is of another cloud than what comes before it"),
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
            let name = |cloud: &str| if cloud == "aws" { &AWS } else { &NUBES };
            id.cloud(&clouds, name).map(ToOwned::to_owned).map_err(|error| error.summary)
        };
        assert_eq!(of(None, &["aws"]), Ok("aws".to_owned()));
        assert_eq!(of(Some("nubes"), &["aws", "nubes"]), Ok("nubes".to_owned()));
        assert_eq!(of(None, &["aws", "nubes"]), Err("The cloud is not said".to_owned()));
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
        let id = of(&pool("us-east-1".into(), "eipalloc-1".into()), CLOUDS);
        assert_eq!(id, Value::from("partners,aws.region=us-east-1,b=eipalloc-1"));
        let read = parse(id.as_str().unwrap()).unwrap();
        assert_eq!((read.parts.get("region").map(String::as_str), read.ids.len()), (Some("us-east-1"), 1));
        assert_eq!(of(&pool(Value::Null, Value::Null), CLOUDS), Value::from("partners"));
        assert_eq!(of(&pool(Value::UNKNOWN, Value::Null), CLOUDS), Value::UNKNOWN);
        assert_eq!(of(&pool(Value::Null, Value::UNKNOWN), CLOUDS), Value::UNKNOWN);
    }

    #[test]
    fn a_part_of_another_cloud_is_no_part_of_this_one() {
        let identity = Value::object([
            ("name", Value::from("prod")),
            ("cloud", "aws".into()),
            ("account", Value::Null),
            ("region", "us-east-1".into()),
            ("project", "p-1".into()),
        ]);
        let id = ImportId::read(&ImportRequest::Identity(identity), "nat-0123", CLOUDS).expect("an identity");
        assert_eq!(id.parts_of(&AWS).map_err(|error| error.summary), Err("AWS has no project".to_owned()));
        let both = [("project", "p-1".to_owned()), ("region", "us-east-1".to_owned())];
        assert_eq!(id.parts_of(&NUBES), Ok(both.into()));
    }
}
