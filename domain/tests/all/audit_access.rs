//! The auditor's rules on who holds what and what they do with it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::activity::export::record_export;
use portaria_domain::activity::{Actor, phone_reveal};
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::fact::{FactName, FactValue, PermissionUse};
use portaria_domain::grant::{self, Amendment};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, GrantId, RoleId};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};

use crate::auditing::{DAY, HOUR, built_in, causes, close, custom_role, found, give, run, set_status, told};

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

async fn shown(stage: &Stage, who: &Person, at: Timestamp, contacts: i64) {
    shown_to(stage, &who.member_id, at, contacts).await;
}

async fn shown_to(stage: &Stage, who: &impl ToString, at: Timestamp, contacts: i64) {
    let sql = "INSERT INTO phone_reveal_days (workspace_id, principal, day, contacts, first_at, last_at) \
               VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (workspace_id, principal, day) DO UPDATE SET contacts = $4";
    let day = at.0.div_euclid(86_400_000_000);
    let values = [who.to_string().into(), day.into(), contacts.into(), at.0.into()];
    run(stage, sql, values).await;
}

#[tokio::test]
async fn four_times_as_many_phone_numbers_as_ever_are_found() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let new = stage.person("Novo", &[(Agent, Scope::Workspace)]).await;
        let start = stage.clock.now();
        for day in 0..10 {
            shown(&stage, &ana, start + day * DAY, 7).await;
            shown(&stage, &bia, start + day * DAY, 12).await;
        }
        stage.clock.set(start + 20 * DAY);
        let now = stage.clock.now();
        for (who, contacts) in [(&ana, 29), (&bia, 48), (&new, 48)] {
            shown(&stage, who, now, contacts).await;
        }
        assert_eq!(
            causes(&stage, AuditRule::UnusualDisclosure).await,
            [] as [String; 0],
            "{}",
            stage.test_database.name
        );
        for (who, contacts) in [(&ana, 30), (&bia, 49), (&new, 49)] {
            shown(&stage, who, now, contacts).await;
        }
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        let mut who: Vec<_> = seen.iter().map(|one| one.about.member().unwrap()).collect();
        who.sort_unstable();
        assert_eq!(who, [ana.member_id, bia.member_id, new.member_id]);
        let anas = seen.iter().find(|one| one.about.member() == Some(ana.member_id)).unwrap();
        assert_eq!(anas.cause, format!("{} 2026-03-22", ana.member_id));
        assert_eq!(anas.evidence.number(FactName::MostContacts), 7);
        let [portuguese, ..] = told(&stage, anas).await;
        assert!(
            portuguese
                .contains("Viu o telefone completo de 30 clientes; até então, o máximo em um dia era 7."),
            "{portuguese}"
        );
        stage.clock.advance(9 * DAY);
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, []);
    }
}

#[tokio::test]
async fn what_is_shown_is_counted_once_a_day_and_a_young_workspace_measures_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let mut customers = Vec::new();
        for number in 0..31 {
            customers.push(stage.customer("Cliente", &format!("55119876500{number:02}")).await);
        }
        let place = (&stage.installation.database, &stage.clock);
        phone_reveal::note(place, &ana.viewer, &customers[..20]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers[10..]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers).await.unwrap();
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, [], "the first day of a company");

        let start = stage.clock.now();
        run(&stage, "DELETE FROM phone_reveals WHERE workspace_id = $1", []).await;
        run(&stage, "DELETE FROM phone_reveal_days WHERE workspace_id = $1", []).await;
        for day in 0..6 {
            shown(&stage, &ana, start + day * DAY, 7).await;
        }
        stage.clock.set(start + 20 * DAY);
        phone_reveal::note(place, &ana.viewer, &customers[..20]).await.unwrap();
        phone_reveal::note(place, &ana.viewer, &customers[10..]).await.unwrap();
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        assert_eq!(seen.len(), 1, "{}", stage.test_database.name);
        assert_eq!(seen[0].evidence.number(FactName::Contacts), 31);
    }
}

#[tokio::test]
async fn a_program_is_no_measure_for_people() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let new = stage.person("Novo", &[(Agent, Scope::Workspace)]).await;
        let (crm, other): (ApiKeyId, ApiKeyId) = (stage.clock.new_id(), stage.clock.new_id());
        let start = stage.clock.now();
        for day in 0..20 {
            shown_to(&stage, &crm, start + day * DAY, 5_000).await;
            shown(&stage, &bia, start + day * DAY, 12).await;
        }
        stage.clock.set(start + 20 * DAY);
        let now = stage.clock.now();
        shown(&stage, &new, now, 49).await;
        shown_to(&stage, &other, now, 20_000).await;
        let seen = found(&stage, AuditRule::UnusualDisclosure).await;
        let who: Vec<_> = seen.iter().map(|one| one.about.member()).collect();
        assert_eq!(who, [Some(new.member_id)], "{}", stage.test_database.name);
        shown_to(&stage, &other, now, 20_001).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await.len(), 2, "a key by keys");
    }
}

#[tokio::test]
async fn the_first_to_look_through_the_customers_is_found_where_nobody_does() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let start = stage.clock.now();
        stage.clock.set(start + 13 * DAY);
        shown(&stage, &ana, stage.clock.now(), 60).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, [], "it has only just begun");
        run(&stage, "DELETE FROM phone_reveal_days WHERE workspace_id = $1", []).await;
        let day = start + 30 * DAY;
        stage.clock.set(day + HOUR);
        shown(&stage, &ana, day, 60).await;
        let alone = found(&stage, AuditRule::UnusualDisclosure).await;
        assert_eq!(alone.len(), 1, "{}", stage.test_database.name);
        assert_eq!((alone[0].about.member(), alone[0].severity), (Some(ana.member_id), Severity::High));
        assert_eq!(alone[0].evidence.number(FactName::MostContacts), 0);
        // The day on which everybody begins is no theft; nor is the next one.
        shown(&stage, &bia, day, 15).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, []);
        shown(&stage, &bia, day, 14).await;
        stage.clock.advance(DAY);
        shown(&stage, &ana, day + DAY, 90).await;
        shown(&stage, &bia, day + DAY, 7).await;
        assert_eq!(found(&stage, AuditRule::UnusualDisclosure).await, alone, "told once");
    }
}

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
