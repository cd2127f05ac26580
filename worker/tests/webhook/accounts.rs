//! What Meta tells of accounts, numbers and templates: kept with its time, and alerted while it lasts.

use portaria_domain::channel_fact;
use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::template::{self, TemplateStatus};
use portaria_entity::{business_account, unknown_content, webhook_change};
use portaria_testing::databases;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

use crate::conversing::later;
use crate::site::{Site, told};

/// The alerts that are open, with their severities and what they say happened.
async fn open(site: &Site) -> Vec<(AlertKind, AlertSeverity, String)> {
    let rows = alert::Entity::find().order_by_asc(alert::Column::Id).all(site.reader()).await.unwrap();
    let of = |row: alert::Model| {
        let details: Value = serde_json::from_str(&row.details).unwrap();
        (row.kind, row.severity, details["event"].as_str().unwrap_or_default().to_owned())
    };
    rows.into_iter().filter(|row| row.resolved_at.is_none()).map(of).collect()
}

async fn account(site: &Site) -> business_account::Model {
    let mut rows = business_account::Entity::find().all(site.reader()).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

#[tokio::test]
async fn a_restriction_is_alerted_until_it_is_lifted_and_never_goes_back() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 10_000).await;
        let restricted = json!({ "event": "ACCOUNT_RESTRICTION", "restriction_info": [
            { "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_800_000_000 }] });
        site.tell("account_update", 20, restricted.clone()).await;
        let row = account(&site).await;
        assert_eq!(row.status.as_deref(), Some("restricted"));
        assert!(row.restrictions.unwrap().contains("1800000000"));
        let event = "ACCOUNT_RESTRICTION RESTRICTED_BIZ_INITIATED_MESSAGING".to_owned();
        assert_eq!(
            open(&site).await,
            [(AlertKind::AccountRestricted, AlertSeverity::Critical, event.clone())]
        );
        // What is older changes nothing, and what is lifted is settled.
        site.tell("account_update", 10, json!({ "event": "ACCOUNT_RECONNECTED" })).await;
        assert_eq!(account(&site).await.status.as_deref(), Some("restricted"));
        assert_eq!(open(&site).await.len(), 1);
        site.tell(
            "account_update",
            30,
            json!({ "event": "DISABLED_UPDATE", "ban_info": { "waba_ban_state": "REINSTATE" } }),
        )
        .await;
        let row = account(&site).await;
        assert_eq!((row.status.as_deref(), row.restrictions), (Some("active"), None));
        assert_eq!(open(&site).await, []);
        site.tell("account_update", 25, restricted).await;
        assert_eq!(open(&site).await, [], "an older restriction does not open it again");

        site.tell("account_review_update", 40, json!({ "decision": "REJECTED" })).await;
        assert_eq!(open(&site).await.len(), 1);
        site.tell("account_review_update", 50, json!({ "decision": "APPROVED" })).await;
        assert_eq!(open(&site).await, []);
        assert_eq!(account(&site).await.review.as_deref(), Some("APPROVED"));
        site.stop().await;
    }
}

#[tokio::test]
async fn alerts_security_limits_and_payment_reach_the_administrators() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 10_000).await;
        let alert = |severity: &str, status: &str, kind: &str| json!({ "alert_severity": severity, "alert_status": status, "alert_type": kind, "alert_description": "Why." });
        let nested = json!({ "entity_type": "WABA", "entity_id": "padaria-waba", "alert_info": alert("CRITICAL", "ACTIVE", "OBA") });
        site.tell("account_alerts", 1, nested).await;
        let mut flat = alert("WARNING", "ACTIVE", "LOW_QUALITY");
        flat["entity_id"] = "padaria-waba".into();
        site.tell("account_alerts", 2, flat).await;
        let pin = json!({ "display_phone_number": "551140000001", "event": "PIN_CHANGED", "requester": "9" });
        site.tell("security", 3, pin).await;
        site.tell(
            "business_capability_update",
            4,
            json!({ "max_daily_conversations_per_business": "TIER_2K" }),
        )
        .await;
        site.tell(
            "payment_configuration_update",
            5,
            json!({ "configuration_name": "pix", "status": "Needs_Testing" }),
        )
        .await;
        use AlertSeverity::{Critical, Notice, Warning};
        let expected = [
            (AlertKind::AccountRestricted, Critical, "OBA. Why."),
            (AlertKind::AccountChanged, Warning, "LOW_QUALITY. Why."),
            (AlertKind::SecurityEvent, Critical, "PIN_CHANGED"),
            (AlertKind::AccountChanged, Notice, "messaging limit TIER_2K"),
            (AlertKind::PaymentEvent, Warning, "pix Needs_Testing"),
        ];
        assert_eq!(
            open(&site).await,
            expected.map(|(kind, severity, event)| (kind, severity, event.to_owned()))
        );
        let rows = alert::Entity::find().order_by_asc(alert::Column::Id).all(site.reader()).await.unwrap();
        assert_eq!(rows[2].channel_id, Some(site.stage.sales), "by the number as people write it");
        assert_eq!(account(&site).await.messaging_limit.as_deref(), Some("TIER_2K"));
        site.tell(
            "payment_configuration_update",
            6,
            json!({ "configuration_name": "pix", "status": "Active" }),
        )
        .await;
        assert_eq!(open(&site).await.len(), 4);
        site.stop().await;
    }
}

