//! API keys: what they hold, that nobody gains by one what they do not hold, and that they end at once.

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, CreatedApiKey, NewApiKey};
use portaria_domain::conversation;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_domain::viewer::Viewer;
use portaria_domain::{Result, grant, member, team, token};
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use BuiltInRole::{Administrator, Agent, Developer, Support};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
}

/// Tries something as somebody with these permissions, and commits it if it passes.
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

async fn make(stage: &Stage, maker: &Person, role: RoleId, scope: Scope) -> Result<CreatedApiKey> {
    let expires_at = stage.clock.now() + 30 * DAY;
    let grants = [(role, scope)];
    let new = NewApiKey { name: "CRM", grants: &grants, expires_at, allowed_addresses: &[] };
    try_as(stage, maker, async |change| api_key::create(change, new).await).await
}

async fn viewer(stage: &Stage, key: &CreatedApiKey) -> Option<Arc<Viewer>> {
    stage.viewer(key.token.reveal()).await
}

fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn admin(stage: &Stage) -> Person {
    let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

#[tokio::test]
async fn a_key_holds_what_it_was_given_there_and_nothing_sensitive() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let support = built_in(&stage, Support).await;
        let key = make(&stage, &admin, support, Scope::Channel(stage.sales)).await.unwrap();
        let program = viewer(&stage, &key).await.unwrap();
        let (sales, elsewhere) =
            (program.access.in_channel(stage.sales), program.access.in_channel(stage.support));
        assert!(
            sales.contains(Permission::ConversationReadUnassigned) && sales.contains(Permission::MessageRead)
        );
        assert_eq!(elsewhere, PermissionSet::basic());
        assert_eq!(program.member_id(), None);

        let everything = built_in(&stage, Administrator).await;
        let key = make(&stage, &admin, everything, Scope::Workspace).await.unwrap();
        let program = viewer(&stage, &key).await.unwrap();
        let held = program.access.anywhere();
        assert!(!held.intersects(PermissionSet::SENSITIVE) && held.contains(Permission::ContactReadPhone));
        let refused = program.require_everywhere(Permission::MemberManage, stage.clock.now());
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "no step-up would help");
        let refused = Change::by(&stage.installation, &program, &[Permission::RoleRead]).await.map(|_| ());
        assert!(matches!(refused, Err(Error::PersonRequired)), "a key changes nobody's access");
        let contact = stage.customer("Ana", "5511987654321").await;
        let waiting = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let claimed = conversation::claim(&stage.installation, &program, waiting).await.map(|_| ());
        assert!(matches!(claimed, Err(Error::PersonRequired)), "nothing is assigned to a program");
        conversation::resolve(&stage.installation, &program, waiting).await.unwrap();
        let sql = "SELECT COUNT(*) FROM activities WHERE action = 'conversation.resolved' AND actor_api_key_id = $1";
        let database = &stage.installation.database;
        let statement = database.statement(sql, [key.key.id.0.into()]);
        let row = database.reader().query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "and it is put down as its doing");
    }
}

