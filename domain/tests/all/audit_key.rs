//! The auditor's rules on API keys and other credentials.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, CreatedApiKey, NewApiKey};
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::authentication::Origin;
use portaria_domain::granting::Change;
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::Use;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, BotId, DirectoryCredentialId, NotificationEndpointId, RoleId};
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Support};
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};

use crate::auditing::{DAY, built_in, causes, custom_role, found, run, set_status, told};

const MICRO: Duration = Duration::from_micros(1);

async fn boss(stage: &Stage) -> Person {
    let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&boss).await
}

async fn key(stage: &Stage, maker: &Person, grants: &[(RoleId, Scope)], days: u32) -> CreatedApiKey {
    let maker = stage.step_up(maker).await;
    let mut change = Change::by(&stage.installation, &maker.viewer, &[]).await.unwrap();
    let new =
        NewApiKey { name: "CRM", grants, expires_at: stage.clock.now() + days * DAY, allowed_addresses: &[] };
    let made = api_key::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    made
}

async fn support(stage: &Stage) -> (RoleId, Scope) {
    (built_in(stage, Support).await, Scope::Workspace)
}

async fn was_used(stage: &Stage, key: ApiKeyId, at: Timestamp) {
    let sql = "UPDATE api_keys SET last_used_at = $3 WHERE workspace_id = $1 AND id = $2";
    run(stage, sql, [key.0.into(), at.0.into()]).await;
}

async fn revoke(stage: &Stage, key: ApiKeyId) {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2";
    run(stage, sql, [key.0.into(), stage.clock.now().0.into()]).await;
}

#[tokio::test]
async fn a_key_is_found_that_nothing_uses_or_that_ends_in_use() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = boss(&stage).await;
        let start = stage.clock.now();
        let grants = [support(&stage).await];
        let used = key(&stage, &boss, &grants, 200).await.key.id;
        let never = key(&stage, &boss, &grants, 200).await.key.id;
        let brief = key(&stage, &boss, &grants, 300).await.key.id;
        was_used(&stage, used, start + 10 * DAY).await;
        was_used(&stage, brief, start + 100 * DAY).await;

        stage.clock.set(start + 30 * DAY);
        assert_eq!(causes(&stage, AuditRule::StaleApiKey).await, [] as [String; 0]);
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::StaleApiKey).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!((&seen[0].cause, seen[0].about.api_key()), (&format!("{never} unused"), Some(never)));
        assert!(told(&stage, &seen[0]).await[0].starts_with("CRM | Nunca foi usada."));
        revoke(&stage, never).await;
        stage.clock.set(start + 100 * DAY);
        assert_eq!(causes(&stage, AuditRule::StaleApiKey).await, [] as [String; 0]);
        stage.clock.advance(DAY);
        let seen = found(&stage, AuditRule::StaleApiKey).await;
        assert_eq!((&seen[0].cause, seen[0].severity), (&format!("{used} unused"), Severity::Low));
        assert!(told(&stage, &seen[0]).await[1].contains("Has not been used for 91 days."));

        stage.clock.set(start + 186 * DAY - MICRO);
        was_used(&stage, used, start + 185 * DAY).await;
        assert_eq!(causes(&stage, AuditRule::StaleApiKey).await, [] as [String; 0]);
        // A key for a fortnight ends as everybody knows.
        let now = stage.clock.now();
        let sql = "UPDATE api_keys SET created_at = $3, expires_at = $4 WHERE workspace_id = $1 AND id = $2";
        run(&stage, sql, [brief.0.into(), now.0.into(), (now + 14 * DAY).0.into()]).await;
        was_used(&stage, brief, now).await;
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::StaleApiKey).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((&seen[0].cause, seen[0].severity), (&format!("{used} ends"), Severity::Medium));
        assert!(told(&stage, &seen[0]).await[0].contains("Está em uso e vence em "));
        stage.clock.set(start + 200 * DAY);
        assert_eq!(found(&stage, AuditRule::StaleApiKey).await, [], "what has ended opens nothing");
    }
}

async fn uses(stage: &Stage, key: ApiKeyId, permission: &str, at: Timestamp) {
    let sql = "INSERT INTO api_key_permission_uses (workspace_id, api_key_id, permission, first_used_at, last_used_at) \
               VALUES ($1, $2, $3, $4, $4)";
    run(stage, sql, [key.0.into(), permission.into(), at.0.into()]).await;
}

async fn connect_bot(stage: &Stage, key: ApiKeyId) {
    let (bot, now): (BotId, _) = (stage.clock.new_id(), stage.clock.now());
    let sql = "INSERT INTO bots (workspace_id, id, api_key_id, name, description, answers_first, silent_minutes, most_messages, handover_words, created_at, updated_at) \
               VALUES ($1, $2, $3, 'Robô', '', FALSE, 10, 10, '[]', $4, $4)";
    run(stage, sql, [bot.0.into(), key.0.into(), now.0.into()]).await;
    let sql = "INSERT INTO bot_channels (workspace_id, bot_id, channel_id) VALUES ($1, $2, $3)";
    run(stage, sql, [bot.0.into(), stage.sales.0.into()]).await;
}

