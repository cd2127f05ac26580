//! Brazilian Portuguese.

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{LocalSpan, LocalTime, PortugueseOfBrazil, Speech};

use super::{Checked, Label, Phrases, Tally};

impl Phrases for PortugueseOfBrazil {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Auditoria de acessos",
            Label::Why => "Por que importa",
            Label::WhatToDo => "O que fazer",
            Label::New => "Novo",
            Label::ReportedSince => "No relatório desde",
            Label::OpenPortaria => "Abrir o painel",
            Label::Requested => "pedida por um administrador",
        }
    }

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nada a relatar");
        }
        let points = self.count(tally.total, "ponto de atenção", "pontos de atenção");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => {
                format!("{title} · {workspace}: {points}, {}", self.count(urgent, "urgente", "urgentes"))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.total, "ponto pede", "pontos pedem");
        match tally.critical {
            0 => format!("{points} sua atenção. Nada urgente."),
            urgent if urgent == tally.total => format!("{points} sua atenção agora."),
            1 => format!("{points} sua atenção, e 1 não pode esperar."),
            urgent => format!("{points} sua atenção, e {} não podem esperar.", self.number(urgent)),
        }
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
