//! Access reviews as a front end has them.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask, errors, role};

use BuiltInRole::{Administrator, Agent};

const START: &str = "mutation($reviewers: [ID!]!) { startAccessReview(input: { name: \"Março\", scope: { kind: EVERYBODY },
    reviewerIds: $reviewers, endsAt: \"2026-03-20T12:00:00Z\", policy: TELL }) { accessReview { id } userErrors { code field } } }";
const DECIDE: &str = "mutation($review: ID!, $decisions: [AccessReviewDecisionInput!]!) {
    decideAccessReviewItems(input: { reviewId: $review, decisions: $decisions }) {
      decisions { decided { id decision } refused { item { id } code } } userErrors { code } } }";
const ITEMS: &str = "query($id: ID!, $filter: AccessReviewItemFilterInput) { accessReview(id: $id) { status
    progress { total decided undecided withoutReviewer } viewerCan { decide close }
    reviewItems(first: 100, filter: $filter) { nodes { id kind member { name } roleName permissions lastAdministrator hasEnded
      reviewer { name } decision outcome evidence { colleagues openFindings lastSignedInAt uses { permission lastUsedAt } } } } } }";

async fn admin(stage: &Stage, name: &str) -> Person {
    let person = stage.person(name, &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&person).await
}

async fn begin(api: &axum::Router, by: &Person, reviewers: &[&Person]) -> Value {
    let reviewers: Vec<String> = reviewers.iter().map(|one| one.member_id.to_string()).collect();
    act(api, by, START, json!({ "reviewers": reviewers })).await["accessReview"]["id"].clone()
}

async fn items(api: &axum::Router, by: &Person, review: &Value, filter: Value) -> Vec<Value> {
    let answer = ask(api, Some(by), ITEMS, json!({ "id": review, "filter": filter })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["accessReview"]["reviewItems"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_review_is_decided_closed_and_taken_along() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let (ada, bia) = (admin(&stage, "Ada").await, admin(&stage, "Bia").await);
        stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        stage.person("Rui", &[(Agent, Scope::Workspace)]).await;
        let review = begin(&api, &ada, &[&ada, &bia]).await;
        let all = items(&api, &ada, &review, json!({})).await;
        let of = |name: &str| all.iter().find(|item| item["member"]["name"] == name).unwrap()["id"].clone();
        let ana = all.iter().find(|item| item["member"]["name"] == "Ana").unwrap();
        assert_eq!((&ana["roleName"], &ana["evidence"]["colleagues"]), (&json!("Agent"), &json!(1)), "{ana}");
        assert!(ana["evidence"]["lastSignedInAt"].is_string());
        let mine = items(&api, &ada, &review, json!({ "mine": true, "undecided": true })).await;
        assert!(mine.iter().all(|item| item["reviewer"]["name"] == "Ada") && !mine.is_empty());

        let support = role(&api, &ada, "Support").await;
        let decisions = json!([
            { "itemId": of("Ana"), "decision": "REVOKE", "reason": "saiu de vendas" },
            { "itemId": of("Bia"), "decision": "KEEP" },
            { "itemId": of("Rui"), "decision": "CHANGE", "reason": "menos", "change": { "roleId": support, "scope": { "kind": "WORKSPACE" } } },
            { "itemId": of("Ada"), "decision": "KEEP" },
        ]);
        let done = act(&api, &ada, DECIDE, json!({ "review": review, "decisions": decisions })).await;
        assert_eq!(done["decisions"]["decided"].as_array().unwrap().len(), 3, "{done}");
        assert_eq!(
            done["decisions"]["refused"],
            json!([{ "item": { "id": of("Ada") }, "code": "OWN_ACCESS" }])
        );
        let close = "mutation($id: ID!) { closeAccessReview(input: { reviewId: $id }) { accessReview { status progress { kept changed revoked } } userErrors { code } } }";
        let early = ask(&api, Some(&ada), close, json!({ "id": review })).await;
        assert_eq!(early["data"]["closeAccessReview"]["userErrors"], json!([{ "code": "UNANSWERED" }]));
        let own = json!([{ "itemId": of("Ada"), "decision": "KEEP" }]);
        act(&api, &bia, DECIDE, json!({ "review": review, "decisions": own })).await;
        let closed = act(&api, &bia, close, json!({ "id": review })).await;
        assert_eq!(
            closed["accessReview"],
            json!({ "status": "CLOSED", "progress": { "kept": 2, "changed": 1, "revoked": 1 } })
        );
        for format in ["JSON", "CSV", "HTML"] {
            let export = "mutation($id: ID!, $format: AccessReviewFormat!) { exportAccessReview(input: { reviewId: $id, format: $format }) {
                            export { content count digest seal intact } userErrors { code } } }";
            let taken =
                act(&api, &ada, export, json!({ "id": review, "format": format })).await["export"].clone();
            assert_eq!((&taken["count"], &taken["intact"]), (&json!(4), &json!(true)), "{taken}");
            assert!(taken["content"].as_str().unwrap().contains("saiu de vendas"));
        }
    }
}

