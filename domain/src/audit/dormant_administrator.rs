//! Administrators who have not come back for longer than somebody with that power should.

use std::collections::HashMap;

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::administrator::grants;
use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::silence::{Whom, days, silent};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let silent = silent(look, Whom::Administrators, look.now - look.days(&RULE, "days")).await?;
    let mut grants = if silent.is_empty() { HashMap::new() } else { grants(look).await? };
    let told = |(member, evidence): (MemberId, Evidence)| {
        let held = grants.remove(&member).map(FactValue::Grants);
        let evidence = evidence.with_some(FactName::AdministratorGrants, held);
        Found::by(&RULE, &member, About::Member(member), evidence)
    };
    Ok(silent.into_iter().map(told).collect())
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::DormantAdministrator,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::RevokeGrants,
    judges: "Somebody who holds the built-in role of administrator in the whole workspace, has been here, and neither made a request nor signed in for `days` days.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 14,
    least: 1,
    most: 365,
    about: "How long an administrator may stay away.",
}];

const PORTUGUESE: Said = Said {
    title: "Um administrador não aparece há muito tempo",
    why: "Quem administra pode tudo. Uma conta assim, parada, é a que um invasor mais quer, e ninguém repara nela.",
    what_to_do: "Se a pessoa está de férias, tudo bem. Se não administra mais, tire dela o papel de administrador.",
    seen: |told| format!("É administrador e não usa o Portaria há {}.", told.days(days(told))),
};

const ENGLISH: Said = Said {
    title: "An administrator has been away for long",
    why: "An administrator can do everything. An account like that, lying idle, is the one an intruder wants most, and nobody watches it.",
    what_to_do: "If the person is on holiday, all is well. If they no longer administer, take the role from them.",
    seen: |told| format!("Is an administrator and has not used Portaria for {}.", told.days(days(told))),
};

const SPANISH: Said = Said {
    title: "Un administrador lleva mucho tiempo sin aparecer",
    why: "Quien administra lo puede todo. Una cuenta así, parada, es la que más busca un intruso, y nadie se fija en ella.",
    what_to_do: "Si la persona está de vacaciones, no hay problema. Si ya no administra, quítele el rol de administrador.",
    seen: |told| format!("Es administrador y no usa Portaria desde hace {}.", told.days(days(told))),
};
