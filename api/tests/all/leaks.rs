//! The leak hunt: two worlds that differ only in what a viewer may not know must answer alike, byte for byte.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use portaria_domain::access::Scope;
use portaria_domain::decision::Decision;
use portaria_entity::id::{ChannelId, MemberId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, START, Stage, TestDatabase};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::catalogue::{Argument, Catalogue, Field, Samples, named};
use crate::client::{api, send};

/// One of two worlds, and the people who must not tell it from the other.
struct World {
    stage: Stage,
    api: Router,
    people: Vec<Person>,
    /// Ids of everything in it, known to the viewers or not.
    ids: Vec<String>,
    /// Those without what waits in the queue: claiming that would reveal what it says, as it should.
    ids_to_act_on: Vec<String>,
}

/// What nobody in `people` may know, in each of the two worlds.
struct Withheld {
    /// The digits of phones that the mask hides.
    hidden_digits: &'static str,
    text: &'static str,
    /// How a name looks that is a phone number.
    name: &'static str,
    /// Whether what only the other number knows is there at all.
    more: bool,
}

const WORLDS: [Withheld; 2] = [
    Withheld { hidden_digits: "1198765", text: "segredo", name: "+55 11 98765-4321", more: false },
    Withheld { hidden_digits: "2191234", text: "outra coisa", name: "+55 21 91234-0021", more: true },
];

impl World {
    async fn new(withheld: &Withheld) -> Self {
        let stage = Stage::repeatable(TestDatabase::sqlite().await).await;
        let (sales, support) = (stage.sales, stage.support);
        let people = vec![
            stage.person("Sam", &[(BuiltInRole::Support, Scope::Workspace)]).await,
            stage.person("Ana", &[(BuiltInRole::Analyst, Scope::Workspace)]).await,
            stage.person("Leo", &[(BuiltInRole::Support, Scope::Channel(sales))]).await,
            stage.person("Ninguem", &[]).await,
        ];
        let rita = stage.person("Rita", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let caio = stage.person("Caio", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let team = stage.team("Equipe", &[rita.member_id], &[sales]).await;
        let mut world = Self { api: api(&stage), stage, people, ids: Vec::new(), ids_to_act_on: Vec::new() };
        for whom in [0, 2] {
            let assignee = Some(world.people[whom].member_id);
            for name in ["Cliente", withheld.name] {
                world.converse((name, withheld), (sales, assignee), "o que se pode ler").await;
            }
        }
        let hers = if withheld.more { caio.member_id } else { rita.member_id };
        world.converse(("De outra", withheld), (sales, Some(hers)), withheld.text).await;
        world.ids_to_act_on = world.ids.clone();
        world.converse(("Na fila", withheld), (sales, None), withheld.text).await;
        world.converse((withheld.name, withheld), (sales, None), withheld.text).await;
        let grants = if withheld.more {
            [BuiltInRole::Agent, BuiltInRole::Developer]
        } else {
            [BuiltInRole::Analyst; 2]
        };
        for role in grants {
            world.stage.grant(world.stage.workspace_id, caio.member_id, role, Scope::Channel(support)).await;
        }
        if withheld.more {
            world.converse(("Só aqui", withheld), (support, Some(rita.member_id)), withheld.text).await;
        } else {
            // As many ids as that takes, so that what is made later has the same ones in both.
            for _ in 0..4 {
                let _: MemberId = world.stage.clock.new_id();
            }
        }
        world.stage.clock.set(START + Duration::from_secs(3600));
        let things = [
            team.to_string(),
            sales.to_string(),
            support.to_string(),
            world.stage.workspace_id.to_string(),
            rita.member_id.to_string(),
            caio.member_id.to_string(),
            rita.viewer.session().unwrap().session_id.to_string(),
        ];
        world.ids.extend(things.clone());
        world.ids_to_act_on.extend(things);
        world.hide(withheld, &[rita.member_id, caio.member_id]).await;
        world
    }

    /// A customer of this name with a conversation of one message.
    async fn converse(
        &mut self,
        (name, withheld): (&str, &Withheld),
        (channel, assignee): (ChannelId, Option<MemberId>),
        text: &str,
    ) {
        let phone = format!("55{}{:02}21", withheld.hidden_digits, self.ids.len());
        let contact = self.stage.customer(name, &phone).await;
        let id = self.stage.conversation(contact, channel, assignee, &[text]).await;
        self.ids.extend([contact.to_string(), id.to_string()]);
    }

    /// What is withheld of rows that themselves are known.
    async fn hide(&self, withheld: &Withheld, colleagues: &[MemberId]) {
        let text = withheld.text;
        let of_colleagues =
            colleagues.iter().map(|id| format!("'{}'", id.0.simple())).collect::<Vec<_>>().join(",");
        let database = &self.stage.installation.database;
        for sql in [
            format!("UPDATE contacts SET email = '{text}@example.com', language = '{}'", &text[..2]),
            format!("UPDATE messages SET whatsapp_id = 'wamid.{}.' || hex(id)", withheld.hidden_digits),
            format!(
                "UPDATE roles SET description = '{text}' WHERE built_in IN ('administrator', 'agent', 'developer')"
            ),
            format!("UPDATE channels SET phone_number_id = '{text}' || name, waba_id = '{text}'"),
            format!("UPDATE conversations SET unread_count = {} WHERE assignee_id IS NULL", text.len()),
            format!(
                "UPDATE members SET last_active_at = {} WHERE lower(hex(id)) IN ({of_colleagues})",
                text.len()
            ),
            format!("UPDATE users SET email = '{text}' || email WHERE name IN ('Rita', 'Caio')"),
        ] {
            database.writer().execute_raw(database.statement(&sql, [])).await.unwrap();
        }
    }

    /// The whole answer as bytes, but for the random part of what is sealed.
    async fn answer(&self, person: usize, query: &str) -> String {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json");
        if let Some(person) = self.people.get(person) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", person.token));
        }
        let body = json!({ "query": query }).to_string();
        let answer = send(&self.api, request.body(Body::from(body)).unwrap()).await;
        let mut value = answer.json();
        for error in value["errors"].as_array_mut().into_iter().flatten() {
            if let Some(id) = error["extensions"].get_mut("decisionId") {
                let text = id.as_str().unwrap();
                let opened = Decision::from_id(text, &self.stage.installation.keys).unwrap();
                *id = json!([text.len(), serde_json::to_value(opened).unwrap()]);
            }
        }
        format!("{} {value}", answer.status)
    }
}

/// The two worlds, and the schema by which they are asked.
struct Hunt {
    catalogue: Catalogue,
    worlds: [World; 2],
}

/// Turns numbers into choices, so that what fails shrinks.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % bound.max(1)
    }
}

