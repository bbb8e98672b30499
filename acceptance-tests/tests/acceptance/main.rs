//! Scenarios on real hosts, and the crash matrices.

fn main() {}
