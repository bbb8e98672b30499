//! The rules of AWS for what the user wrote, each with its error.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cloud_aws::MAX_TAGS;
use cloud_aws::nat_gateways::desired::{Destination, Drain, Gateway, Kind, MAX_ADDRESSES, Open, Secondary};
use egress_model::identity::{Key, RESERVED_TAGS, SHOWN_NAME_TAG, own_tags};
use tfplugin::cty::Path;
use tfplugin::model::Arg;
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics};

use super::{AwsInput, Texts, ZoneInput, list, path, zone_path};

mod regional;

/// Collects errors, and whether all was known.
pub(super) struct Parser<'a> {
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) complete: bool,
    /// The gateways of which something was not known.
    pub(super) open: BTreeMap<Key, Open>,
    /// The keys of the tags that every gateway gets.
    pub(super) inherited_tags: BTreeSet<String>,
    /// Whether the tags of single gateways were known.
    pub(super) own_tags_are_known: bool,
}

/// A gateway as far as it is known.
struct Draft {
    /// `None` where it does not say enough, or is wrong.
    kind: Option<Kind>,
    /// Whether what cannot change in place is known.
    kind_is_known: bool,
    addresses: Set,
    route_tables: Set,
    tags: BTreeMap<String, String>,
}

/// The known elements of a set, and whether these are all.
struct Set {
    known: BTreeSet<String>,
    complete: bool,
}

impl Set {
    /// The elements, where all are known.
    fn whole(&self) -> Option<BTreeSet<String>> {
        self.complete.then(|| self.known.clone())
    }
}

