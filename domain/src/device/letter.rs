//! The letter that tells of a sign-in that may not have been its owner's, in the language of whose account it is.

use portaria_entity::{session, user, workspace};

use super::Device;
use crate::mail::Letter;

/// Why it is told.
#[derive(Clone, Copy)]
pub(super) enum News {
    NewDevice,
    /// Nobody was there as them for 90 days.
    LongAbsence,
}

impl News {
    pub fn kind(self) -> &'static str {
        match self {
            Self::NewDevice => "new-device",
            Self::LongAbsence => "long-absence",
        }
    }
}

pub(super) fn of_sign_in(
    workspace: &workspace::Model,
    user: &user::Model,
    session: &session::Model,
    (device, news): (Device, News),
) -> Letter {
    let (name, company, address) = (&user.name, &workspace.name, &session.address);
    let when = when(workspace, session);
    let language = user.locale.split('-').next().unwrap_or_default();
    let device = in_words(device, language);
    let how = how(news, language);
    let (subject, paragraphs) = match language {
        "en" => (
            format!("New sign-in to {company}"),
            [
                format!("Hello {name},"),
                format!("somebody signed in to {company} on Portaria as you, {how}."),
                format!("When: {when}. Device: {device}. Address: {address}."),
                "If it was you, do nothing.".to_owned(),
                "If it was not you: sign in, end your other sessions, change your password, and tell an administrator of the workspace now.".to_owned(),
            ],
        ),
        "es" => (
            format!("Nuevo inicio de sesión en {company}"),
            [
                format!("Hola, {name}:"),
                format!("alguien inició sesión en {company} en Portaria con tu cuenta, {how}."),
                format!("Cuándo: {when}. Dispositivo: {device}. Dirección: {address}."),
                "Si fuiste tú, no hagas nada.".to_owned(),
                "Si no fuiste tú: inicia sesión, cierra tus otras sesiones, cambia tu contraseña y avisa ahora a un administrador del espacio de trabajo.".to_owned(),
            ],
        ),
        _ => (
            format!("Novo acesso a {company}"),
            [
                format!("Olá, {name}!"),
                format!("Alguém entrou em {company} no Portaria com a sua conta, {how}."),
                format!("Quando: {when}. Dispositivo: {device}. Endereço: {address}."),
                "Se foi você, não faça nada.".to_owned(),
                "Se não foi você: entre, encerre as suas outras sessões, troque a sua senha e avise agora um administrador do espaço de trabalho.".to_owned(),
            ],
        ),
    };
    Letter { subject, paragraphs: paragraphs.to_vec() }
}

fn how(news: News, language: &str) -> &'static str {
    match (news, language) {
        (News::NewDevice, "en") => "from a device that you had not used before",
        (News::NewDevice, "es") => "desde un dispositivo que no habías usado antes",
        (News::NewDevice, _) => "a partir de um dispositivo que você ainda não tinha usado",
        (News::LongAbsence, "en") => "after more than 90 days in which nobody had",
        (News::LongAbsence, "es") => "después de más de 90 días sin que nadie lo hiciera",
        (News::LongAbsence, _) => "depois de mais de 90 dias sem que ninguém entrasse",
    }
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
