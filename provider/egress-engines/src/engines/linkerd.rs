//! Linkerd.

mod inspection;
pub mod object;
mod outside;
pub mod policy;
mod routes;
pub mod rules;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry =
    Entry { policies: &[policy::ENGINE], rules: Some(rules::check), required_apis: Some(ROUTES), ..Entry::EMPTY };

/// Sources: see `object`.
const ROUTES: &str = "\
- **linkerd** requires the Gateway API's `HTTPRoute` as `v1`, and its `TLSRoute` and `TCPRoute` as `v1alpha2`, the version that
  Linkerd 2.20 reads. The experimental channel of the Gateway API serves them up to 1.5. The standard channel of 1.6.1 has both
  kinds, but serves `v1` only, so that an object of `v1alpha2` is refused there.
  `kubectl api-resources --api-group=gateway.networking.k8s.io` shows what a cluster serves.
";