#[tokio::test]
async fn another_companys_account_has_no_say_here() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 10_000).await;
        for (field, value) in [
            ("account_update", json!({ "event": "ACCOUNT_DELETED" })),
            ("message_template_status_update", json!({ "event": "PAUSED", "message_template_id": 1 })),
            ("security", json!({ "event": "PIN_CHANGED", "display_phone_number": "551140000001" })),
        ] {
            let body = told(field, 1, &value).replace("padaria-waba", "another-waba");
            assert_eq!(site.deliver(body.as_bytes()).await.status, 200);
        }
        site.settled().await;
        // That it came is told, and nothing else.
        let kinds: Vec<_> = open(&site).await.into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds, [AlertKind::ForeignNumber]);
        assert!(template::Entity::find().one(site.reader()).await.unwrap().is_none());
        assert!(business_account::Entity::find().one(site.reader()).await.unwrap().is_none());
        site.stop().await;
    }
}

#[tokio::test]
async fn a_number_has_its_quality_limit_name_and_username() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 10_000).await;
        let of = |mut value: Value| {
            value["display_phone_number"] = "551140000001".into();
            value
        };
        site.tell(
            "phone_number_quality_update",
            10,
            of(json!({ "event": "FLAGGED", "current_limit": "TIER_1K" })),
        )
        .await;
        assert_eq!(
            open(&site).await,
            [(AlertKind::NumberChanged, AlertSeverity::Warning, "FLAGGED".to_owned())]
        );
        let upgrade =
            json!({ "event": "THROUGHPUT_UPGRADE", "max_daily_conversations_per_business": "TIER_10K" });
        site.tell("phone_number_quality_update", 20, of(upgrade)).await;
        site.tell("phone_number_quality_update", 30, of(json!({ "event": "UNFLAGGED" }))).await;
        assert_eq!(open(&site).await, []);
        let name = json!({ "decision": "REJECTED", "requested_verified_name": "Padaria!", "rejection_reason": "NAME_FORMAT" });
        site.tell("phone_number_name_update", 40, of(name)).await;
        assert_eq!(open(&site).await[0].2, "name REJECTED NAME_FORMAT");
        let name = json!({ "decision": "APPROVED", "requested_verified_name": "Padaria" });
        site.tell("phone_number_name_update", 50, of(name)).await;
        site.tell(
            "business_username_updates",
            60,
            of(json!({ "status": "approved", "username": "padaria" })),
        )
        .await;
        site.tell("business_username_updates", 55, of(json!({ "status": "deleted" }))).await;
        assert_eq!(open(&site).await, []);
        let facts = channel_fact::all(site.reader(), site.stage.workspace_id).await.unwrap();
        let row = &facts[&site.stage.sales];
        assert_eq!(facts.len(), 1);
        let seen = [
            &row.quality,
            &row.throughput,
            &row.messaging_limit,
            &row.verified_name,
            &row.name_decision,
            &row.username,
            &row.username_status,
        ];
        let expected =
            ["UNFLAGGED", "THROUGHPUT_UPGRADE", "TIER_10K", "Padaria", "APPROVED", "padaria", "approved"];
        assert_eq!(seen.map(|value| value.as_deref().unwrap()), expected);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_template_has_status_category_quality_and_components() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100_000).await;
        let of = |mut value: Value| {
            value["message_template_id"] = 1_689_556_908_129_832_i64.into();
            value["message_template_name"] = "pedido".into();
            value["message_template_language"] = "pt_BR".into();
            value
        };
        let template = async || {
            let mut rows = template::Entity::find().all(site.reader()).await.unwrap();
            assert_eq!(rows.len(), 1);
            rows.remove(0)
        };
        let status = "message_template_status_update";
        site.tell(
            status,
            10,
            of(json!({ "event": "APPROVED", "reason": "NONE", "message_template_category": "UTILITY" })),
        )
        .await;
        let row = template().await;
        assert_eq!(
            (row.status, row.reason, row.category.as_deref()),
            (Some(TemplateStatus::Approved), None, Some("UTILITY"))
        );
        assert_eq!((row.name.as_deref(), row.language.as_deref()), (Some("pedido"), Some("pt_BR")));

        let why = json!({ "event": "PAUSED", "reason": "NONE", "other_info": { "title": "FIRST_PAUSE", "description": "Blocked often" } });
        site.tell(status, 30, of(why)).await;
        site.tell(status, 20, of(json!({ "event": "REJECTED", "reason": "PROMOTIONAL" }))).await;
        assert_eq!(template().await.status, Some(TemplateStatus::Paused), "what is older changes nothing");
        let told = |event: &str, severity| (AlertKind::TemplateChanged, severity, event.to_owned());
        assert_eq!(open(&site).await, [told("PAUSED Blocked often", AlertSeverity::Warning)]);
        site.tell(status, 40, of(json!({ "event": "DISABLED", "reason": "ABUSIVE_CONTENT" }))).await;
        assert_eq!(open(&site).await, [told("DISABLED ABUSIVE_CONTENT", AlertSeverity::Critical)]);
        site.tell(status, 50, of(json!({ "event": "REINSTATED" }))).await;
        assert_eq!((open(&site).await, template().await.status), (vec![], Some(TemplateStatus::Approved)));

        let category = "template_category_update";
        site.tell(category, 60, of(json!({ "new_category": "UTILITY", "correct_category": "MARKETING" })))
            .await;
        let row = template().await;
        assert_eq!(
            (row.category.as_deref(), row.coming_category.as_deref()),
            (Some("UTILITY"), Some("MARKETING"))
        );
        assert_eq!(
            open(&site).await,
            [told("category becomes MARKETING within 24 h", AlertSeverity::Warning)]
        );
        site.tell(category, 70, of(json!({ "previous_category": "UTILITY", "new_category": "MARKETING" })))
            .await;
        let row = template().await;
        assert_eq!((row.category.as_deref(), row.coming_category), (Some("MARKETING"), None));
        assert_eq!(open(&site).await, [told("category UTILITY -> MARKETING", AlertSeverity::Warning)]);

        site.tell(
            "message_template_quality_update",
            80,
            of(json!({ "previous_quality_score": "GREEN", "new_quality_score": "RED" })),
        )
        .await;
        site.tell(
            "message_template_components_update",
            90,
            of(json!({ "message_template_title": "Olá", "message_template_element": "Oi {{1}}" })),
        )
        .await;
        let row = template().await;
        assert_eq!(row.quality.as_deref(), Some("RED"));
        let components: Value = serde_json::from_str(row.components.as_deref().unwrap()).unwrap();
        assert_eq!(components, json!({ "title": "Olá", "element": "Oi {{1}}" }));
        assert_eq!(open(&site).await.len(), 2);
        site.stop().await;
    }
}

