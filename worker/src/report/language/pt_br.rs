//! Brazilian Portuguese.

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{LocalSpan, LocalTime, PortugueseOfBrazil, Speech};

use super::{Cadence, Checked, Column, Label, Phrases, Stage, Tally};

impl Phrases for PortugueseOfBrazil {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Why => "Por que importa",
            Label::WhatToDo => "O que fazer",
            Label::OpenPortaria => "Abrir o painel",
            Label::OpenFinding => "Ver no painel",
            Label::Requested => "pedida por um administrador",
            Label::StillOpen => "Ainda em aberto",
            Label::Resolved => "Resolvidos",
            Label::AccessChanges => "Quem mudou o acesso de quem",
            Label::Trend => "Em aberto a cada semana",
            Label::Acknowledged => "em andamento",
            Label::Attached => "A planilha anexa traz todos os pontos, com as evidências.",
        }
    }

    fn title(&self, cadence: Cadence) -> &'static str {
        match cadence {
            Cadence::Daily => "Auditoria de acessos",
            Cadence::Weekly => "Auditoria de acessos da semana",
        }
    }

    fn column(&self, column: Column) -> &'static str {
        match column {
            Column::Urgency => "Urgência",
            Column::State => "Situação",
            Column::What => "O que é",
            Column::Who => "Quem",
            Column::Email => "E-mail",
            Column::Roles => "Papéis",
            Column::Seen => "O que foi visto",
            Column::Evidence => "Evidências",
            Column::OpenedAt => "Aberto em",
            Column::ResolvedAt => "Resolvido em",
            Column::WhatToDo => "O que fazer",
            Column::Rule => "Regra",
            Column::Id => "Código",
        }
    }

    fn stage(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::New => "Novo",
            Stage::StillOpen => "Em aberto",
            Stage::Acknowledged => "Em andamento",
            Stage::Resolved(_) => "Resolvido",
        }
    }

    fn subject(&self, tally: Tally) -> String {
        let urgent = |count| self.count(count, "urgente", "urgentes");
        match tally {
            Tally { new: 0, known: 0, .. } => "nada a relatar".to_owned(),
            Tally { new: 0, known, known_urgent: 0, .. } => {
                format!("nada de novo, {} em aberto", self.number(known))
            }
            Tally { new: 0, known, known_urgent, .. } => {
                format!("nada de novo, {} em aberto, {}", self.number(known), urgent(known_urgent))
            }
            Tally { new, new_urgent: 0, .. } => self.count(new, "ponto novo", "pontos novos"),
            Tally { new, new_urgent, .. } => {
                format!("{}, {}", self.count(new, "ponto novo", "pontos novos"), urgent(new_urgent))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.new, "ponto novo pede", "pontos novos pedem");
        let waits = |count| self.count(count, "não pode", "não podem");
        let known = self.count(tally.known, "ponto segue", "pontos seguem");
        let new = match tally.new_urgent {
            _ if tally.new == 0 && tally.known_urgent > 0 => {
                return format!("Nada de novo. {known} em aberto, e {} esperar.", waits(tally.known_urgent));
            }
            _ if tally.new == 0 => return format!("Nada de novo. {known} em aberto."),
            0 => format!("{points} sua atenção. Nada urgente."),
            urgent if urgent == tally.new => format!("{points} sua atenção agora."),
            urgent => format!("{points} sua atenção, e {} esperar.", waits(urgent)),
        };
        match tally.known {
            0 => new,
            known => {
                format!("{new} {} em aberto de antes.", self.count(known, "outro segue", "outros seguem"))
            }
        }
    }

    fn day(&self, time: &LocalTime) -> String {
        format!("{:02}/{:02}", time.at.day(), time.at.month())
    }

    fn since(&self, time: &LocalTime) -> String {
        format!("desde {}", self.day_and_time(time))
    }

    fn told_until(&self, time: &LocalTime) -> String {
        format!("novidades desde {}", self.day_and_time(time))
    }

    fn by(&self, who: &str) -> String {
        format!("por {who}")
    }

    fn trend(&self, numbers: &str) -> String {
        format!("Pontos em aberto ao fim de cada semana, da mais antiga à atual: {numbers}.")
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = self.count(checked.members, "pessoa", "pessoas");
        let sign_ins = self.count(checked.sign_ins, "tentativa de login", "tentativas de login");
        format!("Nada a relatar: conferimos {people} e {sign_ins}, e está tudo em ordem.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = self.count(checked.members, "pessoa", "pessoas");
        let sign_ins = self.count(checked.sign_ins, "tentativa de login", "tentativas de login");
        format!("Conferimos {people} e {sign_ins} ({}).", self.span(period))
    }

    fn urgency(&self, urgency: Urgency) -> &'static str {
        match urgency {
            Urgency::Now => "Agir agora",
            Urgency::Today => "Ver hoje",
            Urgency::Sometime => "Quando puder",
        }
    }

    fn reason_for_mail(&self, workspace: &str) -> String {
        format!("Você recebe este e-mail porque administra o espaço de trabalho {workspace} no Portaria.")
    }

    fn next_run(&self, time: &LocalTime) -> String {
        format!("Próximo relatório: {}.", self.day_and_time(time))
    }

    fn time_zone(&self, zone: &str) -> String {
        format!("Todos os horários são de {zone}.")
    }

    fn chain_head(&self, sequence: u64) -> String {
        format!(
            "Selo do registro de atividades, até o item {}. Guarde este e-mail: ele permite provar que o registro não foi alterado depois.",
            self.number(sequence)
        )
    }
}