#[tokio::test]
async fn a_key_is_found_that_holds_more_than_it_uses() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = boss(&stage).await;
        let start = stage.clock.now();
        let reader =
            custom_role(&stage, "Leitor", &["contact:read_phone", "message:read", "contact:export"]).await;
        let made = key(&stage, &boss, &[(reader, Scope::Workspace)], 300).await.key.id;
        let idle = key(&stage, &boss, &[(reader, Scope::Workspace)], 300).await.key.id;
        let narrow = key(&stage, &boss, &[(reader, Scope::Channel(stage.sales))], 300).await.key.id;
        for (key, permission) in
            [(made, "message:read"), (narrow, "message:read"), (narrow, "contact:read_phone")]
        {
            uses(&stage, key, permission, start + 80 * DAY).await;
        }
        connect_bot(&stage, made).await;
        connect_bot(&stage, narrow).await;
        connect_bot(&stage, idle).await;
        for key in [made, narrow] {
            was_used(&stage, key, start + 89 * DAY).await;
        }
        was_used(&stage, idle, start).await;
        stage.clock.set(start + 90 * DAY - MICRO);
        assert_eq!(found(&stage, AuditRule::PowerfulApiKey).await, [], "{}", stage.test_database.name);
        stage.clock.set(start + 90 * DAY + MICRO);
        let seen = found(&stage, AuditRule::PowerfulApiKey).await;
        assert_eq!(seen.len(), 1, "the idle one is found as such: {seen:?}");
        assert_eq!(seen[0].about.api_key(), Some(made));
        let Some(FactValue::Permissions(list)) = seen[0].evidence.get(FactName::UnusedPermissions) else {
            panic!()
        };
        let unused: Vec<_> = list.iter().map(|one| one.permission.as_str()).collect();
        assert_eq!(unused, ["contact:read_phone"], "what is sensitive no key has");
        assert_eq!(seen[0].evidence.get(FactName::WorksOn), Some(&FactValue::Channels(vec![stage.sales])));
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(
            portuguese
                .contains("Não usa 1 permissão que tem. E vale para mais números do que o robô atende."),
            "{portuguese}"
        );

        uses(&stage, made, "contact:read_phone", start + 90 * DAY).await;
        let seen = found(&stage, AuditRule::PowerfulApiKey).await;
        assert!(
            told(&stage, &seen[0]).await[1]
                .contains("Is good for every number, but the bot looks after some only.")
        );
        let sql = "UPDATE api_key_grants SET channel_id = $3 WHERE workspace_id = $1 AND api_key_id = $2";
        run(&stage, sql, [made.0.into(), stage.sales.0.into()]).await;
        assert_eq!(found(&stage, AuditRule::PowerfulApiKey).await, []);
    }
}

/// A program uses the key from there, and that is written down.
async fn comes_from(stage: &Stage, key: &CreatedApiKey, addresses: &[&str]) {
    let viewers = &stage.installation.viewers;
    let token = TokenHash::of(key.token.reveal());
    for address in addresses {
        let origin =
            Origin { address: (*address).to_owned(), user_agent: "crm/2".to_owned(), ..Origin::default() };
        viewers.resolve_from(token, &origin, Use::Counts).await.unwrap().unwrap();
    }
    viewers.flush_last_use().await.unwrap();
}

