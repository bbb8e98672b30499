//! What the user wrote, and what the state says.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use egress_model::identity::{Key, RESERVED_TAGS};
use egress_model::ip_pool::{AddressId, Held, ReleasePolicy, State};
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{self, Arg};
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::{Backend, Entry, Pools};
use crate::resources::timeouts::{self, Timeouts};

pub(super) type Tags = Arg<BTreeMap<String, Arg<String>>>;

/// The arguments, whatever the cloud.
#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    pub(super) name: Arg<String>,
    pub(super) addresses: Arg<BTreeMap<String, Arg<AddressArguments>>>,
    release_policy: Arg<String>,
    release_policies: Arg<BTreeMap<String, Arg<String>>>,
    on_ip_change: Arg<String>,
    tags: Tags,
    pub(super) timeouts: Arg<Timeouts>,
}

/// The arguments of one address.
#[derive(Debug, Deserialize)]
pub(super) struct AddressArguments {
    existing_id: Arg<String>,
    recover: Arg<String>,
    tags: Tags,
}

/// What the provider computed, as far as decisions need it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Outputs {
    details: Arg<BTreeMap<String, Arg<DetailOutput>>>,
    leaving: Arg<BTreeMap<String, Arg<LeavingOutput>>>,
    lost: Arg<BTreeMap<String, Arg<LostOutput>>>,
}

#[derive(Debug, Deserialize)]
struct DetailOutput {
    id: Arg<String>,
    public_ip: Arg<String>,
    managed: Arg<bool>,
    tags: Tags,
}

#[derive(Debug, Deserialize)]
struct LeavingOutput {
    public_ip: Arg<String>,
    key: Arg<String>,
    release_policy: Arg<String>,
}

#[derive(Debug, Deserialize)]
struct LostOutput {
    public_ip: Arg<String>,
}

/// An address of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) id: AddressId,
    pub(super) public_ip: String,
    pub(super) managed: bool,
    pub(super) tags: BTreeMap<String, String>,
}

