//! An API key's secret: its rotation with overlap, and where it may be used from.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, CreatedApiKey, NewApiKey};
use portaria_domain::authentication::{Origin, authenticate_from};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::{Result, grant, role};
use portaria_entity::api_key::Model;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use BuiltInRole::{Administrator, Developer, Support};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn admin(stage: &Stage) -> Person {
    let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

/// Tries something as somebody, and commits it if it passes.
async fn try_as<T>(
    stage: &Stage,
    person: &Person,
    attempt: impl AsyncFnOnce(&mut Change<'_>) -> Result<T>,
) -> Result<T> {
    let mut change = Change::by(&stage.installation, &person.viewer, &[]).await?;
    let done = attempt(&mut change).await?;
    change.finish().await?;
    Ok(done)
}

/// A key for support everywhere, for 30 days, good from these addresses.
async fn make(stage: &Stage, maker: &Person, addresses: &[&str]) -> Result<CreatedApiKey> {
    let reader = stage.installation.database.reader();
    let role = role::built_in(reader, stage.workspace_id, Support).await?.id;
    let addresses: Vec<String> = addresses.iter().map(|text| (*text).to_owned()).collect();
    let new = NewApiKey {
        name: "CRM",
        grants: &[(role, Scope::Workspace)],
        expires_at: stage.clock.now() + 30 * DAY,
        allowed_addresses: &addresses,
    };
    try_as(stage, maker, async |change| api_key::create(change, new).await).await
}

async fn rotate(stage: &Stage, by: &Person, key: &Model, hours: u32) -> Result<CreatedApiKey> {
    try_as(stage, by, async |change| api_key::rotate(change, key.id, hours).await).await
}

async fn set_addresses(stage: &Stage, by: &Person, key: &Model, addresses: &[&str]) -> Result<Model> {
    let addresses: Vec<String> = addresses.iter().map(|text| (*text).to_owned()).collect();
    try_as(stage, by, async |change| api_key::set_addresses(change, key.id, &addresses).await).await
}

async fn works_from(stage: &Stage, secret: &CreatedApiKey, address: &str) -> bool {
    stage.installation.viewers.refresh_epochs().await.unwrap();
    let origin = Origin { address: address.to_owned(), user_agent: "crm/2".to_owned(), ..Origin::default() };
    authenticate_from(&stage.installation, secret.token.reveal(), &origin).await.unwrap().is_some()
}

async fn works(stage: &Stage, secret: &CreatedApiKey) -> bool {
    works_from(stage, secret, "198.51.100.7").await
}

async fn row(stage: &Stage, key: &Model) -> Model {
    let all = api_key::all(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
    all.into_iter().find(|row| row.id == key.id).unwrap()
}

fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_until_the_overlap_is_over() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let first = make(&stage, &admin, &[]).await.unwrap();
        let second = rotate(&stage, &admin, &first.key, 24).await.unwrap();
        assert_ne!(first.token.reveal(), second.token.reveal());
        assert!(second.token.reveal().starts_with(&second.key.prefix));
        assert!(works(&stage, &first).await && works(&stage, &second).await);
        stage.clock.advance(24 * HOUR);
        assert!(!works(&stage, &first).await, "though it was cached");
        assert!(works(&stage, &second).await);

        let admin = stage.step_up(&stage.sign_in(&admin.email).await).await;
        let third = rotate(&stage, &admin, &first.key, 168).await.unwrap();
        let fourth = rotate(&stage, &admin, &first.key, 168).await.unwrap();
        assert!(!works(&stage, &second).await, "two at the most");
        assert!(works(&stage, &third).await && works(&stage, &fourth).await);
        let fifth = rotate(&stage, &admin, &first.key, 0).await.unwrap();
        assert!(
            !works(&stage, &third).await && !works(&stage, &fourth).await,
            "one that has leaked ends at once"
        );
        assert!(works(&stage, &fifth).await);
        assert_eq!(refusal(rotate(&stage, &admin, &first.key, 169).await), Refusal::TooLong);

        stage.clock.advance(28 * DAY);
        let admin = stage.step_up(&stage.sign_in(&admin.email).await).await;
        let sixth = rotate(&stage, &admin, &first.key, 168).await.unwrap();
        assert_eq!(sixth.key.previous_ends_at, Some(sixth.key.expires_at), "no secret outlasts the key");
        stage.clock.advance(DAY);
        assert!(!works(&stage, &fifth).await && !works(&stage, &sixth).await);
        assert_eq!(refusal(rotate(&stage, &admin, &first.key, 1).await), Refusal::AlreadyEnded);
    }
}

#[tokio::test]
async fn both_secrets_end_with_a_revoked_key() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let first = make(&stage, &admin, &[]).await.unwrap();
        let second = rotate(&stage, &admin, &first.key, 24).await.unwrap();
        assert!(works(&stage, &first).await && works(&stage, &second).await);
        try_as(&stage, &admin, async |change| api_key::revoke(change, first.key.id).await).await.unwrap();
        assert!(!works(&stage, &first).await && !works(&stage, &second).await);
    }
}

