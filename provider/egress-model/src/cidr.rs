//! CIDR blocks in one spelling.

pub mod set;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::shown::shown;

/// Why a text is no CIDR block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// A single address.
    #[error("{address} has no prefix length; write {address}/{bits} for this one address")]
    NoPrefix {
        /// The address.
        address: IpAddr,
        /// The prefix length of one address.
        bits: u8,
    },
    /// An IPv4 address in IPv6 notation, which Kubernetes refuses and network plugins read in different ways.
    #[error("{} is an IPv4 block in IPv6 notation; write the IPv4 block", shown(.text))]
    Mapped {
        /// What was written.
        text: String,
    },
    /// Host bits that are not zero, where they must be.
    #[error("{text} has host bits set; write {block} for the whole block, or {address}/{bits} for the one address")]
    HostBits {
        /// What was written.
        text: String,
        /// The block without them.
        block: Cidr,
        /// The address.
        address: IpAddr,
        /// The prefix length of one address.
        bits: u8,
    },
    /// Anything else.
    #[error("{} is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32", shown(.text))]
    Malformed {
        /// What was written.
        text: String,
    },
}

/// A block of IP addresses whose host bits are all zero, in the one spelling that every API server takes: Kubernetes 1.36
/// and later refuse `10.0.0.1/8`, earlier ones and the network plugins read it as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr(IpNet);

impl Cidr {
    /// All IPv4 addresses.
    pub const ALL_IPV4: Self = Self(IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::UNSPECIFIED, 0)));
    /// All IPv6 addresses.
    pub const ALL_IPV6: Self = Self(IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::UNSPECIFIED, 0)));

    /// Reads a block whose host bits are zero, where nothing can warn of a block that is wider than the address in it.
    pub fn without_host_bits(text: &str) -> Result<Self, CidrError> {
        let block: Self = text.parse()?;
        let written = text.split_once('/').and_then(|(address, _)| address.parse::<IpAddr>().ok());
        match written.filter(|address| *address != block.0.addr()) {
            None => Ok(block),
            Some(address) => {
                let bits = block.0.max_prefix_len();
                Err(CidrError::HostBits { text: text.to_owned(), block, address, bits })
            }
        }
    }

    /// The block of one address.
    pub fn of_address(address: IpAddr) -> Self {
        Self(IpNet::from(address))
    }

    /// The address of a block of one.
    pub fn address(&self) -> Option<IpAddr> {
        (self.0.prefix_len() == self.0.max_prefix_len()).then(|| self.0.addr())
    }

    /// Whether an address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the whole of another block is in this one; a block covers itself.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether the blocks have an address in common. Two blocks are disjoint or one covers the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether both are IPv4 or both IPv6.
    pub fn same_family(&self, other: &Self) -> bool {
        matches!((self.0, other.0), (IpNet::V4(_), IpNet::V4(_)) | (IpNet::V6(_), IpNet::V6(_)))
    }

    /// The two halves of the block; nothing of a block of one address.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let mut halves = self.0.subnets(self.0.prefix_len() + 1).ok()?;
        Some([Self(halves.next()?), Self(halves.next()?)])
    }

    /// The blocks that cover this one, itself first and all addresses of its family last.
    pub fn covering(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(*self), |block| block.0.supernet().map(Self))
    }

    /// The fewest blocks that are this one without the addresses of some others, for engines that have no exceptions. Their number,
    /// and the time, grow with the number of the others and the length of an address, not with its square.
    pub fn without(&self, holes: &[Self]) -> Vec<Self> {
        let holes = Outermost::of(holes.iter().copied());
        let mut left = Vec::new();
        if !holes.covers(self) {
            self.leave(holes.inside(self), &mut left);
        }
        left
    }

    /// Adds what is left of the block without disjoint blocks that are inside it, in the order of their addresses.
    fn leave(&self, holes: &[Self], left: &mut Vec<Self>) {
        if holes.is_empty() {
            left.push(*self);
        } else if holes != [*self] {
            // A block with another one strictly inside has more than one address, and so two halves.
            for half in self.halves().into_iter().flatten() {
                half.leave(among(holes, &half), left);
            }
        }
    }

    /// The block as a library type, for arithmetic.
    pub fn net(&self) -> IpNet {
        self.0
    }
}

