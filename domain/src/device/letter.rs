//! The letter that tells of a sign-in from a new device, in the language of whose account it is.

use portaria_entity::{session, user, workspace};

use super::Device;
use crate::mail::Letter;

pub(super) fn new_device(
    workspace: &workspace::Model,
    user: &user::Model,
    session: &session::Model,
    device: Device,
) -> Letter {
    let (name, company, address) = (&user.name, &workspace.name, &session.address);
    let when = when(workspace, session);
    let language = user.locale.split('-').next().unwrap_or_default();
    let device = in_words(device, language);
    let (subject, paragraphs) = match language {
        "en" => (
            format!("New sign-in to {company}"),
            [
                format!("Hello {name},"),
                format!("somebody signed in to {company} on Portaria as you, from a device that you had not used before."),
                format!("When: {when}. Device: {device}. Address: {address}."),
                "If it was you, do nothing.".to_owned(),
                "If it was not you: sign in, end your other sessions, change your password, and tell an administrator of the workspace now.".to_owned(),
            ],
        ),
        "es" => (
            format!("Nuevo inicio de sesión en {company}"),
            [
                format!("Hola, {name}:"),
                format!("alguien inició sesión en {company} en Portaria con tu cuenta, desde un dispositivo que no habías usado antes."),
                format!("Cuándo: {when}. Dispositivo: {device}. Dirección: {address}."),
                "Si fuiste tú, no hagas nada.".to_owned(),
                "Si no fuiste tú: inicia sesión, cierra tus otras sesiones, cambia tu contraseña y avisa ahora a un administrador del espacio de trabajo.".to_owned(),
            ],
        ),
        _ => (
            format!("Novo acesso a {company}"),
            [
                format!("Olá, {name}!"),
                format!("Alguém entrou em {company} no Portaria com a sua conta, a partir de um dispositivo que você ainda não tinha usado."),
                format!("Quando: {when}. Dispositivo: {device}. Endereço: {address}."),
                "Se foi você, não faça nada.".to_owned(),
                "Se não foi você: entre, encerre as suas outras sessões, troque a sua senha e avise agora um administrador do espaço de trabalho.".to_owned(),
            ],
        ),
    };
    Letter { subject, paragraphs: paragraphs.to_vec() }
}

/// By the workspace's own clock.
fn when(workspace: &workspace::Model, session: &session::Model) -> String {
    let at = jiff::Timestamp::from_microsecond(session.created_at.0).ok();
    let local = at.and_then(|at| at.in_tz(&workspace.time_zone).ok());
    local.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default()
}

fn in_words(device: Device, language: &str) -> String {
    match language {
        "en" => device.in_words("on", "unknown"),
        "es" => device.in_words("en", "desconocido"),
        _ => device.in_words("no", "desconhecido"),
    }
}
