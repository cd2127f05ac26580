//! Why a conversation waits, escalating it, and how routing is set, as a frontend does it.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::client::{act, api, ask, errors, new_phone};

/// A conversation in an episode, with who has it.
async fn conversation(stage: &Stage, assignee: Option<portaria_entity::id::MemberId>) -> String {
    let contact = stage.customer("Cliente", &new_phone()).await;
    let id = stage.conversation(contact, stage.sales, assignee, &["oi"]).await;
    let episode: portaria_entity::id::EpisodeId = stage.clock.new_id();
    let database = &stage.installation.database;
    let sql = "INSERT INTO episodes (workspace_id, id, conversation_id, opened_at) VALUES ($1, $2, $3, $4)";
    let values = [stage.workspace_id.0.into(), episode.0.into(), id.0.into(), stage.clock.now().0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    let sql = "UPDATE conversations SET episode_id = $1 WHERE id = $2";
    let values = [episode.0.into(), id.0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    id.to_string()
}

#[tokio::test]
async fn an_escalation_is_explained_to_who_may_assign_and_hidden_from_who_lost_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let id = conversation(&stage, Some(ana.member_id)).await;
        let escalate = "mutation($id: ID!, $reason: String!) { escalateConversation(input: { conversationId: $id, reason: $reason }) {
                          conversation { id routing { queuePosition candidates { verdict } } } userErrors { code field } } }";
        let answer = ask(&api, Some(&ana), escalate, json!({ "id": id, "reason": " " })).await;
        let refused = &answer["data"]["escalateConversation"]["userErrors"][0];
        assert_eq!(refused["code"], "REASON_MISSING", "{answer}");
        assert_eq!(refused["field"], json!(["input", "reason"]));
        let answer = ask(&api, Some(&ana), escalate, json!({ "id": id, "reason": "Quer a gerência" })).await;
        let seen = &answer["data"]["escalateConversation"]["conversation"];
        assert_eq!(seen["routing"]["queuePosition"], 1, "{answer}");
        let path = "FORBIDDEN at escalateConversation.conversation.routing.candidates";
        assert_eq!(errors(&answer), [path], "an agent is not told of others");

        let chief = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let read = "query($id: ID!) { conversation(id: $id) { escalatedAt escalations { reason member { name } }
                      routing { candidates { verdict missing member { name } }
                                decisions { nodes { cause assignee { name } candidates { verdict member { name } } } } } } }";
        let answer = ask(&api, Some(&chief), read, json!({ "id": id })).await;
        assert_eq!(errors(&answer), [""; 0], "{answer}");
        let seen = &answer["data"]["conversation"];
        assert_eq!(
            seen["escalations"],
            json!([{ "reason": "Quer a gerência", "member": { "name": "Ana" } }])
        );
        let now = seen["routing"]["candidates"].as_array().unwrap();
        let of = |name: &str| now.iter().find(|one| one["member"]["name"] == name).unwrap();
        assert_eq!(of("Ana")["missing"], json!(["CONVERSATION_RECEIVE_ESCALATION"]));
        assert_eq!(of("Chefe")["verdict"], "CHOSEN", "who was not there then could have it now");
        let decisions = &seen["routing"]["decisions"]["nodes"];
        assert_eq!((&decisions[0]["cause"], &decisions[0]["assignee"]), (&json!("ESCALATED"), &json!(null)));

        portaria_domain::routing::drain(&stage.installation).await.unwrap();
        let answer = ask(&api, Some(&ana), read, json!({ "id": id })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at conversation"], "it is the chief's now");
    }
}

#[tokio::test]
async fn how_a_team_routes_is_set_and_read() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let team = stage.team("Dia", &[], &[stage.sales]).await.to_string();
        let set = "mutation($id: ID!, $most: Int) { updateTeamRouting(input: { teamId: $id, rule: ROUND_ROBIN, sticky: false,
                     firstResponseMinutes: $most, atRiskPercent: 90 }) { team { routing { rule sticky firstResponseMinutes
                     atRiskPercent waitingAlertMinutes } } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), set, json!({ "id": team, "most": 0 })).await;
        assert_eq!(answer["data"]["updateTeamRouting"]["userErrors"][0]["code"], "INVALID_PERIOD");
        let done = act(&api, &admin, set, json!({ "id": team, "most": 30 })).await;
        let expected = json!({ "rule": "ROUND_ROBIN", "sticky": false, "firstResponseMinutes": 30,
                               "atRiskPercent": 90, "waitingAlertMinutes": null });
        assert_eq!(done["team"]["routing"], expected);

        let hours = "mutation($id: ID!, $until: String!) { setTeamHours(input: { teamId: $id, hours: { timeZone: \"America/Sao_Paulo\",
                       weekly: [{ weekday: MONDAY, from: \"09:00\", until: $until }], exceptions: [{ date: \"2026-12-25\" }] } }) {
                       team { businessHours { timeZone weekly { weekday hours { from until } } exceptions { date hours { from } } } }
                       userErrors { code field } } }";
        let answer = ask(&api, Some(&admin), hours, json!({ "id": team, "until": "25:00" })).await;
        assert_eq!(errors(&answer), ["BAD_USER_INPUT at setTeamHours"]);
        let answer = ask(&api, Some(&admin), hours, json!({ "id": team, "until": "08:00" })).await;
        assert_eq!(answer["data"]["setTeamHours"]["userErrors"][0]["code"], "INVALID_PERIOD");
        let done = act(&api, &admin, hours, json!({ "id": team, "until": "24:00" })).await;
        let expected = json!({ "timeZone": "America/Sao_Paulo",
            "weekly": [{ "weekday": "MONDAY", "hours": { "from": "09:00", "until": "24:00" } }],
            "exceptions": [{ "date": "2026-12-25", "hours": [] }] });
        assert_eq!(done["team"]["businessHours"], expected);
    }
}

