//! A company's directory: it gives what it is approved for, touches nobody who holds more, and takes over nobody's account.

mod groups;
mod people;

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::activity::chain;
use portaria_domain::activity::verification::verify;
use portaria_domain::authentication::Origin;
use portaria_domain::directory::credential::{self, CreatedCredential, NewCredential};
use portaria_domain::directory::group::{self, WantedGroup};
use portaria_domain::directory::mapping::{self, GroupRef, Meaning};
use portaria_domain::directory::profile::{Email, Profile};
use portaria_domain::directory::user::{self, Person as Known, Wanted};
use portaria_domain::directory::{self, Directory};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::invitation::{Acceptance, accept};
use portaria_domain::role::{self, NewRole, RoleEdit};
use portaria_domain::{Result, grant};
use portaria_entity::id::{DirectoryGroupId, DirectoryMappingId, DirectoryUserId, RoleId, WorkspaceId};
use portaria_entity::outgoing_mail;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};

use BuiltInRole::{Administrator, Agent, Analyst, Developer, Support};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A stage with an administrator and a directory that is approved for some roles.
struct Company {
    stage: Stage,
    admin: Person,
    directory: Directory,
    token: String,
}

impl Company {
    async fn on(test: portaria_testing::TestDatabase, approved: &[(BuiltInRole, Scope)]) -> Self {
        Self::of(Stage::on(test).await, approved).await
    }

    async fn of(stage: Stage, approved: &[(BuiltInRole, Scope)]) -> Self {
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let created = let_in(&stage, &admin, approved).await.unwrap();
        let token = created.token.reveal().to_owned();
        let directory = credential::authenticate(&stage.installation, &token, None).await.unwrap().unwrap();
        Self { stage, admin, directory, token }
    }