/// Blocks of which none covers another: the outermost of some blocks, in the order of their addresses. Says in logarithmic time what
/// they cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outermost(Vec<Cidr>);

impl Outermost {
    /// The blocks that no other one covers, each once.
    pub fn of(blocks: impl IntoIterator<Item = Cidr>) -> Self {
        let mut all: Vec<Cidr> = blocks.into_iter().collect();
        // Blocks nest or are disjoint, so that in the order of addresses what a block covers follows it at once.
        all.sort_unstable();
        all.dedup_by(|block, outer| outer.covers(block));
        Self(all)
    }

    /// Whether one of the blocks covers this one.
    pub fn covers(&self, block: &Cidr) -> bool {
        let position = self.0.partition_point(|own| own <= block);
        position.checked_sub(1).is_some_and(|before| self.0[before].covers(block))
    }

    /// Whether an address is in one of the blocks.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.covers(&Cidr::of_address(address))
    }

    /// Those of the blocks that this one covers.
    pub fn inside(&self, block: &Cidr) -> &[Cidr] {
        among(&self.0, block)
    }

    /// The blocks, in the order of their addresses.
    pub fn blocks(&self) -> &[Cidr] {
        &self.0
    }
}

/// Those of sorted blocks that this one covers.
fn among<'b>(sorted: &'b [Cidr], block: &Cidr) -> &'b [Cidr] {
    let from = sorted.partition_point(|own| own < block);
    let inside = sorted[from..].partition_point(|own| block.covers(own));
    &sorted[from..from + inside]
}