impl Arguments {
    /// Reads a configuration, a plan or a state.
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        model::from_value_subset(value)
    }

    /// Whether a plan in which an IP leaves is an error.
    pub(super) fn guards(&self) -> bool {
        self.on_ip_change.known().is_none_or(|text| text == "error")
    }

    /// The pool's policy.
    pub(super) fn release_policy(&self) -> ReleasePolicy {
        policy(&self.release_policy).unwrap_or_default()
    }

    /// The policy of this address alone, where it has one.
    fn own_release_policy(&self, key: &str) -> Option<ReleasePolicy> {
        policy(self.release_policies.known()?.get(key)?)
    }

    fn address(&self, key: &Key) -> Option<&AddressArguments> {
        self.addresses.known()?.get(key.as_str())?.known()
    }

    /// Whether there is an address with this key, or may be.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.addresses.known().is_none_or(|addresses| addresses.contains_key(key.as_str()))
    }

    /// Whether this key adopts an address.
    pub(super) fn adopts(&self, key: &Key) -> bool {
        self.address(key).is_some_and(|address| !address.existing_id.is_null())
    }

    /// Where the tags of a key are written: its own, or those of all.
    pub(super) fn tags_path(&self, key: &Key) -> Path {
        let own = self.address(key).filter(|address| !address.tags.is_null());
        let at = own.map(|_| Path::attribute("addresses").key(key.as_str()).child("tags"));
        at.unwrap_or_else(|| Path::attribute("tags"))
    }

    /// The wanted addresses by key; `None` for those that depend on what is not known yet.
    pub(super) fn entries(
        &self,
        pools: &dyn Pools,
        recorded: &BTreeMap<Key, Recorded>,
    ) -> BTreeMap<Key, Option<Entry>> {
        let addresses = self.addresses.known().into_iter().flatten();
        let entries = addresses.filter_map(|(key, address)| {
            let key: Key = key.parse().ok()?;
            let entry = address.known().and_then(|address| self.entry(&key, address, pools, recorded.get(&key)));
            Some((key, entry))
        });
        entries.collect()
    }

    fn entry(
        &self,
        key: &Key,
        address: &AddressArguments,
        pools: &dyn Pools,
        recorded: Option<&Recorded>,
    ) -> Option<Entry> {
        if address.existing_id.is_unknown() || address.recover.is_unknown() {
            return None;
        }
        let existing = address.existing_id.known().and_then(|text| pools.address_id(text));
        let default_tags = pools.default_tags();
        let mut tags = default_tags.known.clone();
        let mut tags_known = default_tags.complete;
        for layer in [&self.tags, &address.tags] {
            tags_known &= !layer.is_unknown();
            for (name, value) in layer.known().into_iter().flatten() {
                match value {
                    Arg::Known(value) => _ = tags.insert(name.clone(), value.clone()),
                    Arg::Null => {}
                    Arg::Unknown => tags_known = false,
                }
            }
        }
        let before = recorded.map(|recorded| recorded.tags.clone()).unwrap_or_default();
        if existing.is_some() || !tags_known {
            tags = if existing.is_some() { BTreeMap::new() } else { before.clone() };
        }
        let stale = if existing.is_some() {
            Vec::new()
        } else {
            before.into_keys().filter(|name| !tags.contains_key(name)).collect()
        };
        let fallback = if existing.is_some() { ReleasePolicy::Retain } else { self.release_policy() };
        Some(Entry {
            recover: address.recover.known().and_then(|text| text.parse().ok()),
            existing,
            tags_known,
            stale_tags: stale.into_iter().collect(),
            tags,
            release_policy: self.own_release_policy(key.as_str()).unwrap_or(fallback),
        })
    }

    /// Checks what the schema cannot.
    pub(super) fn validate(&self) -> Diagnostics {
        let mut diagnostics = timeouts::validate(&self.timeouts);
        diagnostics.extend(wrong_tags(&self.tags, &Path::attribute("tags")));
        diagnostics.extend(self.wrong_release_policies());
        diagnostics.extend(self.undecided_release());
        for (key, address) in self.addresses.known().into_iter().flatten() {
            let path = Path::attribute("addresses").key(key);
            let Some(address) = address.known() else { continue };
            diagnostics.extend(wrong_tags(&address.tags, &path.child("tags")));
            if let Some(text) = address.recover.known().filter(|text| text.parse::<Ipv4Addr>().is_err()) {
                let detail = format!("{text:?} is not an IPv4 address; write one such as 203.0.113.9.");
                diagnostics
                    .push(Diagnostic::error("The address to recover cannot be used", detail).at(path.child("recover")));
            }
            if address.existing_id.is_null() {
                continue;
            }
            if !address.tags.is_null() {
                let detail = "An address with existing_id exists and is only used: tags have no meaning for it. Remove one of the two.";
                let diagnostic = Diagnostic::error("existing_id and tags exclude each other", detail);
                diagnostics.push(diagnostic.at(path.child("tags")));
            }
        }
        diagnostics
    }

    /// Checks the ids of addresses that exist, which are written as the cloud writes them.
    pub(super) fn validate_ids(&self, cloud: &dyn Backend) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let mut named: BTreeMap<AddressId, &str> = BTreeMap::new();
        for (key, address) in self.addresses.known().into_iter().flatten() {
            let Some(text) = address.known().and_then(|address| address.existing_id.known()) else { continue };
            let wrong = match cloud.address_id(text) {
                Err(why) => {
                    Diagnostic::error(format!("The existing_id of key {key:?} cannot be used"), format!("It {why}."))
                }
                Ok(id) => match named.insert(id, key) {
                    Some(other) => {
                        let detail = format!("Keys {other:?} and {key:?} both name {text}. An address has one key.");
                        Diagnostic::error("Two keys adopt the same address", detail)
                    }
                    None => continue,
                },
            };
            diagnostics.push(wrong.at(Path::attribute("addresses").key(key).child("existing_id")));
        }
        diagnostics
    }
}

impl Arguments {
    /// A policy that is for no key would be one that somebody relies on and nobody gets.
    fn wrong_release_policies(&self) -> Vec<Diagnostic> {
        let mut wrong = Vec::new();
        let is_adopted = |key: &str| key.parse().is_ok_and(|key| self.adopts(&key));
        for (key, policy) in self.release_policies.known().into_iter().flatten() {
            let path = Path::attribute("release_policies").key(key);
            if self.addresses.known().is_some_and(|addresses| !addresses.contains_key(key)) {
                let detail = format!("{key:?} is no key of addresses. Write one that is, or remove it here.");
                wrong.push(Diagnostic::error("A release policy is for no address", detail).at(path));
            } else if policy.known().is_some_and(|policy| policy == "retain") && self.releases() && !is_adopted(key) {
                let detail = format!(
                    "The pool releases what leaves it, and {key:?} is to be retained: were this map lost on its way \
                     here, misspelt in the input of a module for one, its IP would be released. Write \
                     release_policy = \"retain\", and list here the keys to release."
                );
                wrong.push(Diagnostic::error("An address is to be retained in a pool that releases", detail).at(path));
            } else if policy.is_null() {
                let detail = "It is null. Write \"release\" or \"retain\", or remove the key here.";
                wrong.push(Diagnostic::error(format!("The release policy of {key:?} is missing"), detail).at(path));
            }
        }
        wrong
    }
}