    /// Does something as the directory, all or nothing.
    async fn does<T>(&self, act: impl AsyncFnOnce(&mut Change<'_>) -> Result<T>) -> Result<T> {
        let mut change = directory::begin(&self.stage.installation, &self.directory).await?;
        let done = act(&mut change).await?;
        change.finish().await?;
        Ok(done)
    }

    async fn hires(&self, email: &str) -> DirectoryUserId {
        self.does(async |change| user::create(change, wanted(email)).await).await.unwrap()
    }

    async fn find(&self, id: DirectoryUserId) -> Result<Known> {
        find_in(&self.stage, self.stage.workspace_id, id).await
    }

    /// The directory's record of a member, whom it may not have spoken of yet.
    async fn known(&self, email: &str) -> Known {
        let database = &self.stage.installation.database;
        let search = user::Search { address: Some(email.to_owned()), ..user::Search::default() };
        let source = (database, self.stage.workspace_id);
        user::page(database.reader(), source, &search, user::Window::ONE).await.unwrap().remove(0)
    }

    async fn says(&self, id: DirectoryUserId, change_to: impl FnOnce(&mut Wanted)) -> Result<()> {
        let before = self.find(id).await?;
        let mut wanted = Wanted { profile: before.profile.clone(), active: before.is_active() };
        change_to(&mut wanted);
        self.does(async |change| user::replace(change, before, wanted).await).await
    }

    async fn fires(&self, id: DirectoryUserId) -> Result<()> {
        let before = self.find(id).await?;
        self.does(async |change| user::remove(change, &before).await).await
    }

    /// Accepts the letter that was sent there last.
    async fn accepts(&self, email: &str, password: &str) -> Result<Person> {
        let token = letter_token(&self.stage, email).await;
        let origin = Origin::default();
        let acceptance = Acceptance { token: &token, name: None, password, code: None, origin };
        let opened = accept(&self.stage.installation, acceptance).await?;
        let token = opened.token.reveal().to_owned();
        let viewer = self.stage.viewer(&token).await.unwrap();
        Ok(Person { member_id: opened.session.member_id, email: email.to_owned(), token, viewer })
    }

    /// Somebody whom the directory brought in, and who has accepted.
    async fn newcomer(&self, email: &str) -> (DirectoryUserId, Person) {
        let id = self.hires(email).await;
        (id, self.accepts(email, PASSWORD).await.unwrap())
    }

    async fn group(&self, name: &str, members: &[DirectoryUserId]) -> Result<DirectoryGroupId> {
        let wanted = WantedGroup {
            name: name.to_owned(),
            external_id: None,
            members: members.iter().copied().collect(),
        };
        self.does(async |change| group::create(change, wanted).await).await
    }

    async fn puts(&self, id: DirectoryGroupId, members: &[DirectoryUserId]) -> Result<()> {
        let (reader, workspace) = (self.stage.installation.database.reader(), self.stage.workspace_id);
        let row = group::find(reader, workspace, id).await?;
        let had = group::members_of(reader, workspace, &[id]).await?.remove(&id).unwrap_or_default();
        let members: BTreeSet<_> = members.iter().copied().collect();
        let wanted = WantedGroup { name: row.name.clone(), external_id: None, members };
        self.does(async |change| group::replace(change, (row, had), wanted).await).await
    }

    async fn maps(&self, group: GroupRef<'_>, meaning: Meaning) -> Result<DirectoryMappingId> {
        let act = async |change: &mut Change<'_>| mapping::map(change, group, meaning).await;
        Ok(try_as(&self.stage, &self.admin, act).await?.id)
    }

    async fn role(&self, role: BuiltInRole) -> RoleId {
        built_in(&self.stage, role).await
    }

    /// The reasons of the grants that somebody holds now.
    async fn reasons(&self, person: &Person) -> Vec<String> {
        let (reader, now) = (self.stage.installation.database.reader(), self.stage.clock.now());
        let held = role::grants_of(reader, self.stage.workspace_id, &[person.member_id], now).await.unwrap();
        held.into_iter().map(|grant| grant.reason).collect()
    }
}

fn wanted(email: &str) -> Wanted {
    let email = Email { value: email.to_owned(), kind: Some("work".to_owned()), primary: Some(true) };
    let profile = Profile {
        user_name: email.value.clone(),
        display_name: Some("Nina".to_owned()),
        preferred_language: Some("pt-BR".to_owned()),
        emails: vec![email],
        ..Profile::default()
    };
    Wanted { profile, active: true }
}

async fn find_in(stage: &Stage, workspace: WorkspaceId, id: DirectoryUserId) -> Result<Known> {
    let database = &stage.installation.database;
    user::find(database.reader(), (database, workspace), id).await
}

async fn letter_token(stage: &Stage, email: &str) -> String {
    let letters = stage.letters_to(email).await;
    let letter = letters.iter().rev().find(|letter| letter.text.contains("ptr_inv_"));
    let text = &letter.unwrap_or_else(|| panic!("no letter to {email}")).text;
    let at = text.find("ptr_inv_").unwrap();
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
}

async fn count_letters(stage: &Stage, email: &str) -> usize {
    let mails = outgoing_mail::Entity::find().all(stage.installation.database.reader()).await.unwrap();
    mails.iter().filter(|mail| mail.to_address == email).count()
}

async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
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

async fn let_in(
    stage: &Stage,
    person: &Person,
    approved: &[(BuiltInRole, Scope)],
) -> Result<CreatedCredential> {
    let mut roles = Vec::new();
    for (role, scope) in approved {
        roles.push((built_in(stage, *role).await, *scope));
    }
    let expires_at = stage.clock.now() + 300 * DAY;
    let new = NewCredential { name: "Entra", approved: &roles, expires_at };
    try_as(stage, person, async |change| credential::create(change, new).await).await
}

#[track_caller]
fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nobody_approves_what_they_do_not_hold_for_good() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let untried = let_in(&stage, &admin, &[(Agent, Scope::Workspace)]).await;
        assert!(matches!(untried, Err(Error::StepUpRequired { .. })), "it takes a second factor");
        let admin = stage.step_up(&admin).await;
        let developer = stage.person("Dev", &[(Developer, Scope::Workspace)]).await;
        let developer = stage.step_up(&developer).await;
        let forbidden = let_in(&stage, &developer, &[(Developer, Scope::Workspace)]).await;
        assert!(matches!(forbidden, Err(Error::Forbidden { .. })));
        assert_eq!(refusal(let_in(&stage, &admin, &[]).await), Refusal::NothingConferred);

