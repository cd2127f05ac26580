//! The made-up sign-ins of the past weeks: mostly people at work, and one night of attacks worth auditing.

use std::time::Duration;

use anyhow::{Context, Result};
use portaria_domain::Installation;
use portaria_domain::throttle::network;
use portaria_entity::id::UserId;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::company::{ADMINISTRATOR, Company, PEOPLE};
use super::{DAY, ago};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How long ago the attacks began.
const NIGHT: Duration = Duration::from_secs(31 * 60 * 60);

// Addresses that are kept free for examples.
const OFFICE: &str = "192.0.2.10";
const ATTACKER: &str = "203.0.113.66";
const GUESSER: &str = "198.51.100.23";

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const SCRIPT: &str = "python-requests/2.32.3";

/// An attempt: how long ago, on which address, from where.
struct Try<'a> {
    ago: Duration,
    email: &'a str,
    outcome: SignInOutcome,
    address: &'a str,
    user_agent: &'a str,
}

pub async fn make_up(installation: &Installation, company: &Company) -> Result<()> {
    let mut tries = at_work(company);
    tries.extend(spray());
    tries.extend(besieged());
    tries.extend(guessed());
    let user = |email: &str| -> Option<UserId> {
        company.people.iter().find(|person| person.part.email == email).map(|person| person.user_id)
    };
    let rows = tries.iter().map(|attempt| {
        let at = ago(installation, attempt.ago);
        let workspace_id = (attempt.outcome == SignInOutcome::Succeeded).then_some(company.workspace_id);
        sign_in_event::ActiveModel {
            id: Set(installation.clock.id_at(at)),
            at: Set(at),
            user_id: Set(user(attempt.email)),
            workspace_id: Set(workspace_id),
            email: Set(attempt.email.to_owned()),
            outcome: Set(attempt.outcome),
            address: Set(attempt.address.to_owned()),
            network: Set(network(attempt.address)),
            user_agent: Set(attempt.user_agent.to_owned()),
        }
    });
    sign_in_event::Entity::insert_many(rows)
        .exec_without_returning(installation.database.writer())
        .await
        .context("made-up sign-ins")?;
    Ok(())
}

/// Everybody who is seen at all signs in, and did so on the days before; now and then with a slip of the finger.
fn at_work(company: &Company) -> Vec<Try<'static>> {
    let mut tries = Vec::new();
    for (place, person) in (0u32..).zip(&company.people) {
        let Some(last_seen) = person.part.last_seen else { continue };
        for day in 0..6 {
            let ago = last_seen + DAY * day + MINUTE * (7 * place);
            let email = person.part.email;
            let office = |ago, outcome| Try { ago, email, outcome, address: OFFICE, user_agent: BROWSER };
            tries.push(office(ago, SignInOutcome::Succeeded));
            if (day + place) % 4 == 0 {
                tries.push(office(ago + MINUTE, SignInOutcome::WrongPassword));
            }
        }
    }
    tries
}

/// One address tries everybody, and people who do not exist.
fn spray() -> Vec<Try<'static>> {
    let unknown = ["admin@estrela.example", "contato@estrela.example", "financeiro@estrela.example"];
    let known = PEOPLE.iter().map(|part| (part.email, SignInOutcome::WrongPassword));
    let all = known.chain(unknown.map(|email| (email, SignInOutcome::UnknownEmail)));
    (0u32..)
        .zip(all)
        .map(|(place, (email, outcome))| Try {
            ago: NIGHT - MINUTE * (2 * place),
            email,
            outcome,
            address: ATTACKER,
            user_agent: SCRIPT,
        })
        .collect()
}

/// Somebody tries the administrator's account again and again, in vain.
fn besieged() -> Vec<Try<'static>> {
    (0..14u32)
        .map(|attempt| Try {
            ago: NIGHT - HOUR - MINUTE * (3 * attempt),
            email: ADMINISTRATOR,
            outcome: SignInOutcome::WrongPassword,
            address: ATTACKER,
            user_agent: SCRIPT,
        })
        .collect()
}

/// Somebody tries Diego's account from elsewhere, and gets in.
fn guessed() -> Vec<Try<'static>> {
    let attempt = |minutes: u32, outcome| Try {
        ago: NIGHT - HOUR * 3 - MINUTE * minutes,
        email: "diego@estrela.example",
        outcome,
        address: GUESSER,
        user_agent: SCRIPT,
    };
    let failures = (0..7u32).map(|place| attempt(2 * place, SignInOutcome::WrongPassword));
    failures.chain([attempt(15, SignInOutcome::Succeeded)]).collect()
}
