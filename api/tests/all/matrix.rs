//! The golden matrix: every role, and some narrow ways to hold one, x every field, mutation and subscription, by running operations. A change of who gets
//! what is a change of the snapshot, on purpose.

mod columns;
mod events;
mod things;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::StreamExt;
use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::token::TokenHash;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, TestDatabase};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, Declared, FRAGMENT, Field};
use crate::client::{api, ask, new_phone};
use columns::{Column, columns};

/// How a field answered one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// The guard let it pass.
    Yes,
    No,
    StepUp,
    SignIn,
    /// NOT_FOUND: they may not know that it exists.
    Hidden,
    /// They get no such object to read it of.
    Unreached,
}

impl Cell {
    fn text(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::StepUp => "2fa",
            Self::SignIn => "sign-in",
            Self::Hidden => "hidden",
            Self::Unreached => "-",
        }
    }

    /// From the codes of the errors at a field; none of them is a refusal of its guard: it passed.
    fn of(codes: &[&str]) -> Self {
        let said = |code| codes.contains(&code);
        match () {
            () if said("FORBIDDEN") => Self::No,
            () if said("STEP_UP_REQUIRED") => Self::StepUp,
            () if said("UNAUTHENTICATED") => Self::SignIn,
            () if said("NOT_FOUND") => Self::Hidden,
            () => Self::Yes,
        }
    }
}

struct Matrix {
    stage: Stage,
    api: Router,
    catalogue: Catalogue,
    columns: Vec<Column>,
    rows: BTreeMap<String, Vec<Cell>>,
}