#[tokio::test]
async fn nobody_gets_by_rotation_what_they_could_not_give() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let key = make(&stage, &admin, &[]).await.unwrap();
        let developer = stage.person("Dev", &[(Developer, Scope::Workspace)]).await;
        let developer = stage.step_up(&developer).await;
        assert_eq!(refusal(rotate(&stage, &developer, &key.key, 1).await), Refusal::HoldsMore);
        assert_eq!(refusal(set_addresses(&stage, &developer, &key.key, &[]).await), Refusal::HoldsMore);
        let cover = stage.person("Cover", &[]).await;
        let role_id =
            role::built_in(stage.installation.database.reader(), stage.workspace_id, Administrator).await;
        let giving = grant::Giving {
            member_id: cover.member_id,
            role_id: role_id.unwrap().id,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: Some(stage.clock.now() + 7 * DAY),
            reason: "holidays",
        };
        try_as(&stage, &admin, async |change| grant::give(change, giving).await).await.unwrap();
        let cover = stage.step_up(&cover).await;
        let refused = rotate(&stage, &cover, &key.key, 1).await;
        assert_eq!(refusal(refused), Refusal::OutlastsGranter, "its secret would be a way to stay");
        assert!(works(&stage, &key).await, "and nothing was changed");
    }
}

#[tokio::test]
async fn a_key_from_another_address_opens_nothing_and_is_put_down() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        assert_eq!(refusal(make(&stage, &admin, &["here"]).await), Refusal::InvalidAddress);
        let key = make(&stage, &admin, &["198.51.100.0/24", "2001:db8::7"]).await.unwrap();
        assert!(
            works_from(&stage, &key, "198.51.100.7").await && works_from(&stage, &key, "2001:db8::7").await
        );
        for elsewhere in ["203.0.113.9", "2001:db8::8", "", "198.51.100.7, 203.0.113.9"] {
            assert!(!works_from(&stage, &key, elsewhere).await, "{elsewhere}");
        }
        assert!(!works_from(&stage, &key, "203.0.113.9").await);
        assert!(stage.viewer(key.token.reveal()).await.is_none(), "nor from a place that is not known");
        stage.installation.viewers.flush_last_use().await.unwrap();
        let kept = row(&stage, &key.key).await;
        assert_eq!((kept.refused_count, kept.last_refused_at), (6, Some(stage.clock.now())));
        assert_eq!(kept.last_used_address.as_deref(), Some("2001:db8::7"));
        assert_eq!(kept.last_used_agent.as_deref(), Some("crm/2"));

        let told = async || {
            let database = &stage.installation.database;
            let sql = "SELECT COUNT(*) FROM activities WHERE action = 'api_key.refused'";
            let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
            row.try_get_by_index::<i64>(0).unwrap()
        };
        assert_eq!(told().await, 1);
        for _ in 0..3 {
            stage.clock.advance(HOUR);
            assert!(!works_from(&stage, &key, "203.0.113.9").await);
            stage.installation.viewers.flush_last_use().await.unwrap();
        }
        assert_eq!((row(&stage, &key.key).await.refused_count, told().await), (9, 1), "told once a day");

        let admin = stage.step_up(&admin).await;
        set_addresses(&stage, &admin, &key.key, &["203.0.113.9"]).await.unwrap();
        assert!(works_from(&stage, &key, "203.0.113.9").await, "in force at once");
        assert!(!works_from(&stage, &key, "198.51.100.7").await);
        set_addresses(&stage, &admin, &key.key, &[]).await.unwrap();
        assert!(
            works_from(&stage, &key, "198.51.100.7").await
                && stage.viewer(key.token.reveal()).await.is_some()
        );
        let rotated = rotate(
            &stage,
            &admin,
            &set_addresses(&stage, &admin, &key.key, &["192.0.2.1"]).await.unwrap(),
            1,
        )
        .await
        .unwrap();
        assert!(
            !works_from(&stage, &key, "198.51.100.7").await
                && !works_from(&stage, &rotated, "198.51.100.7").await
        );
    }
}
