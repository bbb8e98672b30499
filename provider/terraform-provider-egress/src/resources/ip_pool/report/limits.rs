//! What is more than the cloud, or the account there, allows.

use std::collections::BTreeSet;

use cloud::ip_pools::Quota;
use egress_model::identity::{ResourceType, SHOWN_NAME_TAG, own_tags};
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

/// The account does not allow as many addresses.
pub(in super::super) fn quota(quota: &Quota, new: usize) -> Option<Diagnostic> {
    let wanted = quota.used.saturating_add(new as u64);
    (wanted > quota.limit).then(|| {
        let detail = format!(
            "The account has {} of {} addresses here, and the pools that are planned so far allocate {new} more. \
             Ask for a higher limit of \"{}\", or release addresses that nobody needs; otherwise the apply will \
             stop at the limit.",
            quota.used, quota.limit, quota.name
        );
        Diagnostic::warning("The account's limit of addresses will be reached", detail).at(Path::attribute("addresses"))
    })
}

/// An address cannot have these tags and those that the provider needs.
pub(in super::super) fn too_many_tags<'a>(
    keys: impl IntoIterator<Item = &'a String>,
    limit: usize,
    path: &Path,
) -> Option<Diagnostic> {
    let keys: BTreeSet<&String> = keys.into_iter().collect();
    let ours = own_tags(ResourceType::IpPool, keys.iter().any(|key| *key == SHOWN_NAME_TAG));
    let detail = format!(
        "With the provider's default_tags there are {}, and an address can have {limit}, of which the provider needs {ours}.",
        keys.len()
    );
    (keys.len() + ours > limit).then(|| Diagnostic::error("There are too many tags", detail).at(path.clone()))
}
