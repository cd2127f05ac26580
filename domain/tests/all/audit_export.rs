//! The auditor's rule on an export soon after the role for it was given.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::activity::Actor;
use portaria_domain::activity::export::record_export;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Person, Stage, databases};

use crate::auditing::{DAY, HOUR, built_in, close, custom_role, found, give, run, set_status, told};

const MICRO: Duration = Duration::from_micros(1);

async fn exports(stage: &Stage, who: &Person) {
    let session = who.viewer.session().unwrap();
    let actor = Actor::Member { member_id: who.member_id, session_id: session.session_id };
    record_export(&stage.installation, stage.workspace_id, (actor, None), 7).await.unwrap();
}

#[tokio::test]
async fn an_export_soon_after_the_role_for_it_was_given_is_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[]).await;
        let role = (built_in(&stage, Administrator).await, Scope::Workspace);
        // In the first two days everybody is given something.
        stage.clock.advance(DAY);
        let early = give(&stage, &bia, role, None, Some(&boss)).await;
        exports(&stage, &bia).await;
        assert_eq!(found(&stage, AuditRule::ExportAfterGrant).await, []);
        close(&stage, early).await;

        stage.clock.advance(10 * DAY);
        let given = give(&stage, &ana, role, None, Some(&boss)).await;
        give(&stage, &bia, role, None, Some(&boss)).await;
        // Who could do it all along does nothing new.
        give(&stage, &boss, role, Some(stage.clock.now() + 90 * DAY), None).await;
        give(&stage, &boss, (built_in(&stage, Agent).await, Scope::Workspace), None, None).await;
        exports(&stage, &boss).await;
        stage.clock.advance(47 * HOUR);
        exports(&stage, &ana).await;
        exports(&stage, &ana).await;
        stage.clock.advance(2 * HOUR);
        exports(&stage, &bia).await;

        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!((&seen[0].cause, seen[0].severity), (&given.to_string(), Severity::High));
        assert_eq!(seen[0].about.member(), Some(ana.member_id));
        let evidence = &seen[0].evidence;
        assert_eq!(evidence.number(FactName::Exports), 2);
        assert_eq!(evidence.at(FactName::ExportedAt), Some(stage.clock.now() - 2 * HOUR));
        assert_eq!(evidence.get(FactName::GrantedBy), Some(&FactValue::Member(Some(boss.member_id))));
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(
            portuguese.contains("Exportou dados 47 horas depois de receber o papel Administrador."),
            "{portuguese}"
        );

        set_status(&stage, boss.member_id, "suspended").await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen[0].severity, Severity::Critical, "nobody is there to ask");
        set_status(&stage, boss.member_id, "active").await;
        close(&stage, given).await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen[0].severity, Severity::Critical, "in, out, and gone");
        assert!(told(&stage, &seen[0]).await[1].contains("Afterwards the access was taken back."));
        stage.clock.advance(8 * DAY);
        assert_eq!(found(&stage, AuditRule::ExportAfterGrant).await, [], "out of sight");
    }
}

#[tokio::test]
async fn an_export_is_put_to_no_grant_that_had_ended_before() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let everything = (built_in(&stage, Administrator).await, Scope::Workspace);
        let log = custom_role(&stage, "Registro", &["audit_log:export"]).await;
        stage.clock.advance(10 * DAY);
        let early = give(&stage, &ana, everything, None, Some(&boss)).await;
        give(&stage, &bia, everything, Some(stage.clock.now() + HOUR), Some(&boss)).await;
        stage.clock.advance(HOUR);
        close(&stage, early).await;
        stage.clock.advance(HOUR);
        let own = give(&stage, &ana, (log, Scope::Workspace), None, Some(&boss)).await;
        give(&stage, &bia, (log, Scope::Workspace), None, Some(&boss)).await;
        stage.clock.advance(HOUR);
        exports(&stage, &ana).await;
        exports(&stage, &bia).await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        let name = &stage.test_database.name;
        assert_eq!(seen.len(), 2, "{name}: {seen:?}");
        let of_ana = seen.iter().find(|one| one.about.member() == Some(ana.member_id)).unwrap();
        assert_eq!((&of_ana.cause, of_ana.severity), (&own.to_string(), Severity::High));

        // Whoever deletes the role afterwards does not take its name along.
        let boss = stage.step_up(&stage.sign_in(&boss.email).await).await;
        let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
        role::delete(&mut change, log, Disposal::CloseGrants).await.unwrap();
        change.finish().await.unwrap();
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen[0].severity, Severity::Critical);
        let told = &told(&stage, &seen[0]).await[1];
        assert!(told.contains("being given the role Registro."), "{told}");
        assert!(told.contains("Afterwards the access was taken back."), "{told}");
    }
}

/// What the role allows is changed by somebody who may.
async fn allow(stage: &Stage, by: &Person, role: RoleId, permissions: &[Permission]) {
    let by = stage.step_up(&stage.sign_in(&by.email).await).await;
    let mut change = Change::by(&stage.installation, &by.viewer, &[Permission::RoleManage]).await.unwrap();
    let permissions = Some(PermissionSet::of(permissions));
    role::edit(&mut change, role, RoleEdit { permissions, ..RoleEdit::default() }).await.unwrap();
    change.finish().await.unwrap();
}

