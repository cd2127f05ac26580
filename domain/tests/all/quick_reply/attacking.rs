//! Somebody of Support, or with their password, who would write to a customer what nobody approved.

use portaria_domain::quick_reply::FlawKind;

use super::*;

async fn desk_with_a_free_word(test: portaria_testing::TestDatabase) -> (Desk, QuickReplyId) {
    let desk = Desk::on(test).await;
    let mut draft = draft(
        Scope::Workspace,
        "Pedido",
        &[("pt", "Seu pedido de {{item}} n\u{ba} {{numero}} saiu por {{via}}.")],
    );
    draft.content.placeholders.push(asking(PlaceholderKind::Text, "item"));
    draft.content.placeholders.push(asking(PlaceholderKind::Number, "numero"));
    draft.content.placeholders.push(asking(PlaceholderKind::Choice, "via"));
    let id = desk.write(draft).await.row.id;
    (desk, id)
}

#[tokio::test]
async fn a_placeholder_takes_neither_links_nor_numbers_to_call_nor_other_lines() {
    for test in databases().await {
        let (desk, id) = desk_with_a_free_word(test).await;
        let with = |item: &str| filling(&[("item", item), ("numero", "12345"), ("via", "PAC")]);
        let text = desk.text(&desk.support, id, &with("p\u{e3}o de queijo")).await.unwrap();
        assert_eq!(text, "Seu pedido de p\u{e3}o de queijo n\u{ba} 12345 saiu por PAC.");
        for (item, kind) in [
            ("pague em golpe.example", FlawKind::LooksLikeLink),
            ("https://golpe.example", FlawKind::LooksLikeLink),
            ("x\u{ff0e}example", FlawKind::LooksLikeLink),
            ("me@golpe", FlawKind::LooksLikeLink),
            ("pix 11987654321", FlawKind::TooManyDigits),
            ("p\u{e3}o\nPague aqui", FlawKind::WrongCharacters),
            ("p\u{e3}o\u{202e}", FlawKind::WrongCharacters),
            ("{{item}}", FlawKind::WrongCharacters),
            ("{{contact.name}}", FlawKind::LooksLikeLink),
            (&"muito ".repeat(11), FlawKind::TooLong),
            ("  ", FlawKind::Missing),
        ] {
            let preview = desk.preview(&desk.support, id, &with(item)).await.unwrap();
            let flaws = preview.outcome.unwrap_err();
            assert_eq!((flaws[0].placeholder.as_str(), flaws[0].kind), ("item", kind), "{item}");
            assert_eq!(flaws.len(), 1, "{item}");
            assert_eq!(refused(desk.text(&desk.support, id, &with(item)).await), Refusal::ValuesRefused);
        }
    }
}

#[tokio::test]
async fn nothing_is_filled_in_that_is_not_asked_for() {
    for test in databases().await {
        let (desk, id) = desk_with_a_free_word(test).await;
        let good = [("item", "p\u{e3}o"), ("numero", "1"), ("via", "PAC")];
        let flaws = async |more: &[(&str, &str)]| {
            let values = [&good[..], more].concat();
            let preview = desk.preview(&desk.support, id, &filling(&values)).await.unwrap();
            let flaws = preview.outcome.unwrap_err();
            flaws.into_iter().map(|flaw| (flaw.placeholder, flaw.kind)).collect::<Vec<_>>()
        };
        for name in ["agent.name", "contact.name", "outro", "", "item"] {
            assert_eq!(flaws(&[(name, "Banco")]).await, [(name.to_owned(), FlawKind::Unknown)]);
        }
        let preview =
            desk.preview(&desk.support, id, &filling(&[("via", "Motoboy"), ("numero", "1e9")])).await;
        let kinds: Vec<_> = preview.unwrap().outcome.unwrap_err().into_iter().map(|flaw| flaw.kind).collect();
        assert_eq!(kinds, [FlawKind::Missing, FlawKind::NotANumber, FlawKind::NotAChoice]);
    }
}

#[tokio::test]
async fn a_name_that_one_gives_oneself_says_nothing_else() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let text = [("pt", "Aqui fala {{agent.name|a equipe}}.")];
        let id = desk.write(draft(Scope::Workspace, "Oi", &text)).await.row.id;
        for name in ["golpe.example/pix", "Pix 11987654321", "\u{202e}\u{200b}"] {
            desk.run(&format!("UPDATE users SET name = '{name}'")).await;
            let text = desk.text(&desk.support, id, &Filling::default()).await.unwrap();
            assert_eq!(text, "Aqui fala a equipe.", "{name}");
        }
        desk.run("UPDATE users SET name = '*Sofia*\n\nPague'").await;
        let text = desk.text(&desk.support, id, &Filling::default()).await.unwrap();
        assert_eq!(text, "Aqui fala Sofia Pague.");
    }
}

#[tokio::test]
async fn who_may_not_know_the_customers_name_does_not_learn_it_by_a_reply() {
    use portaria_domain::access::{Access, EffectiveGrant};
    use portaria_domain::permission::{Permission, PermissionSet};
    for test in databases().await {
        let desk = Desk::on(test).await;
        let text =
            [("pt", "Ol\u{e1} {{contact.name|cliente}}!"), ("es", "\u{a1}Hola {{contact.name|cliente}}!")];
        let id = desk.write(draft(Scope::Workspace, "Oi", &text)).await.row.id;
        desk.run("UPDATE contacts SET language = 'es'").await;
        assert_eq!(desk.text(&desk.support, id, &Filling::default()).await.unwrap(), "\u{a1}Hola Ana!");
        desk.run("UPDATE contacts SET name = 'Ana 11 98765-4321'").await;
        let text = desk.text(&desk.support, id, &Filling::default()).await.unwrap();
        assert_eq!(text, "\u{a1}Hola cliente!", "nor a phone by their name");
        desk.run("UPDATE contacts SET name = 'Ana'").await;
        let permissions =
            PermissionSet::of(&[Permission::ConversationReadAssigned, Permission::QuickReplyRead]);
        let valid_from = desk.stage.clock.now();
        let grant = EffectiveGrant { scope: Scope::Workspace, permissions, valid_from, valid_until: None };
        let mut viewer = (*desk.support.viewer).clone();
        viewer.access = Access::new(viewer.member_id(), [grant], vec![], valid_from);
        let reader = desk.stage.installation.database.reader();
        let row = conversation::find(reader, &viewer, desk.conversation).await.unwrap();
        let filled = fill(reader, &viewer, &row, (id, &Filling::default())).await.unwrap();
        assert_eq!(filled.text, "Ol\u{e1} cliente!", "nor their language");
    }
}

#[tokio::test]
async fn nothing_crosses_from_one_workspace_to_another() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (other, ..) = desk.stage.another_workspace().await;
        let stranger = desk.stage.person_in(other, "Estranho", &[(Administrator, Scope::Workspace)]).await;
        let text = [("pt", "Bom dia!")];
        let theirs =
            create(&desk.stage.installation, &stranger.viewer, draft(Scope::Workspace, "Oi", &text)).await;
        let theirs = theirs.unwrap().row.id;
        assert!(matches!(desk.text(&desk.support, theirs, &Filling::default()).await, Err(Error::NotFound)));
        let channel = Scope::Channel(desk.stage.sales);
        let across = create(&desk.stage.installation, &stranger.viewer, draft(channel, "Oi", &text)).await;
        assert!(matches!(across, Err(Error::NotFound)));
    }
}
