//! Merging customers through the API: what old ids stand for, and what open screens are told.

use portaria_domain::access::Scope;
use portaria_domain::alert::{Details, Raised, conflict_of, raise};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask, errors};
use crate::socket::{Served, next, silence};

const MERGE: &str = "mutation($into: ID!, $contact: ID!) { mergeContacts(input: { intoId: $into, contactId: $contact, reason: \"same\" }) {
    merge { id mergedContactId reason mergedBy { name } undoneAt viewerCanUndo into { id } } contact { id } userErrors { code field } } }";
const UNDO: &str = "mutation($id: ID!) { undoContactMerge(input: { mergeId: $id }) {
    merge { undoneBy { name } viewerCanUndo } contact { id } userErrors { code } } }";
const LOOK: &str = "query($contact: ID!, $conversation: ID!) {
    node(id: $contact) { id ... on Contact { name viewerCan { merge } merges(first: 1) { nodes { id mergedContactId } } } }
    conversation(id: $conversation) { id messages { nodes { body } } } }";

struct Scene {
    admin: Person,
    bia: Person,
    ana: String,
    other: String,
    stays: String,
    goes: String,
}

/// Two contacts on one number; the conversation of the second, who is to be merged, is an agent's.
async fn scene(stage: &Stage) -> Scene {
    let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
    let stays = stage.conversation(ana, stage.sales, Some(admin.member_id), &["um"]).await.to_string();
    let goes = stage.conversation(other, stage.sales, Some(bia.member_id), &["dois"]).await.to_string();
    let raised = Raised {
        workspace_id: stage.workspace_id,
        kind: AlertKind::ContactsConflict,
        cause: conflict_of([ana, other]),
        severity: AlertSeverity::Notice,
        channel_id: None,
        details: Details::new(),
    };
    let database = &stage.installation.database;
    raise(database.writer(), (database, &stage.clock), raised).await.unwrap();
    Scene { admin, bia, ana: ana.to_string(), other: other.to_string(), stays, goes }
}

#[tokio::test]
async fn old_ids_stand_for_who_stayed_until_it_is_undone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let scene = scene(&stage).await;
        let alerts = "{ alerts(open: true) { nodes { kind contacts { id } } } }";
        let answer = ask(&api, Some(&scene.admin), alerts, json!({})).await;
        let mut told: Vec<_> = answer["data"]["alerts"]["nodes"][0]["contacts"].as_array().unwrap().clone();
        told.sort_by_key(Value::to_string);
        let mut pair = [json!({ "id": scene.ana }), json!({ "id": scene.other })];
        pair.sort_by_key(Value::to_string);
        assert_eq!(told, pair);

        let variables = json!({ "into": scene.ana, "contact": scene.other });
        let done = act(&api, &scene.admin, MERGE, variables.clone()).await;
        let merge = &done["merge"];
        assert_eq!(merge["mergedContactId"], scene.other);
        assert_eq!((&merge["mergedBy"]["name"], &merge["reason"]), (&json!("Admin"), &json!("same")));
        assert_eq!((&merge["undoneAt"], &merge["viewerCanUndo"]), (&Value::Null, &json!("YES")));
        assert_eq!((&merge["into"]["id"], &done["contact"]["id"]), (&json!(scene.ana), &json!(scene.ana)));
        let look = json!({ "contact": scene.other, "conversation": scene.goes });
        let seen = ask(&api, Some(&scene.admin), LOOK, look.clone()).await;
        assert_eq!(errors(&seen), [""; 0], "{seen}");
        let (node, conversation) = (&seen["data"]["node"], &seen["data"]["conversation"]);
        assert_eq!((&node["id"], &conversation["id"]), (&json!(scene.ana), &json!(scene.stays)));
        assert_eq!(node["viewerCan"]["merge"], "YES");
        assert_eq!(node["merges"]["nodes"][0]["id"], merge["id"]);
        assert_eq!(conversation["messages"]["nodes"].as_array().unwrap().len(), 2);
        // Who had the one that went sees neither that nor the other.
        let hidden = ask(&api, Some(&scene.bia), LOOK, look.clone()).await;
        assert_eq!(errors(&hidden), ["NOT_FOUND at node", "NOT_FOUND at conversation"]);
        let answer = ask(&api, Some(&scene.admin), alerts, json!({})).await;
        assert_eq!(answer["data"]["alerts"]["nodes"], json!([]));
        let again = ask(&api, Some(&scene.admin), MERGE, variables).await;
        let told = &again["data"]["mergeContacts"]["userErrors"][0];
        assert_eq!(told["code"], "CONTACT_MERGED");
        assert_eq!(told["field"], json!(["input", "contactId"]));

        let undone = act(&api, &scene.admin, UNDO, json!({ "id": merge["id"] })).await;
        assert_eq!(undone["contact"]["id"], scene.other);
        assert_eq!(
            (&undone["merge"]["undoneBy"]["name"], &undone["merge"]["viewerCanUndo"]),
            (&json!("Admin"), &json!("NO"))
        );
        let seen = ask(&api, Some(&scene.bia), LOOK, look).await;
        assert_eq!(seen["data"]["conversation"]["id"], scene.goes);
        assert_eq!(seen["data"]["node"]["id"], scene.other);
        assert_eq!(seen["data"]["node"]["viewerCan"]["merge"], "NO");
    }
}