        let manager = try_as(&stage, &admin, async |change| {
            let reads = portaria_domain::permission::Permission::ConversationReadTeam;
            let permissions = directory::REQUIRED.into_iter().chain([reads]).collect();
            role::create(change, NewRole { name: "Gestor", description: "", permissions }).await
        });
        let manager = manager.await.unwrap().role.id;
        let cover = stage.person("Cover", &[(Support, Scope::Workspace)]).await;
        let until = Some(stage.clock.now() + 7 * DAY);
        for (person, role_id, valid_until) in
            [(&developer, manager, None), (&cover, built_in(&stage, Administrator).await, until)]
        {
            let giving = grant::Giving {
                member_id: person.member_id,
                role_id,
                scope: Scope::Workspace,
                valid_from: None,
                valid_until,
                reason: "test",
            };
            try_as(&stage, &admin, async |change| grant::give(change, giving).await).await.unwrap();
        }
        let (developer, cover) = (stage.step_up(&developer).await, stage.step_up(&cover).await);
        let agent = let_in(&stage, &developer, &[(Agent, Scope::Workspace)]).await;
        assert_eq!(refusal(agent), Refusal::NotHeld);
        assert!(let_in(&stage, &developer, &[(Developer, Scope::Workspace)]).await.is_ok());
        let (approved, expires_at) = ([(manager, Scope::Workspace)], stage.clock.now() + DAY);
        let opening = try_as(&stage, &developer, async |change| {
            credential::create(change, NewCredential { name: "x", approved: &approved, expires_at }).await
        });
        assert_eq!(refusal(opening.await), Refusal::NotHeld, "it would open teams that they do not read");
        let outlasting = let_in(&stage, &cover, &[(Agent, Scope::Workspace)]).await;
        assert_eq!(refusal(outlasting), Refusal::OutlastsGranter, "a directory would be a way to stay");
        assert!(let_in(&stage, &cover, &[(Support, Scope::Workspace)]).await.is_ok());
    }
}