#[tokio::test]
async fn who_only_decides_sees_the_reviews_in_which_they_do_and_an_agent_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = admin(&stage, "Ada").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let lia = stage.person("Lia", &[]).await;
        crate::client::custom_role(&api, &ada, &lia, "ACCESS_REVIEW_DECIDE").await;
        let lia = stage.step_up(&lia).await;
        let hers = begin(&api, &ada, &[&ada, &lia]).await;
        let others = begin(&api, &ada, &[&ada]).await;
        let list = "{ accessReviews { nodes { id } } }";
        let answer = ask(&api, Some(&lia), list, json!({})).await;
        assert_eq!(answer["data"]["accessReviews"]["nodes"], json!([{ "id": hers }]), "{answer}");
        let answer = ask(&api, Some(&lia), ITEMS, json!({ "id": others })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at accessReview"]);
        let answer = ask(&api, Some(&ana), list, json!({})).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at accessReviews"]);
        // Without a fresh second factor nothing is decided, and who only decides reads nothing either.
        let tired = stage.sign_in(&lia.email).await;
        let answer = ask(&api, Some(&tired), list, json!({})).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at accessReviews"]);

        let (other, _, _) = stage.another_workspace().await;
        let zita = stage.person_in(other, "Zita", &[(Administrator, Scope::Workspace)]).await;
        let zita = stage.step_up(&zita).await;
        let answer = ask(&api, Some(&zita), ITEMS, json!({ "id": hers })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at accessReview"]);
        let answer = ask(&api, Some(&zita), DECIDE, json!({ "review": hers, "decisions": [{ "itemId": "revitem_00000000000000000000000000", "decision": "KEEP" }] })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at decideAccessReviewItems"]);
    }
}

#[tokio::test]
async fn a_schedule_says_when_it_comes_next() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = admin(&stage, "Ada").await;
        let schedule = "mutation($reviewer: ID!, $first: String) { scheduleAccessReview(input: { name: \"Trimestre\", scope: { kind: EVERYBODY },
                          reviewerIds: [$reviewer], policy: REVOKE, recurrence: QUARTERLY, firstOn: $first, days: 14 }) {
                          schedule { id nextAt recurrence reviewers { name } } userErrors { code } } }";
        let me = ada.member_id.to_string();
        let made =
            act(&api, &ada, schedule, json!({ "reviewer": me, "first": "2026-04-01" })).await["schedule"]
                .clone();
        assert_eq!(
            (&made["nextAt"], &made["reviewers"][0]["name"]),
            (&json!("2026-04-01T11:00:00Z"), &json!("Ada"))
        );
        let past = ask(&api, Some(&ada), schedule, json!({ "reviewer": me, "first": "2026-01-01" })).await;
        assert_eq!(past["data"]["scheduleAccessReview"]["userErrors"], json!([{ "code": "INVALID_PERIOD" }]));
        let end = "mutation($id: ID!) { endAccessReviewSchedule(input: { scheduleId: $id }) { schedule { nextAt endedAt } userErrors { code } } }";
        let ended = act(&api, &ada, end, json!({ "id": made["id"] })).await;
        assert_eq!(ended["schedule"], json!({ "nextAt": null, "endedAt": "2026-03-02T12:00:00Z" }));
        let again = ask(&api, Some(&ada), end, json!({ "id": made["id"] })).await;
        assert_eq!(
            again["data"]["endAccessReviewSchedule"]["userErrors"],
            json!([{ "code": "ALREADY_ENDED" }])
        );
    }
}

