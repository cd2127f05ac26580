//! Who changed whose access, as an administrator reads it.

use std::time::Duration;

use portaria_domain::Result;
use portaria_domain::access::Scope;
use portaria_domain::access_file::{Document, apply, read};
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::access_change::{AccessChanges, Weight};
use portaria_domain::audit::people::People;
use portaria_domain::audit::telling::{Teller, instant};
use portaria_domain::authentication::Origin;
use portaria_domain::directory::credential::{self, NewCredential};
use portaria_domain::directory::mapping::{GroupRef, Meaning, map};
use portaria_domain::granting::{Authority, Change};
use portaria_domain::invitation::{self, Acceptance, Invite, Promise, accept};
use portaria_domain::language::{Language, Wall};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole};
use portaria_domain::{activity, grant};
use portaria_entity::id::{MemberId, RoleId};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::time::Timestamp;
use portaria_testing::{PASSWORD, Person, Stage, databases};

use crate::auditing::{DAY, HOUR, built_in};
use crate::single_sign_on::{configure, mapping};

const A_MOMENT: Duration = Duration::from_secs(120);

async fn as_<T>(stage: &Stage, who: &Person, what: impl AsyncFnOnce(&mut Change<'_>) -> Result<T>) -> T {
    let mut change = Change::by(&stage.installation, &who.viewer, &[]).await.unwrap();
    let done = what(&mut change).await.unwrap();
    change.finish().await.unwrap();
    done
}

/// What was done since then, in English: how weighty, what, to whom and by whom.
async fn told(stage: &Stage, since: Timestamp) -> Vec<String> {
    stage.clock.advance(A_MOMENT);
    let (database, at) = (&stage.installation.database, stage.clock.now());
    let reader = database.reader();
    let changes = AccessChanges::between(reader, database, stage.workspace_id, (since, at)).await.unwrap();
    let here = stage.workspace_id;
    let people = People::of(reader, here, &[], at).await.unwrap();
    let people = people.and_members(reader, (here, at), &changes.members()).await.unwrap();
    let people = people.and_invited(reader, here, &changes.invitations()).await.unwrap();
    let wall = Wall::new(&jiff::tz::TimeZone::UTC, instant(at));
    let tell = |people: &People| -> Vec<String> {
        let teller = Teller { language: Language::English, wall: &wall, people, at };
        let lines = changes.listed.iter().map(|change| {
            let told = teller.tell_change(change);
            let heavy = if change.weight == Weight::Heavy { "! " } else { "" };
            format!("{heavy}{} | {} | {}", told.what, told.whom.unwrap_or_default(), told.by)
        });
        lines.collect()
    };
    assert!(!tell(&people.nameless()).concat().contains("Nina"), "not to who may not know people");
    tell(&people)
}

async fn harmless_role(stage: &Stage, by: &Person) -> RoleId {
    let permissions = PermissionSet::of(&[Permission::TemplateRead]);
    let new = NewRole { name: "Harmless", description: "", permissions };
    as_(stage, by, async |change| role::create(change, new).await).await.role.id
}

fn giving(member_id: MemberId, role_id: RoleId) -> grant::Giving<'static> {
    grant::Giving {
        member_id,
        role_id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "needs it",
    }
}

/// Whoever and whatever can hold a role holds this one.
async fn everything_holds(stage: &Stage, boss: &Person, gil: &Person, role: RoleId) {
    as_(stage, boss, async |change| grant::give(change, giving(gil.member_id, role)).await).await;
    let expires_at = stage.clock.now() + 30 * DAY;
    let held = [(role, Scope::Workspace)];
    let new = NewApiKey { name: "CRM", grants: &held, expires_at, allowed_addresses: &[] };
    as_(stage, boss, async |change| api_key::create(change, new).await).await;
    configure(stage, boss, true, &[mapping("agents", role, Scope::Workspace)]).await.unwrap();
    let new = NewCredential { name: "Okta", approved: &held, expires_at };
    as_(stage, boss, async |change| credential::create(change, new).await).await;
    let meaning = Meaning::Role(role, Scope::Workspace);
    as_(stage, boss, async |change| map(change, GroupRef::Name("Grupo"), meaning).await).await;
}