#[tokio::test]
async fn what_is_of_no_known_kind_is_kept_and_counted_apart() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        site.tell("brand_new_field", 1, json!({ "a": 1 })).await;
        site.tell("brand_new_field", 2, json!({ "a": 2 })).await;
        site.tell("brand_new_field", 2, json!({ "a": 2 })).await;
        site.tell("account_update", 3, json!({ "event": "SOMETHING_NEW" })).await;
        site.tell("message_template_status_update", 4, json!({ "event": "ODD", "message_template_id": 1 }))
            .await;
        let hologram = json!({ "from": "5511955550101", "id": "w1", "timestamp": "1772452801", "type": "hologram", "hologram": {} });
        let status = json!({ "id": "m1", "status": "teleported", "timestamp": "1772452801", "recipient_id": "5511955550101" });
        site.say(json!({ "messages": [hologram], "statuses": [status] })).await;
        site.settled().await;
        let rows = unknown_content::Entity::find()
            .order_by_asc(unknown_content::Column::Field)
            .all(site.reader())
            .await
            .unwrap();
        let rows: Vec<_> =
            rows.iter().map(|row| (row.field.as_str(), row.kind.as_str(), row.occurrences)).collect();
        let expected = [
            ("account_update", "SOMETHING_NEW", 1),
            ("brand_new_field", "", 2),
            ("message_template_status_update", "ODD", 1),
            ("messages", "hologram", 1),
            ("statuses", "teleported", 1),
        ];
        assert_eq!(rows, expected);
        let kept = webhook_change::Entity::find().all(site.reader()).await.unwrap();
        assert_eq!(kept.len(), 4);
        site.stop().await;
    }
}
