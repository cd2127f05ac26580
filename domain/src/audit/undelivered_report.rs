//! Readers whom the audit's reports, or what was to be told them at once, did not reach.

use std::collections::{BTreeMap, HashMap};

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, UserId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::reader_copy::{Fate, ReaderCopy, copies};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look, reader};
use crate::error::Result;
use crate::mail::WITHDRAWN;

/// Alerts that were given up. The last attempt was made when it was due, or soon after.
const ALERTS: &str = "
SELECT m.dedup_key, m.next_attempt_at, m.error FROM outgoing_mails m
WHERE m.status = 'failed' AND m.next_attempt_at > $2 AND m.workspace_id = $1 AND m.dedup_key LIKE 'alerts:%'
  AND COALESCE(m.error, '') <> $3
ORDER BY m.next_attempt_at";

const MEMBER: &str = "SELECT m.id FROM members m WHERE m.workspace_id = $1 AND m.user_id = $2";

/// What did not reach one reader.
#[derive(Default)]
struct Lost {
    count: i64,
    first: Option<Timestamp>,
    answer: Option<i64>,
}

impl Lost {
    /// One more, later than the others.
    fn add(&mut self, at: Timestamp, error: &str) {
        self.count += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.answer = answer(error);
    }
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now - look.days(&RULE, "days");
    let reader = look.database.reader();
    let copies = copies(reader, look.database, look.workspace, (since, look.now)).await?;
    let mut lost: BTreeMap<MemberId, Lost> = BTreeMap::new();
    for (member, copies) in &copies {
        let arrived = || copies.iter().filter(|copy| copy.has_arrived());
        for copy in copies {
            if let Fate::Failed(error) = &copy.fate
                && copy.unheard(arrived()).is_some()
            {
                lost.entry(*member).or_default().add(copy.to, error);
            }
        }
    }
    lost_alerts(look, (since, &copies), &mut lost).await?;
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let readers = reader::ids(reader, look.database, (look.workspace, None), look.now).await?;
    lost.retain(|member, _| readers.contains(member));
    let severity = if lost.len() == readers.len() { Severity::High } else { RULE.severity };
    let found = |(member, one): (MemberId, Lost)| {
        let evidence = Evidence::new()
            .with(FactName::ReportsLost, FactValue::Number(one.count))
            .with_some(FactName::ReportsLostSince, one.first.map(FactValue::At))
            .with_some(FactName::MailAnswer, one.answer.map(|code| FactValue::Text(code.to_string())));
        Found::by(&RULE, &member, About::Member(member), evidence).with_severity(severity)
    };
    Ok(lost.into_iter().map(found).collect())
}

/// What was to be told at once and was not stands in no report of its own: it counts until a report has said so.
async fn lost_alerts(
    look: &Look<'_>,
    (since, copies): (Timestamp, &HashMap<MemberId, Vec<ReaderCopy>>),
    lost: &mut BTreeMap<MemberId, Lost>,
) -> Result<()> {
    let values = [look.workspace.0.into(), since.0.into(), WITHDRAWN.into()];
    for row in look.rows(ALERTS, values).await? {
        let (key, at): (String, Timestamp) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let error: Option<String> = row.try_get_by_index(2)?;
        let Some(account) = key.rsplit(':').next().and_then(|id| id.parse::<UserId>().ok()) else { continue };
        let member = look.rows(MEMBER, [look.workspace.0.into(), account.0.into()]).await?;
        let member: Option<MemberId> = member.first().map(|row| row.try_get_by_index(0)).transpose()?;
        let Some(member) = member else { continue };
        let has_been_said =
            copies.get(&member).into_iter().flatten().any(|copy| copy.has_arrived() && copy.to > at);
        if !has_been_said {
            lost.entry(member).or_default().add(at, error.as_deref().unwrap_or_default());
        }
    }
    Ok(())
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
    judges: "A report of the last `days` days that the mail server refused for good, or that could not be handed over in two days of trying, to somebody who may still read it, when none that tells the same has arrived; or a mail of what could not wait that was lost so, until a report has said that. High when that holds for everybody who may.",
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
    title: "Os e-mails da auditoria não estão chegando",
    why: "Quem cuida dos acessos não fica sabendo do que está errado.",
    what_to_do: "Confira o e-mail da pessoa e a caixa de entrada dela. Se outras pessoas também não recebem, peça a quem cuida do servidor que veja a configuração de e-mail do Portaria.",
    seen: |told| {
        format!(
            "{}, e nenhum relatório chegou depois.",
            lost(told, "e-mail não pôde ser entregue", "e-mails não puderam ser entregues")
        )
    },
};

const ENGLISH: Said = Said {
    title: "The audit's mails do not arrive",
    why: "Somebody who looks after access does not learn of what is wrong.",
    what_to_do: "Check the person's e-mail address and mailbox. If others get nothing either, have whoever runs the server look at Portaria's mail settings.",
    seen: |told| {
        format!(
            "{}, and no report has arrived since.",
            lost(told, "mail could not be delivered", "mails could not be delivered")
        )
    },
};

const SPANISH: Said = Said {
    title: "Los correos de la auditoría no están llegando",
    why: "Quien se ocupa de los accesos no se entera de lo que está mal.",
    what_to_do: "Revise el correo de la persona y su buzón. Si otras personas tampoco lo reciben, pida a quien administra el servidor que revise la configuración de correo de Portaria.",
    seen: |told| {
        format!(
            "{}, y después no llegó ningún informe.",
            lost(told, "correo no pudo entregarse", "correos no pudieron entregarse")
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
