//! Spanish, for Spain and Latin America alike: the reader is «usted».

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{LocalSpan, LocalTime, Spanish, Speech};

use super::{Checked, Label, Phrases, Tally};

impl Phrases for Spanish {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Auditoría de accesos",
            Label::Why => "Por qué importa",
            Label::WhatToDo => "Qué hacer",
            Label::New => "Nuevo",
            Label::ReportedSince => "En el informe desde",
            Label::OpenPortaria => "Abrir el panel",
            Label::Requested => "pedida por un administrador",
        }
    }

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nada que informar");
        }
        let points = self.count(tally.total, "punto por revisar", "puntos por revisar");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => {
                format!("{title} · {workspace}: {points}, {}", self.count(urgent, "urgente", "urgentes"))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.total, "punto requiere", "puntos requieren");
        match tally.critical {
            0 => format!("{points} su atención. Nada urgente."),
            urgent if urgent == tally.total => format!("{points} su atención ahora."),
            1 => format!("{points} su atención, y 1 no puede esperar."),
            urgent => format!("{points} su atención, y {} no pueden esperar.", self.number(urgent)),
        }
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = self.count(checked.members, "persona", "personas");
        let sign_ins = self.count(checked.sign_ins, "intento de acceso", "intentos de acceso");
        format!("Nada que informar: revisamos {people} y {sign_ins}, y todo está en orden.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = self.count(checked.members, "persona", "personas");
        let sign_ins = self.count(checked.sign_ins, "intento de acceso", "intentos de acceso");
        format!("Revisamos {people} y {sign_ins} ({}).", self.span(period))
    }

    fn urgency(&self, urgency: Urgency) -> &'static str {
        match urgency {
            Urgency::Now => "Actuar ahora",
            Urgency::Today => "Revisar hoy",
            Urgency::Sometime => "Cuando pueda",
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
