//! A session that is used with another kind of device, or in another country, than it was opened: as by who has copied its token.

mod crowd;
mod judge;
mod said;
mod used;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;

use self::judge::{Judge, Odd};
use self::used::{Used, uses};
use super::fact::{FactName, FactValue};
use super::place::{AT_ONCE, Past, pasts};
use super::rule::{Rule, Suggestion};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// So many are told of one person: the gravest, and of those the last.
const MOST: usize = 10;

/// What is told of by itself: a session that was used so, once or many times.
struct Case<'a> {
    first: &'a Used,
    odd: Odd,
    last: Timestamp,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let uses = uses(look).await?;
    let people: Vec<&[Used]> = uses.chunk_by(|one, next| one.user == next.user).collect();
    let mut judge = Judge::new(look);
    let mut found = Vec::new();
    let mut crowds = BTreeSet::new();
    for some in people.chunks(AT_ONCE) {
        let abroad = some.iter().copied().flatten().filter(|used| used.country.is_some());
        let abroad: BTreeSet<UserId> = abroad.map(|used| used.user).collect();
        let pasts = pasts(look, abroad).await?;
        for uses in some {
            let mut told = 0;
            for (cause, uses) in causes(uses) {
                let past = uses.first().and_then(|used| pasts.get(&used.user));
                if let Some(case) = case(&mut judge, (&uses, past), &mut crowds).await? {
                    found.push(alone(&cause, &case));
                    told += 1;
                }
                if told == MOST {
                    break;
                }
            }
        }
    }
    for place in crowds {
        found.extend(crowd::told(look, place).await?);
    }
    Ok(found)
}

/// The uses of one person by what makes them one finding, the gravest before the others and then the last.
fn causes(uses: &[Used]) -> Vec<(String, Vec<&Used>)> {
    let mut causes: BTreeMap<String, Vec<&Used>> = BTreeMap::new();
    for used in uses {
        causes.entry(used.cause()).or_default().push(used);
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by_key(|(_, uses)| {
        (uses.iter().all(|used| used.is_near()), Reverse(uses.iter().map(|used| used.last).max()))
    });
    causes
}

/// What of these uses speaks against their owner and is in sight; but for what is told of a crowd, which is noted.
async fn case<'a>(
    judge: &mut Judge<'_>,
    (uses, past): (&[&'a Used], Option<&Past>),
    crowds: &mut BTreeSet<(&'a str, &'a str)>,
) -> Result<Option<Case<'a>>> {
    let since = judge.look.since;
    let mut case: Option<Case<'a>> = None;
    for used in uses.iter().copied() {
        let Some(odd) = judge.odd(used, past).await? else { continue };
        if crowd::has(judge.look, used).await? {
            if used.last >= since {
                crowds.insert((&used.network, &used.device));
            }
            continue;
        }
        match &mut case {
            Some(case) => case.last = case.last.max(used.last),
            None => case = Some(Case { first: used, odd, last: used.last }),
        }
    }
    Ok(case.filter(|case| case.last >= since))
}

fn alone(cause: &str, Case { first, odd, last }: &Case<'_>) -> Found {
    let evidence = Evidence::new()
        .with(FactName::OpenedFrom, FactValue::SignIn(first.opened.clone()))
        .with(FactName::UsedFrom, FactValue::SignIn(first.there.clone()))
        .with(FactName::Period, FactValue::During { from: first.there.at, to: *last })
        .with(FactName::IsNewDevice, FactValue::Is(odd.device))
        .with(FactName::IsNewCountry, FactValue::Is(odd.country))
        .with_some(FactName::Kilometres, odd.kilometres.map(FactValue::Number));
    let severity = if first.is_near() { Severity::Medium } else { RULE.severity };
    Found::by(&RULE, &cause, About::Member(first.member), evidence).with_severity(severity)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SessionUsedElsewhere,
    severity: Severity::High,
    at_once: true,
    parameters: &[],
    suggestion: Suggestion::EndSessions,
    judges: "A session, also one that has ended, used otherwise than it was opened: with another program or system (a newer version is none, \
             nor a telephone that asks for the pages of a computer; a program that does not say what it is differs from one that does); in \
             another country in which its person never got in before; or so far away that nobody was there in time, by what \
             `impossible_travel` is set to. Another device in the network where it was opened is medium. Countries and distances need the \
             operator's database. Once for each session, kind of device and country, at most ten of a person. \
             Nothing when two others' sessions were used from the same network with that kind of device, or they signed in from that address, \
             since more than a week before, again three days after that or later, and within thirty days: a front end that calls from its own \
             server, or the company's way out. Nothing of sessions that such a server opens: with a program that names no system, from an \
             address from which nobody signed in with one that does for thirty days. Nor what has been this person's way for more than a week \
             and in the last one, with sessions that were not ended within a day. When sessions of two others were used from the same network \
             with that kind of device within the week before, all further ones are one finding about the workspace, which is critical when \
             one of them is an administrator's. Who copies the name of the browser, too, and stays in the country is not seen.",
    said: [&said::PORTUGUESE, &said::ENGLISH, &said::SPANISH],
};
