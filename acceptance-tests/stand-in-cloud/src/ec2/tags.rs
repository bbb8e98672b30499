//! `CreateTags`, `DeleteTags`, `DescribeTags`, and tags inside create calls.

use std::collections::BTreeMap;

use super::filter::Filters;
use super::region::{Answer, Region};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

/// The kinds of objects that carry tags: the prefix of their ids, the API's name of the type, the code when absent.
const KINDS: [(&str, &str, &str); 8] = [
    ("eipalloc", "elastic-ip", "InvalidAllocationID.NotFound"),
    ("nat", "natgateway", "NatGatewayNotFound"),
    ("rtb", "route-table", "InvalidRouteTableID.NotFound"),
    ("vpc", "vpc", "InvalidVpcID.NotFound"),
    ("subnet", "subnet", "InvalidSubnetID.NotFound"),
    ("igw", "internet-gateway", "InvalidInternetGatewayID.NotFound"),
    ("pl", "prefix-list", "InvalidPrefixListID.NotFound"),
    ("eni", "network-interface", "InvalidNetworkInterfaceID.NotFound"),
];

/// Tags per object.
const MOST_TAGS: usize = 50;

/// The error for an object that does not exist, or that the caller cannot see yet.
pub(crate) fn not_found(id: &str) -> ApiError {
    let prefix = id.split_once('-').map_or("", |(prefix, _)| prefix);
    match KINDS.iter().find(|kind| kind.0 == prefix) {
        Some((_, _, "NatGatewayNotFound")) => {
            ApiError::new("NatGatewayNotFound", format!("The Nat Gateway {id} was not found"))
        }
        Some((_, kind, code)) => ApiError::new(code, format!("The {kind} ID '{id}' does not exist")),
        None => ApiError::new("InvalidID", format!("The ID '{id}' is not valid")),
    }
}

/// The API's name of an object's type.
fn kind_of(id: &str) -> &'static str {
    let prefix = id.split_once('-').map_or("", |(prefix, _)| prefix);
    KINDS.iter().find(|kind| kind.0 == prefix).map_or("", |kind| kind.1)
}

/// The tags of a create call; a specification for another type of object is refused.
pub(crate) fn requested(params: &Params, kind: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for specification in params.structures("TagSpecification") {
        let asked = specification.required("ResourceType")?;
        if asked != kind {
            let message = format!("'{asked}' is not a valid taggable resource type for this operation.");
            return Err(ApiError::invalid(message));
        }
        tags.extend(parse_tags(&specification)?);
    }
    check_count(tags.len())?;
    Ok(tags)
}

fn parse_tags(params: &Params) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in params.structures("Tag") {
        let (key, value) = (tag.required("Key")?, tag.get("Value").unwrap_or_default());
        if key.starts_with("aws:") {
            return Err(ApiError::invalid("Tag keys starting with 'aws:' are reserved for internal use"));
        }
        if key.chars().count() > 127 || value.chars().count() > 256 {
            let message = format!("Tag key exceeds the maximum length of 127 characters or the value 256: {key}");
            return Err(ApiError::invalid(message));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::invalid(format!("Duplicate tag key '{key}' specified.")));
        }
    }
    Ok(tags)
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count > MOST_TAGS {
        return Err(ApiError::new("TagLimitExceeded", "The maximum number of Tags for a resource has been reached."));
    }
    Ok(())
}

impl Region {
    /// Whether an object of any kind exists, whoever can see it.
    fn exists(&self, id: &str) -> bool {
        self.addresses.contains_key(id)
            || self.nat_gateways.contains_key(id)
            || self.route_tables.contains_key(id)
            || self.vpcs.contains_key(id)
            || self.subnets.contains_key(id)
            || self.internet_gateways.contains_key(id)
            || self.prefix_lists.contains_key(id)
            || self.network_interfaces.contains_key(id)
    }

    fn tagged(&self, params: &Params) -> Result<Vec<String>, ApiError> {
        let ids = params.list("ResourceId");
        if ids.is_empty() {
            return Err(ApiError::missing("resourceIdSet"));
        }
        match ids.iter().find(|id| !self.exists(id) || !self.is_visible(id)) {
            Some(id) => Err(not_found(id)),
            None => Ok(ids.into_iter().map(str::to_owned).collect()),
        }
    }

    pub(crate) fn create_tags(&mut self, params: &Params) -> Answer {
        let ids = self.tagged(params)?;
        let tags = parse_tags(params)?;
        if tags.is_empty() {
            return Err(ApiError::missing("Tag"));
        }
        for id in &ids {
            check_count(self.tags_of(id).keys().chain(tags.keys()).collect::<std::collections::BTreeSet<_>>().len())?;
        }
        for id in ids {
            self.tags.entry(id).or_default().extend(tags.clone());
        }
        Ok(done())
    }

    pub(crate) fn delete_tags(&mut self, params: &Params) -> Answer {
        let ids = self.tagged(params)?;
        let tags = params.structures("Tag");
        for id in ids {
            let Some(own) = self.tags.get_mut(&id) else { continue };
            // Without a list all tags go; with a value, only a tag that has this value.
            if tags.is_empty() {
                own.clear();
            }
            for tag in &tags {
                let key = tag.required("Key")?;
                if tag.get("Value").is_none_or(|value| own.get(key).is_some_and(|own| own == value)) {
                    own.remove(key);
                }
            }
        }
        Ok(done())
    }

    pub(crate) fn describe_tags(&self, params: &Params) -> Answer {
        let filters = Filters::parse(params, &["key", "resource-id", "resource-type", "value"])?;
        let all = self
            .tags
            .iter()
            .filter(|(id, _)| self.is_visible(id))
            .flat_map(|(id, tags)| tags.iter().map(move |(key, value)| (id, key, value)));
        let found = all.filter(|(id, key, value)| {
            filters.accept(self.tags_of(id), |name| match name {
                "key" => vec![(*key).clone()],
                "resource-id" => vec![(*id).clone()],
                "resource-type" => vec![kind_of(id).to_owned()],
                _ => vec![(*value).clone()],
            })
        });
        let mut xml = Xml::new();
        xml.items("tagSet", found, |xml, (id, key, value)| {
            xml.text("resourceId", id);
            xml.text("resourceType", kind_of(id));
            xml.text("key", key);
            xml.text("value", value);
        });
        Ok(xml)
    }

    /// Writes an object's tags.
    pub(crate) fn write_tags(&self, xml: &mut Xml, id: &str) {
        xml.items("tagSet", self.tags_of(id), |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
    }
}

/// The reply of an action that returns nothing else.
pub(crate) fn done() -> Xml {
    let mut xml = Xml::new();
    xml.text("return", true);
    xml
}
