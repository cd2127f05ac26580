//! Findings, rules and runs of the auditor as front ends see them.

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue, FailuresFrom, SignIn};
use portaria_domain::audit::{About, Evidence, Found};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{FindingId, MemberId};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Stage, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask, custom_role, errors};

async fn guessed(stage: &Stage, member: MemberId, severity: Severity) -> FindingId {
    let from = FailuresFrom { address: "203.0.113.66".to_owned(), failures: 12 };
    let sign_in = SignIn {
        at: stage.clock.now(),
        address: "203.0.113.66".to_owned(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned(),
    };
    let evidence = Evidence::new()
        .with(FactName::Failures, FactValue::Number(12))
        .with(FactName::SignedIn, FactValue::SignIn(sign_in))
        .with(FactName::Addresses, FactValue::Addresses { named: vec![from], count: 1 });
    let cause = stage.clock.new_id::<FindingId>().to_string();
    stage
        .found(Found {
            rule: AuditRule::SuccessAfterFailures,
            cause,
            severity,
            about: About::Member(member),
            evidence,
        })
        .await
}

const LIST: &str = "query($status: [FindingStatus!], $severity: [FindingSeverity!], $rule: [AuditRuleKey!], $member: ID, $first: Int, $after: String) {
    findings(status: $status, severity: $severity, rule: $rule, memberId: $member, first: $first, after: $after) {
      nodes { id severity } pageInfo { hasNextPage endCursor } } }";

fn ids(answer: &Value) -> Vec<String> {
    let nodes = answer["data"]["findings"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_finding_is_told_in_words_and_in_values() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let id = guessed(&stage, ana.member_id, Severity::Critical).await;
        let query = "query($id: ID!) { finding(id: $id) { rule severity status title english: title(locale: \"en\") summary why advice
            member { name email } apiKey { id } channel { id } suggestedAction actions reopenedCount openedAt
            evidence { name } privateEvidence(locale: \"en\") { position name label text kind at number isTrue program system
              addresses { address failures country } }
            viewerCan { acknowledge dismiss resolve reopen takeAction(action: SUSPEND_MEMBER) } } }";
        let answer = ask(&api, Some(&admin), query, json!({ "id": id.to_string() })).await;
        assert!(answer["errors"].is_null(), "{answer}");
        let told = &answer["data"]["finding"];
        assert_eq!(
            (told["rule"].as_str(), told["status"].as_str()),
            (Some("SUCCESS_AFTER_FAILURES"), Some("OPEN"))
        );
        assert_eq!(
            told["title"], "Alguém entrou depois de muitas senhas erradas",
            "in the reader's language"
        );
        assert_ne!(told["english"], told["title"]);
        assert!(told["summary"].as_str().unwrap().contains("12"), "{told}");
        assert_eq!(told["member"], json!({ "name": "Ana", "email": ana.email }));
        assert_eq!(told["evidence"], json!([]), "all of it is about her");
        let facts = told["privateEvidence"].as_array().unwrap();
        assert_eq!(facts.len(), 3);
        assert_eq!(
            (facts[0]["kind"].as_str(), facts[0]["number"].as_i64(), &facts[0]["label"]),
            (Some("NUMBER"), Some(12), &Value::Null)
        );
        assert_eq!(
            (facts[1]["label"].as_str(), facts[1]["program"].as_str(), facts[1]["system"].as_str()),
            (Some("Got in"), Some("Firefox"), Some("Linux"))
        );
        assert!(facts[1]["text"].as_str().unwrap().contains("203.0.113.66"));
        assert_eq!(
            facts[2]["addresses"],
            json!([{ "address": "203.0.113.66", "failures": 12, "country": null }])
        );
        assert_eq!(
            told["viewerCan"],
            json!({ "acknowledge": "YES", "dismiss": "YES", "resolve": "YES", "reopen": "NO", "takeAction": "AFTER_STEP_UP" })
        );
        let node = "query($id: ID!) { node(id: $id) { ... on Finding { title } } }";
        let answer = ask(&api, Some(&admin), node, json!({ "id": id.to_string() })).await;
        assert_eq!(answer["data"]["node"]["title"], told["title"]);
    }
}

