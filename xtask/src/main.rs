//! Developer tasks: demo, test, bench, docs.

fn main() {}
