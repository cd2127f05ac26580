//! What a quick reply may say and ask for.

use super::*;
use crate::error::Error;

fn placeholder(name: &str, kind: PlaceholderKind) -> Placeholder {
    let choices = vec!["Sim".to_owned(), "N\u{e3}o".to_owned()];
    Placeholder { name: name.to_owned(), label: String::new(), kind, max_length: 60, choices }
}

fn checked(text: &str, placeholders: &[Placeholder]) -> std::result::Result<Content, Refusal> {
    let translation = Translation { language: "pt_br".to_owned(), text: text.to_owned() };
    let content = Content { placeholders: placeholders.to_vec(), translations: vec![translation] };
    content.checked().map_err(|error| match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{other}"),
    })
}

#[test]
fn a_text_comes_apart_into_what_is_said_known_and_asked() {
    let found = pieces("Ol\u{e1} {{ contact.name | cliente }}, chega {{dia}}.").unwrap();
    assert_eq!(
        found,
        [
            Piece::Said("Ol\u{e1} "),
            Piece::Known(Known::ContactName, Some("cliente")),
            Piece::Said(", chega "),
            Piece::Asked("dia"),
            Piece::Said("."),
        ]
    );
    for bad in ["{{", "{{x", "{{}}", "{{X}}", "{{contact.phone}}", "{{dia|hoje}}", "{{a b}}", "{{{dia}}}"] {
        assert_eq!(pieces(bad), Err(Refusal::InvalidPlaceholder), "{bad}");
    }
}

#[test]
fn what_is_declared_is_what_is_asked_for() {
    let day = placeholder("dia", PlaceholderKind::Date);
    let content = checked("Chega em {{dia}}!\r\nObrigado", std::slice::from_ref(&day)).unwrap();
    assert_eq!(content.translations[0].language, "pt-BR");
    assert_eq!(content.translations[0].text, "Chega em {{dia}}!\nObrigado");
    assert_eq!(content.placeholders[0].label, "dia");
    assert_eq!(checked("Chega em breve", std::slice::from_ref(&day)), Err(Refusal::PlaceholdersDiffer));
    assert_eq!(checked("Chega em {{dia}}", &[]), Err(Refusal::PlaceholdersDiffer));
    assert_eq!(checked("Chega em {{dia}}", &[day.clone(), day]), Err(Refusal::InvalidPlaceholder));
    assert_eq!(checked(" ", &[]), Err(Refusal::TextMissing));
}

#[test]
fn no_reply_is_a_disguise_for_free_text() {
    let free = |name| placeholder(name, PlaceholderKind::Text);
    assert_eq!(checked("{{x}}", &[free("x")]), Err(Refusal::TooFree));
    assert_eq!(checked("Oi: {{x}}", &[free("x")]), Err(Refusal::TooFree));
    assert_eq!(checked("N\u{ba} {{x}}", &[placeholder("x", PlaceholderKind::Number)]), Err(Refusal::TooFree));
    let three = [free("a"), free("b"), free("c")];
    let text = "Seu pedido {{a}} chega por {{b}} na rua {{c}} hoje";
    assert_eq!(checked(text, &three), Err(Refusal::TooFree));
    let twice = checked("Seu pedido {{a}} \u{e9} o pedido {{a}} hoje", &[free("a")]);
    assert_eq!(twice, Err(Refusal::TooFree));
    let content = checked("Seu pedido de {{x}} est\u{e1} a caminho.", &[free("x")]).unwrap();
    assert_eq!(content.placeholders[0].max_length, LONGEST_FREE, "never longer, whatever is declared");
}

#[test]
fn what_is_filled_in_joins_with_nothing() {
    let pair = [placeholder("a", PlaceholderKind::Text), placeholder("b", PlaceholderKind::Text)];
    for bad in ["{{a}}{{b}}", "{{a}} {{b}}", "{{a}}.{{b}}", "{{a}} ({{b}})"] {
        let text = format!("Seu pedido est\u{e1} pronto: {bad} obrigado");
        assert_eq!(checked(&text, &pair), Err(Refusal::PlaceholderNotApart), "{bad}");
    }
    for bad in ["www.{{a}}", "https://x/{{a}}", "{{a}}.com", "@{{a}}", "{{a}}/x", "{{agent.name}}{{a}}"] {
        let text = format!("Veja mais em {bad} agora mesmo");
        assert_eq!(checked(&text, &pair[..1]), Err(Refusal::PlaceholderNotApart), "{bad}");
    }
    for good in ["{{a}}!", "*{{a}}*", "({{a}}), sim", "{{a}}. Fim", "{{a}}"] {
        let text = format!("Seu pedido est\u{e1} pronto: {good}");
        assert!(checked(&text, &pair[..1]).is_ok(), "{good}");
    }
    let number = [placeholder("n", PlaceholderKind::Number)];
    assert!(checked("Acompanhe em https://loja.example/p/{{n}} quando quiser", &number).is_ok());
}
