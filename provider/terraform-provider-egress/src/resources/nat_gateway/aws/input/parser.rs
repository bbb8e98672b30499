//! The rules of AWS for what the user wrote, each with its error.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cloud_aws::nat_gateways::desired::{Destination, Drain, Gateway, Kind, Open};
use egress_model::identity::Key;
use tfplugin::cty::Path;
use tfplugin::model::Arg;
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics};

use super::{AwsInput, Texts, ZoneInput, list, path, zone_path};

mod regional;
mod tags;
mod zonal;

/// Collects errors, and whether all was known.
pub(super) struct Parser {
    pub(super) diagnostics: Diagnostics,
    complete: bool,
    /// The gateways of which something was not known.
    pub(super) open: BTreeMap<Key, Open>,
    /// The keys of the tags that every gateway gets.
    inherited_tags: BTreeSet<String>,
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

impl Parser {
    pub(super) fn new(inherited_tags: BTreeSet<String>) -> Self {
        let (diagnostics, open) = (Diagnostics::new(), BTreeMap::new());
        Self { diagnostics, complete: true, open, inherited_tags, own_tags_are_known: true }
    }

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

    /// Terraform drops misspelt words in a map's objects without a message, so what a zone does not have is written as `[]`.
    fn written(&mut self, set: &Texts, detail: &str, at: Path) {
        if set.is_null() {
            self.error(format!("{at} is missing"), detail, at);
        }
    }

    fn addresses(&mut self, name: &str, zone: &ZoneInput, most: usize) -> BTreeSet<String> {
        let at = zone_path(name).child("addresses");
        let addresses = self.ids(&zone.addresses, "eipalloc-", &at);
        let count = zone.addresses.known().map_or(0, Vec::len);
        if count == 0 && !zone.addresses.is_unknown() {
            let detail = "Public traffic leaves from Elastic IP addresses. Write at least one allocation id, such \
                          as egress_ip_pool.<name>.ids[\"a\"].";
            self.error(format!("{name} has no addresses"), detail, at.clone());
        }
        if count > most {
            let detail = format!("There are {count}; AWS takes at most {most} here. Spread them over more gateways.");
            self.error(format!("{name} has too many addresses"), detail, at);
        }
        addresses
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
            let detail = "Write what the route tables send to the gateways: [\"0.0.0.0/0\"] is all IPv4 traffic \
                          that no narrower route of a table takes. [] leaves them as they are.";
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
}
