//! The rules of gateways that stand in one zone each.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Gateway, Kind, MAX_ADDRESSES, Secondary};
use egress_model::identity::Key;
use tfplugin::cty::Path;

use super::{AwsInput, Draft, Parser, Set, ZoneInput, list, path, zone_path};

impl Parser {
    pub(super) fn zonal(&mut self, aws: &AwsInput, private: bool) -> BTreeMap<Key, Gateway> {
        for (name, present) in [
            ("vpc_id", !aws.vpc_id.is_null()),
            ("route_table_ids", !aws.route_table_ids.is_null()),
            ("automatic_addresses", !aws.automatic_addresses.is_null()),
        ] {
            if present {
                let detail = "Zonal gateways are in the VPC of their subnet, and each zone has its own route \
                              tables: write them in `zones`, or set availability_mode = \"regional\".";
                self.error(format!("{name} is for a regional gateway"), detail, path(name));
            }
        }
        let mut gateways = BTreeMap::new();
        match self.known(&aws.zones) {
            Some(zones) if !zones.is_empty() => {
                for (name, zone) in zones {
                    let Some(key) = self.zone_key(name) else { continue };
                    let draft = self.known(zone).map(|zone| self.zonal_draft(name, zone, private));
                    gateways.extend(self.drafted(&key, draft).map(|gateway| (key, gateway)));
                }
            }
            _ if aws.zones.is_unknown() => {}
            _ => {
                let detail = "Write at least one availability zone with its subnet.";
                self.error("There are no zones", detail, path("zones"));
            }
        }
        gateways
    }

    fn zonal_draft(&mut self, name: &str, zone: &ZoneInput, private: bool) -> Draft {
        let at = zone_path(name).child("route_table_ids");
        self.written(
            &zone.route_table_ids,
            "Write the route tables of this zone, or [] where there are none.",
            at.clone(),
        );
        let route_tables = self.set(|parser| parser.ids(&zone.route_table_ids, "rtb-", &at));
        let at = zone_path(name);
        let inherited = self.inherited_tags.clone();
        let (tags, tags_are_known) = self.part(|parser| parser.tags_of_one(&inherited, &zone.tags, &at.child("tags")));
        self.own_tags_are_known &= tags_are_known;
        let ((subnet, private_ip), kind_is_known) =
            self.part(|parser| (parser.subnet(name, zone), parser.ip(&zone.private_ip, &at.child("private_ip"))));
        if private {
            let (secondary, complete) = self.part(|parser| parser.private(name, zone));
            let kind = subnet.zip(secondary).map(|(subnet, secondary)| Kind::Private { subnet, private_ip, secondary });
            let addresses = Set { known: BTreeSet::new(), complete };
            return Draft { kind, kind_is_known, addresses, route_tables, tags };
        }
        self.no_private_addresses(zone, &at);
        let addresses = self.set(|parser| parser.addresses(name, zone, MAX_ADDRESSES));
        let (primary, primary_is_known) = self.part(|parser| parser.known(&zone.primary_address).cloned());
        if let Some(primary) =
            primary.as_ref().filter(|primary| addresses.complete && !addresses.known.contains(*primary))
        {
            let detail = format!("{primary} is not among the addresses of {name}: {}.", list(&addresses.known));
            self.error("The primary address is none of the addresses", detail, at.child("primary_address"));
        }
        let known = addresses.known.clone();
        let kind = subnet.map(|subnet| Kind::Public { subnet, private_ip, addresses: known, primary });
        Draft { kind, kind_is_known: kind_is_known && primary_is_known, addresses, route_tables, tags }
    }

    fn zone_key(&mut self, name: &str) -> Option<Key> {
        let key = name.parse();
        if let Err(error) = &key {
            let detail = format!("The key {error}. Keys are names of availability zones, such as us-east-1a.");
            self.error(format!("{name:?} is no availability zone"), detail, zone_path(name));
        }
        key.ok()
    }

