//! The auditor's rules on numbers, webhooks, secrets and the activity log itself.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::activity::{Actor, Deed, chain, record};
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::finding::{Sighting, reconcile};
use portaria_domain::audit::{Found, examine};
use portaria_domain::business_hours::{self, BusinessHours, Exception, Place, Span, WeeklySpan};
use portaria_domain::granting::Change;
use portaria_domain::workspace;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{
    AuditRunId, ChannelId, ConversationId, EpisodeId, IdentityProviderId, MemberId, RoutingDecisionId,
    WebhookDeliveryId,
};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::time::Timestamp;
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;

use crate::activity_log;
use crate::auditing::{DAY, HOUR, causes, found, is_active_now, run, set_status, told};

const MICRO: Duration = Duration::from_micros(1);

async fn about(stage: &Stage) -> Vec<(Option<ChannelId>, Severity)> {
    let seen = found(stage, AuditRule::NobodyAvailable).await;
    seen.iter().map(|one| (one.about.channel(), one.severity)).collect()
}

#[tokio::test]
async fn a_number_that_nobody_may_or_does_look_after_is_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        stage.conversation(contact, stage.support, None, &["oi"]).await;
        let everybody_is_here = async || {
            is_active_now(&stage, boss.member_id).await;
            is_active_now(&stage, ana.member_id).await;
        };
        everybody_is_here().await;
        assert_eq!(about(&stage).await, [], "{}: it is being set up", stage.test_database.name);
        stage.clock.advance(2 * DAY);
        assert_eq!(
            about(&stage).await,
            [(Some(stage.support), Severity::High)],
            "who administers is no agent"
        );
        let seen = found(&stage, AuditRule::NobodyAvailable).await;
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("| Ninguém pode assumir as conversas deste número."), "{portuguese}");
        stage.clock.advance(30 * DAY);
        everybody_is_here().await;
        assert_eq!(about(&stage).await, [(Some(stage.support), Severity::Medium)], "nobody writes there");

        stage.grant(stage.workspace_id, ana.member_id, Agent, Scope::Channel(stage.support)).await;
        assert_eq!(about(&stage).await, []);
        stage.clock.advance(7 * DAY + MICRO);
        let seen = found(&stage, AuditRule::NobodyAvailable).await;
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(
            told(&stage, &seen[0]).await[1]
                .contains("The only person who may take the conversations has not been")
        );
        is_active_now(&stage, ana.member_id).await;
        assert_eq!(about(&stage).await, []);
        set_status(&stage, ana.member_id, "suspended").await;
        assert_eq!(about(&stage).await.len(), 2);
        set_status(&stage, ana.member_id, "active").await;

        // A team without anybody who may answer.
        is_active_now(&stage, boss.member_id).await;
        let team = stage.team("Plantão", &[boss.member_id], &[stage.sales]).await;
        let own = stage.team("Vendas", &[ana.member_id], &[stage.sales]).await;
        assert_eq!(about(&stage).await, [], "an administrator who is in the team may");
        run(&stage, "DELETE FROM team_members WHERE workspace_id = $1 AND team_id = $2", [team.0.into()])
            .await;
        let left = causes(&stage, AuditRule::NobodyAvailable).await;
        assert_eq!(left, [format!("{} {team}", stage.sales)], "and {own} has somebody");
    }
}

/// A customer begins a conversation, and it is given to somebody or waits.
async fn decided(stage: &Stage, conversation: ConversationId, at: Timestamp, to: Option<MemberId>) {
    decided_because(stage, (conversation, "new_episode"), at, to).await;
}

async fn decided_because(
    stage: &Stage,
    (conversation, cause): (ConversationId, &str),
    at: Timestamp,
    to: Option<MemberId>,
) {
    let episode: EpisodeId = stage.clock.new_id();
    let sql = "INSERT INTO episodes (workspace_id, id, conversation_id, opened_at) VALUES ($1, $2, $3, $4)";
    run(stage, sql, [episode.0.into(), conversation.0.into(), at.0.into()]).await;
    let decision: RoutingDecisionId = stage.clock.new_id();
    let sql = "INSERT INTO routing_decisions (workspace_id, id, conversation_id, episode_id, \"at\", cause, assignee_id, candidates) \
               VALUES ($1, $2, $3, $4, $5, $7, $6, '[]')";
    let values = [
        decision.0.into(),
        conversation.0.into(),
        episode.0.into(),
        at.0.into(),
        to.map(|member| member.0).into(),
        cause.into(),
    ];
    run(stage, sql, values).await;
}

