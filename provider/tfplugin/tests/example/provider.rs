//! Where cargo puts the example provider that the tests drive.

use std::path::PathBuf;

/// The executable of the example `shelf`, which cargo builds along with the tests.
pub(crate) fn shelf() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps/TEST");
    let shelf = profile.join("examples").join(format!("shelf{}", std::env::consts::EXE_SUFFIX));
    assert!(shelf.exists(), "{} is missing: run cargo build -p tfplugin --example shelf", shelf.display());
    shelf
}