impl Hunt {
    async fn prepare() -> Self {
        let worlds = [World::new(&WORLDS[0]).await, World::new(&WORLDS[1]).await];
        let shared = worlds[0].ids.iter().filter(|id| worlds[1].ids.contains(id)).count();
        assert_eq!(shared, worlds[0].ids.len(), "what is in both worlds has the same ids in both");
        Self { catalogue: Catalogue::read(), worlds }
    }

    /// Everything that an argument might be tried with.
    fn pool(&self, owner: &Field, argument: &Argument) -> Vec<String> {
        let quoted = |values: &[String]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>();
        match named(&argument.ty).as_str() {
            "ID" => {
                let mut ids = quoted(&self.worlds[1].ids);
                ids.extend(["\"\"".to_owned(), "\"conv_00000000000000000000000000\"".to_owned()]);
                ids
            }
            "Int" => ["-1", "0", "1", "2", "3", "100", "101"].map(str::to_owned).to_vec(),
            "String" => {
                let guesses = ["", "AAAA", "segredo", "5511987650021", "AAZL-gAAAAAAAAAAAAAAAAAAAAAAAAAA"];
                guesses.map(|guess| format!("{guess:?}")).to_vec()
            }
            "Boolean" => vec!["true".to_owned(), "false".to_owned()],
            input => match self.catalogue.inputs.get(input) {
                Some(fields) => {
                    let one = |field: &Argument| {
                        let name = field.name.clone();
                        self.pool(owner, field).into_iter().map(move |value| format!("{{ {name}: {value} }}"))
                    };
                    fields.iter().flat_map(one).collect()
                }
                None => vec![self.catalogue.sample(&owner.name, argument, &Samples::new())],
            },
        }
    }

    /// Asks both worlds as everybody, and as nobody.
    async fn compare(&self, query: &str) -> Result<(), String> {
        for person in 0..=self.worlds[0].people.len() {
            let [first, second] =
                [self.worlds[0].answer(person, query).await, self.worlds[1].answer(person, query).await];
            if first != second {
                return Err(format!(
                    "person {person} can tell the worlds apart by {query}\n{first}\n{second}"
                ));
            }
        }
        Ok(())
    }

    /// What to read of a field's answer: all of it, two objects deep.
    fn selections(&self, field: &Field) -> Vec<String> {
        let samples = Samples::new();
        if field.ty == "Node" {
            let on =
                |ty: &String| format!(" {{ ... on {ty}{} }}", self.catalogue.everything(ty, 2, &samples));
            return self.catalogue.nodes.iter().map(on).collect();
        }
        vec![self.catalogue.everything(&field.ty, 4, &samples)]
    }