#[tokio::test]
async fn who_hands_a_conversation_to_another_team_is_shown_no_more_than_they_may_read_then() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let chief = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let night = stage.team("Noite", &[bia.member_id], &[stage.sales]).await.to_string();
        let elsewhere = stage.team("Outra", &[bia.member_id], &[stage.support]).await.to_string();
        let id = conversation(&stage, Some(ana.member_id)).await;
        let hand = "mutation($id: ID!, $team: ID, $note: String) { transferConversation(input: { conversationId: $id, teamId: $team, note: $note }) {
                      conversation { team { name } lastMessage { body } } userErrors { code field } } }";
        let can = "query($id: ID!) { conversation(id: $id) { viewerCan { transfer } } }";
        let answer = ask(&api, Some(&ana), can, json!({ "id": id })).await;
        assert_eq!(answer["data"]["conversation"]["viewerCan"]["transfer"], "YES", "{answer}");
        let answer = ask(&api, Some(&ana), hand, json!({ "id": id, "team": elsewhere })).await;
        let refused = &answer["data"]["transferConversation"]["userErrors"][0];
        assert_eq!(*refused, json!({ "code": "NOT_SERVED", "field": ["input", "teamId"] }), "{answer}");
        let answer = ask(&api, Some(&ana), hand, json!({ "id": id, "team": null })).await;
        assert_eq!(answer["data"]["transferConversation"]["userErrors"][0]["code"], "SAME_TEAM", "{answer}");
        let answer = ask(&api, Some(&bia), hand, json!({ "id": id, "team": night })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at transferConversation"]);

        let variables = json!({ "id": id, "team": night, "note": "prefere à noite" });
        let answer = ask(&api, Some(&ana), hand, variables).await;
        assert_eq!(errors(&answer), [""; 0], "{answer}");
        let expected = json!({ "transferConversation": { "conversation": null, "userErrors": [] } });
        assert_eq!(answer["data"], expected, "{}", stage.test_database.name);
        let read = "query($id: ID!) { conversation(id: $id) { assignee { name } transfers { fromTeam { name } toTeam { name }
                      note member { name } } routing { decisions { nodes { cause } } } } }";
        let answer = ask(&api, Some(&ana), read, json!({ "id": id })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at conversation"]);
        let answer = ask(&api, Some(&chief), read, json!({ "id": id })).await;
        let expected = json!({ "assignee": { "name": "Bia" },
            "transfers": [{ "fromTeam": null, "toTeam": { "name": "Noite" }, "note": "prefere à noite", "member": { "name": "Ana" } }],
            "routing": { "decisions": { "nodes": [{ "cause": "TRANSFERRED" }] } } });
        assert_eq!(answer["data"]["conversation"], expected, "{answer}");
    }
}

#[tokio::test]
async fn a_label_is_renamed_unless_another_is_called_so() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let create = "mutation($name: String!) { createLabel(input: { name: $name, isSkill: true }) { label { id } userErrors { code } } }";
        let mut ids = Vec::new();
        for name in ["Inglês", "VIP"] {
            let done = act(&api, &admin, create, json!({ "name": name })).await;
            ids.push(done["label"]["id"].clone());
        }
        let rename =
            "mutation($id: ID!, $name: String!) { updateLabel(input: { labelId: $id, name: $name }) {
                        label { id name isSkill } userErrors { code field } } }";
        let answer = ask(&api, Some(&admin), rename, json!({ "id": ids[0], "name": " vip " })).await;
        let refused = &answer["data"]["updateLabel"]["userErrors"][0];
        assert_eq!(*refused, json!({ "code": "NAME_TAKEN", "field": ["input", "name"] }), "{answer}");
        let answer = ask(&api, Some(&agent), rename, json!({ "id": ids[0], "name": "x" })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at updateLabel"]);
        let done = act(&api, &admin, rename, json!({ "id": ids[0], "name": "INGLÊS" })).await;
        assert_eq!(done["label"], json!({ "id": ids[0], "name": "INGLÊS", "isSkill": true }));
        let log = "{ activities(first: 5) { nodes { action } } }";
        let answer = ask(&api, Some(&admin), log, json!({})).await;
        assert_eq!(answer["data"]["activities"]["nodes"][0]["action"], "label.renamed", "{answer}");
    }
}

#[tokio::test]
async fn targets_wait_while_a_conversation_is_put_off() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let id = conversation(&stage, Some(ana.member_id)).await;
        let due = stage.clock.now() + std::time::Duration::from_secs(600);
        let database = &stage.installation.database;
        let sql = "UPDATE episodes SET resolution_due_at = $1, resolution_risk_at = $1";
        database.writer().execute_raw(database.statement(sql, [due.0.into()])).await.unwrap();
        let put_off = "mutation($id: ID!) { snoozeConversation(input: { conversationId: $id, until: \"2026-03-03T12:01:00Z\" }) {
                         conversation { targets { pausedSince resolutionDueAt resolutionMissed } } userErrors { code } } }";
        let done = act(&api, &ana, put_off, json!({ "id": id })).await;
        let expected = json!({ "pausedSince": "2026-03-02T12:01:00Z", "resolutionDueAt": "2026-03-03T12:11:00Z",
                               "resolutionMissed": false });
        assert_eq!(done["conversation"]["targets"], expected, "{}", stage.test_database.name);
    }
}
