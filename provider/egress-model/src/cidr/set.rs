//! Sets of addresses, written as blocks.

use ipnet::IpNet;

use super::{Cidr, Outermost};

/// The fewest blocks that hold exactly the addresses of these: IPv4 first, in ascending order.
pub fn aggregate(blocks: &[Cidr]) -> Vec<Cidr> {
    let nets: Vec<IpNet> = blocks.iter().map(|block| block.0).collect();
    let mut aggregated: Vec<Cidr> = IpNet::aggregate(&nets).into_iter().map(Cidr).collect();
    aggregated.sort_unstable();
    aggregated
}

/// The fewest blocks that hold the addresses of `blocks` that are in none of `removed`: IPv4 first, in ascending order.
pub fn subtract(blocks: &[Cidr], removed: &[Cidr]) -> Vec<Cidr> {
    let removed = Outermost::of(removed.iter().copied());
    let mut left = Vec::new();
    for block in aggregate(blocks).iter().filter(|block| !removed.covers(block)) {
        block.leave(removed.inside(block), &mut left);
    }
    left
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn blocks(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|text| text.parse().expect("a block")).collect()
    }

    fn texts(blocks: &[Cidr]) -> Vec<String> {
        blocks.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn aggregates_to_the_fewest_blocks() {
        type Case<'a> = (&'a [&'a str], &'a [&'a str]);
        let cases: [Case<'_>; 6] = [
            (&[], &[]),
            (&["10.0.1.0/24", "10.0.0.0/24"], &["10.0.0.0/23"]),
            (&["10.0.1.0/24", "10.0.2.0/24"], &["10.0.1.0/24", "10.0.2.0/24"]),
            (&["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"], &["10.0.0.0/8"]),
            (&["::/1", "0.0.0.0/1", "8000::/1", "128.0.0.0/1"], &["0.0.0.0/0", "::/0"]),
            (&["2001:db8::/128", "2001:db8::1/128", "192.0.2.7/32"], &["192.0.2.7/32", "2001:db8::/127"]),
        ];
        for (given, expected) in cases {
            assert_eq!(texts(&aggregate(&blocks(given))), expected, "{given:?}");
        }
    }

    #[test]
    fn subtracts_to_the_fewest_blocks() {
        type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let cases: [Case<'_>; 8] = [
            (&["10.0.0.0/30"], &["10.0.0.1/32"], &["10.0.0.0/32", "10.0.0.2/31"]),
            (&["10.0.0.0/30"], &["10.0.0.0/31", "10.0.0.3/32", "10.0.0.1/32"], &["10.0.0.2/32"]),
            (&["10.0.0.0/8"], &["192.168.0.0/16", "::/0"], &["10.0.0.0/8"]),
            (&["10.0.0.0/8"], &["0.0.0.0/0"], &[]),
            (&["10.0.1.0/24", "10.0.0.0/24"], &[], &["10.0.0.0/23"]),
            (&["::/0", "0.0.0.0/0"], &["::/1", "0.0.0.0/1"], &["128.0.0.0/1", "8000::/1"]),
            (&["10.0.0.0/24", "10.0.2.0/24"], &["10.0.0.128/25", "10.0.2.0/25"], &["10.0.0.0/25", "10.0.2.128/25"]),
            (&[], &["10.0.0.0/8"], &[]),
        ];
        for (given, removed, expected) in cases {
            assert_eq!(texts(&subtract(&blocks(given), &blocks(removed))), expected, "{given:?} - {removed:?}");
        }
        assert_eq!(subtract(&[Cidr::ALL_IPV4], &blocks(&["255.255.255.255/32"])).len(), 32);
        assert_eq!(subtract(&[Cidr::ALL_IPV6], &blocks(&["::/128"])).len(), 128);
    }

    /// Blocks of few addresses, so that they meet often.
    fn some() -> impl Strategy<Value = Vec<Cidr>> {
        let block = (0_u32..64, 26_u8..=32, any::<bool>()).prop_map(|(host, length, v4)| {
            let net = if v4 {
                IpNet::new(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | host)), length)
            } else {
                IpNet::new(IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(host))), length + 96)
            };
            Cidr(net.expect("a length of the family").trunc())
        });
        prop::collection::vec(block, 0..6)
    }

    fn addresses() -> impl Iterator<Item = IpAddr> {
        let v4 = (0_u32..64).map(|host| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | host)));
        v4.chain((0_u128..64).map(|host| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | host))))
    }

    proptest! {
        #[test]
        fn an_address_is_in_the_difference_if_it_is_in_the_one_and_not_in_the_other(a in some(), b in some()) {
            let left = subtract(&a, &b);
            let holds = |blocks: &[Cidr], address| blocks.iter().any(|block| block.contains(address));
            for address in addresses() {
                prop_assert_eq!(holds(&left, address), holds(&a, address) && !holds(&b, address), "{}", address);
                prop_assert_eq!(holds(&aggregate(&a), address), holds(&a, address), "{}", address);
            }
            prop_assert_eq!(&aggregate(&left), &left, "the fewest blocks, in order");
        }
    }
}
