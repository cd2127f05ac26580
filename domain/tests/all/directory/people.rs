//! People who come, change and go by the directory.

use portaria_domain::authentication::{Attempt, sign_in};
use portaria_domain::invitation::{self, Invite};
use portaria_domain::member;
use portaria_domain::permission::Permission;
use portaria_entity::id::MemberId;
use portaria_entity::member::MemberStatus;
use portaria_entity::{conversation, user as account};

use super::*;

async fn account_of(stage: &Stage, member: MemberId) -> account::Model {
    let reader = stage.installation.database.reader();
    let members = portaria_entity::member::Entity::find().all(reader).await.unwrap();
    let member = members.iter().find(|row| row.id == member).unwrap();
    account::Entity::find_by_id(member.user_id).one(reader).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_new_person_is_pending_until_they_accept_and_then_has_what_their_groups_stand_for() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let nina = company.hires("Nina@X.example").await;
        let group = company.group("Vendas", &[nina]).await.unwrap();
        let agent = Meaning::Role(company.role(Agent).await, Scope::Channel(stage.sales));
        company.maps(GroupRef::Id(group), agent).await.unwrap();
        let known = company.find(nina).await.unwrap();
        assert!(known.is_active() && known.member.is_none(), "active, and nobody yet");
        let accounts = account::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert_eq!(accounts.len(), 1, "no account is made for somebody who has not accepted");
        let person = company.accepts("Nina@X.example", PASSWORD).await.unwrap();
        assert!(person.viewer.access.in_channel(stage.sales).contains(Permission::ContactReadPhone));
        assert!(!person.viewer.access.everywhere().contains(Permission::ContactReadPhone));
        assert_eq!(company.reasons(&person).await, ["directory: Vendas"]);
        let known = company.find(nina).await.unwrap();
        assert_eq!(known.member, Some((person.member_id, MemberStatus::Active)));
        stage.sign_in("nina@x.example").await;
        let again = company.does(async |change| user::create(change, wanted("NINA@x.example")).await).await;
        assert_eq!(refusal(again), Refusal::NameTaken);
        let other_name = Wanted {
            profile: Profile { user_name: "n".to_owned(), ..wanted("nina@x.example").profile },
            active: true,
        };
        let again = company.does(async |change| user::create(change, other_name).await).await;
        assert_eq!(refusal(again), Refusal::AlreadyMember);
    }
}

#[tokio::test]
async fn nobody_is_taken_over_who_has_an_account_already() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (other, ..) = stage.another_workspace().await;
        let vera = stage.person_in(other, "Vera", &[(Administrator, Scope::Workspace)]).await;
        let before = account_of(stage, vera.member_id).await;
        let id = company.hires(&vera.email).await;
        assert!(company.find(id).await.unwrap().member.is_none(), "she is asked, and no more");
        let there = stage.viewer(&vera.token).await.unwrap();
        assert_eq!(there.workspace_id, other);
        // The directory may say what it likes of her: her account does not hear it.
        company
            .says(id, |wanted| {
                wanted.profile.display_name = Some("Outra".to_owned());
                wanted.profile.emails[0].value = "thief@x.example".to_owned();
            })
            .await
            .unwrap();
        assert_eq!(account_of(stage, vera.member_id).await, before);
        company.says(id, |wanted| wanted.profile.emails[0].value = vera.email.clone()).await.unwrap();
        let stolen = company.accepts(&vera.email, "the thief's own password").await;
        assert_eq!(refusal(stolen), Refusal::InvalidCredentials);
        let here = company.accepts(&vera.email, PASSWORD).await.unwrap();
        assert_eq!(account_of(stage, here.member_id).await, before, "one account, in two workspaces");
        company
            .says(id, |wanted| {
                wanted.profile.display_name = Some("Outra".to_owned());
                wanted.profile.emails[0].value = "thief@x.example".to_owned();
            })
            .await
            .unwrap();
        assert_eq!(account_of(stage, here.member_id).await, before, "and still not");
        assert_eq!(count_letters(stage, "thief@x.example").await, 1, "the first invitation, and no other");
        company.says(id, |wanted| wanted.active = false).await.unwrap();
        assert!(stage.viewer(&here.token).await.is_none());
        company.fires(id).await.unwrap();
        assert!(stage.viewer(&vera.token).await.is_some(), "there she works on");
        assert_eq!(account_of(stage, here.member_id).await, before);
    }
}