#[tokio::test]
async fn nobody_makes_a_key_that_holds_more_than_they_do_or_for_longer() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let developer = stage
            .person("Dev", &[(Developer, Scope::Workspace), (Support, Scope::Channel(stage.sales))])
            .await;
        let developer = stage.step_up(&developer).await;
        let (support, agent) = (built_in(&stage, Support).await, built_in(&stage, Agent).await);
        assert!(make(&stage, &developer, support, Scope::Channel(stage.sales)).await.is_ok());
        for (role, scope) in [
            (agent, Scope::Channel(stage.sales)),
            (support, Scope::Channel(stage.support)),
            (support, Scope::Workspace),
        ] {
            assert_eq!(refusal(make(&stage, &developer, role, scope).await), Refusal::NotHeld, "{scope:?}");
        }
        let cover = stage.person("Cover", &[]).await;
        let until = Some(stage.clock.now() + 7 * DAY);
        try_as(&stage, &admin, async |change| {
            let role_id = built_in(&stage, Administrator).await;
            let giving = grant::Giving {
                member_id: cover.member_id,
                role_id,
                scope: Scope::Workspace,
                valid_from: None,
                valid_until: until,
                reason: "holidays",
            };
            grant::give(change, giving).await
        })
        .await
        .unwrap();
        let cover = stage.step_up(&cover).await;
        let refused = make(&stage, &cover, support, Scope::Workspace).await;
        assert_eq!(refusal(refused), Refusal::OutlastsGranter, "a key would be a way to stay");
        let new = |grants, expires_at| NewApiKey { name: "CRM", grants, expires_at, allowed_addresses: &[] };
        let now = stage.clock.now();
        let one = [(support, Scope::Workspace)];
        for (attempt, expected) in [
            (new(&[], now + DAY), Refusal::NothingConferred),
            (new(&one, now), Refusal::InvalidPeriod),
            (new(&one, now + 367 * DAY), Refusal::EndsTooLate),
            (NewApiKey { name: "  ", ..new(&one, now + DAY) }, Refusal::NameMissing),
        ] {
            let refused = try_as(&stage, &admin, async |change| api_key::create(change, attempt).await).await;
            assert_eq!(refusal(refused), expected);
        }
    }
}

