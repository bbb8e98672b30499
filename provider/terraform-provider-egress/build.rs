//! How the provider's binary is linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|set| set == value);
    // A host starts this program several times per command. A program that can lie anywhere has its 50,000 pointers put right at
    // each start, which makes a private copy of the pages they are on; one with a fixed place is mapped as it is. Programs in Go,
    // which other providers are, have a fixed place too. Libraries, heap and stacks are at random places either way.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