#[tokio::test]
async fn who_becomes_an_administrator_by_a_role_that_is_deleted_is_told_of() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let boss = stage.step_up(&boss).await;
        let gil = stage.person("Gil", &[]).await;
        let small = harmless_role(&stage, &boss).await;
        everything_holds(&stage, &boss, &gil, small).await;
        stage.clock.advance(A_MOMENT);
        let since = stage.clock.now();
        stage.clock.advance(A_MOMENT);
        let instead = Disposal::Replace(built_in(&stage, Administrator).await);
        as_(&stage, &boss, async |change| role::delete(change, small, instead).await).await;

        let mut lines = told(&stage, since).await;
        lines.sort_unstable();
        let expected = [
            "! Role granted: Administrator | Gil | Ana",
            "! Single sign-on changed: Acme |  | Ana",
            "Access of an API key changed: CRM |  | Ana",
            "Directory group tied to access: Administrator |  | Ana",
            "Role deleted: Harmless → Administrator |  | Ana",
        ];
        assert_eq!(lines, expected, "{}", stage.test_database.name);
        let filter = activity::ActivityFilter {
            action: Some("directory_credential.approvals_changed".to_owned()),
            ..Default::default()
        };
        let reader = stage.installation.database.reader();
        let approved = activity::page(reader, stage.workspace_id, &filter, None, 10).await.unwrap();
        assert_eq!(approved.len(), 1);
    }
}

#[tokio::test]
async fn what_an_invitation_gave_is_told_as_its_inviters() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let boss = stage.step_up(&boss).await;
        let (start, role_id) = (stage.clock.now(), built_in(&stage, Administrator).await);
        let promise = Promise {
            role_id,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "joins",
        };
        let invite =
            || Invite { name: "Nina", email: "nina@x.example", locale: "pt-BR", grants: vec![promise] };
        as_(&stage, &boss, async |change| invitation::invite(change, invite()).await).await;
        let sent = "Invitation sent: Administrator | Nina (nina@x.example) | Ana";
        assert_eq!(told(&stage, start).await, [sent], "{}", stage.test_database.name);

        let since = stage.clock.now();
        stage.clock.advance(HOUR);
        let token = stage.token_for("nina@x.example").await;
        let origin = Origin::default();
        let acceptance = Acceptance { token: &token, name: None, password: PASSWORD, code: None, origin };
        accept(&stage.installation, acceptance).await.unwrap();
        let lines = told(&stage, since).await;
        assert_eq!(
            lines,
            ["! Role granted: Administrator | Nina | Ana", "Invitation accepted |  | Nina"],
            "{}",
            stage.test_database.name
        );
    }
}

#[tokio::test]
async fn what_a_file_on_the_machine_gives_in_somebodys_name_is_not_told_as_theirs() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        stage.person("Gil", &[(Agent, Scope::Workspace)]).await;
        let (start, installation) = (stage.clock.now(), &stage.installation);
        let state = read(installation.database.reader(), stage.workspace_id, start).await.unwrap();
        let text = state.document.to_toml().unwrap().replace("\"Agent\"", "\"Analyst\"");
        let how = (Authority::Member(boss.member_id), None);
        let done = apply(installation, stage.workspace_id, &Document::parse(&text).unwrap(), how).await;
        assert!(!done.unwrap().steps.is_empty(), "{text}");
        let lines = told(&stage, start).await;
        let given = "Role granted: Analyst | Gil | somebody on the machine (portaria admin)";
        assert!(lines.iter().any(|line| line == given), "{lines:?}");
        assert!(lines.iter().all(|line| !line.ends_with("| Ana")), "{lines:?}");
    }
}
