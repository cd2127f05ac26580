//! What each payload becomes: our own, which cover every type and many kinds of damage, and, where they are at
//! hand, a collection of Meta's documented ones.

#![expect(clippy::unwrap_used, reason = "a failed test is the place to stop")]

mod payload_table;

use std::path::{Path, PathBuf};

use payload_table::{Words, files, table};
use portaria_worker::whatsapp::payload::{Change, Item, read};
use proptest::prelude::*;

#[test]
fn own_payloads() {
    insta::assert_snapshot!(table(&own(), Words::Shown));
}

/// Looks for `shared/whatsapp/webhooks` beside this checkout or beside any folder it lies in.
#[test]
fn documented_payloads() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|above| above.join("shared/whatsapp/webhooks")).find(|at| at.is_dir());
    let Some(folder) = found else {
        println!("SKIPPED: there is no shared/whatsapp/webhooks beside this checkout");
        return;
    };
    insta::assert_snapshot!(table(&folder, Words::Counted));
}

#[test]
fn every_item_can_be_kept() {
    for (name, bytes) in files(&own()) {
        for change in read(&bytes).unwrap().changes {
            assert!(!change.items.is_empty(), "{name}: a change that says nothing");
            for item in &change.items {
                let raw = raw(item);
                assert!(serde_json::from_str::<&serde_json::value::RawValue>(raw).is_ok(), "{name}: {raw}");
                assert!(!raw.contains('\0'), "{name}: {raw}");
            }
        }
    }
}

#[test]
fn a_repetition_is_recognised_whatever_the_order_of_members() {
    let one = br#"{"entry":[{"id":"1","time":5,"changes":[{"field":"flows","value":{"a":1,"b":[{"c":2,"d":"\u00e4"}]}}]}]}"#;
    let same = r#"{"entry":[{"changes":[{"value":{"b":[{"d":"ä","c":2}],"a":1},"field":"flows"}],"time":"5","id":1}]}"#;
    assert_eq!(only_key(one), only_key(same.as_bytes()));
    for (from, to) in
        [("\"a\":1", "\"a\":2"), ("\"5\"", "\"6\""), ("flows", "flow"), ("\"id\":1", "\"id\":2")]
    {
        assert_ne!(only_key(one), only_key(same.replace(from, to).as_bytes()), "{to}");
    }
}

#[test]
fn nesting_beyond_any_reader_is_kept_whole() {
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(
        r#"{{"entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"messages":[
            {{"id":"a","from":"1","type":"text","text":{{"body":"before"}},"extra":{deep}}},{deep},
            {{"id":"b","from":"1","type":"text","text":{{"body":"after"}}}}]}}}}]}},{deep}]}}"#
    );
    let payload = read(body.as_bytes()).unwrap();
    let texts: Vec<_> = payload.changes.iter().flat_map(|change| &change.items).map(text).collect();
    assert_eq!(texts, [Some("before"), None, Some("after"), None]);
}

#[test]
fn what_is_not_json_is_an_error_that_repeats_nothing_of_it() {
    for bytes in [&b""[..], b"{", b"secret words", b"{\"a\":\"secret\"} trailing", b"\"a\0secret\""] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.starts_with("the body is not JSON") && !error.contains("secret"), "{error}");
    }
}

#[test]
fn an_element_without_meaning_is_the_same_in_another_batch_and_another_at_another_number() {
    let key = |number: &str, messages: &str| {
        let body = format!(
            r#"{{"entry":[{{"id":"1","time":5,"changes":[{{"field":"messages","value":{{
                "metadata":{{"phone_number_id":"{number}"}},"messages":[{messages}]}}}}]}}]}}"#
        );
        let payload = read(body.as_bytes()).unwrap();
        let others = payload.changes[0].items.iter().filter_map(|item| match item {
            Item::Other(other) => Some(other.dedup_key),
            Item::Message(_) | Item::Status(_) => None,
        });
        others.collect::<Vec<_>>()
    };
    let alone = key("1", r#"{"a":1,"b":{"c":2,"d":3}}"#);
    assert_eq!(alone.len(), 1);
    assert_eq!(alone, key("1", r#"{"b":{"d":3,"c":2},"a":1},{"id":"m","from":"1","type":"text"}"#));
    assert_ne!(alone, key("2", r#"{"a":1,"b":{"c":2,"d":3}}"#));
    assert_ne!(alone, key("1", r#"{"a":1,"b":{"c":2,"d":4}}"#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&bytes);
    }

    #[test]
    fn arbitrary_texts_of_json_never_panic(text in r#"([\[\]{},:"\\0-9eu.-]|"entry"|"changes"|\\ud83c|true){0,80}"#) {
        let _ = read(text.as_bytes());
    }

    #[test]
    fn altered_payloads_never_panic(
        file in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..24), 1..6),
    ) {
        let files = files(&own());
        let mut bytes = files[file.index(files.len())].1.clone();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        let _ = read(&bytes);
    }

    #[test]
    fn any_value_in_any_place_loses_no_neighbour(value in any_json(), place in any::<prop::sample::Index>()) {
        let names = ["from", "timestamp", "type", "text", "context", "errors", "group_id", "profile", "system"];
        let name = names[place.index(names.len())];
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"contacts":{value},"messages":[
                {{"id":"a","{name}":{value}}},{value},{{"id":"b","type":"text","text":{{"body":"after"}}}}]}}}}]}}]}}"#
        );
        let payload = read(body.as_bytes()).unwrap();
        let items = &payload.changes[0].items;
        prop_assert!(matches!(&items[0], Item::Message(message) if message.whatsapp_id == "a"));
        prop_assert_eq!(text(&items[2]), Some("after"));
    }
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        Just("1e999".to_owned()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        Just(r#""\ud83c""#.to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members =
            proptest::collection::vec((r#"(type|body|message|id|from_me|[a-z]{0,3})"#, inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            members.prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads")
}

fn only_key(bytes: &[u8]) -> [u8; 32] {
    match read(bytes).unwrap().changes.as_slice() {
        [Change { items, .. }] => match items.as_slice() {
            [Item::Other(other)] => other.dedup_key,
            items => panic!("not one other change: {items:?}"),
        },
        changes => panic!("not one change: {changes:?}"),
    }
}

fn raw(item: &Item) -> &str {
    match item {
        Item::Message(message) => &message.raw,
        Item::Status(status) => &status.raw,
        Item::Other(other) => &other.raw,
    }
}

fn text(item: &Item) -> Option<&str> {
    match item {
        Item::Message(message) => message.text.as_deref(),
        Item::Status(_) | Item::Other(_) => None,
    }
}