/// The paths of an answer's errors, without the numbers of rows, with their codes.
fn refused(answer: &Value) -> Vec<(String, String)> {
    let plain = |path: &Value| {
        let parts = path.as_array().map(|parts| parts.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        parts.unwrap_or_default().join(".")
    };
    let mut all = Vec::new();
    for error in answer["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or("?").to_owned();
        all.push((plain(&error["path"]), code.clone()));
        for path in error["extensions"]["paths"].as_array().into_iter().flatten() {
            all.push((plain(path), code.clone()));
        }
    }
    all
}

/// Whether the answer has an object at a path.
fn reached(data: &Value, path: &[&str]) -> bool {
    match (data, path) {
        (Value::Array(rows), _) => rows.iter().any(|row| reached(row, path)),
        (Value::Object(_), []) => true,
        (Value::Object(fields), [first, rest @ ..]) => {
            fields.get(*first).is_some_and(|next| reached(next, rest))
        }
        _ => false,
    }
}

impl Matrix {
    async fn prepare() -> Self {
        let stage = Stage::on(TestDatabase::sqlite().await).await;
        let colleague = stage.person("Colega", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let team = stage.team("Equipe", &[colleague.member_id], &[stage.sales]).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let mut columns = columns(&stage, (&api, &admin)).await;
        for column in columns.iter_mut().filter(|column| column.person.is_some()) {
            column.samples.extend([("team", team.to_string()), ("channel", stage.sales.to_string())]);
            for key in ["member", "assignee"] {
                column.samples.insert(key, colleague.member_id.to_string());
            }
        }
        things::prepare(&stage, (&api, &admin), &colleague, &mut columns).await;
        let rows = BTreeMap::new();
        let mut matrix = Self { api, catalogue: Catalogue::read(), stage, columns, rows };
        matrix.prepare_rows(&colleague, &admin).await;
        matrix
    }

    /// A role that none of them holds, a grant, and a conversation of each one's own.
    async fn prepare_rows(&mut self, colleague: &Person, admin: &Person) {
        let reader = self.stage.installation.database.reader();
        let grants = portaria_entity::grant::Entity::find().all(reader).await.unwrap();
        let grant = grants.iter().find(|grant| grant.channel_id.is_some()).unwrap();
        let roles = portaria_entity::role::Entity::find().all(reader).await.unwrap();
        for index in 0..self.columns.len() {
            let held = self.columns[index].role;
            let other =
                roles.iter().find(|role| role.built_in.is_some_and(|role| Some(role) != held)).unwrap();
            let common = [
                ("workspace", self.stage.workspace_id.to_string()),
                ("grant", grant.id.to_string()),
                ("role", other.id.to_string()),
                ("session", colleague.viewer.session().unwrap().session_id.to_string()),
            ];
            self.columns[index].samples.extend(common);
            self.own_conversation(index).await;
            let samples = &mut self.columns[index].samples;
            let (merge, into) = things::merge(&self.stage, admin, &samples["contact"]).await;
            things::in_a_group(
                &self.stage,
                samples["contact"].parse().unwrap(),
                samples["message"].parse().unwrap(),
            )
            .await;
            samples.extend([("merge", merge), ("into", into)]);
        }
    }

    /// Gives a column a new conversation of its own.
    async fn own_conversation(&mut self, index: usize) {
        let contact = self.stage.customer("Cliente", &new_phone()).await;
        let assignee = self.columns[index].person.as_ref().and_then(|person| person.viewer.member_id());
        let id = self.stage.conversation(contact, self.stage.sales, assignee, &["oi"]).await;
        let key = (self.stage.workspace_id, id);
        let reader = self.stage.installation.database.reader();
        let row = portaria_entity::conversation::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
        things::enrich(&self.stage, contact, row.last_message_id.unwrap()).await;
        let samples = [
            ("conversation", id.to_string()),
            ("contact", contact.to_string()),
            ("message", row.last_message_id.unwrap().to_string()),
        ];
        self.columns[index].samples.extend(samples);
    }

    fn set(&mut self, row: &str, column: usize, cell: Cell) {
        let width = self.columns.len();
        self.rows.entry(row.to_owned()).or_insert_with(|| vec![Cell::Unreached; width])[column] = cell;
    }

    async fn ask(&self, column: usize, query: &str) -> Value {
        let answer = ask(&self.api, self.columns[column].person.as_ref(), query, json!({})).await;
        assert!(!answer["data"].is_null() || answer["errors"][0]["path"].is_array(), "{query}: {answer}");
        answer
    }

    /// Reads every field of a type by one way; `None` when the column's role does not get there.
    async fn read_by(&self, column: usize, ty: &str, way: &[Field]) -> Option<Vec<Cell>> {
        let samples = &self.columns[column].samples;
        let fields = &self.catalogue.objects[ty];
        let leaf = |field: &Field| {
            format!("{}{}", self.catalogue.call(field, samples), self.catalogue.least(&field.ty))
        };
        let query = fields.iter().map(leaf).collect::<Vec<_>>().join(" ");
        let answer = self.ask(column, &self.catalogue.query(way, &query, samples)).await;
        let names = way.iter().map(|field| field.name.as_str());
        let path: Vec<_> = names.filter(|name| !name.starts_with(FRAGMENT)).collect();
        if !reached(&answer["data"], &path) {
            return None;
        }
        let refused = refused(&answer);
        let cell = |field: &Field| {
            let at = format!("{}.{}", path.join("."), field.name);
            let codes: Vec<_> =
                refused.iter().filter(|(path, _)| *path == at).map(|(_, code)| code.as_str()).collect();
            Cell::of(&codes)
        };
        Some(fields.iter().map(cell).collect())
    }

    /// The fields of an object type: as another's, and, where they differ, as the viewer's own.
    async fn read_type(&mut self, ty: &str, ways: &[Vec<Field>]) {
        // What hangs on the viewer, or on who has the viewer's conversation, is the viewer's own.
        let is_own = |way: &Vec<Field>| {
            way.iter().any(|field| ["viewer", "assignee", "linkedIdentities"].contains(&field.name.as_str()))
        };
        let (own, mut others): (Vec<_>, Vec<_>) = ways.iter().cloned().partition(is_own);
        // By its id a thing is surely another's; by a list one might meet one's own.
        if others.first().is_some_and(|way| way[0].name == "node") {
            others.truncate(1);
        }
        let only_own = others.is_empty();
        for column in 0..self.columns.len() {
            for (ways, mark) in [(&others, ""), (&own, if only_own { "" } else { " (own)" })] {
                for way in ways.iter().take(4) {
                    let Some(cells) = self.read_by(column, ty, way).await else { continue };
                    let fields = self.catalogue.objects[ty].clone();
                    for (field, cell) in fields.iter().zip(cells) {
                        self.set(&format!("{ty}.{}{mark}", field.name), column, cell);
                    }
                    break;
                }
            }
        }
    }

    async fn read_roots(&mut self) {
        for field in self.catalogue.objects["Query"].clone() {
            for column in 0..self.columns.len() {
                let samples = &mut self.columns[column].samples;
                if let Some(id) = samples.get("conversation").cloned() {
                    samples.insert("node", id);
                }
                let call = self.catalogue.call(&field, &self.columns[column].samples);
                let query = format!("{{ {call}{} }}", self.catalogue.least(&field.ty));
                let answer = self.ask(column, &query).await;
                let codes: Vec<_> = refused(&answer).into_iter().map(|(_, code)| code).collect();
                let codes: Vec<_> = codes.iter().map(String::as_str).collect();
                self.set(&format!("Query.{}", field.name), column, Cell::of(&codes));
            }
        }
    }

    async fn change(&mut self, column: usize, field: &Field) {
        if !field.name.starts_with("claim") {
            self.own_conversation(column).await;
        } else {
            let contact = self.stage.customer("Cliente", &new_phone()).await;
            let id = self.stage.conversation(contact, self.stage.sales, None, &["oi"]).await;
            self.columns[column].samples.insert("conversation", id.to_string());
        }
        if let Some(person) = &self.columns[column].person
            && self.stage.viewer(&person.token).await.is_none()
        {
            let email = person.email.clone();
            self.columns[column].person = Some(self.stage.sign_in(&email).await);
            if self.columns[column].name.ends_with("+2fa") {
                step_up(&self.stage).await;
            }
        }
        let samples = &self.columns[column].samples;
        let call = self.catalogue.call(field, samples);
        let query = format!("mutation {{ {call}{} }}", self.catalogue.everything(&field.ty, 2, samples));
        let answer = self.ask(column, &query).await;
        let refused = refused(&answer);
        let at = |path: &str| {
            let codes: Vec<_> =
                refused.iter().filter(|(at, _)| at == path).map(|(_, code)| code.as_str()).collect();
            Cell::of(&codes)
        };
        self.set(&format!("Mutation.{}", field.name), column, at(&field.name));
        let Some(payload) = self.catalogue.objects.get(&field.ty).cloned() else { return };
        if !reached(&answer["data"], &[&field.name]) {
            return;
        }
        for part in &payload {
            let path = format!("{}.{}", field.name, part.name);
            self.set(&format!("{}.{}", field.ty, part.name), column, at(&path));
            let inner = self.catalogue.objects.get(&part.ty).cloned().unwrap_or_default();
            if part.name != "userErrors" || !reached(&answer["data"], &[&field.name, &part.name]) {
                continue;
            }
            for leaf in inner {
                let cell = at(&format!("{path}.{}", leaf.name));
                self.set(&format!("{}.{}", part.ty, leaf.name), column, cell);
            }
        }
    }

    /// Whether a subscription begins: it says no at once, or goes on until something happens; and what it tells then.
    async fn follow(&mut self, column: usize, field: &Field) {
        let schema = portaria_api::graphql::schema();
        let identity = self.columns[column]
            .person
            .as_ref()
            .map(|person| (TokenHash::of(&person.token), person.viewer.clone()));
        let origin =
            Origin { address: "192.0.2.1".to_owned(), user_agent: "test".to_owned(), ..Origin::default() };
        let request = portaria_api::request::Request::new(self.stage.installation.clone(), identity, origin);
        let samples = &self.columns[column].samples;
        let parts = &self.catalogue.objects[&field.ty];
        let leaf = |part: &Field| {
            format!("{}{}", self.catalogue.call(part, samples), self.catalogue.least(&part.ty))
        };
        let selection = parts.iter().map(leaf).collect::<Vec<_>>().join(" ");
        let query = format!("subscription {{ {} {{ {selection} }} }}", self.catalogue.call(field, samples));
        let mut stream = schema.execute_stream(async_graphql::Request::new(query).data(Arc::new(request)));
        let (events, mut last) = (&self.stage.installation.events, None);
        events.step(&mut last).await.unwrap();
        let mut answer = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
        let own = self.columns[column].person.as_ref().and_then(|person| person.viewer.member_id());
        if answer.is_err() && events::happen(&self.stage, &field.name, samples, own).await {
            events.step(&mut last).await.unwrap();
            answer = tokio::time::timeout(Duration::from_secs(1), stream.next()).await;
        }
        let answer = answer.map_or(json!({}), |answer| serde_json::to_value(answer).unwrap());
        let refused = refused(&answer);
        let within = format!("{}.", field.name);
        let codes = |is_at: &dyn Fn(&str) -> bool| {
            let codes = refused.iter().filter(|(path, _)| is_at(path)).map(|(_, code)| code.as_str());
            Cell::of(&codes.collect::<Vec<_>>())
        };
        let mut cells = vec![(format!("Subscription.{}", field.name), codes(&|at| !at.starts_with(&within)))];
        if reached(&answer["data"], &[&field.name]) {
            let cell = |part: &Field| {
                let path = format!("{within}{}", part.name);
                (format!("{}.{}", field.ty, part.name), codes(&|at| at == path))
            };
            cells.extend(parts.iter().map(cell));
        }
        for (row, cell) in cells {
            self.set(&row, column, cell);
        }
    }

    fn declared(&self, row: &str) -> &Declared {
        let (ty, field) = row.trim_end_matches(" (own)").split_once('.').unwrap();
        &self.catalogue.objects[ty].iter().find(|one| one.name == field).unwrap().declared
    }

    /// What the catalogue of permissions says must come of it, apart from running it.
    fn check(&self) {
        let key = |name: &str| Permission::all().find(|one| one.graphql_name() == name).unwrap();
        for (row, cells) in &self.rows {
            for (column, cell) in self.columns.iter().zip(cells) {
                let declared = self.declared(row);
                let (Declared::Requires { any_of, or_self }, Cell::Yes) = (declared, cell) else {
                    assert!(
                        column.person.is_some() || *cell != Cell::Yes || matches!(declared, Declared::Public),
                        "{row}: nobody gets what is not public"
                    );
                    continue;
                };
                let needed: PermissionSet = any_of.iter().map(|name| key(name)).collect();
                assert!(
                    column.held.intersects(needed) || (*or_self && row.ends_with("(own)")),
                    "{row} let {} pass, who holds none of {any_of:?}",
                    column.name
                );
            }
        }
    }

    /// Every field that needs a permission was met, by somebody.
    fn check_reach(&self) {
        let known: BTreeSet<_> = self.rows.keys().map(|row| row.trim_end_matches(" (own)")).collect();
        for (ty, fields) in &self.catalogue.objects {
            for field in fields.iter().filter(|field| matches!(field.declared, Declared::Requires { .. })) {
                let name = format!("{ty}.{}", field.name);
                assert!(known.contains(name.as_str()), "nobody gets to {name}: make one in matrix/things.rs");
            }
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        let width = self.rows.keys().map(String::len).max().unwrap_or_default();
        let header: String = self.columns.iter().map(|column| format!("{:<18}", column.name)).collect();
        writeln!(text, "{:width$}  {header}declared", "").unwrap();
        let mut last = "";
        for (row, cells) in &self.rows {
            let ty = row.split('.').next().unwrap();
            if ty != last {
                text.push('\n');
                last = ty;
            }
            let cells: String = cells.iter().map(|cell| format!("{:<18}", cell.text())).collect();
            writeln!(text, "{row:width$}  {cells}{}", self.declared(row)).unwrap();
        }
        let known: BTreeSet<_> = self.rows.keys().map(|row| row.trim_end_matches(" (own)")).collect();
        writeln!(text, "\nAnswered only with an event or an error that this run does not meet:").unwrap();
        for (ty, fields) in &self.catalogue.objects {
            for field in fields {
                let name = format!("{ty}.{}", field.name);
                if !known.contains(name.as_str()) {
                    writeln!(text, "{name:width$}  {}", field.declared).unwrap();
                }
            }
        }
        text
    }
}

/// The newest session has given a second factor.
async fn step_up(stage: &Stage) {
    let database = &stage.installation.database;
    let sql = "UPDATE sessions SET second_factor = TRUE WHERE id = (SELECT MAX(id) FROM sessions)";
    database.writer().execute_raw(database.statement(sql, [])).await.unwrap();
}

#[tokio::test]
async fn every_role_gets_of_every_field_what_the_golden_matrix_says() {
    let mut matrix = Matrix::prepare().await;
    matrix.read_roots().await;
    for (ty, ways) in matrix.catalogue.ways() {
        matrix.read_type(&ty, &ways).await;
    }
    for field in matrix.catalogue.objects["Subscription"].clone() {
        for column in 0..matrix.columns.len() {
            matrix.follow(column, &field).await;
        }
    }
    for column in 0..matrix.columns.len() {
        for field in matrix.catalogue.objects["Mutation"].clone() {
            matrix.change(column, &field).await;
        }
    }
    matrix.check();
    matrix.check_reach();
    insta::assert_snapshot!("golden_matrix", matrix.render());
}
