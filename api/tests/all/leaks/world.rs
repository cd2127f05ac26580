//! One of two worlds that differ only in what some people may not know.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use portaria_domain::access::Scope;
use portaria_domain::decision::Decision;
use portaria_entity::id::{ChannelId, ConversationId, MemberId, TeamId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, START, Stage, TestDatabase};
use sea_orm::{ConnectionTrait, Value as SqlValue};
use serde_json::{Value, json};

use crate::client::{act, api, custom_role, program, role, send};

/// What nobody among the people may know, in each of the two worlds.
pub struct Withheld {
    /// The digits of phones that the mask hides.
    pub hidden_digits: &'static str,
    pub text: &'static str,
    /// How a name looks that is a phone number.
    pub name: &'static str,
    /// Whether what only the other number knows is there at all.
    pub more: bool,
    /// A role that colleagues hold.
    pub role: &'static str,
    pub number: i32,
}

pub const WORLDS: [Withheld; 2] = [
    Withheld {
        hidden_digits: "1198765",
        text: "segredo",
        name: "+55 11 98765-4321",
        more: false,
        role: "Analyst",
        number: 3,
    },
    Withheld {
        hidden_digits: "2191234",
        text: "outra coisa",
        name: "+55 21 91234-0021",
        more: true,
        role: "Support",
        number: 9,
    },
];

pub struct World {
    pub stage: Stage,
    pub api: Router,
    /// Who must not tell it from the other.
    pub people: Vec<Person>,
    /// Who differ from one world to the other, and know it.
    pub others: Others,
    pub places: Places,
    /// Ids of everything in it, known to the viewers or not.
    pub ids: Vec<String>,
    /// Those without what waits in the queue: claiming that would reveal what it says, as it should.
    pub ids_to_act_on: Vec<String>,
}

pub struct Others {
    pub admin: Person,
    pub rita: Person,
    pub caio: Person,
    team: TeamId,
}

/// Conversations by what they are to the people.
#[derive(Default)]
pub struct Places {
    /// With what each may read: the support person's, the one's on one number, and the two whose roles are narrow.
    pub own: Vec<ConversationId>,
    /// Of a colleague.
    pub hidden: Vec<ConversationId>,
    pub queued: Vec<ConversationId>,
    /// There in one world only.
    pub only_here: Vec<ConversationId>,
}

impl World {
    pub async fn new(withheld: &Withheld, test: TestDatabase) -> Self {
        let stage = Stage::repeatable(test).await;
        let api = api(&stage);
        let everywhere = |role| [(role, Scope::Workspace)];
        let admin = stage.person("Dona", &everywhere(BuiltInRole::Administrator)).await;
        let admin = stage.step_up(&admin).await;
        let people = people(&stage, &api, &admin).await;
        let rita = stage.person("Rita", &everywhere(BuiltInRole::Agent)).await;
        let caio = stage.person("Caio", &everywhere(BuiltInRole::Agent)).await;
        let team = stage.team("Equipe", &[rita.member_id], &[stage.sales]).await;
        let others = Others { admin, rita, caio, team };
        let (places, ids) = (Places::default(), Vec::new());
        let mut world = Self { api, stage, people, others, places, ids, ids_to_act_on: Vec::new() };
        world.fill(withheld).await;
        world.conceal(withheld).await;
        world.stage.clock.set(START + Duration::from_secs(3_600));
        world.hide(withheld).await;
        world
    }

    /// Customers and their conversations.
    async fn fill(&mut self, withheld: &Withheld) {
        let (sales, support) = (self.stage.sales, self.stage.support);
        let member = |who: &Person| Some(who.member_id);
        for whom in [0, 2, 5] {
            let assignee = member(&self.people[whom]);
            for name in ["Cliente", withheld.name] {
                let id =
                    self.converse((name, withheld), (sales, assignee), &["aviso", "o que se pode ler"]).await;
                self.places.own.push(id);
            }
        }
        let (rita, caio) = (member(&self.others.rita), member(&self.others.caio));
        self.two_numbers(withheld, caio).await;
        let hers = if withheld.more { caio } else { rita };
        let hidden = self.converse(("De outra", withheld), (sales, hers), &[withheld.text]).await;
        self.places.hidden.push(hidden);
        self.ids_to_act_on = self.ids.clone();
        for name in ["Na fila", withheld.name, "Também na fila"] {
            let queued = self.converse((name, withheld), (sales, None), &[withheld.text]).await;
            self.places.queued.push(queued);
        }
        if withheld.more {
            let elsewhere = self.converse(("Só aqui", withheld), (support, rita), &[withheld.text]).await;
            self.places.only_here.push(elsewhere);
        } else {
            self.skip(4);
        }
    }