#[tokio::test]
async fn an_account_that_the_directory_made_follows_it_while_it_is_nowhere_else() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, person) = company.newcomer("nina@x.example").await;
        let rename = |name: &'static str, email: &'static str| {
            move |wanted: &mut Wanted| {
                wanted.profile.display_name = Some(name.to_owned());
                wanted.profile.emails[0].value = email.to_owned();
            }
        };
        company.says(id, rename("Nina Souza", "nina.souza@x.example")).await.unwrap();
        let account = account_of(stage, person.member_id).await;
        assert_eq!((account.name.as_str(), account.email.as_str()), ("Nina Souza", "nina.souza@x.example"));
        assert_eq!(count_letters(stage, "nina@x.example").await, 2, "the old address is told");
        stage.sign_in("nina.souza@x.example").await;
        // An address that is somebody's is not taken.
        company
            .says(id, |wanted| wanted.profile.emails[0].value = "admin@free.example".to_owned())
            .await
            .unwrap();
        let (other, ..) = stage.another_workspace().await;
        let vera = stage.person_in(other, "Vera", &[]).await;
        company.says(id, |wanted| wanted.profile.emails[0].value = vera.email.clone()).await.unwrap();
        assert_eq!(account_of(stage, person.member_id).await.email, "admin@free.example");
        // Once in another workspace too, the account is no longer this directory's to change.
        let transaction = stage.installation.database.begin().await.unwrap();
        let new = member::NewMember {
            name: "x",
            email: "admin@free.example",
            locale: "pt-BR",
            password_hash: None,
        };
        member::create(&transaction, &stage.installation, other, new).await.unwrap();
        transaction.commit().await.unwrap();
        company.says(id, rename("Outra", "outra@x.example")).await.unwrap();
        let account = account_of(stage, person.member_id).await;
        assert_eq!((account.name.as_str(), account.email.as_str()), ("Nina Souza", "admin@free.example"));
    }
}

#[tokio::test]
async fn who_is_made_inactive_is_out_at_once_and_comes_back_with_what_they_had() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, person) = company.newcomer("nina@x.example").await;
        let group = company.group("Vendas", &[id]).await.unwrap();
        let agent = Meaning::Role(company.role(Agent).await, Scope::Workspace);
        company.maps(GroupRef::Id(group), agent).await.unwrap();
        let contact = stage.customer("Ana", "5511987654321").await;
        let open = stage.conversation(contact, stage.sales, Some(person.member_id), &["oi"]).await;
        company.says(id, |wanted| wanted.active = false).await.unwrap();
        assert!(stage.viewer(&person.token).await.is_none(), "sessions end");
        let reader = stage.installation.database.reader();
        let row =
            conversation::Entity::find_by_id((stage.workspace_id, open)).one(reader).await.unwrap().unwrap();
        assert_eq!(row.assignee_id, None, "conversations go back to the queue");
        assert!(!company.find(id).await.unwrap().is_active());
        let origin = Origin::default();
        let attempt =
            Attempt { email: "nina@x.example", password: PASSWORD, code: None, workspace_id: None, origin };
        assert!(sign_in(&stage.installation, attempt).await.is_err());
        company.says(id, |wanted| wanted.active = true).await.unwrap();
        let back = stage.sign_in("nina@x.example").await;
        assert_eq!(company.reasons(&back).await, ["directory: Vendas"]);
        company.fires(id).await.unwrap();
        assert!(stage.viewer(&back.token).await.is_none());
        assert!(matches!(company.find(id).await, Err(Error::NotFound)));
        // Hired again, they are the same member, without what they had.
        let id = company.hires("nina@x.example").await;
        let again = company.accepts("nina@x.example", PASSWORD).await.unwrap();
        assert_eq!(again.member_id, person.member_id);
        assert!(company.reasons(&again).await.is_empty());
        company.puts(group, &[id]).await.unwrap();
        assert_eq!(company.reasons(&again).await, ["directory: Vendas"]);
    }
}

