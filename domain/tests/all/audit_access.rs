//! The auditor's rules on who holds what, since when, and whether they use it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue, PermissionUse};
use portaria_domain::grant::{self, Amendment};
use portaria_domain::granting::Change;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::GrantId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};

use crate::auditing::{DAY, built_in, causes, close, custom_role, found, give, run, set_status, told};

const MICRO: Duration = Duration::from_micros(1);

async fn uses(stage: &Stage, who: &Person, permission: &str, at: Timestamp) {
    let sql = "INSERT INTO member_permission_uses (workspace_id, member_id, permission, first_used_at, last_used_at) \
               VALUES ($1, $2, $3, $4, $4)";
    run(stage, sql, [who.member_id.0.into(), permission.into(), at.0.into()]).await;
}

#[tokio::test]
async fn strong_permissions_that_nobody_used_for_ninety_days_are_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let lead =
            custom_role(&stage, "Líder", &["member:manage", "audit_log:read", "message:send_text"]).await;
        give(&stage, &ana, (lead, Scope::Workspace), None, None).await;
        let bosses = [
            stage.person("Um", &[(Administrator, Scope::Workspace)]).await,
            stage.person("Dois", &[(Administrator, Scope::Workspace)]).await,
        ];
        uses(&stage, &ana, "audit_log:read", start + 10 * DAY).await;
        // Of a number there is no log to read, and nobody to manage.
        let bia = stage.person("Bia", &[]).await;
        give(&stage, &bia, (lead, Scope::Channel(stage.sales)), None, None).await;

        stage.clock.set(start + 90 * DAY - MICRO);
        assert_eq!(found(&stage, AuditRule::UnusedPermission).await, [], "{}", stage.test_database.name);
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        assert_eq!(seen.len(), 1, "two administrators are let be: {seen:?}");
        assert_eq!((seen[0].about.member(), seen[0].severity), (Some(ana.member_id), Severity::Medium));
        let unused = PermissionUse { permission: "member:manage".to_owned(), last_used_at: None };
        let expected = FactValue::Permissions(vec![unused]);
        assert_eq!(seen[0].evidence.get(FactName::UnusedPermissions), Some(&expected));

        stage.clock.advance(11 * DAY);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        let Some(FactValue::Permissions(list)) = seen[0].evidence.get(FactName::UnusedPermissions) else {
            panic!()
        };
        assert_eq!(list[0].last_used_at, Some(start + 10 * DAY));
        assert_eq!(list.len(), 2);
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("Não usa 2 permissões importantes há muito tempo."), "{portuguese}");

        stage.grant(stage.workspace_id, bia.member_id, Administrator, Scope::Workspace).await;
        stage.clock.advance(90 * DAY);
        uses(&stage, &bosses[0], "role:assign", stage.clock.now() - DAY).await;
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        let mut who: Vec<_> = seen.iter().filter_map(|one| one.about.member()).collect();
        who.sort_unstable();
        assert_eq!(who, [ana.member_id, bosses[1].member_id, bia.member_id], "the third one could go");

        let later = (start + 150 * DAY).0;
        run(&stage, "UPDATE workspaces SET uses_recorded_since = $2 WHERE id = $1", [later.into()]).await;
        assert_eq!(found(&stage, AuditRule::UnusedPermission).await, [], "nothing is known from before");
    }
}

/// Gives what somebody holds another end, by somebody who may.
async fn extend(stage: &Stage, by: &Person, held: GrantId, until: Option<Timestamp>) -> GrantId {
    let by = stage.step_up(&stage.sign_in(&by.email).await).await;
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    let scope = Scope::Workspace;
    let amendment = Amendment { scope, valid_from: None, valid_until: until, reason: "segue" };
    let after = grant::change(&mut change, held, amendment).await.unwrap();
    change.finish().await.unwrap();
    after.id
}

