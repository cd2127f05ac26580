//! Every payload from the wire to rows: all are taken, none makes the worker fail.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{conversation, message, message_status, webhook_change};
use portaria_testing::databases;
use portaria_worker::whatsapp::payload;
use sea_orm::{EntityTrait, PaginatorTrait};

use crate::site::Site;

#[tokio::test]
async fn own_payloads_become_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads");
    for test in databases().await {
        insta::assert_snapshot!("own_payloads", taken(Site::on(test).await, &folder).await);
    }
}

/// Looks for `shared/whatsapp/webhooks` beside this checkout or beside any folder it lies in.
#[tokio::test]
async fn documented_payloads_become_rows() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|above| above.join("shared/whatsapp/webhooks")).find(|at| at.is_dir());
    let Some(folder) = found else {
        println!("SKIPPED: there is no shared/whatsapp/webhooks beside this checkout");
        return;
    };
    for test in databases().await {
        insta::assert_snapshot!("documented_payloads", taken(Site::on(test).await, &folder).await);
    }
}

/// Delivers every payload of a folder, all numbers in it being the one for sales, and says what each added.
async fn taken(site: Site, folder: &Path) -> String {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut table = String::new();
    for file in files {
        let body = of_this_number(&std::fs::read_to_string(&file).unwrap());
        let before = counts(&site).await;
        assert_eq!(site.deliver(body.as_bytes()).await.status, 200, "{}", file.display());
        site.settled().await;
        let after = counts(&site).await;
        let delivery = site.deliveries().await.into_iter().max_by_key(|row| row.id).unwrap();
        assert_eq!(delivery.status, WebhookDeliveryStatus::Done, "{}: {:?}", file.display(), delivery.error);
        let told = payload::read(body.as_bytes())
            .unwrap()
            .changes
            .iter()
            .map(|change| change.items.len())
            .sum::<usize>();
        let settled = delivery.stored_count + delivery.duplicate_count + delivery.foreign_count;
        assert_eq!(usize::try_from(settled).unwrap(), told, "{}", file.display());
        write!(table, "{}: stored {}", file.file_name().unwrap().to_string_lossy(), delivery.stored_count)
            .unwrap();
        for (name, count) in [("duplicate", delivery.duplicate_count), ("foreign", delivery.foreign_count)] {
            if count > 0 {
                write!(table, ", {name} {count}").unwrap();
            }
        }
        for ((name, before), (_, after)) in before.into_iter().zip(after) {
            if after > before {
                write!(table, "; +{} {name}", after - before).unwrap();
            }
        }
        table.push('\n');
    }
    site.stop().await;
    table
}

/// The same payload, about the number for sales and its account.
pub fn of_this_number(text: &str) -> String {
    let read = payload::read(text.as_bytes()).unwrap();
    let numbers = read.changes.iter().filter_map(|change| change.phone_number_id.as_ref());
    let text = numbers.fold(text.to_owned(), |text, number| {
        text.replace(&format!("\"phone_number_id\": \"{number}\""), "\"phone_number_id\": \"padaria-1\"")
            .replace(&format!("\"phone_number_id\":\"{number}\""), "\"phone_number_id\":\"padaria-1\"")
    });
    let accounts: BTreeSet<_> =
        read.changes.iter().filter_map(|change| change.waba_id.as_ref()).filter(|id| *id != "0").collect();
    accounts.into_iter().fold(text, |text, id| text.replace(&format!("\"{id}\""), "\"padaria-waba\""))
}

async fn counts(site: &Site) -> [(&'static str, u64); 4] {
    let reader = site.reader();
    [
        ("conversations", conversation::Entity::find().count(reader).await.unwrap()),
        ("messages", message::Entity::find().count(reader).await.unwrap()),
        ("statuses", message_status::Entity::find().count(reader).await.unwrap()),
        ("changes", webhook_change::Entity::find().count(reader).await.unwrap()),
    ]
}
