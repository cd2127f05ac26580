//! Files that are generated from the code and checked in.

use std::path::Path;

/// Fails when a checked-in file is not what the code says; with `INSTA_UPDATE=always` it is written anew instead.
pub fn assert_in_step(path: &str, generated: &str, command: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&file, generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == generated,
        "{path} has drifted from the code. Run `{command}`, read the difference, and commit it."
    );
}

/// What a checked-in file says now.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}