#[tokio::test]
async fn what_is_held_grows_no_younger_by_a_change_of_its_grant() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let lead = custom_role(&stage, "Líder", &["member:manage"]).await;
        let other = custom_role(&stage, "Outro", &["audit_log:read"]).await;
        let mut of_ana = give(&stage, &ana, (lead, Scope::Workspace), Some(start + 50 * DAY), None).await;
        let of_bia = give(&stage, &bia, (lead, Scope::Workspace), None, None).await;
        stage.clock.set(start + 40 * DAY);
        of_ana = extend(&stage, &boss, of_ana, Some(start + 100 * DAY)).await;
        // Taken back and given again: within a day, and after it.
        close(&stage, of_bia).await;
        stage.clock.advance(DAY);
        let of_bia = give(&stage, &bia, (lead, Scope::Workspace), None, None).await;
        let later = give(&stage, &bia, (other, Scope::Workspace), None, None).await;
        stage.clock.set(start + 80 * DAY);
        close(&stage, later).await;
        stage.clock.advance(DAY + MICRO);
        give(&stage, &bia, (other, Scope::Workspace), None, None).await;
        extend(&stage, &boss, of_ana, Some(start + 98 * DAY)).await;

        stage.clock.set(start + 90 * DAY - MICRO);
        let name = &stage.test_database.name;
        assert_eq!(found(&stage, AuditRule::UnusedPermission).await, [], "{name}");
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        let mut who: Vec<_> = seen.iter().filter_map(|one| one.about.member()).collect();
        who.sort_unstable();
        assert_eq!(who, [ana.member_id, bia.member_id], "{name}: {seen:?}");
        for one in &seen {
            assert_eq!(one.evidence.at(FactName::HeldSince), Some(start), "{name}");
        }
        // It was extended by less than a fortnight, and has been held for long.
        stage.clock.set(start + 95 * DAY);
        assert_eq!(found(&stage, AuditRule::EndingGrant).await.len(), 1, "{name}");

        // What was taken back for longer than a day is new.
        close(&stage, of_bia).await;
        let again = start + 81 * DAY + MICRO;
        stage.clock.set(again + 90 * DAY);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        let of_bia = seen.iter().find(|one| one.about.member() == Some(bia.member_id)).unwrap();
        assert_eq!(of_bia.evidence.at(FactName::HeldSince), Some(again), "{name}");
    }
}

#[tokio::test]
async fn of_several_permissions_the_one_held_longest_says_since_when() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let ana = stage.person("Ana", &[]).await;
        let (second, first) = (
            custom_role(&stage, "Depois", &["audit_log:read"]).await,
            custom_role(&stage, "Antes", &["member:manage"]).await,
        );
        give(&stage, &ana, (first, Scope::Workspace), None, None).await;
        stage.clock.advance(10 * DAY);
        give(&stage, &ana, (second, Scope::Workspace), None, None).await;
        stage.clock.advance(90 * DAY);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        assert_eq!(seen.len(), 1, "{}", stage.test_database.name);
        assert_eq!(seen[0].evidence.at(FactName::HeldSince), Some(start));
    }
}

#[tokio::test]
async fn who_came_for_a_time_is_found_with_a_role_that_does_not_end() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let agent = built_in(&stage, Agent).await;
        let (temp, staff) =
            (stage.person("Temp", &[]).await, stage.person("Fixa", &[(Agent, Scope::Workspace)]).await);
        give(&stage, &temp, (agent, Scope::Channel(stage.sales)), Some(start + 30 * DAY), None).await;
        stage.clock.advance(DAY);
        // Who came to stay and helps out elsewhere for a while is nobody temporary.
        give(&stage, &staff, (agent, Scope::Channel(stage.sales)), Some(start + 30 * DAY), None).await;
        assert_eq!(found(&stage, AuditRule::EndlessGrant).await, []);
        let endless = give(&stage, &temp, (agent, Scope::Channel(stage.support)), None, Some(&staff)).await;
        let seen = found(&stage, AuditRule::EndlessGrant).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!((&seen[0].cause, seen[0].severity), (&endless.to_string(), Severity::Low));
        assert_eq!(seen[0].evidence.at(FactName::MeantUntil), Some(start + 30 * DAY));
        stage.clock.set(start + 30 * DAY);
        assert_eq!(found(&stage, AuditRule::EndlessGrant).await[0].severity, Severity::Medium);
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("Tem o papel Atendente sem data final."), "{portuguese}");
        close(&stage, endless).await;
        assert_eq!(found(&stage, AuditRule::EndlessGrant).await, []);
    }
}

