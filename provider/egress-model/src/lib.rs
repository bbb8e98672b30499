//! The domain of egress: IP pools, NAT gateways and policies as types that cannot hold an invalid value. No I/O.

pub mod identity;
