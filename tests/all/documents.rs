//! What the documents say of the code: the tests that they name are there.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

/// Everything in backticks in a Markdown text.
fn spans(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.split('`').skip(1).step_by(2)
}

/// Whether it can only be a test: a sentence of lower-case words. Columns and claims have fewer.
fn is_sentence(span: &str) -> bool {
    span.starts_with(|c: char| c.is_ascii_lowercase())
        && span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && span.matches('_').count() >= 3
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The functions in a source that are marked as tests.
fn tests(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some(name) = function(line) {
            if marked {
                found.insert(name.to_owned());
            }
            marked = false;
        }
    }
    found
}

/// The tests in a folder and all below it, except what is built, fetched or hidden.
fn tests_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in read_dir(folder).unwrap().map(Result::unwrap) {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if entry.file_type().unwrap().is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                found.extend(tests_below(&path));
            }
        } else if name.ends_with(".rs") {
            found.extend(tests(&read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = read_to_string(root.join("docs/SECURITY.md")).unwrap();
    let named: BTreeSet<&str> = spans(&document).filter(|span| is_sentence(span)).collect();
    assert!(named.len() > 100, "it names hundreds, read were {}", named.len());
    let there = tests_below(root);
    let missing: Vec<&&str> = named.iter().filter(|name| !there.contains(**name)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn a_name_that_is_wrong_is_noticed() {
    let source = "#[tokio::test]\n#[ignore]\nasync fn a_door_is_shut() {}\n\nfn a_door_is_painted_red() {}\n";
    assert_eq!(tests(source), BTreeSet::from(["a_door_is_shut".to_owned()]), "a helper is no test");
    let text =
        "| `a_door_is_shut` and `at_hash`, `front_end_url` | `viewer.sessions`; `A_B_C_D` | `-a_b_c_d`";
    assert_eq!(spans(text).filter(|span| is_sentence(span)).collect::<Vec<_>>(), ["a_door_is_shut"]);
}
