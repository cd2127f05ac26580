//! Who comes and goes: told to colleagues, whoever did it and wherever.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::presence::seen;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::client::{act, api, ask};
use crate::revoking::another_process;
use crate::socket::{Served, Socket, drain, next, silence};

const FOLLOW: &str = "subscription { presenceChanged { member { name availability isOnline } } }";
const SET: &str =
    "mutation($to: Availability!) { setAvailability(input: { availability: $to }) { userErrors { code } } }";

/// The next that is told of this member.
async fn told_of(socket: &mut Socket, name: &str) -> (String, bool) {
    for _ in 0..10 {
        let said = next(socket).await;
        let member = &said["payload"]["data"]["presenceChanged"]["member"];
        if member["name"] == name {
            let availability = member["availability"].as_str().unwrap_or_else(|| panic!("{said}"));
            return (availability.to_owned(), member["isOnline"].as_bool().unwrap());
        }
    }
    panic!("nothing of {name}");
}

#[tokio::test]
async fn colleagues_are_told_who_comes_and_goes() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[]).await;
        let (other, ..) = stage.another_workspace().await;
        let stranger = stage.person_in(other, "Zoe", &[]).await;
        let (api, served) = (api(&stage), Served::new(&stage).await);
        let mut socket = served.follow(&bia, FOLLOW).await;
        let mut elsewhere = served.follow(&stranger, FOLLOW).await;
        // Their own sockets make them present, which may be told before anything else.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let said = ask(&api, Some(&bia), "{ members { nodes { name isOnline } } }", json!({})).await;
        let online = json!([{ "name": "Ana", "isOnline": false }, { "name": "Bia", "isOnline": true }]);
        assert_eq!(said["data"]["members"]["nodes"], online, "{said}");

        act(&api, &ana, SET, json!({ "to": "BUSY" })).await;
        assert_eq!(told_of(&mut socket, "Ana").await, ("BUSY".to_owned(), false));
        seen(&stage.installation, stage.workspace_id, ana.member_id).await.unwrap();
        assert_eq!(told_of(&mut socket, "Ana").await, ("BUSY".to_owned(), true));
        // What changes nothing is not told.
        act(&api, &ana, SET, json!({ "to": "BUSY" })).await;
        silence(&mut socket).await;
        if let Ok(said) = tokio::time::timeout(Duration::from_millis(300), next(&mut elsewhere)).await {
            assert_eq!(said["payload"]["data"]["presenceChanged"]["member"]["name"], "Zoe", "{said}");
        }
        // Who goes without a word has gone after a while.
        stage.clock.advance(Duration::from_secs(91));
        let mut said = Vec::new();
        for _ in 0..60 {
            said.extend(drain(&mut socket, Duration::from_millis(250)).await);
            if said.iter().any(|said| said.to_string().contains("Ana")) {
                break;
            }
        }
        let gone = json!({ "name": "Ana", "availability": "BUSY", "isOnline": false });
        assert!(
            said.iter().any(|said| said["payload"]["data"]["presenceChanged"]["member"] == gone),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn who_comes_in_one_process_is_seen_in_another() {
    for test in databases().await.into_iter().filter(|test| !test.database.is_sqlite()) {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let bia = stage.person("Bia", &[]).await;
        let until = CancellationToken::new();
        let there = another_process(&stage, &until).await;
        let (_here, at_there) = (Served::new(&stage).await, Served::of(&there).await);
        let mut socket = at_there.follow(&bia, FOLLOW).await;
        act(&api(&stage), &ana, SET, json!({ "to": "OFFLINE" })).await;
        assert_eq!(told_of(&mut socket, "Ana").await, ("OFFLINE".to_owned(), false));
        seen(&stage.installation, stage.workspace_id, ana.member_id).await.unwrap();
        assert_eq!(told_of(&mut socket, "Ana").await, ("OFFLINE".to_owned(), true));
        until.cancel();
    }
}
