//! Readers whom the audit's reports did not reach.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look, reader};
use crate::error::Result;

/// Given up, and nothing that was written later has arrived.
const UNDELIVERED: &str = "
SELECT p.member_id, p.covers_to, m.error
FROM audit_reports p JOIN outgoing_mails m ON m.id = p.mail_id AND m.status = 'failed'
WHERE p.workspace_id = $1 AND p.covers_to > $2 AND p.withdrawn_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM audit_reports l JOIN outgoing_mails n ON n.id = l.mail_id AND n.status = 'sent'
                  WHERE l.workspace_id = p.workspace_id AND l.member_id = p.member_id AND l.covers_to > p.covers_to)
ORDER BY p.member_id, p.covers_to";

/// What did not reach one reader.
struct Lost {
    member: MemberId,
    count: i64,
    first: Timestamp,
    answer: Option<i64>,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now - look.days(&RULE, "days");
    let mut lost: Vec<Lost> = Vec::new();
    for row in look.rows(UNDELIVERED, [look.workspace.0.into(), since.0.into()]).await? {
        let (member, first) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let error: Option<String> = row.try_get_by_index(2)?;
        let answer = error.as_deref().and_then(answer);
        match lost.last_mut().filter(|last| last.member == member) {
            Some(last) => (last.count, last.answer) = (last.count + 1, answer),
            None => lost.push(Lost { member, count: 1, first, answer }),
        }
    }
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let workspace = (look.workspace, None);
    let readers = reader::ids(look.database.reader(), look.database, workspace, look.now).await?;
    lost.retain(|one| readers.contains(&one.member));
    let severity = if lost.len() == readers.len() { Severity::High } else { RULE.severity };
    let found = |one: Lost| {
        let evidence = Evidence::new()
            .with(FactName::ReportsLost, FactValue::Number(one.count))
            .with(FactName::ReportsLostSince, FactValue::At(one.first))
            .with_some(FactName::MailAnswer, one.answer.map(|code| FactValue::Text(code.to_string())));
        Found::by(&RULE, &one.member, About::Member(one.member), evidence).with_severity(severity)
    };
    Ok(lost.into_iter().map(found).collect())
}

/// The mail server's three digits, as the queue writes them: `handing the mail to the server (550): ...`. What else it
/// said may name somebody.
fn answer(error: &str) -> Option<i64> {
    let (_, rest) = error.split_once('(')?;
    let (code, _) = rest.split_once("):")?;
    code.parse().ok().filter(|code| (200..600).contains(code))
}

fn lost(told: &Telling<'_>, one: &str, many: &str) -> String {
    told.count(told.number(FactName::ReportsLost), one, many)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::UndeliveredReport,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "A report of the last `days` days that the mail server refused for good, or that could not be handed over in two days of trying, to somebody who may still read it and got none since. High when that holds for everybody who may.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 14,
    least: 3,
    most: 60,
    about: "How far back reports are looked at.",
}];

const PORTUGUESE: Said = Said {
    title: "O relatório da auditoria não está chegando",
    why: "Quem cuida dos acessos não fica sabendo do que está errado.",
    what_to_do: "Confira o e-mail da pessoa e a caixa de entrada dela. Se outras pessoas também não recebem, peça a quem cuida do servidor que veja a configuração de e-mail do Portaria.",
    seen: |told| {
        format!(
            "{} e não chegou nenhum depois.",
            lost(told, "relatório não pôde ser entregue", "relatórios não puderam ser entregues")
        )
    },
};

const ENGLISH: Said = Said {
    title: "The audit's report does not arrive",
    why: "Somebody who looks after access does not learn of what is wrong.",
    what_to_do: "Check the person's e-mail address and mailbox. If others get nothing either, have whoever runs the server look at Portaria's mail settings.",
    seen: |told| {
        format!(
            "{} and none has arrived since.",
            lost(told, "report could not be delivered", "reports could not be delivered")
        )
    },
};

const SPANISH: Said = Said {
    title: "El informe de la auditoría no está llegando",
    why: "Quien se ocupa de los accesos no se entera de lo que está mal.",
    what_to_do: "Revise el correo de la persona y su buzón. Si otras personas tampoco lo reciben, pida a quien administra el servidor que revise la configuración de correo de Portaria.",
    seen: |told| {
        format!(
            "{} y después no llegó ninguno.",
            lost(told, "informe no pudo entregarse", "informes no pudieron entregarse")
        )
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_error_only_the_servers_code_is_told() {
        assert_eq!(answer("handing the mail to the server (550): <a***@b.example> no such user"), Some(550));
        for none in ["connecting to the mail server: (os error 111)", "composing the mail: bad (x): y", ""] {
            assert_eq!(answer(none), None, "{none}");
        }
    }
}
