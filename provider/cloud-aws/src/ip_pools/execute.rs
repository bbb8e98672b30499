//! One operation on Elastic IP addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use cloud::calls::none_passes;
use cloud::ip_pools::Effect;
use cloud::limits::overdue;
use cloud::{Class, Ended, Error, Limits};
use egress_model::identity::{
    CREATED_TAG, HOLDER_TAG, Holder, Identity, KEY_TAG, Key, RESERVED_TAGS, SHOWN_NAME_TAG, shows_given_name,
};
use egress_model::ip_pool::{Address, AddressId, Mark, Operation, Source as _};
use tokio::time::Instant;

use super::Source;
use crate::client::Allocation;
use crate::write::Changed;
use crate::{Region, convert};

/// How long `AuthFailure` may mean that a gateway which is being deleted still has the address, when nothing else shows it.
const MISLEADING: Duration = Duration::from_mins(2);

pub(super) async fn execute(
    region: &Region,
    identity: &Identity,
    operation: &Operation<Source>,
    limits: &Limits,
) -> Result<Effect<Source>, Error> {
    match operation {
        // An address of EC2 has its IP from the start.
        Operation::Adopt { id, .. } | Operation::Settle { id, .. } => adopt(region, id, limits).await,
        Operation::Allocate { key, source, settings: (), recover, tags, holder, except } => {
            let new = New { identity, key, source, recover: *recover, tags, holder: holder.as_ref(), except };
            allocate(region, &new, limits).await
        }
        Operation::Update { key, id, tags, holder, stale_tags, settings: _ } => {
            let mut set: BTreeMap<&str, &str> =
                tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            set.extend(identity.tags());
            set.insert(KEY_TAG, key.as_str());
            set.extend(holder.as_ref().map(|holder| (HOLDER_TAG, holder.as_str())));
            // The name that was given to it changes with the pool's.
            let shown_name = identity.shown_name(key);
            if !stale_tags.contains(SHOWN_NAME_TAG) && has_given_name(region, id, limits).await? {
                set.entry(SHOWN_NAME_TAG).or_insert(&shown_name);
            }
            let stale: Vec<_> = stale_tags.iter().cloned().collect();
            retag(region, id, &set, &stale, limits).await
        }
        Operation::Release { id, .. } => release(region, identity, id, limits).await,
        Operation::Forget { id, .. } => {
            let stale = RESERVED_TAGS.map(ToOwned::to_owned);
            retag(region, id, &BTreeMap::new(), &stale, limits).await
        }
    }
}

/// Whether an address shows the name that it was allocated with.
async fn has_given_name(region: &Region, id: &AddressId, limits: &Limits) -> Result<bool, Error> {
    let address = region.read_address(limits, id).await?.ok_or_else(|| missing(region, id))?;
    let given = |mark: &Mark| shows_given_name(&address.tags, &mark.identity.name, &mark.key);
    Ok(address.mark.as_ref().is_some_and(given))
}

async fn adopt(region: &Region, id: &AddressId, limits: &Limits) -> Result<Effect<Source>, Error> {
    match region.read_address(limits, id).await? {
        Some(address) => Ok(Effect::present(vec![address])),
        None => Err(missing(region, id)),
    }
}

fn missing(region: &Region, id: &AddressId) -> Error {
    let message = format!("there is no address {id} in {}", region.name());
    Error {
        code: "InvalidAllocationID.NotFound".to_owned(),
        ..Error::new(Class::NotFound, "DescribeAddresses", message)
    }
}

/// An address to allocate.
struct New<'a> {
    identity: &'a Identity,
    key: &'a Key,
    source: &'a Source,
    recover: Option<IpAddr>,
    tags: &'a BTreeMap<String, String>,
    holder: Option<&'a Holder>,
    except: &'a BTreeSet<AddressId>,
}

impl New<'_> {
    fn is(&self, address: &Address<Source>) -> bool {
        !self.except.contains(&address.id)
            && self.source.admits(&address.source)
            && self.recover.is_none_or(|ip| address.public_ips.may_be(ip))
    }

    /// What carries the identity now; `None` when nothing of it will do.
    async fn look(&self, region: &Region, limits: &Limits) -> Result<Option<Vec<Address<Source>>>, Error> {
        let marked = region.marked_addresses(limits, self.identity, self.key).await?;
        Ok(marked.iter().any(|address| self.is(address)).then_some(marked))
    }
}

/// `AllocateAddress` has no idempotency token. So what an interrupted run, or a call whose answer was lost, has left is
/// looked for before; and after, so that of two addresses the plan can give one back.
async fn allocate(region: &Region, new: &New<'_>, limits: &Limits) -> Result<Effect<Source>, Error> {
    if let Some(found) = new.look(region, limits).await? {
        tracing::info!(identity = %new.identity, key = %new.key, "found the address that an earlier run allocated");
        return Ok(Effect::present(found));
    }
    let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let created_tag = created.to_string();
    let mut tags: BTreeMap<&str, &str> = new.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    tags.extend(new.identity.tags());
    tags.extend([(KEY_TAG, new.key.as_str()), (CREATED_TAG, created_tag.as_str())]);
    tags.extend(new.holder.map(|holder| (HOLDER_TAG, holder.as_str())));
    let shown_name = new.identity.shown_name(new.key);
    tags.entry(SHOWN_NAME_TAG).or_insert(&shown_name);
    let call = || async {
        let allocation = Allocation {
            address: new.recover.map(|ip| ip.to_string()),
            source: new.source.clone(),
            tags: convert::to_tags(tags.iter().map(|(name, value)| (*name, *value))),
        };
        let allocated = region.client.allocate_address(allocation).await?;
        let address = convert::addresses::address(&allocated).ok_or_else(|| {
            Error::new(
                Class::Transient,
                "AllocateAddress",
                "the answer names no allocation id or no public IPv4 address",
            )
        })?;
        let (identity, key, holder) = (new.identity.clone(), new.key.clone(), new.holder.cloned());
        let mark = Mark { identity, key, created: Some(created), holder };
        Ok(vec![Address { mark: Some(mark), tags: new.tags.clone(), ..address }])
    };
    let calls = region.calls(limits);
    let look = || new.look(region, limits);
    let made = calls.write_once("AllocateAddress", none_passes, call, look);
    let made = region.changing(Changed::Addresses, made).await?;
    // What was allocated may not show at once, and then not exist for whoever uses it next.
    let shown = limits.until(region.poll, || async {
        let marked = region.marked_addresses(limits, new.identity, new.key).await?;
        Ok(made.iter().all(|made| marked.iter().any(|shown| shown.id == made.id)).then_some(marked))
    });
    let shown = match shown.await {
        Ok(shown) => shown.unwrap_or(made),
        Err(error) => {
            tracing::warn!(%error, "the new address could not be read back");
            made
        }
    };
    Ok(Effect::present(shown))
}