    fn subnet(&mut self, name: &str, zone: &ZoneInput) -> Option<String> {
        let at = zone_path(name).child("subnet_id");
        let subnet = self.known(&zone.subnet_id).cloned();
        match &subnet {
            None if zone.subnet_id.is_null() => {
                let detail = "A zonal gateway stands in a subnet: for public connectivity, one whose default route \
                              points to an internet gateway.";
                self.error(format!("The subnet of {name} is missing"), detail, at);
            }
            Some(id) if !id.starts_with("subnet-") => {
                self.error(format!("{id:?} is no subnet"), "The ids of subnets begin with subnet-.", at);
            }
            _ => {}
        }
        subnet
    }

    /// The secondary addresses of a private gateway.
    fn private(&mut self, name: &str, zone: &ZoneInput) -> Option<Secondary> {
        let at = zone_path(name);
        let secondary = self.secondary(name, zone);
        self.written(&zone.addresses, "Write []: a private gateway has no public addresses.", at.child("addresses"));
        let public = zone.addresses.known().is_some_and(|addresses| !addresses.is_empty());
        for (attribute, present) in [("addresses", public), ("primary_address", !zone.primary_address.is_null())] {
            if present {
                let detail =
                    "A private gateway has no public addresses. Remove them, or set connectivity_type = \"public\".";
                self.error(format!("{attribute} is for public connectivity"), detail, at.child(attribute));
            }
        }
        secondary
    }

    fn no_private_addresses(&mut self, zone: &ZoneInput, at: &Path) {
        let given = [
            ("secondary_private_ips", !zone.secondary_private_ips.is_null()),
            ("secondary_private_ip_count", !zone.secondary_private_ip_count.is_null()),
        ];
        for (attribute, _) in given.into_iter().filter(|(_, present)| *present) {
            let detail = "The secondary addresses of a public gateway are public ones: add them to `addresses`. \
                          Private ones alone are for connectivity_type = \"private\".";
            self.error(format!("{attribute} is for private connectivity"), detail, at.child(attribute));
        }
    }

    fn secondary(&mut self, name: &str, zone: &ZoneInput) -> Option<Secondary> {
        let at = zone_path(name);
        if !zone.secondary_private_ips.is_null() && !zone.secondary_private_ip_count.is_null() {
            let detail = "Write either the addresses or how many AWS is to choose.";
            self.error("Secondary private addresses are given twice", detail, at.child("secondary_private_ip_count"));
            return None;
        }
        if zone.secondary_private_ips.is_null() && zone.secondary_private_ip_count.is_null() {
            let detail = "A private gateway has secondary private addresses, or is said to have none: write \
                          secondary_private_ips, or how many AWS is to choose, secondary_private_ip_count = 0 for \
                          none.";
            self.error("The secondary private addresses are missing", detail, at);
            return None;
        }
        let too_many = |count: usize| {
            format!("There are {count}; AWS takes at most {} beside the primary one.", MAX_ADDRESSES - 1)
        };
        if let Some(count) = self.known(&zone.secondary_private_ip_count) {
            let at = at.child("secondary_private_ip_count");
            let Some(count) = usize::try_from(*count).ok() else {
                self.error("The count cannot be used", format!("It is {count}; write 0 to 7."), at);
                return None;
            };
            if count >= MAX_ADDRESSES {
                self.error("There are too many secondary private addresses", too_many(count), at);
            }
            return Some(Secondary::Count(count));
        }
        let at = at.child("secondary_private_ips");
        let texts = self.texts(&zone.secondary_private_ips, &at);
        if texts.len() >= MAX_ADDRESSES {
            self.error("There are too many secondary private addresses", too_many(texts.len()), at.clone());
        }
        let mut ips = BTreeSet::new();
        for text in texts {
            match text.parse() {
                Ok(ip) => _ = ips.insert(ip),
                Err(_) => self.error(
                    format!("{text:?} is no IPv4 address"),
                    "Write an address such as 10.0.1.20.",
                    at.clone(),
                ),
            }
        }
        Some(Secondary::Addresses(ips))
    }
}
