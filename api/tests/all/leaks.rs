//! The leak hunt: two worlds that differ only in what a viewer may not know must answer alike, byte for byte.

mod frames;
mod world;

use portaria_testing::TestDatabase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::catalogue::{Argument, Catalogue, Field, Samples, named};
use world::{WORLDS, World};

/// The two worlds, and the schema by which they are asked.
struct Hunt {
    catalogue: Catalogue,
    worlds: [World; 2],
}

/// What the ids of a type begin with.
fn prefix_of(ty: &str) -> &str {
    match ty {
        "Channel" => "chan",
        "Contact" => "contact",
        "Conversation" => "conv",
        "Member" => "mem",
        "Message" => "msg",
        "Role" => "role",
        "Team" => "team",
        _ => "?",
    }
}

/// What the ids may begin with that an argument takes; any, where that is not known. Of others it is enough to try some.
fn kinds(owner: &str, argument: &str) -> &'static [&'static str] {
    match (owner, argument) {
        ("conversation", "id") | (_, "conversationId") => &["conv"],
        (_, "objectId") => &["conv", "contact", "chan"],
        (_, "memberId" | "assigneeId") => &["mem"],
        (_, "channelId") => &["chan"],
        (_, "teamId") => &["team"],
        (_, "roleId" | "firstId" | "secondId" | "copyOf" | "replacementId") => &["role"],
        (_, "grantId") => &["grant"],
        (_, "invitationId") => &["inv"],
        (_, "eligibilityId") => &["elig"],
        (_, "apiKeyId") => &["key"],
        _ => &[],
    }
}

/// Turns numbers into choices, so that what fails shrinks.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % bound.max(1)
    }
}

impl Hunt {
    async fn prepare([first, second]: [TestDatabase; 2]) -> Self {
        let worlds = [World::new(&WORLDS[0], first).await, World::new(&WORLDS[1], second).await];
        let shared = worlds[0].ids.iter().filter(|id| worlds[1].ids.contains(id)).count();
        assert_eq!(shared, worlds[0].ids.len(), "what is in both worlds has the same ids in both");
        Self { catalogue: Catalogue::read(), worlds }
    }

    /// Everything that an argument might be tried with.
    fn pool(&self, owner: &Field, argument: &Argument) -> Vec<String> {
        let quoted = |values: &[String]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>();
        match named(&argument.ty).as_str() {
            "ID" => {
                let mut ids = quoted(&self.worlds[1].fitting(kinds(&owner.name, &argument.name)));
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
                    "person {person} can tell the worlds apart by {query}\n{}",
                    world::difference(&first, &second)
                ));
            }
        }
        Ok(())
    }

    /// What to read of a field's answer: all of it, some objects deep.
    fn selection_for(&self, field: &Field, value: &str) -> String {
        let samples = Samples::new();
        if field.ty != "Node" {
            return self.catalogue.everything(&field.ty, 4, &samples);
        }
        let ty = self.catalogue.nodes.iter().find(|ty| value.starts_with(&format!("\"{}_", prefix_of(ty))));
        match ty {
            Some(ty) => format!(" {{ id ... on {ty}{} }}", self.catalogue.everything(ty, 3, &samples)),
            None => " { __typename id }".to_owned(),
        }
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
                let selection = self.selection_for(field, &value);
                let query = format!("{before}{}({}){selection}{after}", field.name, given.join(", "));
                self.compare(&query).await.unwrap();
                asked += 1;
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
        || name.starts_with("beginPasskey")
        || name == "regenerateRecoveryCodes"
}

/// What mutations call the things that they do something to.
const KINDS: [&str; 11] = [
    "conversation",
    "member",
    "assignee",
    "team",
    "channel",
    "role",
    "grant",
    "invitation",
    "eligibility",
    "apiKey",
    "session",
];

fn fits(id: &str, prefixes: &[&str]) -> bool {
    prefixes.is_empty() || prefixes.iter().any(|prefix| id.starts_with(&format!("{prefix}_")))
}

/// How much is asked.
#[derive(Clone, Copy)]
struct Extent {
    /// Of the objects of a type, every such one is asked for its fields with arguments.
    objects: usize,
    /// Random questions.
    cases: u32,
}

impl Hunt {
    /// Every argument of every field, with every value.
    async fn sweep_all(&self, extent: Extent) {
        let mut asked = 0;
        for ty in ["Query", "Conversation", "Contact", "Member"] {
            for field in &self.catalogue.objects[ty] {
                if ty == "Query" {
                    asked += self.sweep("{ ", field, " }").await;
                    continue;
                }
                let objects = self.worlds[1].ids.iter().filter(|id| fits(id, &[prefix_of(ty)]));
                for id in objects.step_by(extent.objects) {
                    let before = format!("{{ node(id: {id:?}) {{ ... on {ty} {{ ");
                    asked += self.sweep(&before, field, " } } }").await;
                }
            }
        }
        assert!(asked > 200, "only {asked} questions");
    }

    fn ask_at_random(&self, extent: Extent) {
        let runtime = tokio::runtime::Handle::current();
        let questions = proptest::collection::vec(any::<u16>(), 4..60);
        let config = Config { cases: extent.cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let outcome = tokio::task::block_in_place(|| {
            runner.run(&questions, |numbers| {
                let query = self.selection("Query", 5, &mut Tape(numbers.iter()));
                runtime.block_on(self.compare(&query)).map_err(TestCaseError::fail)
            })
        });
        outcome.unwrap();
    }

    /// What the ids begin with that a mutation's input takes; any, when none.
    fn ids_taken_by(&self, field: &Field) -> Vec<&'static str> {
        let inputs = field.arguments.iter().filter_map(|one| self.catalogue.inputs.get(&named(&one.ty)));
        inputs.flatten().flat_map(|one| kinds(&field.name, &one.name)).copied().collect()
    }

    /// What one does answers alike too; and leaves the worlds alike.
    async fn act(&self) {
        for field in &self.catalogue.objects["Mutation"] {
            if reveals_a_new_secret(field) {
                continue;
            }
            let taken: Vec<&str> = self.ids_taken_by(field);
            let most = if taken.is_empty() { 1 } else { usize::MAX };
            for id in self.worlds[0].ids_to_act_on.iter().filter(|id| fits(id, &taken)).take(most) {
                let samples: Samples = KINDS.map(|kind| (kind, id.clone())).into();
                let call = self.catalogue.call(field, &samples);
                let query =
                    format!("mutation {{ {call}{} }}", self.catalogue.everything(&field.ty, 3, &samples));
                self.compare(&query).await.unwrap();
            }
        }
        let all = "{ conversations { nodes { id status assignee { id } contact { name maskedPhone } lastMessage { body } } } }";
        self.compare(all).await.unwrap();
        let seen = self.worlds[0].answer(0, all).await;
        assert!(seen.contains("o que se pode ler") && !seen.contains("segredo"), "{seen}");
    }
}

async fn hunt(databases: [TestDatabase; 2], extent: Extent) {
    let hunt = Hunt::prepare(databases).await;
    hunt.sweep_all(extent).await;
    hunt.ask_at_random(extent);
    hunt.act().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_worlds_that_differ_in_what_is_withheld_answer_alike() {
    let databases = [TestDatabase::sqlite().await, TestDatabase::sqlite().await];
    hunt(databases, Extent { objects: 3, cases: 200 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_worlds_that_differ_in_what_is_withheld_answer_alike_on_postgresql() {
    let (Some(first), Some(second)) = (TestDatabase::postgres().await, TestDatabase::postgres().await) else {
        return;
    };
    hunt([first, second], Extent { objects: 6, cases: 40 }).await;
}