#[tokio::test]
async fn who_was_suspended_or_removed_by_hand_is_not_let_in_by_the_next_sync() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, person) = company.newcomer("nina@x.example").await;
        let suspend = async |change: &mut Change<'_>| member::suspend(change, person.member_id).await;
        try_as(stage, &company.admin, suspend).await.unwrap();
        assert!(!company.find(id).await.unwrap().is_active(), "the directory sees it");
        let refused = company.says(id, |wanted| wanted.active = true).await;
        assert_eq!(refusal(refused), Refusal::SuspendedByHand);
        company.says(id, |wanted| wanted.active = false).await.unwrap();
        let refused = company.says(id, |wanted| wanted.active = true).await;
        assert_eq!(refusal(refused), Refusal::SuspendedByHand, "not by way of saying it twice either");
        let reinstate = async |change: &mut Change<'_>| member::reinstate(change, person.member_id).await;
        try_as(stage, &company.admin, reinstate).await.unwrap();
        let remove = async |change: &mut Change<'_>| member::remove(change, person.member_id).await;
        try_as(stage, &company.admin, remove).await.unwrap();
        let letters = count_letters(stage, "nina@x.example").await;
        company.says(id, |wanted| wanted.profile.display_name = Some("N.".to_owned())).await.unwrap();
        assert_eq!(count_letters(stage, "nina@x.example").await, letters, "a change of name asks nobody");
        company.says(id, |wanted| wanted.active = true).await.unwrap();
        let known = company.find(id).await.unwrap();
        assert!(known.is_active() && known.member.is_none(), "asked again, and pending");
        assert_eq!(count_letters(stage, "nina@x.example").await, letters + 1);
    }
}

#[tokio::test]
async fn a_directory_touches_nobody_who_holds_what_it_is_not_approved_for() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let analyst = stage.person("Analia", &[(Analyst, Scope::Workspace)]).await;
        let agent = stage.person("Bia", &[(Agent, Scope::Channel(stage.sales))]).await;
        for person in [&company.admin, &analyst] {
            let known = company.known(&person.email).await;
            for attempt in [
                company.says(known.id, |wanted| wanted.active = false).await,
                company.says(known.id, |wanted| wanted.profile.display_name = Some("x".to_owned())).await,
                company.says(known.id, |_| {}).await,
                company.fires(known.id).await,
            ] {
                assert_eq!(refusal(attempt), Refusal::HoldsMore);
            }
            assert!(stage.viewer(&person.token).await.is_some());
        }
        let known = company.known(&agent.email).await;
        assert!(known.record.is_none());
        company.says(known.id, |wanted| wanted.profile.external_id = Some("42".to_owned())).await.unwrap();
        assert_eq!(company.find(known.id).await.unwrap().member, known.member, "one id, before and after");
        let account = account_of(stage, agent.member_id).await;
        company
            .says(known.id, |wanted| wanted.profile.emails[0].value = "x@x.example".to_owned())
            .await
            .unwrap();
        assert_eq!(
            account_of(stage, agent.member_id).await,
            account,
            "an account made by hand stays as it is"
        );
        company.fires(known.id).await.unwrap();
        assert!(stage.viewer(&agent.token).await.is_none());
    }
}