#[tokio::test]
async fn hours_in_which_customers_wait_in_vain_week_after_week_are_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let boss = stage.step_up(&boss).await;
        let office = BusinessHours {
            time_zone: "America/Sao_Paulo".to_owned(),
            weekly: (1..=5)
                .map(|weekday| WeeklySpan { weekday, span: Span { from: 480, until: 1080 } })
                .collect(),
            exceptions: vec![Exception { date: "2026-03-11".to_owned(), spans: Vec::new() }],
        };
        let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
        business_hours::set(&mut change, Place::Channel(stage.sales), Some(&office)).await.unwrap();
        change.finish().await.unwrap();

        // Monday, 2 March, 8:10 in São Paulo.
        let monday = Timestamp(portaria_testing::START.0) - 50 * 60 * Duration::from_secs(1);
        let wednesday = monday + 2 * DAY;
        decided(&stage, conversation, monday, None).await;
        decided(&stage, conversation, wednesday, None).await;
        // A holiday, a night, and an hour in which somebody was there after all.
        decided(&stage, conversation, wednesday + 7 * DAY, None).await;
        for week in 0..3 {
            decided(&stage, conversation, monday + week * 7 * DAY + 12 * HOUR, None).await;
            decided(&stage, conversation, monday + week * 7 * DAY + 2 * HOUR, None).await;
            decided(
                &stage,
                conversation,
                monday + week * 7 * DAY + 2 * HOUR + 40 * 60 * Duration::from_secs(1),
                Some(ana.member_id),
            )
            .await;
        }
        stage.clock.set(monday + 16 * DAY);
        is_active_now(&stage, ana.member_id).await;
        assert_eq!(found(&stage, AuditRule::NobodyAvailable).await, [], "{}", stage.test_database.name);
        decided_because(&stage, (conversation, "access_lost"), monday + 14 * DAY, None).await;
        assert_eq!(found(&stage, AuditRule::NobodyAvailable).await, [], "nobody had waited for that");
        decided_because(&stage, (conversation, "from_bot"), monday + 14 * DAY, None).await;
        decided_because(&stage, (conversation, "from_bot"), monday + 14 * DAY + MICRO, None).await;
        let seen = found(&stage, AuditRule::NobodyAvailable).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((&seen[0].cause, seen[0].severity), (&format!("{} hours", stage.sales), Severity::Medium));
        assert_eq!(seen[0].evidence.get(FactName::Hours), Some(&FactValue::HoursOfWeek(vec![8])));
        let [portuguese, english, _] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("3 clientes esperaram dentro do horário de atendimento"), "{portuguese}");
        assert!(
            portuguese.ends_with("Horários: seg. 8–9 h") && english.ends_with("Hours: Mon 8–9 h"),
            "{portuguese}"
        );
        stage.clock.set(monday + 29 * DAY);
        is_active_now(&stage, ana.member_id).await;
        assert_eq!(found(&stage, AuditRule::NobodyAvailable).await, [], "only one Monday is left");
    }
}

async fn refused(stage: &Stage, key: &str, cause: &str, at: Timestamp, count: i64) {
    let sql = "INSERT INTO webhook_refusals (minute, app_key, cause, count) SELECT $2, $3, $4, $5 FROM workspaces WHERE id = $1";
    run(stage, sql, [at.0.into(), key.into(), cause.into(), count.into()]).await;
}