async fn retag(
    region: &Region,
    id: &AddressId,
    set: &BTreeMap<&str, &str>,
    remove: &[String],
    limits: &Limits,
) -> Result<Effect<Source>, Error> {
    let client = &region.client;
    if !set.is_empty() {
        let tags = convert::to_tags(set.iter().map(|(name, value)| (*name, *value)));
        let call = || client.create_tags(id.as_str(), tags.clone());
        region.write("CreateTags", Changed::Addresses, limits, call).await?;
    }
    if !remove.is_empty() {
        region.write("DeleteTags", Changed::Addresses, limits, || client.delete_tags(id.as_str(), remove)).await?;
    }
    let filter = [("allocation-id", vec![id.as_str().to_owned()])];
    let shown = limits.until(region.poll, || async {
        let found = client.describe_addresses(&region.calls(limits), &filter).await?;
        let found = found.iter().find(|address| address.allocation_id() == Some(id.as_str()));
        let address = found.ok_or_else(|| missing(region, id))?;
        let tags = convert::from_tags(address.tags());
        let settled = set.iter().all(|(name, value)| tags.get(*name).is_some_and(|shown| shown == value))
            && !remove.iter().any(|name| tags.contains_key(name));
        Ok(if settled { convert::addresses::address(address) } else { None })
    });
    match shown.await? {
        Ok(address) => Ok(Effect::present(vec![address])),
        Err(Ended::Stopped) => Err(Ended::Stopped.error("DescribeAddresses")),
        Err(Ended::Expired) => Err(overdue("DescribeAddresses", &format!("the new tags of {id} did not show"))),
    }
}

/// `AuthFailure` of an address that can be read is not about credentials: EC2 answers with it while something of AWS holds the
/// address, or when it was transferred to another account.
fn in_use(error: Error, address: &Address<Source>) -> Error {
    if error.code != "AuthFailure" {
        return error;
    }
    let (id, ip) = (&address.id, address.public_ips);
    let holder = match address.users.first() {
        Some(user) => format!("{ip} ({id}) is still in use by {}", user.id),
        None => format!(
            "{ip} ({id}) is still in use by a gateway that is being deleted or by a service of AWS, or was transferred to another account"
        ),
    };
    let message =
        format!("{holder}; EC2 says so with the misleading words \"{}\"", error.message.trim_end_matches('.'));
    Error { class: Class::InUse, message, ..error }
}

/// Releases, and waits until the address is gone. What used it may be on its way out: EC2 then says that it is in use, that
/// the caller does not own it (`AuthFailure`), or that a network interface is missing.
async fn release(
    region: &Region,
    identity: &Identity,
    id: &AddressId,
    limits: &Limits,
) -> Result<Effect<Source>, Error> {
    let Some(mut address) = region.read_address(limits, id).await? else { return Ok(Effect::gone(id.clone())) };
    if let Some(other) = address.mark.as_ref().filter(|mark| mark.identity != *identity) {
        let message = format!("{id} carries the tags of {} now", other.identity);
        return Err(Error::new(Class::Conflict, "ReleaseAddress", message));
    }
    let (start, mut pauses) = (Instant::now(), limits.pauses(region.poll));
    loop {
        let call = || region.client.release_address(id.as_str());
        let error = match region.write("ReleaseAddress", Changed::Addresses, limits, call).await {
            Ok(()) => break,
            Err(error) if error.class == Class::NotFound && error.code.starts_with("InvalidAllocationID") => break,
            Err(error) => error,
        };
        match region.read_address(limits, id).await {
            Ok(Some(now)) => address = now,
            Ok(None) => break,
            // What was seen of it last explains the refusal.
            Err(look) => tracing::debug!(%look, "the address could not be read again"),
        }
        let leaving = !address.users.is_empty() || start.elapsed() < MISLEADING;
        let misleading = matches!(error.class, Class::InUse | Class::Conflict)
            || error.code == "AuthFailure"
            || error.code == "InvalidNetworkInterfaceID.NotFound";
        if !misleading || !leaving || pauses.next().await.is_err() {
            return Err(in_use(error, &address));
        }
    }
    // Accepted is as good as gone for a caller that has no time left: the next run looks again.
    let gone =
        limits.until(region.poll, || async { Ok(region.read_address(limits, id).await?.is_none().then_some(())) });
    if let Err(error) = gone.await {
        tracing::warn!(%error, "whether the address is gone could not be read");
    }
    Ok(Effect::gone(id.clone()))
}