    /// A customer known by one number, whose phone may be seen there, and who perhaps also writes to the other one.
    async fn two_numbers(&mut self, withheld: &Withheld, colleague: Option<MemberId>) {
        let contact = self.stage.customer("Da Mista", "5511900000021").await;
        let assignee = Some(self.people[4].member_id);
        let sales = self.stage.conversation(contact, self.stage.sales, assignee, &["à Mista"]).await;
        self.places.own.push(sales);
        self.ids.extend([contact.to_string(), sales.to_string()]);
        if withheld.more {
            let support = self.stage.support;
            let hidden = self.stage.conversation(contact, support, colleague, &[withheld.text]).await;
            self.places.only_here.push(hidden);
            self.ids.push(hidden.to_string());
        } else {
            self.skip(2);
        }
    }

    /// As many ids, and as much time, as something takes that is not there in this world.
    pub fn skip(&self, ids: usize) {
        for _ in 0..ids {
            let _: MemberId = self.stage.clock.new_id();
        }
        self.stage.clock.advance(Duration::from_secs(60));
    }

    /// A customer of this name with a conversation of one message.
    async fn converse(
        &mut self,
        (name, withheld): (&str, &Withheld),
        (channel, assignee): (ChannelId, Option<MemberId>),
        texts: &[&str],
    ) -> ConversationId {
        let phone = format!("55{}{:02}21", withheld.hidden_digits, self.places.own.len() + self.ids.len());
        let contact = self.stage.customer(name, &phone).await;
        let id = self.stage.conversation(contact, channel, assignee, texts).await;
        self.ids.extend([contact.to_string(), id.to_string()]);
        id
    }

    /// What an administrator does that is not for the people to know.
    async fn conceal(&mut self, withheld: &Withheld) {
        let Withheld { text, number, .. } = withheld;
        let rita = self.others.rita.member_id.to_string();
        let agent = role(&self.api, &self.others.admin, withheld.role).await;
        let grant = format!("{{ roleId: {agent}, scope: {{ kind: WORKSPACE }} }}");
        let to_rita =
            format!("memberId: {rita:?}, roleId: {agent}, scope: {{ kind: WORKSPACE }}, reason: {text:?}");
        let permission = if withheld.more { "ROLE_READ" } else { "MESSAGE_READ" };
        let mut made =
            vec![self.others.team.to_string(), rita.clone(), self.others.caio.member_id.to_string()];
        for (call, payload) in [
            (
                format!(
                    "createRole(input: {{ name: {text:?}, description: {text:?}, permissions: [{permission}] }})"
                ),
                "role",
            ),
            (format!("grantRole(input: {{ {to_rita} }})"), "grant"),
            (
                format!("grantRole(input: {{ {to_rita}, validFrom: \"2026-0{number}-20T00:00:00Z\" }})"),
                "grant",
            ),
            (
                format!(
                    "inviteMember(input: {{ name: {text:?}, email: \"{}@convite.example\" }})",
                    &text[..3]
                ),
                "invitation",
            ),
            (format!("allowEmergencyAccess(input: {{ {to_rita}, maxHours: {number} }})"), "eligibility"),
            (format!("setCapacity(input: {{ memberId: {rita:?}, capacity: {number} }})"), "member"),
        ] {
            let mutation =
                format!("mutation {{ {call} {{ {payload} {{ id }} userErrors {{ code message }} }} }}");
            let answer = act(&self.api, &self.others.admin, &mutation, json!({})).await;
            made.push(answer[payload]["id"].as_str().unwrap().to_owned());
        }
        let key = format!(
            "mutation {{ createApiKey(input: {{ name: {text:?}, grants: [{grant}], expiresAt: \"2026-10-0{number}T00:00:00Z\" }}) {{ created {{ apiKey {{ id }} }} userErrors {{ code }} }} }}"
        );
        let key = act(&self.api, &self.others.admin, &key, json!({})).await;
        made.push(key["created"]["apiKey"]["id"].as_str().unwrap().to_owned());
        let rest = [
            self.stage.sales.to_string(),
            self.stage.support.to_string(),
            self.stage.workspace_id.to_string(),
        ];
        made.extend(rest);
        made.push(self.others.rita.viewer.session().unwrap().session_id.to_string());
        self.ids.extend(made.clone());
        self.ids_to_act_on.extend(made);
    }