async fn app_key(stage: &Stage) -> String {
    let database = &stage.installation.database;
    let sql = "SELECT \"key\" FROM meta_apps WHERE workspace_id = $1 AND id = $2";
    let statement = database.statement(sql, [stage.workspace_id.0.into(), stage.meta_app_id.0.into()]);
    database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn deliveries_with_wrong_signatures_are_found_while_they_come() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.another_workspace().await;
        let key = app_key(&stage).await;
        let start = stage.clock.now();
        refused(&stage, &key, "wrong_signature", start, 12).await;
        refused(&stage, &key, "missing_signature", start + HOUR, 7).await;
        refused(&stage, &key, "too_large", start + HOUR, 100).await;
        refused(&stage, "outra", "wrong_signature", start + HOUR, 100).await;
        stage.clock.set(start + 2 * HOUR);
        assert_eq!(
            found(&stage, AuditRule::WebhookSignaturesFailing).await,
            [],
            "{}",
            stage.test_database.name
        );
        refused(&stage, &key, "wrong_signature", start + HOUR, 1).await;
        let seen = found(&stage, AuditRule::WebhookSignaturesFailing).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((&seen[0].cause, seen[0].severity), (&stage.meta_app_id.to_string(), Severity::High));
        assert_eq!(seen[0].evidence.number(FactName::Refusals), 20);
        assert!(told(&stage, &seen[0]).await[0].contains("20 avisos foram recusados, e nenhum foi aceito."));

        taken(&stage, start).await;
        let seen = found(&stage, AuditRule::WebhookSignaturesFailing).await;
        assert_eq!(seen[0].severity, Severity::Medium, "the secret is right");
        stage.clock.set(start + 24 * HOUR + MICRO);
        assert_eq!(found(&stage, AuditRule::WebhookSignaturesFailing).await, [], "it is over");
    }
}

async fn taken(stage: &Stage, at: Timestamp) {
    let delivery: WebhookDeliveryId = stage.clock.new_id();
    let sql = "INSERT INTO webhook_deliveries (workspace_id, id, meta_app_id, received_at, body, status, attempts, next_attempt_at, stored_count, duplicate_count, foreign_count, progress) \
               VALUES ($1, $2, $3, $4, $5, 'done', 1, 0, 0, 0, 0, 0)";
    run(stage, sql, [delivery.0.into(), stage.meta_app_id.0.into(), at.0.into(), vec![0u8].into()]).await;
}

#[tokio::test]
async fn a_stray_delivery_in_the_night_hides_no_secret_that_is_wrong_since_noon() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (key, night) = (app_key(&stage).await, stage.clock.now());
        let noon = night + 10 * HOUR;
        refused(&stage, &key, "missing_signature", night, 30).await;
        for hour in 0..10 {
            taken(&stage, night + hour * HOUR + MICRO).await;
        }
        stage.clock.set(noon);
        let seen = found(&stage, AuditRule::WebhookSignaturesFailing).await;
        assert_eq!(seen[0].severity, Severity::Medium, "{}", stage.test_database.name);
        assert_eq!(seen[0].evidence.number(FactName::Refusals), 30);
        refused(&stage, &key, "wrong_signature", noon, 19).await;
        stage.clock.set(noon + HOUR);
        let seen = found(&stage, AuditRule::WebhookSignaturesFailing).await;
        assert_eq!(seen[0].severity, Severity::Medium, "too few to say");
        refused(&stage, &key, "wrong_signature", noon + HOUR, 1).await;
        let seen = found(&stage, AuditRule::WebhookSignaturesFailing).await;
        assert_eq!((seen.len(), seen[0].severity), (1, Severity::High), "{seen:?}");
        let evidence = &seen[0].evidence;
        let period = FactValue::During { from: noon, to: noon + HOUR };
        assert_eq!(
            (evidence.number(FactName::Refusals), evidence.get(FactName::Period)),
            (20, Some(&period))
        );
        assert!(told(&stage, &seen[0]).await[1].contains("20 notices were turned away, and none was taken."));
    }
}

