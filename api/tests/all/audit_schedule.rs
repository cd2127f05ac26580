//! When audits run and reports go out, and who may say so.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Stage, databases};
use serde_json::json;

use crate::client::{api, ask, errors};

const SCHEDULE: &str = "{ viewer { workspace { auditSchedule { minuteOfDay daily weeklyOn } } } }";
const UPDATE: &str = "mutation($minute: Int!, $daily: Boolean!, $on: Weekday) {
    updateAuditSchedule(input: { minuteOfDay: $minute, daily: $daily, weeklyOn: $on }) {
        auditSchedule { minuteOfDay daily weeklyOn } userErrors { code } } }";
const PREFER: &str = "mutation($weekly: Boolean!, $zone: String) {
    updateReportPreference(input: { weeklyOnly: $weekly, timeZone: $zone }) {
        reportPreference { weeklyOnly timeZone } userErrors { code field } } }";

#[tokio::test]
async fn who_manages_security_says_when_reports_go_out() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let answer = ask(&api, Some(&admin), SCHEDULE, json!({})).await;
        let before = json!({ "minuteOfDay": 480, "daily": true, "weeklyOn": "MONDAY" });
        assert_eq!(answer["data"]["viewer"]["workspace"]["auditSchedule"], before, "{answer}");

        let wanted = json!({ "minute": 390, "daily": false, "on": "FRIDAY" });
        let answer = ask(&api, Some(&admin), UPDATE, wanted.clone()).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at updateAuditSchedule"], "{answer}");
        stage.step_up(&admin).await;
        let answer = ask(&api, Some(&admin), UPDATE, wanted).await;
        let after = json!({ "minuteOfDay": 390, "daily": false, "weeklyOn": "FRIDAY" });
        assert_eq!(answer["data"]["updateAuditSchedule"]["auditSchedule"], after, "{answer}");
        for impossible in [
            json!({ "minute": 1440, "daily": true, "on": null }),
            json!({ "minute": -1, "daily": true, "on": null }),
            json!({ "minute": 480, "daily": false, "on": null }),
        ] {
            let answer = ask(&api, Some(&admin), UPDATE, impossible).await;
            let refused = &answer["data"]["updateAuditSchedule"]["userErrors"];
            assert_eq!(refused, &json!([{ "code": "INVALID_PERIOD" }]), "{answer}");
        }
        let answer = ask(&api, Some(&admin), SCHEDULE, json!({})).await;
        assert_eq!(answer["data"]["viewer"]["workspace"]["auditSchedule"], after, "{answer}");
        let log = "{ activities(first: 5) { nodes { action } } }";
        let answer = ask(&api, Some(&admin), log, json!({})).await;
        assert_eq!(answer["data"]["activities"]["nodes"][0]["action"], "audit_schedule.updated", "{answer}");
    }
}

#[tokio::test]
async fn a_reader_chooses_for_themselves() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let other = stage.person("Other", &[(Administrator, Scope::Workspace)]).await;
        let agent = stage.person("Agent", &[(Agent, Scope::Workspace)]).await;
        let wanted = json!({ "weekly": true, "zone": "America/Manaus" });
        let answer = ask(&api, Some(&admin), PREFER, wanted.clone()).await;
        let chosen = json!({ "weeklyOnly": true, "timeZone": "America/Manaus" });
        assert_eq!(answer["data"]["updateReportPreference"]["reportPreference"], chosen, "{answer}");
        let answer = ask(&api, Some(&admin), PREFER, json!({ "weekly": false, "zone": "Mars/Base" })).await;
        let refused = &answer["data"]["updateReportPreference"]["userErrors"];
        assert_eq!(
            refused,
            &json!([{ "code": "UNKNOWN_TIME_ZONE", "field": ["input", "timeZone"] }]),
            "{answer}"
        );
        let log = "{ activities(first: 1) { nodes { action } } }";
        let logged = ask(&api, Some(&admin), log, json!({})).await;
        assert_eq!(
            logged["data"]["activities"]["nodes"][0]["action"], "report_preference.updated",
            "{logged}"
        );
        let own = "{ reportPreference { weeklyOnly timeZone } }";
        assert_eq!(ask(&api, Some(&admin), own, json!({})).await["data"]["reportPreference"], chosen);
        let others = ask(&api, Some(&other), own, json!({})).await;
        assert_eq!(
            others["data"]["reportPreference"],
            json!({ "weeklyOnly": false, "timeZone": null }),
            "{others}"
        );
        let answer = ask(&api, Some(&agent), PREFER, wanted).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at updateReportPreference"], "{answer}");
        let answer = ask(&api, Some(&agent), own, json!({})).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at reportPreference"]);
    }
}