/// Whether this is an IPv4 address in IPv6 notation (RFC 4291, 2.5.5.2), such as `::ffff:10.0.0.1`. API servers refuse it, and network
/// plugins take it for either.
pub(crate) fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some())
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Reads a block and clears its host bits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            if is_mapped(address) {
                return Err(CidrError::Mapped { text: text.to_owned() });
            }
            let bits = if address.is_ipv4() { 32 } else { 128 };
            return Err(CidrError::NoPrefix { address, bits });
        }
        let malformed = || CidrError::Malformed { text: text.to_owned() };
        // Not IpNet's own parser: it takes leading zeros, which some programs read as octal and Kubernetes refuses.
        let (address, prefix) = text.split_once('/').ok_or_else(malformed)?;
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let length: u8 = prefix.parse().map_err(|_| malformed())?;
        if length.to_string() != prefix {
            return Err(malformed());
        }
        let net = IpNet::new(address, length).map_err(|_| malformed())?;
        match net {
            net if is_mapped(net.addr()) => Err(CidrError::Mapped { text: text.to_owned() }),
            net => Ok(Self(net.trunc())),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clears_host_bits_and_spells_in_one_way() {
        for (written, canonical) in [
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("2001:DB8:0:0::1/32", "2001:db8::/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.1/32", "192.0.2.1/32"),
        ] {
            assert_eq!(written.parse::<Cidr>().map(|cidr| cidr.to_string()), Ok(canonical.to_owned()));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (written, error) in [
            ("192.0.2.1", "192.0.2.1 has no prefix length; write 192.0.2.1/32 for this one address"),
            ("::ffff:10.0.0.1", "\"::ffff:10.0.0.1\" is an IPv4 block in IPv6 notation; write the IPv4 block"),
            ("::1", "::1 has no prefix length; write ::1/128 for this one address"),
            ("::ffff:10.0.0.0/104", "\"::ffff:10.0.0.0/104\" is an IPv4 block in IPv6 notation; write the IPv4 block"),
            ("10.0.0.0/33", "\"10.0.0.0/33\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32"),
            ("010.0.0.0/8", "\"010.0.0.0/8\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32"),
            ("10.0.0.0/08", "\"10.0.0.0/08\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32"),
            ("", "\"\" is not a CIDR block such as 203.0.113.0/24 or 2001:db8::/32"),
        ] {
            assert_eq!(written.parse::<Cidr>().map_err(|e| e.to_string()), Err(error.to_owned()));
        }
    }

    #[test]
    fn host_bits_are_refused_where_nothing_can_warn() {
        for (written, error) in [
            (
                "10.0.0.1/8",
                "10.0.0.1/8 has host bits set; write 10.0.0.0/8 for the whole block, or 10.0.0.1/32 for the one address",
            ),
            (
                "2001:db8::1/32",
                "2001:db8::1/32 has host bits set; write 2001:db8::/32 for the whole block, or 2001:db8::1/128 for the one address",
            ),
            ("192.0.2.1", "192.0.2.1 has no prefix length; write 192.0.2.1/32 for this one address"),
        ] {
            assert_eq!(Cidr::without_host_bits(written).map_err(|e| e.to_string()), Err(error.to_owned()));
        }
        assert_eq!(
            Cidr::without_host_bits("2001:DB8::/32").map(|cidr| cidr.to_string()),
            Ok("2001:db8::/32".to_owned())
        );
    }

    #[test]
    fn the_outermost_blocks_cover_what_any_of_the_blocks_covers() {
        let block = |text: &str| text.parse::<Cidr>().expect("a block");
        let all = ["10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/24", "::/0", "2001:db8::/32", "192.0.2.7/32", "10.0.0.0/8"];
        let outermost = Outermost::of(all.map(block));
        let texts: Vec<String> = outermost.blocks().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.0/8", "192.0.2.7/32", "::/0"]);
        for (text, covered) in [
            ("10.2.0.0/16", true),
            ("10.0.0.0/7", false),
            ("9.0.0.0/8", false),
            ("192.0.2.7/32", true),
            ("fd00::/8", true),
        ] {
            assert_eq!(outermost.covers(&block(text)), covered, "{text}");
        }
        assert_eq!(outermost.inside(&block("0.0.0.0/0")), [block("10.0.0.0/8"), block("192.0.2.7/32")]);
        assert!(outermost.contains([10, 9, 8, 7].into()) && !outermost.contains([11, 9, 8, 7].into()));
    }

    #[test]
    fn what_is_left_of_a_block_is_every_address_that_no_other_block_has() {
        // A fixed sequence of blocks and addresses (a linear congruential generator), of four bits of addresses so that they meet.
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..500 {
            let holes: Vec<Cidr> = (0..next(6))
                .map(|_| format!("192.0.2.{}/{}", next(16) * 16, 24 + next(9)).parse().expect("a block"))
                .collect();
            let whole: Cidr = format!("192.0.2.{}/{}", next(16) * 16, 24 + next(5)).parse().expect("a block");
            let left = whole.without(&holes);
            for last in 0..=255 {
                let address = IpAddr::from([192, 0, 2, last]);
                let meant = whole.contains(address) && !holes.iter().any(|hole| hole.contains(address));
                assert_eq!(
                    left.iter().filter(|one| one.contains(address)).count(),
                    usize::from(meant),
                    "{whole} {holes:?}"
                );
            }
        }
    }

    #[test]
    fn blocks_nest_or_are_disjoint() {
        let [wide, narrow, other, v6] =
            ["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "::/0"].map(|text| text.parse::<Cidr>().expect("a block"));
        assert_eq!(narrow.covering().nth(8), Some(wide));
        assert_eq!((wide.covering().last(), v6.covering().count()), (Some(Cidr::ALL_IPV4), 1));
        assert!(wide.covers(&narrow) && !narrow.covers(&wide) && wide.overlaps(&narrow) && narrow.overlaps(&wide));
        assert!(!wide.overlaps(&other) && !wide.overlaps(&v6) && wide.covers(&wide) && !wide.same_family(&v6));
    }
}