    /// Every argument of a field, with every value.
    async fn sweep(&self, before: &str, field: &Field, after: &str) -> usize {
        let mut asked = 0;
        for argument in &field.arguments {
            for value in self.pool(field, argument) {
                let required =
                    field.arguments.iter().filter(|other| other.is_required() && other.name != argument.name);
                let mut given: Vec<_> = required
                    .map(|other| {
                        format!(
                            "{}: {}",
                            other.name,
                            self.catalogue.sample(&field.name, other, &Samples::new())
                        )
                    })
                    .collect();
                given.push(format!("{}: {value}", argument.name));
                for selection in self.selections(field) {
                    let query = format!("{before}{}({}){selection}{after}", field.name, given.join(", "));
                    self.compare(&query).await.unwrap();
                    asked += 1;
                }
            }
        }
        asked
    }

    /// A selection of a type, with any arguments.
    fn selection(&self, ty: &str, depth: usize, tape: &mut Tape<'_>) -> String {
        let Some(fields) = self.catalogue.objects.get(ty) else {
            if ty == "Node" {
                let nodes: Vec<_> = self.catalogue.nodes.iter().collect();
                let ty = nodes[tape.below(nodes.len())];
                return format!(" {{ __typename ... on {ty}{} }}", self.selection(ty, depth, tape));
            }
            return self.catalogue.least(ty).to_owned();
        };
        if depth == 0 {
            return self.catalogue.least(ty).to_owned();
        }
        let mut chosen = String::from(" {");
        for alias in 0..=tape.below(3) {
            let field = &fields[tape.below(fields.len())];
            chosen.push_str(&format!(
                " a{alias}: {}{}",
                self.any_call(field, tape),
                self.selection(&field.ty, depth - 1, tape)
            ));
        }
        chosen + " }"
    }

    fn any_call(&self, field: &Field, tape: &mut Tape<'_>) -> String {
        let mut given = Vec::new();
        for argument in &field.arguments {
            if argument.is_required() || tape.below(2) == 1 {
                let pool = self.pool(field, argument);
                given.push(format!("{}: {}", argument.name, pool[tape.below(pool.len())]));
            }
        }
        if given.is_empty() { field.name.clone() } else { format!("{}({})", field.name, given.join(", ")) }
    }
}

/// Mutations that give the caller a new secret or end the caller's session.
fn reveals_a_new_secret(field: &Field) -> bool {
    let name = field.name.as_str();
    matches!(field.declared, crate::catalogue::Declared::Public)
        || name == "signOut"
        || name.contains("SecondFactor")
        || name == "stepUp"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_worlds_that_differ_in_what_is_withheld_answer_alike() {
    let hunt = Hunt::prepare().await;
    let mut asked = 0;
    for ty in ["Query", "Conversation", "Contact", "Member"] {
        for field in &hunt.catalogue.objects[ty] {
            if ty == "Query" {
                asked += hunt.sweep("{ ", field, " }").await;
                continue;
            }
            for id in hunt.worlds[1].ids.iter().step_by(3) {
                let before = format!("{{ node(id: {id:?}) {{ ... on {ty} {{ ");
                asked += hunt.sweep(&before, field, " } } }").await;
            }
        }
    }
    assert!(asked > 200, "only {asked} questions");

    let runtime = tokio::runtime::Handle::current();
    let questions = proptest::collection::vec(any::<u16>(), 4..60);
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&questions, |numbers| {
            let query = hunt.selection("Query", 5, &mut Tape(numbers.iter()));
            runtime.block_on(hunt.compare(&query)).map_err(TestCaseError::fail)
        })
    });
    outcome.unwrap();

    // What one does answers alike too; and leaves the worlds alike.
    for field in &hunt.catalogue.objects["Mutation"] {
        if reveals_a_new_secret(field) {
            continue;
        }
        for id in &hunt.worlds[0].ids_to_act_on {
            let samples: Samples = ["conversation", "member", "assignee", "team", "channel", "role", "grant"]
                .map(|kind| (kind, id.clone()))
                .into();
            let call = hunt.catalogue.call(field, &samples);
            let query = format!("mutation {{ {call}{} }}", hunt.catalogue.everything(&field.ty, 4, &samples));
            hunt.compare(&query).await.unwrap();
        }
    }
    let all = "{ conversations { nodes { id status assignee { id } contact { name maskedPhone } lastMessage { body } } } }";
    hunt.compare(all).await.unwrap();
    let seen = hunt.worlds[0].answer(0, all).await;
    assert!(seen.contains("o que se pode ler") && !seen.contains("segredo"), "{seen}");
}
