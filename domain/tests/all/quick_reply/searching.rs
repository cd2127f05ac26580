//! Finding quick replies: by words and shortcuts, where one is, page by page.

use portaria_domain::guidance::Place;
use portaria_domain::quick_reply::{Archived, QuickReplyFilter, Status, page, set_status};

use super::*;

impl Desk {
    async fn titles(&self, person: &Person, filter: QuickReplyFilter) -> Vec<String> {
        let reader = self.stage.installation.database.reader();
        let rows = page(reader, &person.viewer, &filter, (None, 50)).await.unwrap();
        rows.into_iter().map(|row| row.row.title).collect()
    }
}

fn searching(search: &str) -> QuickReplyFilter {
    QuickReplyFilter { search: Some(search.to_owned()), ..QuickReplyFilter::default() }
}

#[tokio::test]
async fn words_are_found_without_accents_and_shortcuts_by_their_beginning() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let mut one = draft(
            Scope::Workspace,
            "Cart\u{e3}o de cr\u{e9}dito",
            &[("pt", "Aceitamos 100% dos cart\u{f5}es.")],
        );
        one.shortcut = Some("cartao".to_owned());
        one.folder = Some("Pagamento".to_owned());
        desk.write(one).await;
        desk.write(draft(Scope::Workspace, "\u{c1}gua", &[("pt", "Temos \u{e1}gua_fria e suco.")])).await;
        let found = async |search: &str| desk.titles(&desk.support, searching(search)).await;
        assert_eq!(found("").await, ["\u{c1}gua", "Cart\u{e3}o de cr\u{e9}dito"], "by title, accents aside");
        assert_eq!(found("CREDITO cartao").await, ["Cart\u{e3}o de cr\u{e9}dito"]);
        assert_eq!(found("cart\u{f5}es").await, ["Cart\u{e3}o de cr\u{e9}dito"]);
        assert_eq!(found("/car").await, ["Cart\u{e3}o de cr\u{e9}dito"]);
        assert_eq!(found("/gua").await, Vec::<String>::new());
        assert_eq!(found("100%").await, ["Cart\u{e3}o de cr\u{e9}dito"], "what is typed is no pattern");
        assert_eq!(found("a_f").await, ["\u{c1}gua"]);
        assert_eq!(found("c_r").await, Vec::<String>::new());
        let folder = QuickReplyFilter { folder: Some("Pagamento".to_owned()), ..QuickReplyFilter::default() };
        assert_eq!(desk.titles(&desk.support, folder).await, ["Cart\u{e3}o de cr\u{e9}dito"]);
    }
}

#[tokio::test]
async fn a_list_has_what_is_offered_there_and_may_be_known() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let text = [("pt", "Bom dia!")];
        for (scope, title) in [
            (Scope::Workspace, "todos"),
            (Scope::Channel(stage.sales), "vendas"),
            (Scope::Channel(stage.support), "suporte"),
        ] {
            desk.write(draft(scope, title, &text)).await;
        }
        let old = desk.write(draft(Scope::Workspace, "velho", &text)).await.row.id;
        set_status(&stage.installation, &desk.admin.viewer, old, Status::Archived).await.unwrap();
        let all = QuickReplyFilter::default;
        assert_eq!(desk.titles(&desk.support, all()).await, ["suporte", "todos", "vendas"]);
        let narrow = stage.person("Pedro", &[(Support, Scope::Channel(stage.sales))]).await;
        assert_eq!(desk.titles(&narrow, all()).await, ["todos", "vendas"]);
        let analyst = stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        assert_eq!(desk.titles(&analyst, all()).await, Vec::<String>::new());
        let place = Place::of(&desk.support.viewer, &desk.row(&desk.support).await.unwrap()).unwrap();
        let here = QuickReplyFilter { place: Some(place), ..all() };
        assert_eq!(desk.titles(&desk.support, here).await, ["todos", "vendas"]);
        let archived = || QuickReplyFilter { archived: Some(Archived), ..all() };
        assert_eq!(desk.titles(&desk.admin, archived()).await, ["velho"]);
        assert_eq!(desk.titles(&desk.support, archived()).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn pages_follow_one_another_whatever_the_titles() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        for title in ["b", "a", "a", "B", "\u{e3}"] {
            desk.write(draft(Scope::Workspace, title, &[("pt", "Bom dia!")])).await;
        }
        let reader = desk.stage.installation.database.reader();
        let (mut after, mut seen) = (None, Vec::new());
        for _ in 0..5 {
            let filter = QuickReplyFilter::default();
            let rows = page(reader, &desk.support.viewer, &filter, (after, 1)).await.unwrap();
            after = Some(rows[0].row.id);
            seen.push(rows[0].row.sort_key.clone());
        }
        assert_eq!(seen, ["a", "a", "a", "b", "b"]);
        let hidden = desk.write(draft(Scope::Channel(desk.stage.support), "c", &[("pt", "Bom dia!")])).await;
        let narrow = desk.stage.person("Pedro", &[(Support, Scope::Channel(desk.stage.sales))]).await;
        let filter = QuickReplyFilter::default();
        let outcome = page(reader, &narrow.viewer, &filter, (Some(hidden.row.id), 1)).await;
        assert!(
            matches!(outcome, Err(Error::BadInput(_))),
            "no cursor tells where a title is that one may not see"
        );
    }
}
