//! The company of the demonstration: a shop and a clinic, and people in every role.

use std::time::Duration;

use anyhow::Result;
use portaria_domain::access::Scope;
use portaria_domain::channel::NewChannel;
use portaria_domain::grant::NewGrant;
use portaria_domain::granting::{Authority, Change};
use portaria_domain::member::NewMember;
use portaria_domain::meta_app::NewMetaApp;
use portaria_domain::password::About;
use portaria_domain::routing::setting::{self, WorkspaceRouting};
use portaria_domain::security_policy::{self, SecurityPolicy};
use portaria_domain::token::Token;
use portaria_domain::workspace::NewWorkspace;
use portaria_domain::{Installation, channel, grant, member, meta_app, role, team, workspace};
use portaria_entity::id::{ChannelId, MemberId, MetaAppId, TeamId, UserId, WorkspaceId};
use portaria_entity::member::Availability;
use portaria_entity::role::BuiltInRole::{self, Administrator, Agent, Analyst, Developer, Support};
use portaria_entity::security_policy::SecondFactorDemand;
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};

use super::{DAY, ago, numbers};

pub const APP_KEY: &str = "demo";
/// What the simulated Meta of the demonstration takes; it is good for nothing else.
pub const ACCESS_TOKEN: &str = "the-demonstrations-own-token";
pub const ADMINISTRATOR: &str = "helena@estrela.example";
/// Whom the visitor is asked to be: with one role on one number and another on the other.
pub const VISITOR: &str = "diego@estrela.example";

/// Where somebody holds a role.
#[derive(Clone, Copy)]
enum Place {
    Everywhere,
    Shop,
    Clinic,
}
use Place::{Clinic, Everywhere, Shop};

/// Somebody who works there.
pub struct Part {
    pub name: &'static str,
    pub email: &'static str,
    roles: &'static [(BuiltInRole, Place)],
    /// Whose new conversations they are given.
    teams: &'static [Place],
    /// Said of them to the visitor.
    pub about: &'static str,
    member_for: Duration,
    /// When they last signed in, if ever; the attack on the way there is told elsewhere.
    pub last_seen: Option<Duration>,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * DAY.as_secs())
}

pub const PEOPLE: &[Part] = &[
    Part {
        name: "Helena Duarte",
        email: ADMINISTRATOR,
        roles: &[(Administrator, Everywhere)],
        teams: &[],
        about: "Administrator: everything, everywhere",
        member_for: days(410),
        last_seen: Some(HOUR),
    },
    Part {
        name: "Rafael Lima",
        email: "rafael@estrela.example",
        roles: &[(Agent, Shop)],
        teams: &[Shop],
        about: "Agent of the shop: its conversations and phone numbers",
        member_for: days(300),
        last_seen: Some(HOUR),
    },
    Part {
        name: "Camila Nunes",
        email: "camila@estrela.example",
        roles: &[(Agent, Clinic)],
        teams: &[Clinic],
        about: "Agent of the clinic: its conversations and phone numbers",
        member_for: days(280),
        last_seen: Some(HOUR),
    },
    Part {
        name: "Diego Prado",
        email: VISITOR,
        roles: &[(Agent, Shop), (Support, Clinic)],
        teams: &[Shop, Clinic],
        about: "Agent of the shop, Support of the clinic: sees phones on the first only",
        member_for: days(190),
        last_seen: Some(HOUR),
    },
    Part {
        name: "Lúcia Reis",
        email: "lucia@estrela.example",
        roles: &[(Support, Everywhere)],
        teams: &[Shop, Clinic],
        about: "Support: answers within guidelines, phones masked",
        member_for: days(120),
        last_seen: Some(HOUR),
    },
    Part {
        name: "Tomás Vidal",
        email: "tomas@estrela.example",
        roles: &[(Developer, Everywhere)],
        teams: &[],
        about: "Developer: connects systems, reads no conversations",
        member_for: days(95),
        last_seen: Some(days(2)),
    },
    Part {
        name: "Irene Castro",
        email: "irene@estrela.example",
        roles: &[(Analyst, Everywhere)],
        teams: &[],
        about: "Analyst: figures, neither customers nor text",
        member_for: days(60),
        last_seen: Some(days(3)),
    },
    Part {
        name: "Otávio Braga",
        email: "otavio@estrela.example",
        roles: &[(Agent, Shop)],
        teams: &[],
        about: "Agent who has not been seen for months",
        member_for: days(350),
        last_seen: Some(days(74)),
    },
    Part {
        name: "Nádia Melo",
        email: "nadia@estrela.example",
        roles: &[(Support, Clinic)],
        teams: &[],
        about: "Support who has never signed in",
        member_for: days(21),
        last_seen: None,
    },
];

/// Somebody who has been made a member.
pub struct Person {
    pub part: &'static Part,
    pub user_id: UserId,
    pub member_id: MemberId,
}

pub struct Company {
    pub workspace_id: WorkspaceId,
    pub app_secret: String,
    pub verify_token: String,
    /// Everybody's.
    pub password: String,
    pub people: Vec<Person>,
    pub shop: ChannelId,
    pub clinic: ChannelId,
}

impl Company {
    /// Somebody by their e-mail address.
    pub fn person(&self, email: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.part.email == email)
    }
}

/// What a person may be put in.
struct Places {
    workspace_id: WorkspaceId,
    shop: (ChannelId, TeamId),
    clinic: (ChannelId, TeamId),
}