impl Parser<'_> {
    pub(super) fn error(&mut self, summary: impl Into<String>, detail: impl Into<String>, path: Path) {
        self.diagnostics.push(Diagnostic::error(summary, detail).at(path));
    }

    pub(super) fn known<'b, T>(&mut self, arg: &'b Arg<T>) -> Option<&'b T> {
        self.complete &= !arg.is_unknown();
        arg.known()
    }

    pub(super) fn texts(&mut self, set: &Texts, path: &Path) -> BTreeSet<String> {
        let Some(elements) = self.known(set) else { return BTreeSet::new() };
        let mut texts = BTreeSet::new();
        for element in elements {
            match element {
                Arg::Known(text) if !text.is_empty() => _ = texts.insert(text.clone()),
                Arg::Known(_) | Arg::Null => {
                    self.error(
                        "An element is empty",
                        "Each element must be an id. Leave it out if it does not exist.",
                        path.clone(),
                    );
                }
                Arg::Unknown => self.complete = false,
            }
        }
        texts
    }

    /// Texts with a prefix, such as `rtb-`.
    fn ids(&mut self, set: &Texts, prefix: &str, path: &Path) -> BTreeSet<String> {
        let ids = self.texts(set, path);
        for id in ids.iter().filter(|id| !id.starts_with(prefix)) {
            self.error(
                format!("{id:?} is no id of this kind"),
                format!("The ids here begin with {prefix}."),
                path.clone(),
            );
        }
        ids
    }

    pub(super) fn gateways(&mut self, aws: &AwsInput) -> BTreeMap<Key, Gateway> {
        let mode = self.known(&aws.availability_mode).map_or("zonal", String::as_str);
        let connectivity = self.known(&aws.connectivity_type).map_or("public", String::as_str);
        if !matches!(mode, "zonal" | "regional") {
            let detail = format!(
                "Choose \"zonal\" (one gateway per zone) or \"regional\" (one gateway for the VPC).{}",
                hint(mode, ["zonal", "regional"])
            );
            self.error(format!("The availability mode {mode:?} does not exist"), detail, path("availability_mode"));
        }
        if !matches!(connectivity, "public" | "private") {
            let detail = format!("Choose \"public\" or \"private\".{}", hint(connectivity, ["public", "private"]));
            self.error(
                format!("The connectivity type {connectivity:?} does not exist"),
                detail,
                path("connectivity_type"),
            );
        }
        let gateways = match mode {
            "regional" => self.regional(aws, connectivity),
            _ => self.zonal(aws, connectivity == "private"),
        };
        self.check_unique(aws);
        gateways
    }

    fn zonal(&mut self, aws: &AwsInput, private: bool) -> BTreeMap<Key, Gateway> {
        for (name, present) in [
            ("vpc_id", !aws.vpc_id.is_null()),
            ("route_table_ids", !aws.route_table_ids.is_null()),
            ("automatic_addresses", !aws.automatic_addresses.is_null()),
        ] {
            if present {
                let detail = "Zonal gateways are in the VPC of their subnet, and each zone has its own route tables: write them in `zones`, or \
                              set availability_mode = \"regional\".";
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

    /// Notes what of a gateway was not known; without a draft nothing was.
    fn drafted(&mut self, key: &Key, draft: Option<Draft>) -> Option<Gateway> {
        let Some(Draft { kind, kind_is_known, addresses, route_tables, tags }) = draft else {
            self.open.insert(key.clone(), Open::default());
            return None;
        };
        if !kind_is_known || !addresses.complete || !route_tables.complete {
            let (addresses, route_tables) = (addresses.whole(), route_tables.whole());
            self.open.insert(key.clone(), Open { kind_is_known, addresses, route_tables });
        }
        Some(Gateway { kind: kind?, route_tables: route_tables.known, tags })
    }

    /// Parses a part, and says whether all of it was known.
    pub(super) fn part<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let before = std::mem::replace(&mut self.complete, true);
        let parsed = parse(self);
        let complete = self.complete;
        self.complete &= before;
        (parsed, complete)
    }

    fn set(&mut self, parse: impl FnOnce(&mut Self) -> BTreeSet<String>) -> Set {
        let (known, complete) = self.part(parse);
        Set { known, complete }
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
        let (tags, tags_are_known) = self.part(|parser| parser.tags(&inherited, &zone.tags, &at.child("tags")));
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

    /// Terraform drops misspelt words in a map's objects without a message, so what a zone does not have is written as `[]`.
    fn written(&mut self, set: &Texts, detail: &str, at: Path) {
        if set.is_null() {
            self.error(format!("{at} is missing"), detail, at);
        }
    }

    fn subnet(&mut self, name: &str, zone: &ZoneInput) -> Option<String> {
        let at = zone_path(name).child("subnet_id");
        let subnet = self.known(&zone.subnet_id).cloned();
        match &subnet {
            None if zone.subnet_id.is_null() => {
                let detail = "A zonal gateway stands in a subnet: for public connectivity, one whose default route points to an internet gateway.";
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
            let detail = "The secondary addresses of a public gateway are public ones: add them to `addresses`. Private ones alone are for \
                          connectivity_type = \"private\".";
            self.error(format!("{attribute} is for private connectivity"), detail, at.child(attribute));
        }
    }

    fn addresses(&mut self, name: &str, zone: &ZoneInput, most: usize) -> BTreeSet<String> {
        let at = zone_path(name).child("addresses");
        let addresses = self.ids(&zone.addresses, "eipalloc-", &at);
        let count = zone.addresses.known().map_or(0, Vec::len);
        if count == 0 && !zone.addresses.is_unknown() {
            let detail = "Public traffic leaves from Elastic IP addresses. Write at least one allocation id, such as egress_ip_pool.<name>.ids[\"a\"].";
            self.error(format!("{name} has no addresses"), detail, at.clone());
        }
        if count > most {
            let detail = format!("There are {count}; AWS takes at most {most} here. Spread them over more gateways.");
            self.error(format!("{name} has too many addresses"), detail, at);
        }
        addresses
    }

    fn secondary(&mut self, name: &str, zone: &ZoneInput) -> Option<Secondary> {
        let at = zone_path(name);
        if !zone.secondary_private_ips.is_null() && !zone.secondary_private_ip_count.is_null() {
            let detail = "Write either the addresses or how many AWS is to choose.";
            self.error("Secondary private addresses are given twice", detail, at.child("secondary_private_ip_count"));
            return None;
        }
        if zone.secondary_private_ips.is_null() && zone.secondary_private_ip_count.is_null() {
            let detail = "A private gateway has secondary private addresses, or is said to have none: write secondary_private_ips, or how many \
                          AWS is to choose, secondary_private_ip_count = 0 for none.";
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

    fn ip(&mut self, text: &Arg<String>, at: &Path) -> Option<Ipv4Addr> {
        let text = self.known(text)?;
        let ip = text.parse().ok();
        if ip.is_none() {
            self.error(format!("{text:?} is no IPv4 address"), "Write an address such as 10.0.1.20.", at.clone());
        }
        ip
    }

    /// An address can be on one gateway, and a table's route can point to one.
    fn check_unique(&mut self, aws: &AwsInput) {
        let mut seen: BTreeMap<(&str, &String), &String> = BTreeMap::new();
        let mut twice = Vec::new();
        for (name, zone) in aws.zones.known().into_iter().flatten() {
            let Some(zone) = zone.known() else { continue };
            for (attribute, set) in [("addresses", &zone.addresses), ("route_table_ids", &zone.route_table_ids)] {
                for id in set.known().into_iter().flatten().filter_map(Arg::known) {
                    if let Some(first) = seen.insert((attribute, id), name) {
                        twice.push((attribute, id.clone(), first.clone(), name.clone()));
                    }
                }
            }
        }
        for (attribute, id, first, second) in twice {
            let detail = match attribute {
                "addresses" => "An address can be on one gateway only.",
                _ => "A route points to one gateway only.",
            };
            self.error(format!("{id} is in {first} and in {second}"), detail, zone_path(&second).child(attribute));
        }
    }

    pub(super) fn destinations(&mut self, aws: &AwsInput) -> BTreeSet<Destination> {
        let mut destinations = BTreeSet::new();
        let cidrs = self.texts(&aws.destination_cidrs, &path("destination_cidrs"));
        let lists = self.ids(&aws.destination_prefix_list_ids, "pl-", &path("destination_prefix_list_ids"));
        for (attribute, text) in cidrs
            .iter()
            .map(|text| ("destination_cidrs", text))
            // What is no id of a prefix list has been refused as such.
            .chain(
                lists.iter().filter(|text| text.starts_with("pl-")).map(|text| ("destination_prefix_list_ids", text)),
            )
        {
            match text.parse() {
                Ok(destination) => _ = destinations.insert(destination),
                Err(error) => {
                    let summary = format!("{text:?} cannot be a destination");
                    self.error(summary, format!("It {error}."), path(attribute));
                }
            }
        }
        let nothing_written = aws.destination_cidrs.is_null() && aws.destination_prefix_list_ids.is_null();
        if nothing_written && aws.has_route_tables() {
            let detail = "Write what the route tables send to the gateways: [\"0.0.0.0/0\"] is all IPv4 traffic that no narrower route of a \
                          table takes. [] leaves them as they are.";
            self.error("destination_cidrs is missing", detail, path("destination_cidrs"));
        }
        destinations
    }

    pub(super) fn drain(&mut self, seconds: &Arg<i64>) -> Drain {
        let Some(seconds) = self.known(seconds) else { return Drain::default() };
        u16::try_from(*seconds).ok().and_then(Drain::new).unwrap_or_else(|| {
            let detail = format!("It is {seconds}; AWS takes 1 to 4000 seconds.");
            self.error("The drain time cannot be used", detail, path("drain_seconds"));
            Drain::default()
        })
    }

    /// The resource's own tags, which go before those that it inherits.
    pub(super) fn tags(
        &mut self,
        inherited: &BTreeSet<String>,
        tags: &Arg<BTreeMap<String, Arg<String>>>,
        at: &Path,
    ) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        let Some(tags) = self.known(tags) else { return known };
        let all = tags.len() + inherited.iter().filter(|key| !tags.contains_key(*key)).count();
        let is_named = tags.contains_key(SHOWN_NAME_TAG) || inherited.contains(SHOWN_NAME_TAG);
        let ours = own_tags(is_named);
        if all + ours > MAX_TAGS {
            let detail = format!(
                "With the provider's default_tags there are {all}, and a NAT gateway on AWS can have {MAX_TAGS}, of which the provider needs {ours}."
            );
            self.error("There are too many tags", detail, at.clone());
        }
        for (key, value) in tags {
            let value = self.known(value).cloned().unwrap_or_default();
            if RESERVED_TAGS.contains(&key.as_str()) {
                let detail = "The provider writes this tag itself: it is how the gateways are found again.";
                self.error(format!("The tag {key:?} is reserved"), detail, at.key(key));
            } else if key.to_ascii_lowercase().starts_with("aws:") {
                self.error(
                    format!("The tag {key:?} is reserved"),
                    "Keys that begin with aws:, in any case, are AWS's own.",
                    at.key(key),
                );
            } else if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                let detail = "AWS takes keys of 1 to 128 and values of at most 256 characters.";
                self.error(format!("The tag {key:?} cannot be used"), detail, at.key(key));
            }
            known.insert(key.clone(), value);
        }
        known
    }
}
