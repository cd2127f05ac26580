//! What the customer will see.

use super::definition::{Body, Button, Definition, Footer, Header, HeaderMedia};
use super::fill::filled_text;
use super::language::family;
use super::values::{ButtonParameter, Values};

/// A template as people read it. Nothing is escaped: it is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub title: Option<String>,
    /// What is shown above the text.
    pub media: Option<HeaderMedia>,
    pub shows_location: bool,
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<RenderedButton>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedButton {
    pub text: String,
    /// The address that it opens, the number that it calls, or the code that it copies.
    pub target: Option<String>,
}

/// What stands for a password that is nobody's business but the customer's.
const MASKED: &str = "••••••";
const EXAMPLE_CODE: &str = "123456";

/// The template with these values, and with the examples where none is given.
pub fn preview(definition: &Definition, values: &Values) -> Rendered {
    render(definition, values, true)
}

pub(super) fn render(definition: &Definition, values: &Values, with_samples: bool) -> Rendered {
    let (title, media, shows_location) = match &definition.header {
        Some(Header::Text(text)) => (Some(filled_text(text, &values.header, with_samples)), None, false),
        Some(Header::Media { media, .. }) => (None, Some(*media), false),
        Some(Header::Location) => (None, None, true),
        None => (None, None, false),
    };
    let body = match &definition.body {
        Some(Body::Text(text)) => filled_text(text, &values.body, with_samples),
        Some(Body::Code { security_recommendation }) => {
            let code = if with_samples { EXAMPLE_CODE } else { MASKED };
            let [with_code, warning, _] = written_by_whatsapp(&definition.language);
            let told = with_code.replace("{code}", code);
            if *security_recommendation { format!("{told} {warning}") } else { told }
        }
        None => String::new(),
    };
    let footer = definition.footer.as_ref().map(|footer| match footer {
        Footer::Text { text } => text.clone(),
        Footer::CodeExpiration { minutes } => {
            let [_, _, expires] = written_by_whatsapp(&definition.language);
            expires.replace("{minutes}", &minutes.to_string())
        }
    });
    let button = |(index, button)| rendered_button(button, given(values, index), with_samples);
    let buttons = definition.buttons.iter().enumerate().map(button).collect();
    Rendered { title, media, shows_location, body, footer, buttons }
}

fn given(values: &Values, index: usize) -> Option<&ButtonParameter> {
    values.buttons.iter().find(|value| value.index == index).map(|value| &value.value)
}

fn rendered_button(button: &Button, given: Option<&ButtonParameter>, with_samples: bool) -> RenderedButton {
    let target = match button {
        Button::Url { url, sample, .. } => {
            let sample = if with_samples { sample.as_deref() } else { None };
            let end = match given {
                Some(ButtonParameter::UrlSuffix(end)) => Some(end.as_str()),
                _ => sample,
            };
            Some(match (url.strip_suffix("{{1}}"), end) {
                // An example may be the whole address.
                (Some(fixed), Some(end)) if end.starts_with(fixed) => end.to_owned(),
                (Some(fixed), Some(end)) => format!("{fixed}{end}"),
                (_, _) => url.clone(),
            })
        }
        Button::PhoneNumber { phone_number, .. } => Some(phone_number.clone()),
        Button::CopyCode { sample } => match given {
            Some(ButtonParameter::Code(code)) => Some(code.clone()),
            _ => with_samples.then(|| sample.clone()),
        },
        Button::QuickReply { .. }
        | Button::Flow { .. }
        | Button::OneTimePassword { .. }
        | Button::Catalog { .. }
        | Button::MultiProduct { .. }
        | Button::Unknown { .. } => None,
    };
    // What WhatsApp writes itself, it writes in the language of the phone.
    let text = button.text().unwrap_or("Copy code").to_owned();
    RenderedButton { text, target }
}

/// About what WhatsApp itself writes around a password: with the code, the warning, and for how long it is good.
fn written_by_whatsapp(language: &str) -> [&'static str; 3] {
    match family(language) {
        "pt" => [
            "*{code}* é seu código de verificação.",
            "Para sua segurança, não o compartilhe.",
            "Este código expira em {minutes} minutos.",
        ],
        "es" => [
            "Tu código de verificación es *{code}*.",
            "Por tu seguridad, no lo compartas.",
            "Este código caduca en {minutes} minutos.",
        ],
        _ => [
            "*{code}* is your verification code.",
            "For your security, do not share this code.",
            "This code expires in {minutes} minutes.",
        ],
    }
}
