//! The letter to who reads the audit's reports, when they were set to come seldom or otherwise: whoever has somebody's session does not
//! quietly take their reports away.

use jiff::tz::TimeZone;
use portaria_entity::time::Timestamp;
use portaria_entity::{user, workspace};

use super::Preference;
use crate::audit::telling::instant;
use crate::harmless;
use crate::language::{Language, Wall};
use crate::mail::Letter;

/// What was set, when, and from which address if that is known.
pub(super) struct Set<'a> {
    pub workspace: &'a workspace::Model,
    pub reader: &'a user::Model,
    pub preference: &'a Preference,
    pub at: Timestamp,
    pub address: Option<&'a str>,
}

pub(super) fn of_preference(set: &Set<'_>) -> Letter {
    let own = set.reader.locale.trim();
    let language = Language::from_tag(if own.is_empty() { &set.workspace.locale } else { own });
    let zone = TimeZone::get(&set.workspace.time_zone).unwrap_or(TimeZone::UTC);
    let when = language.speech().day_and_time(&Wall::new(&zone, instant(set.at)).time(instant(set.at)));
    let (name, company) = (harmless::name(&set.reader.name), harmless::name(&set.workspace.name));
    let times = set.preference.time_zone.as_deref().unwrap_or(&set.workspace.time_zone);
    let weekly = set.preference.weekly_only;
    let from = |before: &str| set.address.map_or_else(String::new, |address| format!("{before}{address}"));
    match language {
        Language::PortugueseOfBrazil => {
            let which = if weekly { "só o relatório da semana" } else { "todos os relatórios" };
            let from = from(", a partir de ");
            letter(
                format!("{company}: mudaram os relatórios que você recebe"),
                [
                    format!("Olá, {name}!"),
                    format!("Da auditoria de {company} no Portaria você agora recebe {which}, com os horários de {times}. Isso foi mudado com a sua conta: {when}{from}."),
                    "Se foi você, não faça nada.".to_owned(),
                    "Se não foi você: alguém usa a sua conta. Encerre as suas outras sessões, troque a sua senha, desfaça a mudança e avise agora mesmo a administração.".to_owned(),
                ],
            )
        }
        Language::English => {
            let which = if weekly { "the report of the week alone" } else { "all reports" };
            let from = from(", from ");
            letter(
                format!("{company}: the reports that you get have changed"),
                [
                    format!("Hello {name},"),
                    format!("of the audit of {company} in Portaria you now get {which}, with the times of {times}. That was changed with your account: {when}{from}."),
                    "If it was you, do nothing.".to_owned(),
                    "If it was not you: somebody uses your account. End your other sessions, change your password, undo the change, and tell your administrators now.".to_owned(),
                ],
            )
        }
        Language::Spanish => {
            let which = if weekly { "solo el informe de la semana" } else { "todos los informes" };
            let from = from(", desde ");
            letter(
                format!("{company}: cambiaron los informes que recibes"),
                [
                    format!("Hola, {name}:"),
                    format!("de la auditoría de {company} en Portaria ahora recibes {which}, con las horas de {times}. Se cambió con tu cuenta: {when}{from}."),
                    "Si fuiste tú, no hagas nada.".to_owned(),
                    "Si no fuiste tú: alguien usa tu cuenta. Cierra tus otras sesiones, cambia tu contraseña, deshaz el cambio y avisa ahora mismo a la administración.".to_owned(),
                ],
            )
        }
    }
}

fn letter(subject: String, paragraphs: [String; 4]) -> Letter {
    Letter { subject, paragraphs: paragraphs.into() }
}
