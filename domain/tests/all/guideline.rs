//! Guidelines: written, read, and said to have been read.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::guideline::{
    Draft, GuidelineFilter, GuidelineRow, Weight, acknowledge, acknowledged, acknowledgements, archive,
    create, find, page, update, versions,
};
use portaria_entity::id::MemberId;
use portaria_entity::role::BuiltInRole::{Administrator, Analyst, Support};
use portaria_testing::{Person, Stage, databases};

fn draft(scope: Scope, title: &str) -> Draft {
    Draft {
        scope,
        language: None,
        title: title.to_owned(),
        body: "# Trocas\n\nAt\u{e9} 7 dias.".to_owned(),
        position: 0,
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

async fn standing(stage: &Stage, row: &GuidelineRow) -> (Vec<MemberId>, Vec<MemberId>) {
    let database = &stage.installation.database;
    let found = acknowledgements(database.reader(), (database, stage.clock.now()), row).await.unwrap();
    (found.read.into_iter().map(|row| row.member_id).collect(), found.awaited)
}

async fn titles(stage: &Stage, person: &Person, filter: GuidelineFilter) -> Vec<String> {
    let reader = stage.installation.database.reader();
    let rows = page(reader, &person.viewer, &filter, (None, 50)).await.unwrap();
    rows.into_iter().map(|row| row.row.title).collect()
}

#[tokio::test]
async fn it_shows_who_has_read_which_version_and_who_has_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Support, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Support, Scope::Channel(stage.support))]).await;
        stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        let row =
            create(installation, &admin.viewer, draft(Scope::Channel(stage.sales), "Trocas")).await.unwrap();
        let id = row.row.id;
        assert!(matches!(acknowledge(installation, &bia.viewer, (id, 1)).await, Err(Error::NotFound)));
        assert_eq!(standing(&stage, &row).await, (vec![], vec![admin.member_id, ana.member_id]));
        acknowledge(installation, &ana.viewer, (id, 1)).await.unwrap();
        stage.clock.advance(Duration::from_secs(60));
        acknowledge(installation, &ana.viewer, (id, 1)).await.unwrap();
        assert_eq!(standing(&stage, &row).await, (vec![ana.member_id], vec![admin.member_id]));
        let reader = installation.database.reader();
        let at = acknowledged(reader, &ana.viewer, std::slice::from_ref(&row)).await.unwrap()[&id];
        assert_eq!(stage.clock.now().since(at), Duration::from_secs(60), "the first time counts");

        // A slip of the pen is read by nobody again; what matters is, by all.
        let mended = Draft { title: "Trocas.".to_owned(), ..draft(Scope::Channel(stage.sales), "") };
        let row =
            update(installation, &admin.viewer, (id, 1), (mended.clone(), Weight::Minor)).await.unwrap();
        assert_eq!((row.row.version, standing(&stage, &row).await.0), (2, vec![ana.member_id]));
        let anew = Draft { body: "At\u{e9} 30 dias.".to_owned(), ..mended };
        let row =
            update(installation, &admin.viewer, (id, 2), (anew.clone(), Weight::Material)).await.unwrap();
        assert_eq!(standing(&stage, &row).await, (vec![], vec![admin.member_id, ana.member_id]));
        assert_eq!(refused(acknowledge(installation, &ana.viewer, (id, 2)).await), Refusal::ChangedMeanwhile);
        let moved = Draft { position: 5, ..anew.clone() };
        let row = update(installation, &admin.viewer, (id, 3), (moved, Weight::Material)).await.unwrap();
        assert_eq!(row.row.version, 3, "another place in the list is no other text");
        let stale = update(installation, &admin.viewer, (id, 2), (anew, Weight::Material)).await;
        assert_eq!(refused(stale), Refusal::ChangedMeanwhile);
        assert_eq!(versions(reader, (stage.workspace_id, id), 10).await.unwrap().len(), 3);

        archive(installation, &admin.viewer, id).await.unwrap();
        assert_eq!(refused(acknowledge(installation, &ana.viewer, (id, 3)).await), Refusal::Archived);
        assert_eq!(titles(&stage, &ana, GuidelineFilter::default()).await, Vec::<String>::new());
        assert!(find(reader, &ana.viewer, id).await.is_ok(), "what was in force stays readable");
    }
}

#[tokio::test]
async fn guidelines_hold_where_they_belong_in_their_order() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Support, Scope::Channel(stage.sales))]).await;
        for (scope, title, language, position) in [
            (Scope::Workspace, "todos", None, 2),
            (Scope::Channel(stage.sales), "vendas", Some("pt_BR"), 1),
            (Scope::Channel(stage.support), "suporte", None, 0),
            (Scope::Workspace, "english", Some("en"), 3),
        ] {
            let language = language.map(str::to_owned);
            let draft = Draft { language, position, ..draft(scope, title) };
            create(installation, &admin.viewer, draft).await.unwrap();
        }
        let all = GuidelineFilter::default;
        assert_eq!(titles(&stage, &admin, all()).await, ["suporte", "vendas", "todos", "english"]);
        assert_eq!(titles(&stage, &ana, all()).await, ["vendas", "todos", "english"]);
        let language = Some("pt".to_owned());
        assert_eq!(titles(&stage, &ana, GuidelineFilter { language, ..all() }).await, ["vendas", "todos"]);
        let written = create(installation, &ana.viewer, draft(Scope::Channel(stage.sales), "minha")).await;
        assert!(matches!(written, Err(Error::Forbidden { .. })));
        for bad in ["", "   \n"] {
            let draft = Draft { body: bad.to_owned(), ..draft(Scope::Workspace, "x") };
            assert_eq!(refused(create(installation, &admin.viewer, draft).await), Refusal::TextMissing);
        }
    }
}
