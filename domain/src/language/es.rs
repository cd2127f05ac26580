//! Spanish, for Spain and Latin America alike: the reader is «usted».

use super::{Lasting, LocalSpan, LocalTime, RoleName, RoleScope, Speech, grouped};
use crate::country::Country;
use crate::device::Device;

pub struct Spanish;

const WEEKDAYS: [&str; 7] = ["lun.", "mar.", "mié.", "jue.", "vie.", "sáb.", "dom."];
const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

fn day(time: &LocalTime) -> String {
    let month = MONTHS[time.month_index()];
    let year = time.other_year.map(|year| format!(" de {year}")).unwrap_or_default();
    format!("{} {} de {month}{year}", WEEKDAYS[time.weekday_index()], time.at.day())
}

impl Speech for Spanish {
    /// Four digits stand together in Spanish; from five on they are grouped by a narrow space.
    fn number(&self, number: u64) -> String {
        if number < 10_000 { number.to_string() } else { grouped(number, '\u{202f}') }
    }

    fn day_and_time(&self, time: &LocalTime) -> String {
        format!("{}, {}", day(time), time.clock())
    }

    fn span(&self, span: &LocalSpan) -> String {
        if span.is_one_minute() {
            return self.day_and_time(&span.from);
        }
        let (from, to) = (self.day_and_time(&span.from), self.day_and_time(&span.to));
        if span.is_one_day() { format!("{from} – {}", span.to.clock()) } else { format!("{from} – {to}") }
    }

    fn lasting(&self, lasting: Lasting) -> String {
        match lasting {
            Lasting::UnderAMinute => "menos de un minuto".to_owned(),
            Lasting::Minutes(minutes) => self.count(minutes, "minuto", "minutos"),
            Lasting::Hours(hours) => self.count(hours, "hora", "horas"),
            Lasting::Days(days) => self.count(days, "día", "días"),
        }
    }

    fn country<'a>(&self, country: &'a Country) -> &'a str {
        country.name("es")
    }

    fn device(&self, device: Device) -> String {
        device.in_words("en", "desconocido")
    }

    fn role(&self, role: &RoleName) -> String {
        match role {
            RoleName::Administrator => "Administrador".to_owned(),
            RoleName::Agent => "Agente".to_owned(),
            RoleName::Developer => "Desarrollador".to_owned(),
            RoleName::Analyst => "Analista".to_owned(),
            RoleName::Support => "Soporte".to_owned(),
            RoleName::Custom(name) => name.clone(),
        }
    }

    fn scope(&self, scope: &RoleScope) -> Option<String> {
        match scope {
            RoleScope::Workspace => None,
            RoleScope::Channel(name) => Some(format!("número {name}")),
            RoleScope::Team(name) => Some(format!("equipo {name}")),
        }
    }

    fn and_more(&self, number: u64) -> String {
        format!("y {} más", self.number(number))
    }
}