#[tokio::test]
async fn when_people_were_here_and_their_addresses_are_for_who_may_know_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = admin(&stage, "Ada").await;
        stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let [lia, eva] = [stage.person("Lia", &[]).await, stage.person("Eva", &[]).await];
        crate::client::custom_role(&api, &ada, &lia, "ACCESS_REVIEW_DECIDE").await;
        crate::client::custom_role(&api, &ada, &eva, "ACCESS_AUDIT_READ").await;
        let (lia, eva) = (stage.step_up(&lia).await, stage.sign_in(&eva.email).await);
        let review = begin(&api, &lia, &[&lia]).await;
        let evidence = "query($id: ID!) { accessReview(id: $id) { reviewItems(first: 1) { nodes {
            evidence { colleagues lastSignedInAt lastActiveAt } } } } }";
        for reader in [&lia, &eva] {
            let answer = ask(&api, Some(reader), evidence, json!({ "id": review })).await;
            let known = &answer["data"]["accessReview"]["reviewItems"]["nodes"][0]["evidence"];
            assert!(known["colleagues"].is_i64() && known["lastSignedInAt"].is_null(), "{answer}");
            assert!(known["lastActiveAt"].is_null());
            let told = errors(&answer);
            assert!(told.len() == 2 && told.iter().all(|error| error.starts_with("FORBIDDEN")), "{told:?}");
        }
        let cancel = "mutation($id: ID!) { cancelAccessReview(input: { reviewId: $id, reason: \"ensaio\" }) {
            accessReview { status cancellationReason viewerCan { cancel } progress { total cancelled } } userErrors { code } } }";
        let over = act(&api, &lia, cancel, json!({ "id": review })).await["accessReview"].clone();
        let total = &over["progress"]["total"];
        assert_eq!(
            over,
            json!({ "status": "CANCELLED", "cancellationReason": "ensaio", "viewerCan": { "cancel": "NO" },
                    "progress": { "total": total, "cancelled": total } })
        );
        let export = "mutation($id: ID!) { exportAccessReview(input: { reviewId: $id, format: CSV }) {
            export { count } userErrors { code } } }";
        let answer = ask(&api, Some(&eva), export, json!({ "id": review })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at exportAccessReview"]);
        assert_eq!(answer["errors"][0]["extensions"]["anyOf"], json!(["MEMBER_READ_PRIVATE"]));
        assert!(act(&api, &ada, export, json!({ "id": review })).await["export"]["count"].is_i64());
    }
}

#[tokio::test]
async fn who_sets_the_rules_of_the_audit_reads_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = admin(&stage, "Ada").await;
        let lia = stage.person("Lia", &[]).await;
        crate::client::custom_role(&api, &ada, &lia, "SECURITY_POLICY_MANAGE").await;
        let lia = stage.step_up(&lia).await;
        let rules = "{ auditRules { key title isEnabled parameters { name value minimum } } }";
        let answer = ask(&api, Some(&lia), rules, json!({})).await;
        assert!(answer["errors"].is_null(), "{answer}");
        assert!(answer["data"]["auditRules"][0]["title"].is_string());
    }
}