#[tokio::test]
async fn findings_are_for_who_reads_the_audit_and_what_is_private_for_who_may_see_it_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.step_up(&stage.person("Admin", &[(Administrator, Scope::Workspace)]).await).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let auditor = stage.person("Auditora", &[]).await;
        custom_role(&api, &admin, &auditor, "ACCESS_AUDIT_READ").await;
        let id = guessed(&stage, ana.member_id, Severity::Critical).await;
        let of = json!({ "id": id.to_string() });
        let query = "query($id: ID!) { finding(id: $id) { title summary member { name email } privateEvidence { text } evidence { text } } }";
        let answer = ask(&api, Some(&auditor), query, of.clone()).await;
        let told = &answer["data"]["finding"];
        assert!(told["title"].is_string() && told["member"]["name"] == "Ana", "{answer}");
        assert!(
            told["summary"].is_null()
                && told["privateEvidence"].is_null()
                && told["member"]["email"].is_null()
        );
        assert_eq!(
            errors(&answer),
            [
                "FORBIDDEN at finding.summary",
                "FORBIDDEN at finding.member.email",
                "FORBIDDEN at finding.privateEvidence"
            ]
        );
        assert!(!answer.to_string().contains("203.0.113") && !answer.to_string().contains(&ana.email));

        // She whom it is about learns nothing of it, not even that it is there.
        let answer = ask(&api, Some(&ana), query, of.clone()).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at finding"]);
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(errors(&ask(&api, Some(&ana), node, of.clone()).await), ["NOT_FOUND at node"]);
        let (other, _, _) = stage.another_workspace().await;
        let out = stage.person_in(other, "Fora", &[(Administrator, Scope::Workspace)]).await;
        assert_eq!(errors(&ask(&api, Some(&out), query, of.clone()).await), ["NOT_FOUND at finding"]);
        assert_eq!(ids(&ask(&api, Some(&out), LIST, json!({})).await), Vec::<String>::new());
        for mutation in ["acknowledgeFinding", "resolveFinding", "reopenFinding"] {
            let mutation = format!(
                "mutation($id: ID!) {{ {mutation}(input: {{ findingId: $id }}) {{ finding {{ id }} }} }}"
            );
            let answer = ask(&api, Some(&out), &mutation, of.clone()).await;
            assert!(errors(&answer)[0].starts_with("NOT_FOUND at "), "{answer}");
            let answer = ask(&api, Some(&auditor), &mutation, of.clone()).await;
            assert!(errors(&answer)[0].starts_with("FORBIDDEN at "), "{answer}");
        }
    }
}

#[tokio::test]
async fn the_list_narrows_and_goes_on_behind_a_cursor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let mut all = Vec::new();
        for (who, severity) in [(&ana, Severity::Critical), (&bia, Severity::High), (&ana, Severity::Low)] {
            all.insert(0, guessed(&stage, who.member_id, severity).await.to_string());
        }
        stage.clock.advance(std::time::Duration::from_secs(60));
        all.insert(0, guessed(&stage, bia.member_id, Severity::Medium).await.to_string());
        let list = async |with: Value| ask(&api, Some(&admin), LIST, with).await;
        assert_eq!(ids(&list(json!({})).await), all);
        let first = list(json!({ "first": 3 })).await;
        let page = &first["data"]["findings"]["pageInfo"];
        assert_eq!((ids(&first), page["hasNextPage"].as_bool()), (all[..3].to_vec(), Some(true)));
        assert_eq!(ids(&list(json!({ "first": 3, "after": page["endCursor"] })).await), all[3..]);
        assert_eq!(ids(&list(json!({ "severity": ["HIGH", "LOW"] })).await), all[1..3]);
        let of_ana = list(json!({ "member": ana.member_id.to_string() })).await;
        assert_eq!(ids(&of_ana), [all[1].clone(), all[3].clone()]);
        assert_eq!(ids(&list(json!({ "rule": ["INACTIVE_MEMBER"] })).await), Vec::<String>::new());
        assert_eq!(
            ids(&list(json!({ "rule": ["SUCCESS_AFTER_FAILURES"], "status": ["RESOLVED"] })).await),
            Vec::<String>::new()
        );
        let unknown = list(json!({ "rule": ["NO_SUCH_RULE"] })).await;
        assert!(unknown["errors"][0].to_string().contains("AuditRuleKey"), "{unknown}");
    }
}