#[tokio::test]
async fn secrets_are_found_when_they_are_half_a_year_old() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let start = stage.clock.now();
        stage.connect(stage.sales).await;
        let provider: IdentityProviderId = stage.clock.new_id();
        let sql = "INSERT INTO identity_providers (workspace_id, id, name, issuer, client_id, sealed_client_secret, sealing_key, scopes, second_factor_acr, second_factor_amr, creates_members, configured_by, created_at) \
                   VALUES ($1, $2, 'Entra <b>ID</b>', 'https://login.example', 'portaria', $3, 'ephemeral', '', '', '', FALSE, $4, $5)";
        let secret = vec![7u8; 32];
        let values = [provider.0.into(), secret.into(), boss.member_id.0.into(), start.0.into()];
        run(&stage, sql, values).await;
        stage.clock.set(start + 180 * DAY);
        assert_eq!(found(&stage, AuditRule::SecretDue).await, [], "{}", stage.test_database.name);
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::SecretDue).await;
        let mut words = Vec::new();
        for one in &seen {
            words.push(told(&stage, one).await[0].clone());
        }
        let with = |text: &str| words.iter().filter(|one| one.contains(text)).count();
        let secrets = with("A chave secreta do aplicativo da Meta é o mesmo segredo há 180 dias.");
        let tokens = with("O token de acesso do número é o mesmo segredo há 180 dias.");
        assert_eq!((secrets, tokens, with("O segredo do provedor")), (1, 1, 1), "{words:?}");

        let record_of = async |action: &str, subject: String| {
            let deed = Deed {
                workspace_id: stage.workspace_id,
                actor: Actor::Installation,
                action,
                subject,
                before: None,
                after: None,
                address: None,
            };
            record(stage.installation.database.writer(), &stage.clock, deed).await.unwrap();
        };
        record_of("channel.access_token_set", stage.sales.to_string()).await;
        record_of("identity_provider.updated", provider.to_string()).await;
        let sql = "UPDATE meta_app_secrets SET expires_at = $2 WHERE workspace_id = $1";
        run(&stage, sql, [stage.clock.now().0.into()]).await;
        assert_eq!(found(&stage, AuditRule::SecretDue).await, [], "all are new");
    }
}

async fn write_findings(stage: &Stage) -> Vec<Found> {
    let workspace = workspace::find(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
    let examination = examine(&stage.installation, &workspace).await.unwrap();
    let run_id: AuditRunId = stage.clock.new_id();
    let sql = "INSERT INTO audit_runs (workspace_id, id, job, scheduled_for, \"trigger\", started_at, leased_until, members_checked, findings_open) \
               VALUES ($1, $2, 'audit', $3, 'manual', $4, 0, 0, 0)";
    run(stage, sql, [run_id.0.into(), run_id.to_string().into(), stage.clock.now().0.into()]).await;
    let transaction = stage.installation.database.begin().await.unwrap();
    let sighting =
        Sighting { workspace_id: stage.workspace_id, run_id, found: &examination.found, at: examination.at };
    reconcile(&transaction, &stage.clock, &sighting).await.unwrap();
    transaction.commit().await.unwrap();
    examination.found.into_iter().filter(|found| found.rule == AuditRule::BrokenChain).collect()
}

#[tokio::test]
async fn an_activity_log_that_was_tampered_with_is_found() {
    for test in databases().await {
        let stage = activity_log::sealed(test, 12).await;
        let database = &stage.installation.database;
        assert_eq!(found(&stage, AuditRule::BrokenChain).await, [], "{}", stage.test_database.name);
        activity_log::write(&stage, 3).await;
        assert_eq!(found(&stage, AuditRule::BrokenChain).await, [], "what waits for its seal is nothing odd");
        chain::seal(&stage.installation).await.unwrap();

        activity_log::run(database, "UPDATE activities SET action = 'test.undone' WHERE subject = 'thing 5'")
            .await;
        let seen = write_findings(&stage).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].severity, Severity::Critical);
        assert!(seen[0].cause.starts_with("0 "), "{seen:?}");
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("1 ponto não confere com o que foi registrado."), "{portuguese}");
        stage.clock.advance(30 * DAY);
        let again = write_findings(&stage).await;
        assert_eq!(again, seen, "it is the same thing a month later");
        activity_log::run(database, "UPDATE activities SET action = 'test.done' WHERE subject = 'thing 5'")
            .await;
        assert_eq!(found(&stage, AuditRule::BrokenChain).await, []);
    }
}

