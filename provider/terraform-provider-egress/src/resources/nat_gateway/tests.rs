//! The resource's own tests.