async fn made(stage: &Stage, by: &Person, permissions: &[Permission]) -> RoleId {
    let by = stage.step_up(&stage.sign_in(&by.email).await).await;
    let mut change = Change::by(&stage.installation, &by.viewer, &[Permission::RoleManage]).await.unwrap();
    let permissions = PermissionSet::of(permissions);
    let new = NewRole { name: "Líder", description: "", permissions };
    let made = role::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    made.role.id
}

#[tokio::test]
async fn a_role_that_is_made_to_allow_an_export_for_an_hour_is_found_afterwards() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let narrow = [Permission::AuditLogRead];
        let wide = [Permission::AuditLogRead, Permission::AuditLogExport];
        stage.clock.advance(10 * DAY);
        let role = made(&stage, &boss, &narrow).await;
        let held = give(&stage, &ana, (role, Scope::Workspace), None, Some(&boss)).await;
        give(&stage, &bia, (role, Scope::Workspace), None, Some(&boss)).await;
        let given_at = stage.clock.now();
        stage.clock.advance(20 * DAY);
        exports(&stage, &ana).await;
        stage.clock.advance(HOUR);
        allow(&stage, &boss, role, &wide).await;
        let widened_at = stage.clock.now();
        assert_eq!(found(&stage, AuditRule::ExportAfterGrant).await, [], "not by this role");

        stage.clock.advance(2 * HOUR);
        exports(&stage, &ana).await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen.len(), 1, "{}: {seen:?}", stage.test_database.name);
        assert_eq!((&seen[0].cause, seen[0].severity), (&format!("{held} {}", widened_at.0), Severity::High));
        let evidence = &seen[0].evidence;
        assert_eq!(evidence.at(FactName::GrantedAt), Some(widened_at));
        assert_eq!(evidence.at(FactName::HeldSince), Some(given_at));
        assert_eq!(evidence.get(FactName::GrantedBy), Some(&FactValue::Member(Some(boss.member_id))));
        let [portuguese, ..] = told(&stage, &seen[0]).await;
        assert!(portuguese.contains("depois que o papel passou a permitir isso: Líder."), "{portuguese}");

        stage.clock.advance(HOUR);
        allow(&stage, &boss, role, &narrow).await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        assert_eq!(seen.len(), 1, "it was so at the time");
        assert_eq!(seen[0].severity, Severity::Critical);
        assert_eq!(seen[0].evidence.at(FactName::TakenBackAt), Some(stage.clock.now()));
        // Not by this role, whatever it allowed before, nor two days after it was allowed for good.
        stage.clock.advance(HOUR);
        exports(&stage, &bia).await;
        stage.clock.advance(HOUR);
        allow(&stage, &boss, role, &wide).await;
        stage.clock.advance(49 * HOUR);
        exports(&stage, &bia).await;
        let seen = found(&stage, AuditRule::ExportAfterGrant).await;
        let who: Vec<_> = seen.iter().map(|one| (one.about.member(), one.severity)).collect();
        assert_eq!(who, [(Some(ana.member_id), Severity::High)], "it was put back");
    }
}

#[tokio::test]
async fn what_a_role_comes_to_allow_is_new_to_everybody_who_holds_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let boss = stage.person("Chefe", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[]).await;
        let role = made(&stage, &boss, &[Permission::MessageSendText]).await;
        give(&stage, &ana, (role, Scope::Workspace), None, None).await;
        let maker = stage.step_up(&boss).await;
        let mut change = Change::by(&stage.installation, &maker.viewer, &[]).await.unwrap();
        let grants = &[(role, Scope::Workspace)];
        let expires_at = start + 360 * DAY;
        let new = NewApiKey { name: "CRM", grants, expires_at, allowed_addresses: &[] };
        let key = api_key::create(&mut change, new).await.unwrap().key.id;
        change.finish().await.unwrap();
        let in_use = async || {
            let sql = "UPDATE api_keys SET last_used_at = $3 WHERE workspace_id = $1 AND id = $2";
            run(&stage, sql, [key.0.into(), stage.clock.now().0.into()]).await;
        };
        stage.clock.set(start + 80 * DAY);
        let more = [Permission::MessageSendText, Permission::AuditLogRead, Permission::ContactReadPhone];
        allow(&stage, &boss, role, &more).await;

        stage.clock.set(start + 170 * DAY - MICRO);
        in_use().await;
        for rule in [AuditRule::UnusedPermission, AuditRule::PowerfulApiKey] {
            assert_eq!(found(&stage, rule).await, [], "{}: {rule:?}", stage.test_database.name);
        }
        stage.clock.advance(MICRO);
        let seen = found(&stage, AuditRule::UnusedPermission).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].evidence.at(FactName::HeldSince), Some(start + 80 * DAY));
        assert_eq!(found(&stage, AuditRule::PowerfulApiKey).await.len(), 1);
    }
}
