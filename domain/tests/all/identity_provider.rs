//! Configuring identity providers: a mapping is a grant when it is configured, on every path.

use portaria_domain::access::Scope;
use portaria_domain::error::Refusal;
use portaria_domain::granting::Change;
use portaria_domain::identity_provider::{self, NewMapping, Settings};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_domain::{grant, team};
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use crate::single_sign_on::{admin, built_in, configure, mapping, refusal, try_as};

use BuiltInRole::{Administrator, Agent, Support};

async fn custom(stage: &Stage, admin: &Person, name: &str, permissions: &[Permission]) -> RoleId {
    let permissions = PermissionSet::of(permissions);
    let made = try_as(stage, admin, async |change| {
        role::create(change, NewRole { name, description: "", permissions }).await
    });
    made.await.unwrap().role.id
}

/// Somebody who manages roles, teams and providers, and holds little else.
async fn manager(stage: &Stage, admin: &Person) -> Person {
    let permissions = [
        Permission::SecurityPolicyManage,
        Permission::RoleManage,
        Permission::TeamManage,
        Permission::TemplateRead,
    ];
    let role_id = custom(stage, admin, "Manager", &permissions).await;
    let person = stage.person("Manager", &[]).await;
    let giving = grant::Giving {
        member_id: person.member_id,
        role_id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "manages",
    };
    try_as(stage, admin, async |change| grant::give(change, giving).await).await.unwrap();
    stage.step_up(&person).await
}

#[tokio::test]
async fn nobody_maps_what_they_do_not_hold() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let manager = manager(&stage, &admin).await;
        let agent = built_in(&stage, &admin, Agent).await;
        for scope in [Scope::Workspace, Scope::Channel(stage.sales)] {
            let refused = configure(&stage, &manager, true, &[mapping("agents", agent, scope)]).await;
            assert_eq!(refusal(refused), Refusal::NotHeld);
        }
        let provider = configure(&stage, &manager, true, &[]).await.unwrap();
        let update = async |person: &Person, mappings: &[NewMapping]| {
            try_as(&stage, person, async |change| {
                let id = provider.provider.id;
                identity_provider::update(change, id, Settings::default(), Some(mappings)).await
            })
            .await
        };
        let agents = [mapping("agents", agent, Scope::Workspace)];
        assert_eq!(refusal(update(&manager, &agents).await), Refusal::NotHeld);
        update(&admin, &agents).await.unwrap();
        // Nor does anybody take away, or delete, what gives more than they hold.
        assert_eq!(refusal(update(&manager, &[]).await), Refusal::HoldsMore);
        let delete = async |person: &Person| {
            let id = provider.provider.id;
            try_as(&stage, person, async |change| identity_provider::delete(change, id).await).await
        };
        assert_eq!(refusal(delete(&manager).await), Refusal::HoldsMore);
        // What is not said stays.
        let kept = try_as(&stage, &manager, async |change: &mut Change<'_>| {
            let settings = Settings { name: Some("New"), ..Settings::default() };
            identity_provider::update(change, provider.provider.id, settings, None).await
        });
        let kept = kept.await.unwrap();
        assert_eq!((kept.provider.name.as_str(), kept.mappings.len()), ("New", 1));
        assert!(kept.provider.sealed_client_secret.is_some());
        delete(&admin).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_mapping_would_give_counts_as_given_by_every_path() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let manager = manager(&stage, &admin).await;
        let bot = custom(&stage, &admin, "Bot", &[Permission::TemplateRead]).await;
        let team = stage.team("Vendas", &[], &[]).await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("bots", bot, Scope::Workspace), mapping("sales", agent, Scope::Team(team))];
        let provider = configure(&stage, &admin, true, &mappings).await.unwrap();
        // The mapped role is edited into more than the editor holds.
        let more = PermissionSet::of(&[Permission::TemplateRead, Permission::ContactReadPhone]);
        let edit = || RoleEdit { permissions: Some(more), ..RoleEdit::default() };
        let refused = try_as(&stage, &manager, async |change| role::edit(change, bot, edit()).await).await;
        assert_eq!(refusal(refused), Refusal::NotHeld);
        // A team for which a mapping gives something is made to serve another number.
        let refused =
            try_as(&stage, &manager, async |change| team::serve(change, team, stage.support).await).await;
        assert_eq!(refusal(refused), Refusal::HoldsMore);
        // A mapped role is not deleted unawares, and what replaces it must be the deleter's to grant.
        let delete = async |person: &Person, disposal: Disposal| {
            try_as(&stage, person, async |change| role::delete(change, bot, disposal).await).await
        };
        assert_eq!(refusal(delete(&admin, Disposal::OnlyIfUnused).await), Refusal::RoleInUse);
        let everything = built_in(&stage, &admin, Administrator).await;
        assert_eq!(refusal(delete(&manager, Disposal::Replace(everything)).await), Refusal::NotHeld);

        try_as(&stage, &admin, async |change| role::edit(change, bot, edit()).await).await.unwrap();
        let support = built_in(&stage, &admin, Support).await;
        delete(&admin, Disposal::Replace(support)).await.unwrap();
        let reader = stage.installation.database.reader();
        let key = (stage.workspace_id, provider.provider.id);
        let now = identity_provider::find(reader, key).await.unwrap();
        assert_eq!(now.mappings.iter().map(|one| one.role_id).collect::<Vec<_>>(), [support, agent]);
        try_as(&stage, &admin, async |change| team::delete(change, team).await).await.unwrap();
        let now = identity_provider::find(reader, key).await.unwrap();
        assert_eq!(now.mappings.len(), 1, "what was for the team's conversations ends with it");
    }
}

#[tokio::test]
async fn a_clients_secret_is_sealed_and_in_no_log() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap().provider;
        let secret = identity_provider::client_secret(&stage.installation, &provider).unwrap().unwrap();
        assert_eq!(*secret, "a secret");
        assert!(!provider.sealed_client_secret.unwrap().windows(8).any(|part| part == b"a secret"));
        let database = &stage.installation.database;
        let sql = "SELECT COUNT(*) FROM activity_details WHERE \"after\" LIKE '%a secret%'";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0);
    }
}
