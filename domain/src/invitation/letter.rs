//! The letter that invites, in the language of who is invited.

use portaria_entity::{invitation, workspace};

use crate::mail::Letter;

pub(super) fn invitation(workspace: &workspace::Model, row: &invitation::Model, link: &str) -> Letter {
    let (name, company) = (&row.name, &workspace.name);
    let language = row.locale.split('-').next().unwrap_or_default();
    let (subject, paragraphs) = match language {
        "en" => (
            format!("Invitation to {company}"),
            [
                format!("Hello {name},"),
                format!("you are invited to work in {company} on Portaria."),
                format!("Accept within 7 days, once, with: {link}"),
                "If you did not expect this, do nothing.".to_owned(),
            ],
        ),
        "es" => (
            format!("Invitación a {company}"),
            [
                format!("Hola, {name}:"),
                format!("te han invitado a trabajar en {company} en Portaria."),
                format!("Acepta en 7 días, una sola vez, con: {link}"),
                "Si no lo esperabas, no hagas nada.".to_owned(),
            ],
        ),
        _ => (
            format!("Convite para {company}"),
            [
                format!("Olá, {name}!"),
                format!("Você foi convidado a trabalhar em {company} no Portaria."),
                format!("Aceite em até 7 dias, uma única vez, com: {link}"),
                "Se você não esperava este convite, não faça nada.".to_owned(),
            ],
        ),
    };
    Letter { subject, paragraphs: paragraphs.to_vec() }
}