#[tokio::test]
async fn a_credential_opens_the_directorys_door_only_and_ends_at_once() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let (stage, installation) = (&company.stage, &company.stage.installation);
        assert!(stage.viewer(&company.token).await.is_none(), "no session, no key");
        assert!(credential::authenticate(installation, &company.admin.token, None).await.unwrap().is_none());
        let mut altered = company.token.clone();
        altered.replace_range(9..10, if &altered[9..10] == "A" { "B" } else { "A" });
        let before = installation.database.statement_count();
        assert!(credential::authenticate(installation, &altered, None).await.unwrap().is_none());
        assert_eq!(installation.database.statement_count(), before, "a wrong checksum asks nobody");
        let all = credential::all(installation.database.reader(), stage.workspace_id).await.unwrap();
        assert_eq!(all[0].last_used_at, Some(stage.clock.now()));
        assert!(!format!("{all:?}").contains(&company.token[12..]), "kept as a hash");

        let change = directory::begin(installation, &company.directory).await.unwrap();
        assert!(change.require(directory::REQUIRED[0]).is_err(), "it lets in no other directory");
        drop(change);
        let id = all[0].id;
        let revoke = async |change: &mut Change<'_>| credential::revoke(change, id).await;
        try_as(stage, &company.admin, revoke).await.unwrap();
        assert!(credential::authenticate(installation, &company.token, None).await.unwrap().is_none());
        let late = company.does(async |_| Ok(())).await;
        assert_eq!(refusal(late), Refusal::AlreadyEnded, "not even for a request that was under way");
        let again = try_as(stage, &company.admin, revoke).await;
        assert_eq!(refusal(again), Refusal::AlreadyEnded);

        let next = let_in(stage, &company.admin, &[(Agent, Scope::Workspace)]).await.unwrap();
        stage.clock.advance(300 * DAY);
        assert!(credential::authenticate(installation, next.token.reveal(), None).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_a_directory_may_give_counts_when_a_role_is_edited() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let make = try_as(stage, &company.admin, async |change| {
            let permissions = [portaria_domain::permission::Permission::ContactRead].into_iter().collect();
            role::create(change, NewRole { name: "Leitor", description: "", permissions }).await
        });
        let reader_role = make.await.unwrap().role.id;
        let approved = [(reader_role, Scope::Workspace), (company.role(Agent).await, Scope::Workspace)];
        let expires_at = stage.clock.now() + DAY;
        let new = NewCredential { name: "Okta", approved: &approved, expires_at };
        try_as(stage, &company.admin, async |change| credential::create(change, new).await).await.unwrap();

        let make = try_as(stage, &company.admin, async |change| {
            let mut permissions = portaria_domain::permission::PermissionSet::of_role(Support);
            permissions = permissions
                .union([portaria_domain::permission::Permission::RoleManage].into_iter().collect());
            role::create(change, NewRole { name: "Editor", description: "", permissions }).await
        });
        let editor = make.await.unwrap().role.id;
        let ed = stage.person("Ed", &[]).await;
        let giving = grant::Giving {
            member_id: ed.member_id,
            role_id: editor,
            scope: Scope::Workspace,
            valid_from: None,
            valid_until: None,
            reason: "test",
        };
        try_as(stage, &company.admin, async |change| grant::give(change, giving).await).await.unwrap();
        let ed = stage.step_up(&ed).await;
        let permissions = portaria_domain::permission::PermissionSet::of_role(Support);
        let edit = async |change: &mut Change<'_>| {
            let edit = RoleEdit { permissions: Some(permissions), ..RoleEdit::default() };
            role::edit(change, reader_role, edit).await
        };
        let refused = try_as(stage, &ed, edit).await;
        assert_eq!(refusal(refused), Refusal::HoldsMore, "Okta may give more than Ed holds");
        try_as(stage, &company.admin, edit).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_directory_does_is_put_down_as_its_doing_and_sealed() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        chain::seal(&stage.installation).await.unwrap();
        let (id, _) = company.newcomer("nina@x.example").await;
        company.says(id, |wanted| wanted.active = false).await.unwrap();
        company.fires(id).await.unwrap();
        chain::seal(&stage.installation).await.unwrap();
        let verdict = verify(&stage.installation, stage.workspace_id, None).await.unwrap();
        assert!(verdict.flaws.is_empty(), "{:?}", verdict.flaws);
        let database = &stage.installation.database;
        let sql =
            "SELECT action FROM activities WHERE workspace_id = $1 AND actor_directory_id = $2 ORDER BY id";
        let values = [stage.workspace_id.0.into(), company.directory.credential_id.0.into()];
        let rows = database.reader().query_all_raw(database.statement(sql, values)).await.unwrap();
        let actions: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(
            actions,
            [
                "directory_user.created",
                "invitation.sent",
                "member.suspended",
                "member.removed",
                "directory_user.removed"
            ]
        );
        // Who did it is under the seal.
        let on = if database.is_sqlite() { "" } else { " ON activities" };
        for sql in [
            format!("DROP TRIGGER activities_refuse_update{on}"),
            "UPDATE activities SET actor_directory_id = NULL WHERE action = 'member.suspended'".to_owned(),
        ] {
            database.writer().execute_unprepared(&sql).await.unwrap();
        }
        let verdict = verify(&stage.installation, stage.workspace_id, None).await.unwrap();
        assert_eq!(verdict.flaws.len(), 1, "{:?}", verdict.flaws);
    }
}
