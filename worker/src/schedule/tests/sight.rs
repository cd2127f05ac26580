//! What a reader of the report may know, and who is one.

use portaria_domain::audit::reader::Sight;
use portaria_domain::grant::{Giving, give};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, NewRole};
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_testing::databases;
use sea_orm::ConnectionTrait;

use super::*;

/// Somebody who holds these permissions for the whole workspace.
async fn holder(scene: &Scene, name: &str, permissions: &[Permission]) -> Person {
    let stage = &scene.stage;
    let alice = stage.step_up(&alice(scene).await).await;
    let person = stage.person(name, &[]).await;
    let mut change = Change::by(&stage.installation, &alice.viewer, &[]).await.unwrap();
    let permissions = PermissionSet::of(permissions);
    let new = NewRole { name, description: "", permissions };
    let role_id = role::create(&mut change, new).await.unwrap().role.id;
    let giving = Giving {
        member_id: person.member_id,
        role_id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "looks after it",
    };
    give(&mut change, giving).await.unwrap();
    change.finish().await.unwrap();
    person
}

#[tokio::test]
async fn a_reader_is_who_may_read_it_now_by_whatever_role() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let stage = &scene.stage;
        let everyone = portaria_domain::audit::reader::readers(
            stage.installation.database.reader(),
            &stage.installation.database,
            stage.workspace_id,
            stage.clock.now(),
        );
        let names: Vec<_> = everyone.await.unwrap().into_iter().map(|reader| reader.row.user.name).collect();
        assert_eq!(names, ["Alice", "Bruno"]);
        let id = stage.workspace_id;
        let database = &stage.installation.database;
        let carla = "SELECT m.id FROM members m JOIN users u ON u.id = m.user_id WHERE u.name = 'Carla'";
        let row = database.reader().query_one_raw(database.statement(carla, [])).await.unwrap().unwrap();
        let carla: MemberId = row.try_get_by_index(0).unwrap();
        let may = || {
            portaria_domain::audit::reader::may_read(
                database.reader(),
                database,
                (id, carla),
                (Sight { people: true, log: true }, stage.clock.now()),
            )
        };
        assert!(!may().await.unwrap());
        stage.grant(id, carla, BuiltInRole::Administrator, Scope::Channel(stage.sales)).await;
        assert!(!may().await.unwrap(), "one number is not the whole");
        stage.grant(id, carla, BuiltInRole::Administrator, Scope::Workspace).await;
        assert!(may().await.unwrap());
        execute(stage, "UPDATE grants SET valid_until = valid_from + 1").await;
        stage.clock.advance(Duration::from_secs(1));
        assert!(!may().await.unwrap());
    }
}

#[tokio::test]
async fn a_report_tells_no_more_than_its_reader_may_know() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let dora = attacked(&scene).await;
        holder(&scene, "Sofia", &[Permission::AccessAuditRead]).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let mails = scene.mails().await;
        let of = |name: &str| mails.iter().find(|mail| mail.to.name.as_deref() == Some(name)).unwrap();
        let (all, some) = (of("Alice"), of("Sofia"));
        assert!(
            all.text.contains("Dora") && all.text.contains("Quem mudou o acesso de quem"),
            "{}",
            all.text
        );
        assert!(!all.text.contains("Ficou de fora"), "{}", all.text);
        assert!(some.subject.contains("1 ponto novo"), "{}", some.subject);
        assert!(
            some.text.contains("  * Um membro\n") && some.text.contains("Ficou de fora"),
            "{}",
            some.text
        );
        let file = some.attachment.as_ref().unwrap();
        for text in [&some.text, &some.html, &file.content] {
            for told in ["Dora", &dora.email, "203.0.113.66", "Quem mudou o acesso de quem", "Firefox"] {
                assert!(!text.contains(told), "{told}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn what_somebody_may_not_know_any_more_does_not_go_out_and_the_next_leaves_it_out() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        attacked(&scene).await;
        let all = [Permission::AccessAuditRead, Permission::MemberReadPrivate, Permission::AuditLogRead];
        holder(&scene, "Sofia", &all).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let taken = "DELETE FROM role_permissions WHERE permission = 'member:read_private'";
        execute(&scene.stage, taken).await;
        assert_eq!((subjects(&scene, "Alice").await.len(), subjects(&scene, "Sofia").await.len()), (1, 0));
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        let mails = scene.mails().await;
        let hers = mails.iter().find(|mail| mail.to.name.as_deref() == Some("Sofia")).unwrap();
        assert!(hers.subject.contains("1 ponto novo"), "{}", hers.subject);
        assert!(!hers.text.contains("Dora"), "{}", hers.text);
        let log = "== Quem mudou o acesso de quem ==";
        let changes = hers.text.split_once(log).unwrap_or_else(|| panic!("{}", hers.text)).1;
        assert!(changes.contains("por alguém") && !changes.contains("Alice"), "{changes}");
    }
}

#[tokio::test]
async fn who_is_removed_before_the_mail_goes_out_gets_nothing() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let bruno = {
            let find =
                portaria_entity::user::Entity::find().filter(portaria_entity::user::Column::Name.eq("Bruno"));
            find.one(scene.stage.installation.database.reader()).await.unwrap().unwrap().id
        };
        let sql = "UPDATE members SET status = 'suspended' WHERE user_id = $1";
        let database = &scene.stage.installation.database;
        database.writer().execute_raw(database.statement(sql, [bruno.0.into()])).await.unwrap();
        let mails = scene.mails().await;
        assert_eq!(mails.iter().map(|mail| mail.to.name.as_deref()).collect::<Vec<_>>(), [Some("Alice")]);
        let rows = outgoing_mail::Entity::find().all(database.reader()).await.unwrap();
        let failed: Vec<_> = rows.iter().filter(|row| row.status == MailStatus::Failed).collect();
        assert_eq!(failed.len(), 1);
        let standing = portaria_domain::mail::standing(&scene.stage.installation).await.unwrap();
        assert_eq!(standing.given_up, 0, "that is no failure");
        scene.stage.clock.set(first_due() + DAY);
        scene.tick().await;
        assert!(subjects(&scene, "Alice").await[1].contains("nada a relatar"));
    }
}

#[tokio::test]
async fn a_report_that_waits_goes_to_where_its_reader_is_reached_by_then() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        scene.tick().await;
        let sql = "UPDATE users SET email = 'alice@new.example', email_normalized = 'alice@new.example' WHERE name = 'Alice'";
        execute(&scene.stage, sql).await;
        let mails = scene.mails().await;
        let hers = mails.iter().find(|mail| mail.to.name.as_deref() == Some("Alice")).unwrap();
        assert_eq!((mails.len(), hers.to.address.as_str()), (2, "alice@new.example"));
    }
}
