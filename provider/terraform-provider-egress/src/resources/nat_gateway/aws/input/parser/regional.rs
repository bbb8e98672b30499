//! The rules for a regional gateway.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Gateway, Kind, REGIONAL_KEY};
use egress_model::identity::Key;

use super::{AwsInput, Draft, Parser, Set, ZoneInput, path, zone_path};

/// The most addresses per zone of a regional gateway (Amazon VPC quotas).
const MAX_REGIONAL_ADDRESSES: usize = 32;

impl Parser {
    pub(super) fn regional(&mut self, aws: &AwsInput, connectivity: &str) -> BTreeMap<Key, Gateway> {
        let Ok(key) = REGIONAL_KEY.parse() else { return BTreeMap::new() };
        let draft = self.regional_draft(aws, connectivity);
        let gateway = self.drafted(&key, Some(draft));
        gateway.map(|gateway| (key, gateway)).into_iter().collect()
    }

    fn regional_draft(&mut self, aws: &AwsInput, connectivity: &str) -> Draft {
        if connectivity == "private" {
            let detail = "AWS has regional gateways with public connectivity only.";
            self.error("A regional gateway cannot be private", detail, path("connectivity_type"));
        }
        let (vpc, vpc_is_known) = self.part(|parser| parser.vpc(aws));
        let detail = "Write the route tables of the gateway, or [] where there are none.";
        self.written(&aws.route_table_ids, detail, path("route_table_ids"));
        let route_tables = self.set(|parser| parser.ids(&aws.route_table_ids, "rtb-", &path("route_table_ids")));
        let ((zones, automatic), complete) = self.part(|parser| {
            let zones = parser.zones_of_regional(aws);
            (zones, parser.known(&aws.automatic_addresses) == Some(&true))
        });
        if zones.as_ref().is_some_and(BTreeMap::is_empty) && complete {
            let detail = "Write at least one zone with addresses.";
            self.error("There are no zones", detail, path("zones"));
        }
        if !aws.zones.is_null() && automatic {
            let detail = "AWS chooses zones and addresses, or you do. Remove automatic_addresses or zones.";
            self.error("automatic_addresses and zones exclude each other", detail, path("automatic_addresses"));
        }
        if aws.zones.is_null() && !automatic && !aws.automatic_addresses.is_unknown() {
            let detail = "Write the addresses of each zone. With automatic_addresses = true in its place AWS chooses zones and public \
                          addresses, which change.";
            self.error("The addresses of the regional gateway are missing", detail, path("zones"));
        }
        let mode_is_known = !aws.zones.is_unknown() && !aws.automatic_addresses.is_unknown();
        let addresses = zones.iter().flat_map(BTreeMap::values).flatten().cloned().collect();
        let kind = vpc.filter(|_| mode_is_known).map(|vpc| match zones {
            Some(zones) => Kind::RegionalManual { vpc, zones },
            None => Kind::RegionalAutomatic { vpc },
        });
        let addresses = Set { known: addresses, complete };
        let tags = BTreeMap::new();
        Draft { kind, kind_is_known: vpc_is_known && mode_is_known, addresses, route_tables, tags }
    }

    fn vpc(&mut self, aws: &AwsInput) -> Option<String> {
        let vpc = self.known(&aws.vpc_id).cloned();
        match &vpc {
            None if aws.vpc_id.is_null() => {
                self.error("vpc_id is missing", "A regional gateway is made for a VPC.", path("vpc_id"));
            }
            Some(id) if !id.starts_with("vpc-") => {
                self.error(format!("{id:?} is no VPC"), "The ids of VPCs begin with vpc-.", path("vpc_id"));
            }
            _ => {}
        }
        vpc
    }

    fn zones_of_regional(&mut self, aws: &AwsInput) -> Option<BTreeMap<String, BTreeSet<String>>> {
        let zones = self.known(&aws.zones)?;
        let mut addresses = BTreeMap::new();
        for (name, zone) in zones {
            let Some(zone) = self.known(zone) else { continue };
            self.no_zonal_attributes(name, zone);
            addresses.insert(name.clone(), self.addresses(name, zone, MAX_REGIONAL_ADDRESSES));
        }
        Some(addresses)
    }

    fn no_zonal_attributes(&mut self, name: &str, zone: &ZoneInput) {
        let given = [
            ("subnet_id", !zone.subnet_id.is_null()),
            ("primary_address", !zone.primary_address.is_null()),
            ("private_ip", !zone.private_ip.is_null()),
            ("secondary_private_ips", !zone.secondary_private_ips.is_null()),
            ("secondary_private_ip_count", !zone.secondary_private_ip_count.is_null()),
            ("route_table_ids", !zone.route_table_ids.is_null()),
            ("tags", !zone.tags.is_null()),
        ];
        for (attribute, _) in given.into_iter().filter(|(_, present)| *present) {
            let detail =
                "The zones of a regional gateway have addresses only; its route tables are in aws.route_table_ids.";
            self.error(format!("{attribute} is for zonal gateways"), detail, zone_path(name).child(attribute));
        }
    }
}