#[tokio::test]
async fn who_may_not_is_refused_and_learns_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let scene = scene(&stage).await;
        let variables = json!({ "into": scene.ana, "contact": scene.other });
        let refused = ask(&api, Some(&scene.bia), MERGE, variables).await;
        assert_eq!(errors(&refused), ["FORBIDDEN at mergeContacts"]);
        let nobody = json!({ "into": "contact_00000000000000000000000001", "contact": scene.other });
        let same = ask(&api, Some(&scene.bia), MERGE, nobody.clone()).await;
        assert_eq!(errors(&same), errors(&refused));
        assert_eq!(
            errors(&ask(&api, Some(&scene.admin), MERGE, nobody).await),
            ["NOT_FOUND at mergeContacts"]
        );
        let unknown = json!({ "id": "merge_00000000000000000000000001" });
        assert_eq!(
            errors(&ask(&api, Some(&scene.bia), UNDO, unknown.clone()).await),
            ["FORBIDDEN at undoContactMerge"]
        );
        assert_eq!(
            errors(&ask(&api, Some(&scene.admin), UNDO, unknown).await),
            ["NOT_FOUND at undoContactMerge"]
        );
    }
}

#[tokio::test]
async fn open_screens_go_on_with_the_one_that_stayed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let scene = scene(&stage).await;
        let served = Served::new(&stage).await;
        let query =
            "subscription { conversationChanged { conversationId conversation { id } mergedInto { id } } }";
        let (mut to_admin, mut to_bia) =
            (served.follow(&scene.admin, query).await, served.follow(&scene.bia, query).await);
        let api = api(&stage);
        let done = act(&api, &scene.admin, MERGE, json!({ "into": scene.ana, "contact": scene.other })).await;
        let told = |said: Value| said["payload"]["data"]["conversationChanged"].clone();
        let gone =
            |into: Value| json!({ "conversationId": scene.goes, "conversation": null, "mergedInto": into });
        let changed =
            |id: &str| json!({ "conversationId": id, "conversation": { "id": id }, "mergedInto": null });
        assert_eq!(told(next(&mut to_admin).await), gone(json!({ "id": scene.stays })));
        assert_eq!(told(next(&mut to_admin).await), changed(&scene.stays));
        // Into what it went is not for who may not see that.
        assert_eq!(told(next(&mut to_bia).await), gone(Value::Null));
        silence(&mut to_bia).await;
        act(&api, &scene.admin, UNDO, json!({ "id": done["merge"]["id"] })).await;
        assert_eq!(told(next(&mut to_bia).await), changed(&scene.goes));
        silence(&mut to_bia).await;
        let mut both = [told(next(&mut to_admin).await), told(next(&mut to_admin).await)];
        both.sort_by_key(|one| one["conversationId"].to_string());
        assert!(both.iter().any(|one| *one == changed(&scene.goes)), "{both:?}");
    }
}

#[tokio::test]
async fn what_becomes_part_of_another_is_told_to_nobody_who_watches_the_queue() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let scene = scene(&stage).await;
        let caio = stage.person("Caio", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let served = Served::new(&stage).await;
        let query = "subscription { conversationAssigned { conversationId from { name } toQueue cause } }";
        let (mut to_caio, mut to_bia) =
            (served.follow(&caio, query).await, served.follow(&scene.bia, query).await);
        act(&api(&stage), &scene.admin, MERGE, json!({ "into": scene.ana, "contact": scene.other })).await;
        let told = next(&mut to_bia).await["payload"]["data"]["conversationAssigned"].clone();
        let gone = json!({ "conversationId": scene.goes, "from": { "name": "Bia" }, "toQueue": null, "cause": "MERGED" });
        assert_eq!(told, gone, "{}", stage.test_database.name);
        silence(&mut to_bia).await;
        silence(&mut to_caio).await;
    }
}