#[tokio::test]
async fn a_directory_never_leaves_a_workspace_without_an_administrator() {
    for test in databases().await {
        let company = Company::on(test, &[(Administrator, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let group = company.group("Admins", &[id]).await.unwrap();
        let meaning = Meaning::Role(company.role(Administrator).await, Scope::Workspace);
        company.maps(GroupRef::Id(group), meaning).await.unwrap();
        let admin = company.known(&company.admin.email).await;
        company.fires(admin.id).await.unwrap();
        assert!(stage.viewer(&company.admin.token).await.is_none());
        for attempt in [
            company.says(id, |wanted| wanted.active = false).await,
            company.fires(id).await,
            company.puts(group, &[]).await,
        ] {
            assert_eq!(refusal(attempt), Refusal::LastAdministrator);
        }
        assert!(stage.viewer(&nina.token).await.is_some());
        assert_eq!(company.reasons(&nina).await, ["directory: Admins"]);
    }
}

#[tokio::test]
async fn a_directory_sees_its_own_workspace_only() {
    for test in databases().await {
        let company = Company::on(test, &[(Administrator, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (other, ..) = stage.another_workspace().await;
        let vera = stage.person_in(other, "Vera", &[(Agent, Scope::Workspace)]).await;
        let foreign = DirectoryUserId(vera.member_id.0);
        assert!(find_in(stage, other, foreign).await.is_ok());
        assert!(matches!(company.find(foreign).await, Err(Error::NotFound)));
        let database = &stage.installation.database;
        let source = (database, stage.workspace_id);
        for search in [
            user::Search::default(),
            user::Search { address: Some(vera.email.clone()), ..user::Search::default() },
            user::Search { user_name: Some(vera.email.clone()), ..user::Search::default() },
        ] {
            let window = user::Window { offset: 0, limit: 100 };
            let found = user::page(database.reader(), source, &search, window).await.unwrap();
            assert!(found.iter().all(|person| person.id != foreign), "{search:?}");
            let count = user::count(database.reader(), source, &search).await.unwrap();
            assert_eq!(count, found.len() as u64);
        }
        let refused = company.group("Todos", &[foreign]).await;
        assert!(matches!(refused, Err(Error::BadInput(_))), "nobody of another workspace is in a group");
        assert!(stage.viewer(&vera.token).await.is_some());
    }
}

#[tokio::test]
async fn who_is_forgotten_is_forgotten_of_the_directory_too() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let group = company.group("Vendas", &[id]).await.unwrap();
        try_as(stage, &company.admin, async |change| member::remove(change, nina.member_id).await)
            .await
            .unwrap();
        let erase = async |change: &mut Change<'_>| member::erase(change, nina.member_id, "asked to").await;
        try_as(stage, &company.admin, erase).await.unwrap();
        assert!(matches!(company.find(id).await, Err(Error::NotFound)));
        company.puts(group, &[]).await.unwrap();
        let database = &stage.installation.database;
        for table in ["directory_users", "directory_group_members", "directory_effects"] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let row = database.reader().query_one_raw(database.statement(&sql, [])).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "{table}");
        }
    }
}

#[tokio::test]
async fn letters_are_sent_once_and_again_when_they_ran_out() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let id = company.hires("nina@x.example").await;
        let first = letter_token(stage, "nina@x.example").await;
        company.says(id, |_| {}).await.unwrap();
        assert_eq!(count_letters(stage, "nina@x.example").await, 1);
        stage.clock.advance(8 * DAY);
        company.says(id, |_| {}).await.unwrap();
        assert_eq!(count_letters(stage, "nina@x.example").await, 2, "the first had run out");
        assert_ne!(letter_token(stage, "nina@x.example").await, first);
        company.says(id, |wanted| wanted.profile.emails[0].value = "n@x.example".to_owned()).await.unwrap();
        let void = company.accepts("nina@x.example", PASSWORD).await;
        assert_eq!(refusal(void), Refusal::InvalidToken, "the address has changed");
        company.says(id, |wanted| wanted.active = false).await.unwrap();
        assert_eq!(refusal(company.accepts("n@x.example", PASSWORD).await), Refusal::InvalidToken);
        company.says(id, |wanted| wanted.active = true).await.unwrap();
        let admin = stage.sign_in(&company.admin.email).await;
        let admin = stage.step_up(&admin).await;
        let revoke =
            async |change: &mut Change<'_>| credential::revoke(change, company.directory.credential_id).await;
        try_as(stage, &admin, revoke).await.unwrap();
        let void = company.accepts("n@x.example", PASSWORD).await;
        assert_eq!(refusal(void), Refusal::InvitationVoid, "the directory was shut out");
        let_in(stage, &admin, &[(Agent, Scope::Workspace)]).await.unwrap();
        company.accepts("n@x.example", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn who_was_invited_by_hand_is_linked_when_they_accept() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let invite = async |change: &mut Change<'_>| {
            let invite = Invite { name: "Nina", email: "nina@x.example", locale: "pt-BR", grants: vec![] };
            invitation::invite(change, invite).await
        };
        try_as(stage, &company.admin, invite).await.unwrap();
        let id = company.hires("nina@x.example").await;
        assert_eq!(count_letters(stage, "nina@x.example").await, 1, "she has been asked");
        let group = company.group("Vendas", &[id]).await.unwrap();
        company
            .maps(GroupRef::Id(group), Meaning::Role(company.role(Agent).await, Scope::Workspace))
            .await
            .unwrap();
        let nina = company.accepts("nina@x.example", PASSWORD).await.unwrap();
        assert_eq!(company.find(id).await.unwrap().member.unwrap().0, nina.member_id);
        assert_eq!(company.reasons(&nina).await, ["directory: Vendas"]);
    }
}