#[tokio::test]
async fn what_is_tampered_with_after_somebody_has_decided_is_another_finding() {
    for test in databases().await {
        let stage = activity_log::sealed(test, 12).await;
        let database = &stage.installation.database;
        let tamper = async |number: i32| {
            let sql =
                format!("UPDATE activities SET action = 'test.undone' WHERE subject = 'thing {number}'");
            activity_log::run(database, &sql).await;
        };
        tamper(5).await;
        let first = write_findings(&stage).await;
        tamper(6).await;
        let grown = write_findings(&stage).await;
        assert_eq!(grown[0].cause, first[0].cause, "nobody has looked at it yet");
        assert_eq!(grown[0].evidence.number(FactName::Flaws), 2);

        let until = (stage.clock.now() + 90 * DAY).0;
        let dismiss = "UPDATE findings SET status = 'dismissed', dismissed_until = $2, dismissed_severity = 'critical' \
                       WHERE workspace_id = $1 AND rule = 'broken_chain'";
        run(&stage, dismiss, [until.into()]).await;
        stage.clock.advance(DAY);
        assert_eq!(write_findings(&stage).await, grown, "what is dismissed is the same");
        tamper(7).await;
        let more = write_findings(&stage).await;
        assert_eq!(more.len(), 1, "{}: {more:?}", stage.test_database.name);
        assert_ne!(more[0].cause, first[0].cause);
        let sql = "SELECT COUNT(*) FROM findings WHERE rule = 'broken_chain' AND status = 'open'";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "it is told");
        stage.clock.advance(DAY);
        assert_eq!(write_findings(&stage).await, more);
    }
}

#[tokio::test]
async fn the_name_of_a_key_that_was_never_there_hides_nothing() {
    for test in databases().await {
        let stage = activity_log::sealed(test, 12).await;
        let database = &stage.installation.database;
        let severities = async || {
            let seen = found(&stage, AuditRule::BrokenChain).await;
            seen.iter().map(|one| one.severity).collect::<Vec<_>>()
        };
        activity_log::run(database, "UPDATE activity_seals SET sealing_key = 'key-0000'").await;
        assert_eq!(severities().await, [Severity::High], "{}: it is lost", stage.test_database.name);
        let own = stage.installation.keys.current();
        let forge = async |which: &str| {
            activity_log::run(database, &format!("UPDATE activity_seals SET sealing_key = '{own}'")).await;
            let sql = format!("UPDATE activity_seals SET sealing_key = 'key-9999' WHERE sequence {which}");
            activity_log::run(database, &sql).await;
        };
        forge("IN (4, 5)").await;
        assert_eq!(severities().await, [Severity::Critical], "its own stand before and after");
        forge("> 10").await;
        assert_eq!(severities().await, [Severity::High], "a newer one may be elsewhere already");
        activity_log::write(&stage, 1).await;
        chain::seal(&stage.installation).await.unwrap();
        assert_eq!(severities().await, [Severity::Critical], "and does not go away again");
    }
}

#[tokio::test]
async fn whatever_is_missing_from_or_added_to_the_log_is_found() {
    let cuts = [
        "DELETE FROM activities WHERE subject = 'thing 11'",
        "DELETE FROM activity_seals WHERE sequence = 12",
        "DELETE FROM activity_seals WHERE sequence < 3",
        "UPDATE activity_chains SET sequence = 7",
        "DELETE FROM activity_details WHERE activity_id IN (SELECT id FROM activities WHERE subject = 'thing 4')",
        "UPDATE activity_details SET address = '192.0.2.10' WHERE activity_id IN (SELECT id FROM activities WHERE subject = 'thing 4')",
    ];
    for cut in cuts {
        for test in databases().await {
            let stage = activity_log::sealed(test, 12).await;
            activity_log::run(&stage.installation.database, cut).await;
            let seen = found(&stage, AuditRule::BrokenChain).await;
            assert_eq!(seen.len(), 1, "{}: {cut}", stage.test_database.name);
        }
    }
    for test in databases().await {
        let stage = activity_log::sealed(test, 12).await;
        activity_log::write(&stage, 1).await;
        activity_log::run(&stage.installation.database, "DELETE FROM activity_queue").await;
        let seen = found(&stage, AuditRule::BrokenChain).await;
        assert_eq!(seen.len(), 1, "{}: written past the program", stage.test_database.name);
    }
}