#[tokio::test]
async fn a_role_that_ends_with_nothing_after_it_is_told_before_and_after() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let agent = built_in(&stage, Agent).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let ends_at = stage.clock.now() + 60 * DAY;
        let ending = give(&stage, &ana, (agent, Scope::Channel(stage.sales)), Some(ends_at), None).await;
        give(&stage, &bia, (agent, Scope::Channel(stage.sales)), Some(ends_at), None).await;
        give(&stage, &bia, (agent, Scope::Channel(stage.support)), Some(ends_at + DAY), None).await;
        let followed = give(&stage, &bia, (agent, Scope::Workspace), Some(ends_at + 365 * DAY), None).await;

        stage.clock.set(ends_at - 7 * DAY - MICRO);
        assert_eq!(causes(&stage, AuditRule::EndingGrant).await, [] as [String; 0]);
        // A week's errand ends as everybody knows.
        give(&stage, &ana, (agent, Scope::Channel(stage.support)), Some(ends_at), None).await;
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::EndingGrant).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!((&seen[0].cause, seen[0].severity), (&ending.to_string(), Severity::Low));
        assert!(
            told(&stage, &seen[0]).await[0].contains("O papel Atendente acaba em breve, e nada o substitui.")
        );
        close(&stage, followed).await;
        assert_eq!(found(&stage, AuditRule::EndingGrant).await.len(), 2, "now of Bia's, too, the first");

        stage.clock.set(ends_at + DAY);
        let seen = found(&stage, AuditRule::EndingGrant).await;
        assert!(told(&stage, &seen[0]).await[2].contains("El rol Agente terminó y nada lo reemplazó."));
        let next = give(&stage, &ana, (agent, Scope::Workspace), None, None).await;
        assert!(!causes(&stage, AuditRule::EndingGrant).await.contains(&ending.to_string()));
        close(&stage, next).await;
        stage.clock.set(ends_at + 7 * DAY);
        assert!(!causes(&stage, AuditRule::EndingGrant).await.contains(&ending.to_string()), "it is over");
    }
}

#[tokio::test]
async fn one_administrator_among_many_is_too_few() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        stage.clock.set(start + 7 * DAY);
        assert_eq!(found(&stage, AuditRule::OnlyAdministrator).await, [], "who is alone cannot have another");
        let ana = stage
            .person("Ana", &[(Agent, Scope::Workspace), (Administrator, Scope::Channel(stage.sales))])
            .await;
        stage.clock.set(start + 7 * DAY - MICRO);
        assert_eq!(found(&stage, AuditRule::OnlyAdministrator).await, [], "the first week");
        stage.clock.set(start + 7 * DAY);
        let seen = found(&stage, AuditRule::OnlyAdministrator).await;
        assert_eq!(seen.len(), 1, "{}", stage.test_database.name);
        assert_eq!((seen[0].about.member(), seen[0].severity), (Some(boss.member_id), Severity::Medium));
        let until = stage.clock.now() + 10 * DAY;
        give(&stage, &ana, (built_in(&stage, Administrator).await, Scope::Workspace), Some(until), None)
            .await;
        assert_eq!(found(&stage, AuditRule::OnlyAdministrator).await, []);
        stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        set_status(&stage, ana.member_id, "suspended").await;
        assert_eq!(
            found(&stage, AuditRule::OnlyAdministrator).await.len(),
            1,
            "who is suspended helps nobody"
        );
        set_status(&stage, ana.member_id, "active").await;
        stage.clock.set(until);
        assert_eq!(found(&stage, AuditRule::OnlyAdministrator).await.len(), 1, "nor whose role is over");
    }
}
