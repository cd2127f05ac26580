//! The four test scenarios of Meta's dashboard: how a customer may be known to a business.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Told, answer, line_of, object};
use crate::customer::Customer;
use crate::meta::Shared;
use crate::meta::act::Act;

/// A scenario: its name, what it shows, and who it is about.
struct TestScenario {
    name: &'static str,
    shows: &'static str,
    username: Option<&'static str>,
    phone: Option<&'static str>,
    user_id: &'static str,
    parent: Option<&'static str>,
}

const SCENARIOS: &[TestScenario] = &[
    TestScenario {
        name: "no-username",
        shows: "a customer with a phone number and no username",
        username: None,
        phone: Some("16505550101"),
        user_id: "US.10000000000000000101",
        parent: None,
    },
    TestScenario {
        name: "username-without-phone",
        shows: "a customer with a username whose phone number is hidden",
        username: Some("sim.hidden"),
        phone: None,
        user_id: "US.10000000000000000102",
        parent: None,
    },
    TestScenario {
        name: "username-with-phone",
        shows: "a customer with a username whose phone number is known",
        username: Some("sim.open"),
        phone: Some("16505550103"),
        user_id: "US.10000000000000000103",
        parent: None,
    },
    TestScenario {
        name: "parent-bsuid",
        shows: "a customer with an id that a parent business's portfolios share",
        username: Some("sim.family"),
        phone: None,
        user_id: "US.10000000000000000104",
        parent: Some("US.ENT.20000000000000000104"),
    },
];

impl TestScenario {
    fn customer(&self) -> Customer {
        let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
        Customer {
            name: "Sheena Nelson".to_owned(),
            username: owned(self.username),
            wa_id: owned(self.phone),
            user_id: owned(Some(self.user_id)),
            parent_user_id: owned(self.parent),
        }
    }
}

pub(super) async fn list() -> Response {
    let all: Vec<Value> = SCENARIOS
        .iter()
        .map(|one| json!({ "name": one.name, "shows": one.shows, "user_id": one.user_id }))
        .collect();
    answer(Ok(json!({ "scenarios": all })))
}

pub(super) async fn play(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let told = object(&body).and_then(|wanted| play_one(&shared, &name, &wanted));
    shared.wake.notify_one();
    answer(told)
}

fn play_one(shared: &Shared, name: &str, wanted: &Value) -> Told {
    let scenario = SCENARIOS.iter().find(|one| one.name == name);
    let scenario = scenario.ok_or_else(|| format!("there is no scenario {name}"))?;
    let line = line_of(shared, wanted)?;
    let mut world = shared.world();
    let known = world.people.find(scenario.user_id);
    let person = known.unwrap_or_else(|| world.people.introduce(scenario.customer()));
    let id = world.act(line, person, Act::Text("This is a test message".to_owned()))?;
    Ok(json!({ "played": name, "customer": scenario.user_id, "message_id": id }))
}