    /// What is withheld of rows that themselves are known, and of those that are not.
    async fn hide(&self, withheld: &Withheld) {
        let Withheld { text, number, hidden_digits, .. } = withheld;
        let of_colleagues: [SqlValue; 2] =
            [self.others.rita.member_id.0.into(), self.others.caio.member_id.0.into()];
        let team = withheld.more.then_some(self.others.team.0);
        let status = if withheld.more { "snoozed" } else { "open" };
        for sql in [
            format!(
                "UPDATE contacts SET email = '{text}@example.com', language = '{}' WHERE name <> 'Da Mista'",
                &text[..2]
            ),
            format!(
                "UPDATE messages SET whatsapp_id = 'wamid.{hidden_digits}.' || CAST(sent_at AS TEXT), payload = '[\"{text}\"]', \
                 reply_to_whatsapp_id = 'wamid.{text}' WHERE body <> 'à Mista'"
            ),
            format!(
                "UPDATE roles SET description = '{text}' WHERE built_in IN ('administrator', 'developer')"
            ),
            format!("UPDATE channels SET phone_number_id = '{text}' || name, waba_id = '{text}'"),
            format!("UPDATE conversations SET unread_count = {number} WHERE assignee_id IS NULL"),
            format!("UPDATE users SET email = '{text}' || email WHERE name IN ('Rita', 'Caio')"),
            // WhatsApp itself tells of numbers.
            format!(
                "UPDATE messages SET kind = 'system', body = 'Mudou para +55 {hidden_digits}-0021' WHERE body = 'aviso'"
            ),
            // What begins a key is its own to know, and random.
            "UPDATE api_keys SET prefix = 'ptr_key_abcd'".to_owned(),
        ] {
            self.execute(&sql, []).await;
        }
        let sql = format!("UPDATE members SET last_active_at = {number} WHERE id IN ($1, $2)");
        self.execute(&sql, of_colleagues.clone()).await;
        // Among the others in the order of the inbox, if somebody could see it there.
        let sql = format!(
            "UPDATE conversations SET last_activity_at = last_activity_at - {number} * 60000000, unread_count = {number}, \
             waiting_since = NULL, status = '{status}', team_id = $3 WHERE assignee_id IN ($1, $2)"
        );
        self.execute(&sql, of_colleagues.into_iter().chain([team.into()])).await;
    }

    async fn execute(&self, sql: &str, values: impl IntoIterator<Item = SqlValue>) {
        let database = &self.stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    }

    /// Ids that begin with any of these, and one of each other kind; all when there are none to choose by.
    pub fn fitting(&self, prefixes: &[&str]) -> Vec<String> {
        if prefixes.is_empty() {
            return self.ids.clone();
        }
        let mut seen = std::collections::BTreeSet::new();
        let kind = |id: &str| id.split('_').next().unwrap().to_owned();
        let fits = |id: &&String| prefixes.contains(&kind(id).as_str()) || seen.insert(kind(id));
        self.ids.iter().filter(fits).cloned().collect()
    }

    /// The whole answer as bytes, but for the random part of what is sealed.
    pub async fn answer(&self, person: usize, query: &str) -> String {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json");
        if let Some(person) = self.people.get(person) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", person.token));
        }
        let body = json!({ "query": query }).to_string();
        let answer = send(&self.api, request.body(Body::from(body)).unwrap()).await;
        let mut value = answer.json();
        self.unseal(&mut value["errors"]);
        format!("{} {value}", answer.status)
    }

    /// Puts what decisions say in the place of their sealed ids.
    pub fn unseal(&self, errors: &mut Value) {
        for error in errors.as_array_mut().into_iter().flatten() {
            if let Some(id) = error["extensions"].get_mut("decisionId") {
                let text = id.as_str().unwrap();
                let opened = Decision::from_id(text, &self.stage.installation.keys).unwrap();
                *id = json!([text.len(), serde_json::to_value(opened).unwrap()]);
            }
        }
    }
}

/// In every way that something can be withheld: by role, by number, by a role of few permissions, by being a program.
async fn people(stage: &Stage, api: &Router, admin: &Person) -> Vec<Person> {
    let (sales, support) = (Scope::Channel(stage.sales), Scope::Channel(stage.support));
    let mut people = vec![
        stage.person("Sam", &[(BuiltInRole::Support, Scope::Workspace)]).await,
        stage.person("Ana", &[(BuiltInRole::Analyst, Scope::Workspace)]).await,
        stage.person("Leo", &[(BuiltInRole::Support, sales)]).await,
        stage.person("Ninguem", &[]).await,
        stage.person("Mista", &[(BuiltInRole::Agent, sales), (BuiltInRole::Support, support)]).await,
    ];
    let narrow = stage.person("Restrita", &[]).await;
    custom_role(api, admin, &narrow, "CONVERSATION_READ_ASSIGNED, MESSAGE_READ").await;
    people.push(narrow);
    people.push(program(api, stage, admin, "Support").await.0);
    people
}

/// Where two texts part, with what stands around.
pub fn difference(first: &str, second: &str) -> String {
    let same = first.chars().zip(second.chars()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(same.saturating_sub(150)).take(400).collect::<String>();
    format!("... {}\n... {}", around(first), around(second))
}
