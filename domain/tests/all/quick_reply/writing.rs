//! Writing quick replies: who may, what is kept of it, and two who write at once.

use portaria_domain::activity::{ActivityFilter, page as activities};
use portaria_domain::quick_reply::{Status, find, said_by, set_status, update, versions};

use super::*;

const TEXT: [(&str, &str); 1] = [("pt", "Bom dia, como podemos ajudar?")];

#[tokio::test]
async fn a_change_is_in_force_at_once_and_each_version_is_kept() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (installation, admin) = (&desk.stage.installation, &desk.admin.viewer);
        let first = desk.write(draft(Scope::Workspace, "Oi", &TEXT)).await;
        let id = first.row.id;
        let second = draft(Scope::Workspace, "Oi", &[("pt", "Boa tarde!")]);
        let row = update(installation, admin, (id, 1), second.clone()).await.unwrap();
        assert_eq!(row.row.version, 2);
        assert_eq!(desk.text(&desk.support, id, &Filling::default()).await.unwrap(), "Boa tarde!");
        let same = update(installation, admin, (id, 2), second.clone()).await.unwrap();
        assert_eq!(same.row.version, 2, "nothing was changed");
        assert_eq!(refused(update(installation, admin, (id, 1), second).await), Refusal::ChangedMeanwhile);
        let kept = versions(installation.database.reader(), (desk.stage.workspace_id, id), 10).await.unwrap();
        let texts: Vec<_> =
            kept.iter().map(|version| said_by(version).unwrap().translations[0].text.clone()).collect();
        assert_eq!(texts, ["Boa tarde!", TEXT[0].1]);
        assert!(kept.iter().all(|version| version.author_id == Some(desk.admin.member_id)));
        for sql in ["UPDATE quick_reply_versions SET title = 'x'", "DELETE FROM quick_reply_versions"] {
            let outcome = installation.database.writer().execute_unprepared(sql).await;
            assert!(outcome.unwrap_err().to_string().contains("is refused"));
        }
        let log = activities(
            installation.database.reader(),
            desk.stage.workspace_id,
            &ActivityFilter::default(),
            None,
            3,
        )
        .await;
        let log: Vec<_> = log.unwrap().into_iter().map(|activity| activity.row.action).collect();
        assert_eq!(log[..2], ["quick_reply.updated", "quick_reply.created"]);
    }
}

#[tokio::test]
async fn only_who_manages_replies_there_writes_them() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let installation = &stage.installation;
        let id = desk.write(draft(Scope::Workspace, "Oi", &TEXT)).await.row.id;
        let sales = Scope::Channel(stage.sales);
        let manager = stage.person("Gerente", &[(Administrator, sales)]).await;
        let by = async |person: &Person, scope| {
            create(installation, &person.viewer, draft(scope, "Oi", &TEXT)).await
        };
        assert!(matches!(by(&desk.support, sales).await, Err(Error::Forbidden { .. })));
        assert!(matches!(by(&manager, Scope::Workspace).await, Err(Error::Forbidden { .. })));
        assert!(matches!(by(&manager, Scope::Channel(stage.support)).await, Err(Error::Forbidden { .. })));
        let own = by(&manager, sales).await.unwrap().row.id;
        let change = async |person: &Person, id, scope| {
            update(installation, &person.viewer, (id, 1), draft(scope, "Outro", &TEXT)).await
        };
        // What is for all is read on each number, and written by who writes for all.
        assert!(matches!(change(&manager, id, sales).await, Err(Error::Forbidden { .. })), "no taking over");
        assert!(
            matches!(change(&manager, own, Scope::Workspace).await, Err(Error::Forbidden { .. })),
            "no widening"
        );
        let archived = set_status(installation, &manager.viewer, id, Status::Archived).await;
        assert!(matches!(archived, Err(Error::Forbidden { .. })));
        let elsewhere = desk.write(draft(Scope::Channel(stage.support), "Oi", &TEXT)).await.row.id;
        assert!(matches!(change(&manager, elsewhere, sales).await, Err(Error::NotFound)));
        let reader = installation.database.reader();
        assert!(find(reader, &manager.viewer, id).await.is_ok());
        assert!(matches!(find(reader, &manager.viewer, elsewhere).await, Err(Error::NotFound)));
        let analyst = stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        assert!(matches!(find(reader, &analyst.viewer, id).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn a_shortcut_is_had_once_in_a_place() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (installation, admin) = (&desk.stage.installation, &desk.admin.viewer);
        let with = |scope, shortcut: &str| Draft {
            shortcut: Some(shortcut.to_owned()),
            ..draft(scope, "Frete", &TEXT)
        };
        let first = desk.write(with(Scope::Workspace, "/Frete")).await;
        assert_eq!(first.row.shortcut.as_deref(), Some("frete"));
        let again = create(installation, admin, with(Scope::Workspace, "frete")).await;
        assert_eq!(refused(again), Refusal::ShortcutTaken);
        let there = desk.write(with(Scope::Channel(desk.stage.sales), "frete")).await;
        let moved = update(installation, admin, (there.row.id, 1), with(Scope::Workspace, "frete")).await;
        assert_eq!(refused(moved), Refusal::ShortcutTaken);
        set_status(installation, admin, first.row.id, Status::Archived).await.unwrap();
        desk.write(with(Scope::Workspace, "frete")).await;
        let back = set_status(installation, admin, first.row.id, Status::InUse).await;
        assert_eq!(refused(back), Refusal::ShortcutTaken);
        for bad in ["a b", "frete!", "\u{e7}", &"a".repeat(31), "/"] {
            let outcome = create(installation, admin, with(Scope::Workspace, bad)).await;
            assert_eq!(refused(outcome), Refusal::InvalidShortcut, "{bad}");
        }
    }
}

#[tokio::test]
async fn of_two_who_write_at_once_one_is_told() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (installation, admin) = (&desk.stage.installation, &desk.admin.viewer);
        let id = desk.write(draft(Scope::Workspace, "Oi", &TEXT)).await.row.id;
        let write = |text: &'static str| {
            update(installation, admin, (id, 1), draft(Scope::Workspace, "Oi", &[("pt", text)]))
        };
        let (one, other) = tokio::join!(write("Primeira"), write("Segunda"));
        let refusals: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
        assert!(matches!(refusals[..], [Error::Refused(Refusal::ChangedMeanwhile)]), "{refusals:?}");
    }
}
