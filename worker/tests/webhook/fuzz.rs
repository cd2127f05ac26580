//! Bytes that pass the signature and make no sense: nothing panics, nothing is answered with an error, and the worker lives on.
//! `PORTARIA_FUZZ_READ` and `PORTARIA_FUZZ_DELIVER` say how many; `PORTARIA_FUZZ_SEED` where to begin.

use std::path::Path;
use std::time::{Duration, Instant};

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_testing::databases;
use portaria_worker::WorkerOptions;
use portaria_worker::whatsapp::payload;
use serde_json::{Value, json};

use crate::enduring::texts;
use crate::setting_aside::until_nothing_is_pending;
use crate::site::Site;
use crate::storm::Chance;

fn told(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|told| told.parse().ok()).unwrap_or(otherwise)
}

/// All payloads of our own, about the number for sales.
fn seeds() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts = files.iter().map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned());
    texts
        .filter_map(|text| serde_json::from_str(&crate::understanding::of_this_number(&text, 0)).ok())
        .collect()
}

struct Mutator {
    chance: Chance,
    seeds: Vec<Value>,
}

impl Mutator {
    fn new() -> Self {
        Self { chance: Chance(told("PORTARIA_FUZZ_SEED", 7)), seeds: seeds() }
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.chance.below(u64::try_from(limit.max(1)).unwrap())).unwrap()
    }

    /// What no field should hold, and some will.
    fn odd(&mut self) -> Value {
        let seed = self.below(self.seeds.len());
        match self.below(16) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(""),
            3 => json!("\u{0}"),
            4 => json!(i64::MIN),
            5 => json!(u64::MAX),
            6 => json!(1.5e300),
            7 => json!([]),
            8 => json!({}),
            9 => json!("9".repeat(400)),
            10 => json!("BR.\u{202e}\u{ffff}🌵"),
            11 => (0..100).fold(json!(1), |inner, _| json!([inner])),
            12 => json!("253402300799"),
            13 => json!("-1"),
            14 => json!({ "id": "x", "body": ["x"], "from": {} }),
            _ => self.seeds[seed].clone(),
        }
    }

    /// Changes something somewhere in a value.
    fn disturb(&mut self, value: &mut Value) {
        let goes_deeper = self.below(8) > 0;
        match value {
            Value::Object(members) if goes_deeper && !members.is_empty() => {
                let place = self.below(members.len());
                let key = members.keys().nth(place).unwrap().clone();
                match self.below(12) {
                    0 => drop(members.remove(&key)),
                    1 => {
                        let moved = members.remove(&key).unwrap();
                        members.insert("type".to_owned(), moved);
                    }
                    _ => self.disturb(members.get_mut(&key).unwrap()),
                }
            }
            Value::Array(elements) if goes_deeper && !elements.is_empty() => {
                let place = self.below(elements.len());
                match self.below(6) {
                    0 => elements.push(elements[place].clone()),
                    1 => drop(elements.remove(place)),
                    _ => self.disturb(&mut elements[place]),
                }
            }
            _ => *value = self.odd(),
        }
    }

    fn body(&mut self) -> Vec<u8> {
        let place = self.below(self.seeds.len());
        let mut value = self.seeds[place].clone();
        for _ in 0..=self.below(4) {
            self.disturb(&mut value);
        }
        let mut bytes = value.to_string().into_bytes();
        // One in four is no longer what it was as bytes either.
        for _ in 0..self.below(8).saturating_sub(5) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(self.below(256)).unwrap()),
                2 => bytes.splice(at..at, *b"\\ud83c").for_each(drop),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x41),
            }
        }
        bytes
    }
}

#[test]
fn whatever_is_read_is_read_soon_and_without_a_panic() {
    let mut mutator = Mutator::new();
    for number in 0..told("PORTARIA_FUZZ_READ", 3_000) {
        let body = mutator.body();
        let begun = Instant::now();
        let read = std::panic::catch_unwind(|| payload::read(&body).is_ok());
        let text = || String::from_utf8_lossy(&body).into_owned();
        assert!(read.is_ok(), "{number} panicked: {}", text());
        assert!(begun.elapsed() < Duration::from_secs(2), "{number} took {:?}: {}", begun.elapsed(), text());
    }
}

#[tokio::test]
async fn whatever_is_signed_is_taken_and_worked_through_and_the_worker_lives_on() {
    let count = told("PORTARIA_FUZZ_DELIVER", 150);
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.processing.attempts = 3;
        let site = Site::with(test, options).await;
        let name = site.stage.test_database.name;
        let mut mutator = Mutator::new();
        for _ in 0..count {
            let body = mutator.body();
            let status = site.deliver(&body).await.status;
            assert_eq!(status, 200, "{name}: {}", String::from_utf8_lossy(&body));
        }
        for row in until_nothing_is_pending(&site).await {
            let is_no_json =
                row.error.as_ref().is_some_and(|error| error.starts_with("the body is not JSON"));
            let is_well = row.status == WebhookDeliveryStatus::Done || is_no_json;
            assert!(is_well, "{name}: {:?}: {}", row.error, String::from_utf8_lossy(&row.body));
        }
        site.say(texts(&["after"])).await;
        until_nothing_is_pending(&site).await;
        assert_eq!(site.message("after").await.kind, "text");
        site.stop().await;
    }
}
