//! Every payload from the wire to rows: all are taken, none makes the worker fail.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{
    alert, business_account, channel_fact, consent, contact, contact_group, conversation, message,
    message_status, template, unknown_content, webhook_change,
};
use portaria_testing::databases;
use portaria_worker::whatsapp::payload;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};

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
    // No payload is of a time that is still to come.
    site.stage.clock.advance(std::time::Duration::from_secs(400 * 24 * 60 * 60));
    for (number, file) in files.into_iter().enumerate() {
        let body = of_this_number(&std::fs::read_to_string(&file).unwrap(), number);
        let known = state(&site).await;
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
        for (what, facts) in state(&site).await {
            if known.get(&what) != Some(&facts) {
                writeln!(table, "    {what}: {facts}").unwrap();
            }
        }
    }
    site.stop().await;
    table
}

/// The same payload, about the number for sales and its account; its ids are those of no other file.
pub fn of_this_number(text: &str, file: usize) -> String {
    let read = payload::read(text.as_bytes()).unwrap();
    let mut names = BTreeMap::new();
    for change in &read.changes {
        for (name, ours) in [
            (&change.waba_id, "padaria-waba"),
            (&change.display_phone_number, "551140000001"),
            (&change.phone_number_id, "padaria-1"),
        ] {
            names.extend(name.as_ref().filter(|name| *name != "0").map(|name| (name.clone(), ours)));
        }
    }
    let text = names.iter().fold(text.to_owned(), |text, (name, ours)| {
        let text = text.replace(&format!("\"{name}\""), &format!("\"{ours}\""));
        text.replace(&format!(": {name},"), &format!(": \"{ours}\","))
    });
    // Templates have numbers for ids.
    let template = "\"message_template_id\": ";
    let text = text.replace(template, &format!("{template}{}", file + 1));
    let text = text.replace(&format!("{template}{}\"", file + 1), &format!("{template}\"{}", file + 1));
    ["wamid.", "wacid."]
        .iter()
        .fold(text, |text, prefix| text.replace(&format!("\"{prefix}"), &format!("\"{prefix}{file}.")))
}

/// What Meta has told beside messages, by what it is of.
async fn state(site: &Site) -> BTreeMap<String, String> {
    let reader = site.reader();
    let mut state = BTreeMap::new();
    let mut put = |what: String, facts: &[(&str, Option<&str>)]| {
        let known: Vec<_> =
            facts.iter().filter_map(|(name, value)| value.map(|value| format!("{name}={value}"))).collect();
        state.insert(what, known.join(" "));
    };
    for row in business_account::Entity::find().all(reader).await.unwrap() {
        let facts = [
            ("status", row.status.as_deref()),
            ("review", row.review.as_deref()),
            ("limit", row.messaging_limit.as_deref()),
            ("event", row.last_event.as_deref()),
        ];
        put("account".to_owned(), &facts);
    }
    for row in channel_fact::Entity::find().all(reader).await.unwrap() {
        let facts = [
            ("quality", row.quality.as_deref()),
            ("throughput", row.throughput.as_deref()),
            ("limit", row.messaging_limit.as_deref()),
            ("name", row.verified_name.as_deref()),
            ("decision", row.name_decision.as_deref()),
            ("username", row.username.as_deref()),
            ("username_status", row.username_status.as_deref()),
            ("history", row.history.as_deref()),
        ];
        put("number".to_owned(), &facts);
    }
    for row in template::Entity::find().all(reader).await.unwrap() {
        let facts = [
            ("name", row.name.as_deref()),
            ("status", row.status.map(Into::into)),
            ("reason", row.reason.as_deref()),
            ("category", row.category.as_deref()),
            ("coming", row.coming_category.as_deref()),
            ("quality", row.quality.as_deref()),
            ("components", row.components.as_ref().map(|_| "told")),
        ];
        put(format!("template {}", row.meta_id.as_deref().unwrap_or_default()), &facts);
    }
    for row in contact_group::Entity::find().all(reader).await.unwrap() {
        let facts = [("subject", row.subject.as_deref()), ("status", row.status.as_deref())];
        put(format!("group {}", row.group_id), &facts);
    }
    for row in alert::Entity::find().all(reader).await.unwrap() {
        let kind: &'static str = row.kind.into();
        let details: serde_json::Value = serde_json::from_str(&row.details).unwrap();
        let facts = [("event", details["event"].as_str()), ("settled", row.resolved_at.map(|_| "yes"))];
        let cause = row.cause.rsplit(':').next().unwrap_or_default();
        // Ids are others in each run.
        let cause = if cause.starts_with("contact_") { "of two" } else { cause };
        put(format!("alert {kind} {cause}").replace(&site.stage.sales.to_string(), "sales"), &facts);
    }
    for row in unknown_content::Entity::find().all(reader).await.unwrap() {
        let count = row.occurrences.to_string();
        put(format!("unknown {} {}", row.field, row.kind), &[("count", Some(&count))]);
    }
    let mut consents: BTreeMap<&'static str, usize> = BTreeMap::new();
    for row in consent::Entity::find().all(reader).await.unwrap() {
        *consents.entry(row.choice.into()).or_default() += 1;
    }
    for (choice, count) in consents {
        put(format!("consents {choice}"), &[("count", Some(&count.to_string()))]);
    }
    state
}

async fn counts(site: &Site) -> [(&'static str, u64); 5] {
    let reader = site.reader();
    [
        ("contacts", contact::Entity::find().count(reader).await.unwrap()),
        ("conversations", conversation::Entity::find().count(reader).await.unwrap()),
        ("messages", message::Entity::find().count(reader).await.unwrap()),
        ("statuses", message_status::Entity::find().count(reader).await.unwrap()),
        ("changes", webhook_change::Entity::find().count(reader).await.unwrap()),
    ]
}

#[tokio::test]
async fn what_cannot_be_placed_is_kept_once_for_each_number_however_it_is_written() {
    for test in databases().await {
        let site = Site::on(test).await;
        // A message of nobody: the second differs in the order of its members alone.
        let first = r#"{"id":"w1","type":"text","text":{"body":"oi"}}"#;
        let second = r#"{"text":{"body":"oi"},"type":"text","id":"w1"}"#;
        for (number, message) in [("padaria-1", first), ("padaria-1", second), ("padaria-2", second)] {
            let body = format!(
                r#"{{"object":"whatsapp_business_account","entry":[{{"id":"padaria-waba","changes":[{{"field":"messages",
                   "value":{{"metadata":{{"phone_number_id":"{number}"}},"messages":[{message}]}}}}]}}]}}"#
            );
            assert_eq!(site.deliver(body.as_bytes()).await.status, 200);
            site.settled().await;
        }
        let database = &site.stage.installation.database;
        let sql = "SELECT COUNT(*) FROM webhook_changes";
        let row = site.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 2, "{}", site.stage.test_database.name);
        site.stop().await;
    }
}
