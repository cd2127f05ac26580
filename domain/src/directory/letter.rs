//! The letter to an address that one signed in with until the directory changed it.

use portaria_entity::user;

use crate::mail::Letter;

pub(super) fn address_changed(company: &str, account: &user::Model) -> Letter {
    let (name, language) = (&account.name, account.locale.split('-').next().unwrap_or_default());
    let (subject, paragraphs) = match language {
        "en" => (
            format!("{company}: your address has changed"),
            [
                format!("Hello {name},"),
                format!(
                    "{company} has changed the e-mail address that you sign in to Portaria with. This one no longer does."
                ),
                "If you did not expect this, tell an administrator of your company at once.".to_owned(),
            ],
        ),
        "es" => (
            format!("{company}: tu dirección ha cambiado"),
            [
                format!("Hola, {name}:"),
                format!(
                    "{company} ha cambiado la dirección de correo con la que entras en Portaria. Esta ya no sirve."
                ),
                "Si no lo esperabas, avisa cuanto antes a un administrador de tu empresa.".to_owned(),
            ],
        ),
        _ => (
            format!("{company}: seu endereço mudou"),
            [
                format!("Olá, {name}!"),
                format!(
                    "{company} mudou o endereço de e-mail com que você entra no Portaria. Este não serve mais."
                ),
                "Se você não esperava por isso, avise logo um administrador da sua empresa.".to_owned(),
            ],
        ),
    };
    Letter { subject, paragraphs: paragraphs.to_vec() }
}
