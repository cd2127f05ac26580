//! Spanish, for Spain and Latin America alike: the reader is «usted».

use super::{Checked, Label, Lasting, Phrases, Tally, count, grouped};
use crate::report::model::{RoleName, RoleScope, Rule, Severity};
use crate::report::when::{LocalSpan, LocalTime};
use portaria_domain::country::Country;
use portaria_domain::device::Device;

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

impl Phrases for Spanish {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Auditoría de accesos",
            Label::Why => "Por qué importa",
            Label::WhatToDo => "Qué hacer",
            Label::SignedInAt => "Entró",
            Label::WrongPasswords => "Intentos fallidos",
            Label::From => "Desde",
            Label::Device => "Dispositivo",
            Label::Addresses => "Direcciones",
            Label::Accounts => "Cuentas",
            Label::ManyAddresses => "Muchas direcciones",
            Label::LastSignIn => "Último acceso",
            Label::LastActive => "Última actividad",
            Label::New => "Nuevo",
            Label::ReportedSince => "En el informe desde",
            Label::Invited => "Invitación",
            Label::ResetAt => "Cuándo",
            Label::ResetBy => "Por",
            Label::Template => "Plantilla",
            Label::ApprovedAt => "Aprobada el",
            Label::NoRole => "Sin rol asignado",
            Label::OpenPortaria => "Abrir el panel",
            Label::Requested => "pedida por un administrador",
        }
    }

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
            Lasting::Minutes(minutes) => count(self, minutes, "minuto", "minutos"),
            Lasting::Hours(hours) => count(self, hours, "hora", "horas"),
            Lasting::Days(days) => count(self, days, "día", "días"),
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

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nada que informar");
        }
        let points = count(self, tally.total, "punto por revisar", "puntos por revisar");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => {
                format!("{title} · {workspace}: {points}, {}", count(self, urgent, "urgente", "urgentes"))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = count(self, tally.total, "punto requiere", "puntos requieren");
        match tally.critical {
            0 => format!("{points} su atención. Nada urgente."),
            urgent if urgent == tally.total => format!("{points} su atención ahora."),
            1 => format!("{points} su atención, y 1 no puede esperar."),
            urgent => format!("{points} su atención, y {} no pueden esperar.", self.number(urgent)),
        }
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = count(self, checked.members, "persona", "personas");
        let sign_ins = count(self, checked.sign_ins, "intento de acceso", "intentos de acceso");
        format!("Nada que informar: revisamos {people} y {sign_ins}, y todo está en orden.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = count(self, checked.members, "persona", "personas");
        let sign_ins = count(self, checked.sign_ins, "intento de acceso", "intentos de acceso");
        format!("Revisamos {people} y {sign_ins} ({}).", self.span(period))
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Critical => "Actuar ahora",
            Severity::Warning => "Revisar hoy",
            Severity::Notice => "Cuando pueda",
        }
    }

    fn title(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => "Alguien entró tras muchas contraseñas erróneas",
            Rule::FailuresAcrossAccounts => "Una misma dirección intentó entrar en varias cuentas",
            Rule::Spraying => "Muchas direcciones intentaron entrar en muchas cuentas",
            Rule::RepeatedFailures => "Muchas contraseñas erróneas en una cuenta",
            Rule::SecondFactorReset => "Se restableció el segundo factor de una persona",
            Rule::TemplateApprovedAlone => "Una plantilla fue aprobada por quien la escribió",
            Rule::InactiveMember => "Tiene acceso, pero no lo usa desde hace mucho",
            Rule::NeverSignedIn => "Recibió una invitación y nunca entró",
        }
    }

    fn why(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "Puede ser alguien que olvidó su propia contraseña, pero es también lo que ocurre cuando un intruso la adivina."
            }
            Rule::FailuresAcrossAccounts => {
                "Alguien está probando contraseñas comunes en muchas cuentas, con la esperanza de que una se abra."
            }
            Rule::Spraying => {
                "Alguien prueba contraseñas comunes con todo el mundo, pocas desde cada dirección, para que ninguna cuenta ni dirección llame la atención."
            }
            Rule::RepeatedFailures => {
                "O la persona olvidó su contraseña, o alguien está intentando adivinarla."
            }
            Rule::SecondFactorReset => {
                "Hasta que se configure de nuevo, basta la contraseña para entrar; y quien pidió el cambio puede no haber sido la persona."
            }
            Rule::TemplateApprovedAlone => {
                "No había otra persona que pudiera aprobarla: nadie revisó lo que reciben los clientes."
            }
            Rule::InactiveMember => {
                "Un acceso que nadie usa sigue abierto: si la contraseña se filtra, nadie lo notará."
            }
            Rule::NeverSignedIn => {
                "Una invitación olvidada puede acabar en manos de quien no debería usarla."
            }
        }
    }

    fn what_to_do(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "Llame a la persona ahora. Si no fue ella, cierre sus sesiones y cambie la contraseña de la cuenta."
            }
            Rule::FailuresAcrossAccounts => {
                "Si la dirección no es de su empresa, pida a quien administra la red que la bloquee."
            }
            Rule::Spraying => {
                "Pida a todos que configuren una aplicación de autenticación y revise si alguna de las cuentas se usó desde un lugar que no es de su dueño."
            }
            Rule::RepeatedFailures => {
                "Pregunte a la persona si fue ella. Si no, pídale que elija una contraseña larga que no use en ningún otro sitio."
            }
            Rule::SecondFactorReset => {
                "Confirme que la persona lo pidió y que ella misma configuró uno nuevo."
            }
            Rule::TemplateApprovedAlone => {
                "Lea la plantilla. Dé a alguien más el permiso de aprobar plantillas."
            }
            Rule::InactiveMember => {
                "Confirme si la persona aún necesita el acceso. Si no, suspenda ese acceso."
            }
            Rule::NeverSignedIn => {
                "Pregunte si la persona todavía va a incorporarse. Si es así, reenvíe la invitación; si no, cancele la invitación."
            }
        }
    }

    fn got_in_after(&self, failures: u64, lasting: Lasting) -> String {
        let times = count(self, failures, "contraseña errónea", "contraseñas erróneas");
        format!("{times} en {} y, a continuación, un acceso correcto.", self.lasting(lasting))
    }

    fn tried_accounts(&self, failures: u64, accounts: u64, strangers: u64) -> String {
        let times = count(self, failures, "contraseña errónea", "contraseñas erróneas");
        let accounts = count(self, accounts, "cuenta", "cuentas distintas");
        match strangers {
            0 => format!("{times} en {accounts}."),
            1 => format!("{times} en {accounts}; 1 de ellas no es de nadie de aquí."),
            many => format!("{times} en {accounts}; {} de ellas no son de nadie de aquí.", self.number(many)),
        }
    }

    fn came_from(&self, addresses: u64) -> String {
        format!("Vinieron de {} direcciones distintas.", self.number(addresses))
    }

    fn failed(&self, failures: u64, addresses: u64) -> String {
        let times = count(self, failures, "contraseña errónea", "contraseñas erróneas");
        match addresses {
            0 => format!("{times}."),
            1 => format!("{times}, desde una sola dirección."),
            many => format!("{times}, desde {} direcciones.", self.number(many)),
        }
    }

    fn approved_alone(&self) -> &'static str {
        "Aprobó una plantilla que ayudó a escribir."
    }

    fn second_factor_reset(&self, set_up_again: bool) -> &'static str {
        match set_up_again {
            true => "El segundo factor se eliminó y ya se configuró de nuevo.",
            false => "El segundo factor se eliminó y todavía no se ha configurado de nuevo.",
        }
    }

    fn inactive(&self, days: u64) -> String {
        format!("No usa Portaria desde hace {}.", count(self, days, "día", "días"))
    }

    fn never_came(&self, days: u64) -> String {
        match days {
            0 => "La invitación es de hoy y nadie la ha usado.".to_owned(),
            days => {
                format!("La invitación se hizo hace {} y no se ha usado.", count(self, days, "día", "días"))
            }
        }
    }

    fn reason_for_mail(&self, workspace: &str) -> String {
        format!("Recibe este correo porque administra el espacio de trabajo {workspace} en Portaria.")
    }

    fn next_run(&self, time: &LocalTime) -> String {
        format!("Próximo informe: {}.", self.day_and_time(time))
    }

    fn time_zone(&self, zone: &str) -> String {
        format!("Todas las horas son de {zone}.")
    }

    fn chain_head(&self, sequence: u64) -> String {
        format!(
            "Sello del registro de actividades, hasta la entrada {}. Guarde este correo: permite demostrar que el registro no se alteró después.",
            self.number(sequence)
        )
    }
}