impl Places {
    fn scope(&self, place: Place) -> Scope {
        match place {
            Everywhere => Scope::Workspace,
            Shop => Scope::Channel(self.shop.0),
            Clinic => Scope::Channel(self.clinic.0),
        }
    }

    fn team(&self, place: Place) -> Option<TeamId> {
        match place {
            Everywhere => None,
            Shop => Some(self.shop.1),
            Clinic => Some(self.clinic.1),
        }
    }
}

pub async fn found(installation: &Installation) -> Result<Company> {
    let (app_secret, verify_token) = (Token::generate("secret")?, Token::generate("verify")?);
    let password = Token::generate("pw")?.reveal()[3..15].to_owned();
    let password_hash = installation.passwords.hash(&password, &About::default()).await?;
    let transaction = installation.database.begin().await?;
    let new = NewWorkspace { name: "Grupo Estrela", time_zone: "America/Sao_Paulo", locale: "en" };
    let workspace_id = workspace::create(&transaction, installation, new).await?.id;
    // Nobody of the company has a screen.
    let routing = WorkspaceRouting { absent_after_minutes: None, ..WorkspaceRouting::default() };
    setting::write(&transaction, &installation.database, workspace_id, routing).await?;
    let new = NewMetaApp {
        workspace_id,
        key: APP_KEY,
        name: "Demonstration",
        verify_token: verify_token.reveal(),
        app_secret: app_secret.reveal(),
    };
    let app = meta_app::create(&transaction, installation, new).await?.id;
    let places = Places {
        workspace_id,
        shop: number(&transaction, installation, (workspace_id, app), ("Loja Estrela", 0)).await?,
        clinic: number(&transaction, installation, (workspace_id, app), ("Clínica Estrela", 1)).await?,
    };
    let mut people = Vec::new();
    for part in PEOPLE {
        people.push(hire(&transaction, installation, &places, (part, &password_hash)).await?);
    }
    transaction.commit().await?;
    everybody_signs_in_as_they_are(installation, workspace_id).await?;
    let (app_secret, verify_token) = (app_secret.reveal().to_owned(), verify_token.reveal().to_owned());
    let (shop, clinic) = (places.shop.0, places.clinic.0);
    Ok(Company { workspace_id, app_secret, verify_token, password, people, shop, clinic })
}

/// A real workspace begins with the demand that administrators and developers have a second factor. Here, visitors shall
/// be anybody at once.
async fn everybody_signs_in_as_they_are(installation: &Installation, workspace: WorkspaceId) -> Result<()> {
    let mut change = Change::begin(installation, workspace, Authority::Installation).await?;
    let policy = SecurityPolicy { second_factor: SecondFactorDemand::Nobody, roles: Vec::new() };
    security_policy::update(&mut change, policy).await?;
    Ok(change.finish().await?)
}

/// A phone number with the team that serves it.
async fn number(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace_id, meta_app_id): (WorkspaceId, MetaAppId),
    (name, index): (&str, usize),
) -> Result<(ChannelId, TeamId)> {
    let known = &numbers()[index];
    let team = team::create(transaction, installation, workspace_id, name).await?;
    let new = NewChannel {
        workspace_id,
        meta_app_id,
        name,
        waba_id: &known.waba_id,
        phone_number_id: &known.phone_number_id,
        display_phone_number: &format!("+{}", known.display_phone_number),
        team_id: Some(team),
        access_token: Some(ACCESS_TOKEN),
    };
    let channel = channel::create(transaction, installation, new).await?.id;
    team::add_channel(transaction, installation, (workspace_id, team), channel).await?;
    Ok((channel, team))
}

async fn hire(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    places: &Places,
    (part, password_hash): (&'static Part, &str),
) -> Result<Person> {
    let workspace_id = places.workspace_id;
    let new = NewMember {
        name: part.name,
        email: part.email,
        locale: "en",
        password_hash: Some(password_hash.to_owned()),
    };
    let row = member::create(transaction, installation, workspace_id, new).await?;
    for (role, place) in part.roles {
        let role_id = role::built_in(transaction, workspace_id, *role).await?.id;
        let new = NewGrant {
            workspace_id,
            member_id: row.id,
            role_id,
            scope: places.scope(*place),
            valid_until: None,
            reason: "Demonstration",
            granted_by: None,
        };
        grant::insert(transaction, &installation.clock, new).await?;
    }
    for team in part.teams.iter().filter_map(|place| places.team(*place)) {
        team::add_member(transaction, installation, (workspace_id, team), row.id).await?;
    }
    has_been_there(transaction, installation, (workspace_id, row.id), part).await?;
    Ok(Person { part, user_id: row.user_id, member_id: row.id })
}

/// Puts the beginning of a membership into the past. Who serves no team is not at the counter; the others have so
/// little room that some customers wait to be claimed.
async fn has_been_there(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace_id, id): (WorkspaceId, MemberId),
    part: &Part,
) -> Result<()> {
    let availability = if part.teams.is_empty() { Availability::Offline } else { Availability::Available };
    let change = portaria_entity::member::ActiveModel {
        workspace_id: Set(workspace_id),
        id: Set(id),
        created_at: Set(ago(installation, part.member_for)),
        availability: Set(availability),
        capacity: Set(9),
        ..portaria_entity::member::ActiveModel::default()
    };
    portaria_entity::member::Entity::update(change).exec(transaction).await?;
    Ok(())
}