#[tokio::test]
async fn a_finding_lives_through_the_api_and_is_acted_upon() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let of = json!({ "id": guessed(&stage, ana.member_id, Severity::Critical).await.to_string() });
        let dismiss = "mutation($id: ID!) { dismissFinding(input: { findingId: $id, until: \"2026-03-09T12:00:00Z\", reason: \"Teste nosso\" }) {
            finding { status dismissedUntil dismissalReason dismissedBy { name } viewerCan { reopen } } userErrors { code field } } }";
        let done = act(&api, &admin, dismiss, of.clone()).await;
        assert_eq!(
            done["finding"],
            json!({ "status": "DISMISSED", "dismissedUntil": "2026-03-09T12:00:00Z", "dismissalReason": "Teste nosso",
                    "dismissedBy": { "name": "Admin" }, "viewerCan": { "reopen": "YES" } })
        );
        let reopen = "mutation($id: ID!) { reopenFinding(input: { findingId: $id }) { finding { status dismissedUntil } userErrors { code } } }";
        assert_eq!(
            act(&api, &admin, reopen, of.clone()).await["finding"],
            json!({ "status": "OPEN", "dismissedUntil": null })
        );
        let again = ask(&api, Some(&admin), reopen, of.clone()).await;
        assert_eq!(again["data"]["reopenFinding"]["userErrors"], json!([{ "code": "STILL_OPEN" }]));

        let suspend =
            "mutation($id: ID!) { takeFindingAction(input: { findingId: $id, action: SUSPEND_MEMBER }) {
            finding { status acknowledgedBy { name } member { status } } userErrors { code field } } }";
        let stale = ask(&api, Some(&admin), suspend, of.clone()).await;
        assert_eq!(errors(&stale), ["STEP_UP_REQUIRED at takeFindingAction"]);
        stage.step_up(&admin).await;
        let done = act(&api, &admin, suspend, of.clone()).await;
        assert_eq!(
            done["finding"],
            json!({ "status": "ACKNOWLEDGED", "acknowledgedBy": { "name": "Admin" }, "member": { "status": "SUSPENDED" } })
        );
        let again = ask(&api, Some(&admin), suspend, of.clone()).await;
        assert_eq!(
            again["data"]["takeFindingAction"]["userErrors"],
            json!([{ "code": "NOT_ACTIVE", "field": ["input", "findingId"] }])
        );
        let resolve = "mutation($id: ID!) { resolveFinding(input: { findingId: $id, reason: \"Suspensa\" }) {
            finding { status resolvedBy { name } suggestedAction actions } userErrors { code } } }";
        assert_eq!(
            act(&api, &admin, resolve, of).await["finding"],
            json!({ "status": "RESOLVED", "resolvedBy": { "name": "Admin" }, "suggestedAction": null, "actions": [] })
        );
    }
}

#[tokio::test]
async fn rules_are_read_and_set_and_an_audit_is_asked_for() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.step_up(&stage.person("Admin", &[(Administrator, Scope::Workspace)]).await).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let rules = "{ auditRules { key title(locale: \"es\") severity isEnabled parameters { name unit value defaultValue minimum maximum } } }";
        assert_eq!(errors(&ask(&api, Some(&ana), rules, json!({})).await), ["FORBIDDEN at auditRules"]);
        let update = "mutation($name: String!, $value: Int) { updateAuditRule(input: { rule: INACTIVE_MEMBER, isEnabled: false, parameters: [{ name: $name, value: $value }] }) {
            auditRule { isEnabled parameters { value } } userErrors { code field } } }";
        let refused = ask(&api, Some(&admin), update, json!({ "name": "days", "value": 0 })).await;
        assert_eq!(
            refused["data"]["updateAuditRule"]["userErrors"],
            json!([{ "code": "OUT_OF_RANGE", "field": ["input", "parameters"] }])
        );
        let done = act(&api, &admin, update, json!({ "name": "days", "value": 45 })).await;
        assert_eq!(done["auditRule"], json!({ "isEnabled": false, "parameters": [{ "value": 45 }] }));
        let answer = ask(&api, Some(&admin), rules, json!({})).await;
        let all = answer["data"]["auditRules"].as_array().unwrap();
        let inactive = all.iter().find(|rule| rule["key"] == "INACTIVE_MEMBER").unwrap();
        assert_eq!(inactive["title"], "Tiene acceso, pero no lo usa desde hace mucho");
        assert_eq!(
            inactive["parameters"],
            json!([{ "name": "days", "unit": "DAYS", "value": 45, "defaultValue": 30, "minimum": 1, "maximum": 730 }])
        );

        let run = "mutation { runAudit { auditRun { id status trigger requestedBy { name } membersChecked } userErrors { code } } }";
        assert_eq!(errors(&ask(&api, Some(&ana), run, json!({})).await), ["FORBIDDEN at runAudit"]);
        let asked = act(&api, &admin, run, json!({})).await["auditRun"].clone();
        assert_eq!(
            (&asked["status"], &asked["trigger"], &asked["requestedBy"], &asked["membersChecked"]),
            (&json!("QUEUED"), &json!("MANUAL"), &json!({ "name": "Admin" }), &Value::Null)
        );
        let runs = ask(&api, Some(&admin), "{ auditRuns { nodes { id scheduledFor } } }", json!({})).await;
        assert_eq!(runs["data"]["auditRuns"]["nodes"], json!([{ "id": asked["id"], "scheduledFor": null }]));
    }
}