#[tokio::test]
async fn what_a_key_would_gain_counts_as_given_by_every_path() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let custom = try_as(&stage, &admin, async |change| {
            let permissions = PermissionSet::of(&[Permission::TemplateRead]);
            role::create(change, NewRole { name: "Bot", description: "", permissions }).await
        })
        .await
        .unwrap()
        .role
        .id;
        let managing = try_as(&stage, &admin, async |change| {
            let permissions = PermissionSet::of(&[
                Permission::RoleManage,
                Permission::RoleRead,
                Permission::TeamManage,
                Permission::ApiKeyManage,
                Permission::TemplateRead,
            ]);
            role::create(change, NewRole { name: "Manager", description: "", permissions }).await
        })
        .await
        .unwrap()
        .role
        .id;
        let manager = stage.person("Manager", &[]).await;
        let giving = grant::Giving {
            member_id: manager.member_id,
            role_id: managing,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "manages",
        };
        try_as(&stage, &admin, async |change| grant::give(change, giving).await).await.unwrap();
        let manager = stage.step_up(&manager).await;
        let powerful = make(&stage, &admin, built_in(&stage, Agent).await, Scope::Workspace).await.unwrap();
        let bot = make(&stage, &admin, custom, Scope::Workspace).await.unwrap();

        // Its role is edited into more than the editor holds.
        let more = PermissionSet::of(&[Permission::TemplateRead, Permission::ContactReadPhone]);
        let edit = || RoleEdit { permissions: Some(more), ..RoleEdit::default() };
        let refused = try_as(&stage, &manager, async |change| role::edit(change, custom, edit()).await).await;
        assert_eq!(refusal(refused), Refusal::NotHeld);
        // Its key is ended by who holds less.
        let refused =
            try_as(&stage, &manager, async |change| api_key::revoke(change, powerful.key.id).await).await;
        assert_eq!(refusal(refused), Refusal::HoldsMore);
        // The role of a key that holds more besides is edited or deleted.
        let both = [(custom, Scope::Workspace), (built_in(&stage, Agent).await, Scope::Channel(stage.sales))];
        let expires_at = stage.clock.now() + DAY;
        let new = NewApiKey { name: "Both", grants: &both, expires_at, allowed_addresses: &[] };
        let both = try_as(&stage, &admin, async |change| api_key::create(change, new).await).await.unwrap();
        let less = RoleEdit { permissions: Some(PermissionSet::EMPTY), ..RoleEdit::default() };
        let refused = try_as(&stage, &manager, async |change| role::edit(change, custom, less).await).await;
        assert_eq!(refusal(refused), Refusal::HoldsMore);
        let refused = try_as(&stage, &manager, async |change| {
            role::delete(change, custom, Disposal::CloseGrants).await
        })
        .await;
        assert_eq!(refusal(refused), Refusal::HoldsMore);
        // A team for which a key holds something is made to serve another number.
        let team = stage.team("Vendas", &[], &[]).await;
        let of_team = make(&stage, &admin, built_in(&stage, Agent).await, Scope::Team(team)).await.unwrap();
        let refused =
            try_as(&stage, &manager, async |change| team::serve(change, team, stage.support).await).await;
        assert_eq!(refusal(refused), Refusal::HoldsMore);

        // Who holds it all may do all of it.
        try_as(&stage, &admin, async |change| role::edit(change, custom, edit()).await).await.unwrap();
        assert!(
            viewer(&stage, &bot).await.unwrap().access.everywhere().contains(Permission::ContactReadPhone)
        );
        let unused =
            try_as(&stage, &admin, async |change| role::delete(change, custom, Disposal::OnlyIfUnused).await)
                .await;
        assert_eq!(refusal(unused), Refusal::RoleInUse, "keys hold it");
        let instead = Disposal::Replace(built_in(&stage, Support).await);
        try_as(&stage, &admin, async |change| role::delete(change, custom, instead).await).await.unwrap();
        let replaced = viewer(&stage, &bot).await.unwrap();
        assert!(replaced.access.everywhere().contains(Permission::MessageRead));
        assert!(!replaced.access.everywhere().contains(Permission::ContactReadPhone));
        try_as(&stage, &admin, async |change| team::delete(change, team).await).await.unwrap();
        assert_eq!(viewer(&stage, &of_team).await.unwrap().access.anywhere(), PermissionSet::basic());
        try_as(&stage, &admin, async |change| api_key::revoke(change, both.key.id).await).await.unwrap();
        assert!(viewer(&stage, &both).await.is_none());
    }
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_expires_and_not_with_its_maker() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let second = stage.person("Second", &[(Administrator, Scope::Workspace)]).await;
        let second = stage.step_up(&second).await;
        let support = built_in(&stage, Support).await;
        let one = make(&stage, &admin, support, Scope::Workspace).await.unwrap();
        let other = make(&stage, &admin, support, Scope::Workspace).await.unwrap();
        assert!(viewer(&stage, &one).await.is_some());
        let mut altered = one.token.reveal().to_owned();
        altered.replace_range(9..10, if &altered[9..10] == "A" { "B" } else { "A" });
        let before = stage.installation.database.statement_count();
        assert!(stage.viewer(&altered).await.is_none());
        assert_eq!(stage.installation.database.statement_count(), before, "a wrong checksum asks nobody");
        try_as(&stage, &second, async |change| api_key::revoke(change, one.key.id).await).await.unwrap();
        assert!(viewer(&stage, &one).await.is_none(), "at once");
        let again = try_as(&stage, &second, async |change| api_key::revoke(change, one.key.id).await).await;
        assert_eq!(refusal(again), Refusal::AlreadyEnded);
        try_as(&stage, &second, async |change| member::suspend(change, admin.member_id).await).await.unwrap();
        assert!(viewer(&stage, &other).await.is_some(), "it is the workspace's, not its maker's");
        stage.installation.viewers.flush_last_use().await.unwrap();
        let keys = api_key::all(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
        assert_eq!(
            keys.iter().find(|key| key.id == other.key.id).unwrap().last_used_at,
            Some(stage.clock.now())
        );
        let stored = keys.iter().find(|key| key.id == other.key.id).unwrap();
        assert_eq!(stored.token_hash, token::TokenHash::of(other.token.reveal()).to_vec());
        assert!(!format!("{stored:?}").contains(&other.token.reveal()[12..]), "kept as a hash");
        stage.clock.advance(30 * DAY);
        assert!(viewer(&stage, &other).await.is_none(), "a cached key ends in time");
    }
}
