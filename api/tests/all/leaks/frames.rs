//! The same changes in both worlds: what each person is told of them by subscriptions is the same, byte for byte.

use std::time::Duration;

use futures_util::future::{join, join_all};
use portaria_domain::conversation::{Assignment, assign, claim, resolve};
use portaria_entity::id::ConversationId;
use portaria_testing::TestDatabase;
use serde_json::Value;

use super::world::{Others, Places, WORLDS, Withheld, World, difference};
use crate::catalogue::{Catalogue, Field, Samples};
use crate::socket::{Served, drain};

/// For so long nothing arrives once everybody has been told of everything.
const QUIET: Duration = Duration::from_secs(3);

impl World {
    /// A message reaches a conversation that is there in this world.
    async fn write(&self, conversation: Option<&ConversationId>, text: &str) {
        match conversation {
            Some(id) => self.stage.message_arrives(*id, text).await,
            None => self.skip(3),
        }
    }

    async fn give(&self, conversation: ConversationId, to: Assignment) {
        assign(&self.stage.installation, &self.others.admin.viewer, conversation, to).await.unwrap();
    }

    /// Visible and hidden conversations change. Each that somebody sees does so once, for an event is answered with what
    /// is when its turn comes.
    async fn change(&self, withheld: &Withheld) {
        let (installation, text) = (&self.stage.installation, withheld.text);
        let Others { admin, rita, caio, .. } = &self.others;
        let (one, other) = if withheld.more { (caio, rita) } else { (rita, caio) };
        let other = Assignment::Member(other.member_id);
        let Places { own, hidden, queued, only_here } = &self.places;
        for place in [0, 2, 4, 5, 6] {
            self.write(own.get(place), "mais do que se pode ler").await;
        }
        for place in [hidden.first(), queued.first(), only_here.first(), only_here.get(1)] {
            self.write(place, text).await;
        }
        self.give(hidden[0], other).await;
        self.write(hidden.first(), text).await;
        resolve(installation, &admin.viewer, hidden[0]).await.unwrap();
        claim(installation, &one.viewer, queued[1]).await.unwrap();
        self.write(queued.get(1), text).await;
        resolve(installation, &one.viewer, queued[1]).await.unwrap();
        self.give(queued[2], other).await;
        self.give(own[1], other).await;
        resolve(installation, &admin.viewer, own[3]).await.unwrap();
    }

    /// Everything that each person is told, by subscription.
    async fn frames(&self, withheld: &Withheld) -> Vec<(String, Vec<String>)> {
        let queries = self.subscriptions();
        let served = Served::new(&self.stage).await;
        let begun = join_all(self.people.iter().map(|person| served.begin(person, &queries))).await;
        self.change(withheld).await;
        let told = begun.into_iter().map(async |(mut socket, at_once)| {
            let later = drain(&mut socket, QUIET).await;
            [at_once, later].concat()
        });
        let mut all = Vec::new();
        for (person, told) in join_all(told).await.iter().enumerate() {
            for (place, query) in queries.iter().enumerate() {
                let id = Value::String(place.to_string());
                let frames = told.iter().filter(|frame| frame["id"] == id).map(|frame| self.plain(frame));
                all.push((format!("person {person}: {query}"), frames.collect()));
            }
        }
        all
    }

    /// Each subscription, to everything and to this or that.
    fn subscriptions(&self) -> Vec<String> {
        let catalogue = Catalogue::read();
        let places = &self.places;
        let mut only: Vec<String> = [places.hidden[0], places.queued[0]]
            .iter()
            .map(|id| format!("(conversationId: \"{id}\")"))
            .collect();
        only.push(String::new());
        only.push(format!("(conversationId: \"{}\")", self.stage.sales));
        let mut all = Vec::new();
        let timeless = |field: &&Field| field.name != "presenceChanged";
        for field in catalogue.objects["Subscription"].iter().filter(timeless) {
            for only in &only {
                let selection = catalogue.everything(&field.ty, 4, &Samples::new());
                all.push(format!("subscription {{ {}{only}{selection} }}", field.name));
            }
        }
        all
    }

    /// A frame but for the random part of what is sealed in it, and for when its turn came.
    fn plain(&self, frame: &Value) -> String {
        let mut frame = frame.clone();
        let place = if frame["type"] == "error" { "/payload" } else { "/payload/errors" };
        if let Some(errors) = frame.pointer_mut(place) {
            self.unseal(errors);
            for error in errors.as_array_mut().into_iter().flatten() {
                if let Some(at) = error.pointer_mut("/extensions/decisionId/1/at") {
                    *at = Value::Null;
                }
            }
        }
        forget_presence(&mut frame);
        // Sealed anew each time: of a cursor only its length could tell anything.
        let events = frame.pointer_mut("/payload/data").and_then(Value::as_object_mut);
        for event in events.into_iter().flat_map(|events| events.values_mut()) {
            if let Some(cursor) = event.pointer_mut("/cursor") {
                *cursor = cursor.as_str().map(str::len).into();
            }
        }
        frame.to_string()
    }
}

/// Who is there may be known to everybody, and has times of its own.
fn forget_presence(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "isOnline" {
                    *value = Value::Null;
                }
                forget_presence(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(forget_presence),
        _ => {}
    }
}

/// What somebody can tell the worlds apart by, if by anything.
async fn follow([first, second]: [TestDatabase; 2]) -> Result<(), String> {
    let worlds = [World::new(&WORLDS[0], first).await, World::new(&WORLDS[1], second).await];
    let (first, second) = join(worlds[0].frames(&WORLDS[0]), worlds[1].frames(&WORLDS[1])).await;
    let mut told = 0;
    for ((question, first), (same_question, second)) in first.iter().zip(&second) {
        assert_eq!(question, same_question);
        if first != second {
            let difference = difference(&first.join("\n"), &second.join("\n"));
            return Err(format!("{question}\n{difference}"));
        }
        told += first.len();
        assert!(!first.iter().any(|frame| frame.contains("segredo")), "{question}: {first:?}");
    }
    assert!(told > 30, "only {told} frames");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_are_told_the_same_in_both_worlds() {
    follow([TestDatabase::sqlite().await, TestDatabase::sqlite().await]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_are_told_the_same_in_both_worlds_on_postgresql() {
    let (Some(first), Some(second)) = (TestDatabase::postgres().await, TestDatabase::postgres().await) else {
        return;
    };
    follow([first, second]).await.unwrap();
}
