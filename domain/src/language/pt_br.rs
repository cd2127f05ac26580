//! Brazilian Portuguese.

use super::{Lasting, LocalSpan, LocalTime, RoleName, RoleScope, Speech, grouped};
use crate::country::Country;
use crate::device::Device;

pub struct PortugueseOfBrazil;

const WEEKDAYS: [&str; 7] = ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."];
const MONTHS: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

fn day(time: &LocalTime) -> String {
    let date = time.at.day();
    let date = if date == 1 { "1º".to_owned() } else { date.to_string() };
    let month = MONTHS[time.month_index()];
    let year = time.other_year.map(|year| format!(" de {year}")).unwrap_or_default();
    format!("{}, {date} de {month}{year}", WEEKDAYS[time.weekday_index()])
}

impl Speech for PortugueseOfBrazil {
    fn number(&self, number: u64) -> String {
        grouped(number, '.')
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
            Lasting::UnderAMinute => "menos de um minuto".to_owned(),
            Lasting::Minutes(minutes) => self.count(minutes, "minuto", "minutos"),
            Lasting::Hours(hours) => self.count(hours, "hora", "horas"),
            Lasting::Days(days) => self.count(days, "dia", "dias"),
        }
    }

    fn country<'a>(&self, country: &'a Country) -> &'a str {
        country.name("pt-BR")
    }

    fn device(&self, device: Device) -> String {
        device.in_words("no", "desconhecido")
    }

    fn role(&self, role: &RoleName) -> String {
        match role {
            RoleName::Administrator => "Administrador".to_owned(),
            RoleName::Agent => "Atendente".to_owned(),
            RoleName::Developer => "Desenvolvedor".to_owned(),
            RoleName::Analyst => "Analista".to_owned(),
            RoleName::Support => "Suporte".to_owned(),
            RoleName::Custom(name) => name.clone(),
        }
    }

    fn scope(&self, scope: &RoleScope) -> Option<String> {
        match scope {
            RoleScope::Workspace => None,
            RoleScope::Channel(name) => Some(format!("número {name}")),
            RoleScope::Team(name) => Some(format!("equipe {name}")),
        }
    }

    fn and_more(&self, number: u64) -> String {
        format!("e mais {}", self.number(number))
    }
}