#[tokio::test]
async fn a_key_is_found_in_a_network_where_it_never_was() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = boss(&stage).await;
        let start = stage.clock.now();
        let stolen = key(&stage, &boss, &[support(&stage).await], 100).await;
        let cloud = key(&stage, &boss, &[support(&stage).await], 100).await;
        comes_from(&stage, &stolen, &["203.0.113.5", "203.0.113.77"]).await;
        comes_from(&stage, &cloud, &["203.0.113.5"]).await;
        stage.clock.set(start + 6 * DAY);
        let three = ["198.51.100.1", "192.0.2.1", "100.64.0.1"];
        comes_from(&stage, &cloud, &three).await;
        comes_from(&stage, &stolen, &["2001:db8:1::1"]).await;
        assert_eq!(found(&stage, AuditRule::ApiKeyFromNewNetwork).await, [], "it is still finding its place");

        stage.clock.set(start + 14 * DAY);
        // The thief is at work within the same minute as the program itself.
        comes_from(&stage, &stolen, &["203.0.113.200", "2001:db8:1:ffff::7", "198.51.100.66", "203.0.113.5"])
            .await;
        comes_from(&stage, &cloud, &["198.18.0.1"]).await;
        let seen = found(&stage, AuditRule::ApiKeyFromNewNetwork).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!(seen[0].cause, format!("{} 198.51.100.0/24", stolen.key.id));
        assert_eq!(seen[0].severity, Severity::High);
        assert_eq!(seen[0].evidence.at(FactName::FirstSeen), Some(stage.clock.now()));
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(
            portuguese.contains("Foi usada a partir de 198.51.100.66, de onde nunca tinha vindo."),
            "{portuguese}"
        );
        // Whoever spreads over four networks within a minute has made none of them an old one.
        let boss = stage.sign_in(&boss.email).await;
        let spread = key(&stage, &boss, &[support(&stage).await], 100).await;
        comes_from(&stage, &spread, &["203.0.113.5"]).await;
        stage.clock.advance(8 * DAY);
        comes_from(&stage, &spread, &["198.51.100.2", "192.0.2.2", "100.64.0.2", "198.18.0.2"]).await;
        let seen = found(&stage, AuditRule::ApiKeyFromNewNetwork).await;
        let of_spread = seen.iter().filter(|one| one.about.api_key() == Some(spread.key.id)).count();
        assert_eq!(of_spread, 4, "{}: {seen:?}", stage.test_database.name);
        stage.clock.set(start + 14 * DAY);
        revoke(&stage, spread.key.id).await;
        let sql =
            "UPDATE api_keys SET allowed_addresses = '198.51.100.0/24' WHERE workspace_id = $1 AND id = $2";
        run(&stage, sql, [stolen.key.id.0.into()]).await;
        assert_eq!(
            found(&stage, AuditRule::ApiKeyFromNewNetwork).await,
            [],
            "who ties a key has said from where"
        );
    }
}

#[tokio::test]
async fn a_credential_is_found_whose_maker_is_gone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, maker) =
            (boss(&stage).await, stage.person("Dev", &[(Administrator, Scope::Workspace)]).await);
        stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let grants = [support(&stage).await];
        let orphan = key(&stage, &maker, &grants, 100).await.key.id;
        key(&stage, &boss, &grants, 100).await;
        let directory: DirectoryCredentialId = stage.clock.new_id();
        let sql = "INSERT INTO directory_credentials (workspace_id, id, name, prefix, token_hash, created_by, created_at, expires_at) \
                   VALUES ($1, $2, 'Entra ID', 'ptr_dir_', $3, $4, $5, $6)";
        let (now, ends) = (stage.clock.now(), stage.clock.now() + 100 * DAY);
        let hash = vec![7u8; 32];
        let values = [directory.0.into(), hash.into(), maker.member_id.0.into(), now.0.into(), ends.0.into()];
        run(&stage, sql, values).await;
        let endpoint: NotificationEndpointId = stage.clock.new_id();
        let sql = "INSERT INTO notification_endpoints (workspace_id, id, name, kind, host, language, least_severity, permissions, \
                   created_by, created_at, updated_at) VALUES ($1, $2, 'SIEM', 'webhook', 'siem.example', 'en', 'low', \
                   'access_audit:read', $3, $4, $4)";
        run(&stage, sql, [endpoint.0.into(), maker.member_id.0.into(), now.0.into()]).await;
        assert_eq!(found(&stage, AuditRule::OrphanedCredential).await, []);

        set_status(&stage, maker.member_id, "suspended").await;
        let seen = found(&stage, AuditRule::OrphanedCredential).await;
        assert_eq!(seen.iter().map(|one| one.severity).collect::<Vec<_>>(), [Severity::Low; 3]);
        set_status(&stage, maker.member_id, "removed").await;
        let seen = found(&stage, AuditRule::OrphanedCredential).await;
        assert_eq!(seen.iter().map(|one| one.severity).collect::<Vec<_>>(), [Severity::Medium; 3]);
        assert_eq!((seen[0].about.api_key(), &seen[1].cause), (Some(orphan), &directory.to_string()));
        let words = [told(&stage, &seen[0]).await, told(&stage, &seen[1]).await];
        let siem = told(&stage, &seen[2]).await;
        assert!(siem[1].contains("The endpoint of alerts was made by somebody who is no longer"), "{siem:?}");
        assert!(siem[1].contains("SIEM"), "{siem:?}");
        assert!(words[0][0].contains("A chave foi criada por alguém que já saiu."), "{words:?}");
        assert!(
            words[1][1]
                .contains("The directory's credential was made by somebody who is no longer a member.")
        );

        let sql = "INSERT INTO activities (workspace_id, id, \"at\", actor_member_id, action, subject) \
                   VALUES ($1, $2, $3, $4, $6, $5)";
        for (subject, action) in
            [(orphan.to_string(), "api_key.rotated"), (endpoint.to_string(), "notification_endpoint.updated")]
        {
            let id: portaria_entity::id::ActivityId = stage.clock.new_id();
            let by = boss.member_id.0;
            run(&stage, sql, [id.0.into(), now.0.into(), by.into(), subject.into(), action.into()]).await;
        }
        let left = causes(&stage, AuditRule::OrphanedCredential).await;
        assert_eq!(left, [directory.to_string()], "who gave it a new secret answers for it");
    }
}