impl Arguments {
    /// Whether the pool's own policy releases.
    fn releases(&self) -> bool {
        self.release_policy.known().is_some_and(|policy| policy == "release")
    }

    /// Who lets IPs leave has to say what becomes of them. A policy that is lost on its way here would else be the widest one.
    fn undecided_release(&self) -> Option<Diagnostic> {
        let warns = self.on_ip_change.known().is_some_and(|text| text == "warn");
        (warns && self.release_policy.is_null()).then(|| {
            let detail = "on_ip_change = \"warn\" lets public IPs leave the pool, so release_policy has to say what \
                          becomes of them: \"release\" gives them back to the cloud, and they cannot be had again \
                          for sure; \"retain\" leaves them allocated in the account.";
            Diagnostic::error("release_policy is missing", detail).at(Path::attribute("release_policy"))
        })
    }
}

fn policy(text: &Arg<String>) -> Option<ReleasePolicy> {
    match text.known()?.as_str() {
        "release" => Some(ReleasePolicy::Release),
        "retain" => Some(ReleasePolicy::Retain),
        _ => None,
    }
}

/// The spelling of a policy.
pub(super) fn policy_text(policy: ReleasePolicy) -> &'static str {
    match policy {
        ReleasePolicy::Release => "release",
        ReleasePolicy::Retain => "retain",
    }
}

fn wrong_tags(tags: &Tags, path: &Path) -> Vec<Diagnostic> {
    let reserved = tags.known().into_iter().flatten().filter(|(name, _)| RESERVED_TAGS.contains(&name.as_str()));
    reserved
        .map(|(name, _)| {
            let detail =
                format!("The provider sets {name:?} itself: it finds an address again by it. Use another key.");
            Diagnostic::error("A tag is reserved", detail).at(path.key(name))
        })
        .collect()
}

impl Outputs {
    /// Reads a state; nothing for a null one.
    pub(super) fn read(state: &Value) -> Result<Self, Diagnostic> {
        if state.is_null() { Ok(Self::default()) } else { model::from_value_subset(state) }
    }

    /// The address of each key.
    pub(super) fn recorded(&self) -> BTreeMap<Key, Recorded> {
        let details = self.details.known().into_iter().flatten();
        let recorded = details.filter_map(|(key, detail)| {
            let detail = detail.known()?;
            let tags = detail.tags.known().into_iter().flatten();
            let recorded = Recorded {
                id: AddressId::new(detail.id.known()?),
                public_ip: detail.public_ip.known()?.clone(),
                managed: detail.managed.known().copied().unwrap_or_default(),
                tags: tags.filter_map(|(name, value)| Some((name.clone(), value.known()?.clone()))).collect(),
            };
            Some((key.parse().ok()?, recorded))
        });
        recorded.collect()
    }

    /// The public IPs that were found missing, by key.
    pub(super) fn lost(&self) -> BTreeMap<Key, String> {
        let lost = self.lost.known().into_iter().flatten();
        lost.filter_map(|(key, lost)| Some((key.parse().ok()?, lost.known()?.public_ip.known()?.clone()))).collect()
    }

    /// The public IPs that left the pool in an earlier run, by id.
    pub(super) fn leaving(&self) -> BTreeMap<AddressId, String> {
        let leaving = self.leaving.known().into_iter().flatten();
        leaving.filter_map(|(id, row)| Some((AddressId::new(id), row.known()?.public_ip.known()?.clone()))).collect()
    }

    /// What the pool has, with what becomes of each address when it leaves: as `before` said for an adopted one, and as
    /// `after` says for the pool's own. `after` is the configuration, or the state itself when the pool is destroyed.
    pub(super) fn state(&self, before: &Arguments, after: &Arguments) -> State {
        let current = self.recorded().into_iter().map(|(key, recorded)| {
            let said = |arguments: &Arguments| arguments.own_release_policy(key.as_str());
            let on_leave = if before.adopts(&key) {
                said(before).unwrap_or(ReleasePolicy::Retain)
            } else {
                said(after).or_else(|| said(before)).unwrap_or_else(|| after.release_policy())
            };
            (recorded.id, Held { key, current: true, on_leave })
        });
        let leaving = self.leaving.known().into_iter().flatten().filter_map(|(id, row)| {
            let row = row.known()?;
            let held = Held {
                key: row.key.known()?.parse().ok()?,
                current: false,
                on_leave: policy(&row.release_policy).unwrap_or_default(),
            };
            Some((AddressId::new(id), held))
        });
        let mut state: State = leaving.collect();
        state.extend(current);
        state
    }
}
