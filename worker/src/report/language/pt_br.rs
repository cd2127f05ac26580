//! Brazilian Portuguese.

use super::{Checked, Label, Lasting, Phrases, Tally, count, grouped};
use crate::report::model::{RoleName, RoleScope, Rule, Severity};
use crate::report::when::{LocalSpan, LocalTime};
use portaria_domain::country::Country;
use portaria_domain::device::Device;

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

impl Phrases for PortugueseOfBrazil {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Auditoria de acessos",
            Label::Why => "Por que importa",
            Label::WhatToDo => "O que fazer",
            Label::SignedInAt => "Entrou",
            Label::WrongPasswords => "Senhas erradas",
            Label::From => "De onde",
            Label::Device => "Aparelho",
            Label::Addresses => "Endereços",
            Label::Accounts => "Contas",
            Label::ManyAddresses => "Muitos endereços",
            Label::LastSignIn => "Último login",
            Label::LastActive => "Última atividade",
            Label::New => "Novo",
            Label::ReportedSince => "No relatório desde",
            Label::Invited => "Convite",
            Label::ResetAt => "Quando",
            Label::ResetBy => "Por",
            Label::Template => "Modelo",
            Label::ApprovedAt => "Aprovado em",
            Label::NoRole => "Sem papel atribuído",
            Label::OpenPortaria => "Abrir o painel",
            Label::Requested => "pedida por um administrador",
        }
    }

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
            Lasting::Minutes(minutes) => count(self, minutes, "minuto", "minutos"),
            Lasting::Hours(hours) => count(self, hours, "hora", "horas"),
            Lasting::Days(days) => count(self, days, "dia", "dias"),
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

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nada a relatar");
        }
        let points = count(self, tally.total, "ponto de atenção", "pontos de atenção");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => {
                format!("{title} · {workspace}: {points}, {}", count(self, urgent, "urgente", "urgentes"))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = count(self, tally.total, "ponto pede", "pontos pedem");
        match tally.critical {
            0 => format!("{points} sua atenção. Nada urgente."),
            urgent if urgent == tally.total => format!("{points} sua atenção agora."),
            1 => format!("{points} sua atenção, e 1 não pode esperar."),
            urgent => format!("{points} sua atenção, e {} não podem esperar.", self.number(urgent)),
        }
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = count(self, checked.members, "pessoa", "pessoas");
        let sign_ins = count(self, checked.sign_ins, "tentativa de login", "tentativas de login");
        format!("Nada a relatar: conferimos {people} e {sign_ins}, e está tudo em ordem.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = count(self, checked.members, "pessoa", "pessoas");
        let sign_ins = count(self, checked.sign_ins, "tentativa de login", "tentativas de login");
        format!("Conferimos {people} e {sign_ins} ({}).", self.span(period))
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Critical => "Agir agora",
            Severity::Warning => "Ver hoje",
            Severity::Notice => "Quando puder",
        }
    }

    fn title(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => "Alguém entrou depois de muitas senhas erradas",
            Rule::FailuresAcrossAccounts => "Um mesmo endereço tentou entrar em várias contas",
            Rule::Spraying => "Muitos endereços tentaram entrar em muitas contas",
            Rule::RepeatedFailures => "Muitas senhas erradas em uma conta",
            Rule::SecondFactorReset => "O segundo fator de alguém foi redefinido",
            Rule::TemplateApprovedAlone => "Um modelo de mensagem foi aprovado por quem o escreveu",
            Rule::InactiveMember => "Tem acesso, mas não o usa há muito tempo",
            Rule::NeverSignedIn => "Recebeu convite e nunca entrou",
        }
    }

    fn why(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "Pode ser alguém que esqueceu a própria senha, mas é também o que acontece quando um invasor acerta a senha por tentativas."
            }
            Rule::FailuresAcrossAccounts => {
                "Alguém está testando senhas comuns em muitas contas, na esperança de que uma delas abra."
            }
            Rule::Spraying => {
                "Alguém está testando senhas comuns em todo mundo, poucas de cada endereço, para que nenhuma conta nem endereço chame atenção."
            }
            Rule::RepeatedFailures => "Ou a pessoa esqueceu a senha, ou alguém está tentando adivinhá-la.",
            Rule::SecondFactorReset => {
                "Até que seja configurado de novo, basta a senha para entrar; e quem pediu a redefinição pode não ter sido a pessoa."
            }
            Rule::TemplateApprovedAlone => {
                "Não havia outra pessoa que pudesse aprovar: ninguém conferiu o que vai para os clientes."
            }
            Rule::InactiveMember => {
                "Um acesso que ninguém usa continua aberto: se a senha vazar, ninguém vai perceber."
            }
            Rule::NeverSignedIn => "Um convite esquecido pode acabar sendo usado por quem não deveria.",
        }
    }

    fn what_to_do(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "Ligue para a pessoa agora. Se não foi ela, encerre as sessões e troque a senha da conta."
            }
            Rule::FailuresAcrossAccounts => {
                "Se o endereço não é da sua empresa, peça a quem cuida da rede que o bloqueie."
            }
            Rule::Spraying => {
                "Peça a todos que configurem um aplicativo autenticador e veja se alguma das contas foi acessada de um lugar que não é do dono."
            }
            Rule::RepeatedFailures => {
                "Pergunte à pessoa se foi ela. Se não foi, peça que escolha uma senha longa, que não use em nenhum outro lugar."
            }
            Rule::SecondFactorReset => {
                "Confirme que a pessoa pediu isso e que foi ela quem configurou o novo."
            }
            Rule::TemplateApprovedAlone => "Leia o modelo. Dê a mais alguém a permissão de aprovar modelos.",
            Rule::InactiveMember => {
                "Confirme se a pessoa ainda precisa do acesso. Se não precisa, suspenda esse acesso."
            }
            Rule::NeverSignedIn => {
                "Pergunte se a pessoa ainda vem. Se vem, reenvie o convite; se não, cancele o convite."
            }
        }
    }

    fn got_in_after(&self, failures: u64, lasting: Lasting) -> String {
        let times = count(self, failures, "senha errada", "senhas erradas");
        format!("{times} em {} e, em seguida, um login que deu certo.", self.lasting(lasting))
    }

    fn tried_accounts(&self, failures: u64, accounts: u64, strangers: u64) -> String {
        let times = count(self, failures, "senha errada", "senhas erradas");
        let accounts = count(self, accounts, "conta diferente", "contas diferentes");
        match strangers {
            0 => format!("{times} em {accounts}."),
            1 => format!("{times} em {accounts}; 1 delas não é de ninguém daqui."),
            many => format!("{times} em {accounts}; {} delas não são de ninguém daqui.", self.number(many)),
        }
    }

    fn came_from(&self, addresses: u64) -> String {
        format!("Vieram de {} endereços diferentes.", self.number(addresses))
    }

    fn failed(&self, failures: u64, addresses: u64) -> String {
        let times = count(self, failures, "senha errada", "senhas erradas");
        match addresses {
            0 => format!("{times}."),
            1 => format!("{times}, de um só endereço."),
            many => format!("{times}, de {} endereços.", self.number(many)),
        }
    }

    fn approved_alone(&self) -> &'static str {
        "Aprovou um modelo que ajudou a escrever."
    }

    fn second_factor_reset(&self, set_up_again: bool) -> &'static str {
        match set_up_again {
            true => "O segundo fator foi removido e já foi configurado de novo.",
            false => "O segundo fator foi removido e ainda não foi configurado de novo.",
        }
    }

    fn inactive(&self, days: u64) -> String {
        format!("Não usa o Portaria há {}.", count(self, days, "dia", "dias"))
    }

    fn never_came(&self, days: u64) -> String {
        match days {
            0 => "O convite é de hoje, e ninguém o usou.".to_owned(),
            days => format!("O convite foi feito há {} e não foi usado.", count(self, days, "dia", "dias")),
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
