//! Names and ids of AKS and Azure.

use egress_model::shown;

use crate::companions::id::id_type;

/// Why a text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No name of a node pool.
    #[error("{} is no node pool of AKS: 1 to 12 lowercase letters and digits, a letter first", shown(.0))]
    NodePool(String),
    /// No id of a public IP prefix.
    #[error(
        "{} is no public IP prefix; write \
         /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/publicIPPrefixes/<name>", shown(.0)
    )]
    Prefix(String),
}

fn is_node_pool(text: &str) -> bool {
    (1..=12).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// `/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/publicIPPrefixes/<name>`, in any case.
fn is_prefix(text: &str) -> bool {
    let form: Vec<&str> = text.split('/').collect();
    let ["", subscriptions, subscription, groups, group, providers, provider, prefixes, name] = form[..] else {
        return false;
    };
    let words = [
        (subscriptions, "subscriptions"),
        (groups, "resourceGroups"),
        (providers, "providers"),
        (provider, "Microsoft.Network"),
        (prefixes, "publicIPPrefixes"),
    ];
    words.iter().all(|(written, meant)| written.eq_ignore_ascii_case(meant))
        && [subscription, group, name].iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

id_type! {
    /// The name of a Linux node pool. Source: the AKS documentation, "Create node pools".
    NodePoolName, is_node_pool, Error::NodePool
}
id_type! {
    /// The resource id of a public IP prefix. Names in ids have no case in Azure; the spelling is kept.
    PublicIpPrefixId, is_prefix, Error::Prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_no_node_pool_or_prefix() {
        for bad in ["", "Egress", "1pool", "egress-pool", "abcdefghijklm"] {
            assert_eq!(bad.parse::<NodePoolName>(), Err(Error::NodePool(bad.into())));
        }
        let good = "/subscriptions/0/resourcegroups/rg/providers/Microsoft.Network/publicipprefixes/p";
        assert_eq!(good.parse::<PublicIpPrefixId>().map(|id| id.to_string()), Ok(good.to_owned()));
        for bad in ["", "p", "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/p"] {
            assert_eq!(bad.parse::<PublicIpPrefixId>(), Err(Error::Prefix(bad.into())));
        }
    }
}
