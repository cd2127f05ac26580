//! Spanish, for Spain and Latin America alike: the reader is «usted».

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{LocalSpan, LocalTime, Spanish, Speech};

use super::{Cadence, Checked, Column, Label, Phrases, Stage, Tally};

impl Phrases for Spanish {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Why => "Por qué importa",
            Label::WhatToDo => "Qué hacer",
            Label::OpenPortaria => "Abrir el panel",
            Label::OpenFinding => "Ver en el panel",
            Label::Requested => "pedida por un administrador",
            Label::StillOpen => "Siguen abiertos",
            Label::Resolved => "Resueltos",
            Label::AccessChanges => "Quién cambió el acceso de quién",
            Label::Trend => "Abiertos semana a semana",
            Label::Acknowledged => "en curso",
            Label::Attached => "La tabla adjunta tiene todos los puntos, con sus evidencias.",
        }
    }

    fn title(&self, cadence: Cadence) -> &'static str {
        match cadence {
            Cadence::Daily => "Auditoría de accesos",
            Cadence::Weekly => "Auditoría de accesos de la semana",
        }
    }

    fn column(&self, column: Column) -> &'static str {
        match column {
            Column::Urgency => "Urgencia",
            Column::State => "Estado",
            Column::What => "Qué es",
            Column::Who => "Quién",
            Column::Email => "Correo",
            Column::Roles => "Roles",
            Column::Seen => "Lo que se vio",
            Column::Evidence => "Evidencias",
            Column::OpenedAt => "Abierto",
            Column::ResolvedAt => "Resuelto",
            Column::WhatToDo => "Qué hacer",
            Column::Rule => "Regla",
            Column::Id => "Código",
        }
    }

    fn stage(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::New => "Nuevo",
            Stage::StillOpen => "Abierto",
            Stage::Acknowledged => "En curso",
            Stage::Resolved(_) => "Resuelto",
        }
    }

    fn subject(&self, tally: Tally) -> String {
        let urgent = |count| self.count(count, "urgente", "urgentes");
        let open = |count| self.count(count, "abierto", "abiertos");
        match tally {
            Tally { new: 0, known: 0, .. } => "nada que informar".to_owned(),
            Tally { new: 0, known, known_urgent: 0, .. } => format!("nada nuevo, {}", open(known)),
            Tally { new: 0, known, known_urgent, .. } => {
                format!("nada nuevo, {}, {}", open(known), urgent(known_urgent))
            }
            Tally { new, new_urgent: 0, .. } => self.count(new, "punto nuevo", "puntos nuevos"),
            Tally { new, new_urgent, .. } => {
                format!("{}, {}", self.count(new, "punto nuevo", "puntos nuevos"), urgent(new_urgent))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.new, "punto nuevo requiere", "puntos nuevos requieren");
        let waits = |count| self.count(count, "no puede", "no pueden");
        let known = self.count(tally.known, "punto sigue abierto", "puntos siguen abiertos");
        let new = match tally.new_urgent {
            _ if tally.new == 0 && tally.known_urgent > 0 => {
                return format!("Nada nuevo. {known}, y {} esperar.", waits(tally.known_urgent));
            }
            _ if tally.new == 0 => return format!("Nada nuevo. {known}."),
            0 => format!("{points} su atención. Nada urgente."),
            urgent if urgent == tally.new => format!("{points} su atención ahora."),
            urgent => format!("{points} su atención, y {} esperar.", waits(urgent)),
        };
        match tally.known {
            0 => new,
            known => format!(
                "{new} {} de antes.",
                self.count(known, "otro sigue abierto", "otros siguen abiertos")
            ),
        }
    }

    fn day(&self, time: &LocalTime) -> String {
        format!("{:02}/{:02}", time.at.day(), time.at.month())
    }

    fn since(&self, time: &LocalTime) -> String {
        format!("desde el {}", self.day_and_time(time))
    }

    fn told_until(&self, time: &LocalTime) -> String {
        format!("novedades desde el {}", self.day_and_time(time))
    }

    fn by(&self, who: &str) -> String {
        format!("por {who}")
    }

    fn trend(&self, numbers: &str) -> String {
        format!("Puntos abiertos al final de cada semana, de la más antigua a la actual: {numbers}.")
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
