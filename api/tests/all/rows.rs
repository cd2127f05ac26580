//! The row matrix: role x scope x whose the conversation is x reading it and acting on it, by running operations.

mod two_numbers;

use std::fmt::Write;

use axum::Router;
use portaria_domain::access::Scope;
use portaria_entity::id::{ChannelId, ContactId, ConversationId, MemberId, TeamId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, Iterable};
use serde_json::{Value, json};

use crate::client::{api, ask, new_phone};

const LEGEND: &str = "\
W the whole conversation, Q that it waits, - not even that it exists; p the customer's phone number, i the message's id
at WhatsApp, which contains it
c claim it, g give it to a colleague, b put it back into the queue, r resolve it, m mark it read
";

/// Whose a conversation is.
#[derive(Clone, Copy)]
enum Whose {
    Own,
    Colleagues,
    Teammates,
    TeamQueue,
    Unassigned,
    OwnElsewhere,
    Elsewhere,
    UnassignedElsewhere,
}

const KINDS: [(Whose, &str); 8] = [
    (Whose::Own, "own"),
    (Whose::Colleagues, "colleague's"),
    (Whose::Teammates, "teammate's"),
    (Whose::TeamQueue, "team's queue"),
    (Whose::Unassigned, "unassigned"),
    (Whose::OwnElsewhere, "own, other number"),
    (Whose::Elsewhere, "colleague's, other number"),
    (Whose::UnassignedElsewhere, "unassigned, other number"),
];

struct Rows<'a> {
    stage: &'a Stage,
    api: Router,
    colleague: MemberId,
    teammate: MemberId,
    team: TeamId,
}

impl<'a> Rows<'a> {
    async fn on(stage: &'a Stage) -> Self {
        let colleague = stage.person("Colega", &[(BuiltInRole::Agent, Scope::Workspace)]).await.member_id;
        let teammate = stage.person("Parceiro", &[(BuiltInRole::Agent, Scope::Workspace)]).await.member_id;
        let team = stage.team("Equipe", &[teammate], &[stage.sales]).await;
        Self { api: api(stage), stage, colleague, teammate, team }
    }

    /// A new conversation of this kind, as seen by a person.
    async fn conversation(&self, person: &Person, whose: Whose) -> ConversationId {
        let contact = self.stage.customer("Cliente", &new_phone()).await;
        self.conversation_with(contact, person, whose).await
    }

    async fn conversation_with(&self, contact: ContactId, person: &Person, whose: Whose) -> ConversationId {
        let (channel, assignee, team) = self.place(person, whose);
        let id = self.stage.conversation(contact, channel, assignee, &["oi"]).await;
        if let Some(team) = team {
            let database = &self.stage.installation.database;
            let sql = "UPDATE conversations SET team_id = $1 WHERE id = $2";
            let statement = database.statement(sql, [team.0.into(), id.0.into()]);
            database.writer().execute_raw(statement).await.unwrap();
        }
        id
    }

    fn place(&self, person: &Person, whose: Whose) -> (ChannelId, Option<MemberId>, Option<TeamId>) {
        let (sales, support) = (self.stage.sales, self.stage.support);
        match whose {
            Whose::Own => (sales, Some(person.member_id), None),
            Whose::Colleagues => (sales, Some(self.colleague), None),
            Whose::Teammates => (sales, Some(self.teammate), Some(self.team)),
            Whose::TeamQueue => (sales, None, Some(self.team)),
            Whose::Unassigned => (sales, None, None),
            Whose::OwnElsewhere => (support, Some(person.member_id), None),
            Whose::Elsewhere => (support, Some(self.colleague), None),
            Whose::UnassignedElsewhere => (support, None, None),
        }
    }

    /// `Wp gbrm` and the like: how it is read, and what may be done.
    async fn cell(&self, person: &Person, whose: Whose) -> String {
        self.cell_of(person, async || self.conversation(person, whose).await).await
    }

    /// The same of conversations of any making, a new one for each thing that is done.
    async fn cell_of(&self, person: &Person, make: impl AsyncFn() -> ConversationId) -> String {
        let id = make().await;
        let mut cell = self.reading(person, id).await;
        cell.push(' ');
        let give = format!(", assigneeId: \"{}\"", self.colleague);
        let acts = [
            ('c', "claimConversation", ""),
            ('g', "assignConversation", give.as_str()),
            ('b', "assignConversation", ""),
            ('r', "resolveConversation", ""),
            ('m', "markConversationRead", ""),
        ];
        for (letter, mutation, more) in acts {
            let id = make().await;
            let query = format!(
                "mutation {{ {mutation}(input: {{ conversationId: \"{id}\"{more} }}) {{ userErrors {{ code }} }} }}"
            );
            let could = self.viewer_can(person, id, mutation).await;
            let answer = ask(&self.api, Some(person), &query, json!({})).await;
            let done = answer["data"][mutation]["userErrors"] == json!([]);
            assert_eq!(could, done, "viewerCan tells what {mutation} does");
            if done {
                cell.push(letter);
            }
        }
        cell.trim_end().to_owned()
    }

    async fn viewer_can(&self, person: &Person, id: ConversationId, mutation: &str) -> bool {
        let query =
            format!("{{ conversation(id: \"{id}\") {{ viewerCan {{ claim assign resolve markRead }} }} }}");
        let answer = ask(&self.api, Some(person), &query, json!({})).await;
        let act = mutation.replace("Conversation", "");
        answer["data"]["conversation"]["viewerCan"][act] == "YES"
    }

    async fn reading(&self, person: &Person, id: ConversationId) -> String {
        let query = format!(
            "{{ conversation(id: \"{id}\") {{ lastMessage {{ body whatsappId }} contact {{ phone }} }} }}"
        );
        let answer = ask(&self.api, Some(person), &query, json!({})).await;
        let list = "{ conversations(first: 100) { nodes { id } } }";
        let list = ask(&self.api, Some(person), list, json!({})).await;
        let row = &answer["data"]["conversation"];
        let listed = list["data"]["conversations"]["nodes"].to_string().contains(&id.to_string());
        assert_eq!(listed, row.is_object(), "a list and a single row agree");
        let mut cell = match row {
            Value::Null => "-",
            row if row["lastMessage"]["body"] == "oi" => "W",
            _ => "Q",
        }
        .to_owned();
        if row["contact"]["phone"].is_string() {
            cell.push('p');
        }
        if row["lastMessage"]["whatsappId"].is_string() {
            cell.push('i');
        }
        cell
    }
}

#[tokio::test]
async fn every_role_in_every_scope_gets_the_rows_that_the_matrix_says() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let rows = Rows::on(&stage).await;
        let team = rows.team;
        let mut people = Vec::new();
        for role in BuiltInRole::iter() {
            let name = <&str>::from(role).to_lowercase();
            let scopes = [
                ("workspace", Scope::Workspace),
                ("sales", Scope::Channel(stage.sales)),
                ("team", Scope::Team(team)),
            ];
            for (place, scope) in scopes {
                let who = stage.person(&format!("{name}{place}"), &[(role, scope)]).await;
                join(&stage, team, who.member_id).await;
                people.push((format!("{name} @ {place}"), who));
            }
        }
        let grants = [
            (BuiltInRole::Agent, Scope::Channel(stage.sales)),
            (BuiltInRole::Support, Scope::Channel(stage.support)),
        ];
        people.push(("agent @ sales, support @ support".to_owned(), stage.person("Misto", &grants).await));
        people.push(("member without a role".to_owned(), stage.person("Ninguem", &[]).await));
        let (other, _, _) = stage.another_workspace().await;
        let out = stage.person_in(other, "Fora", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        people.push(("administrator of another workspace".to_owned(), out));

        let mut text = LEGEND.to_owned();
        for (name, person) in &people {
            // Who waits for their turn, a minute for each conversation, has lain idle for too long by then.
            let person = &stage.sign_in(&person.email).await;
            writeln!(text, "\n{name}").unwrap();
            for (whose, kind) in KINDS {
                // Nobody of another workspace can have a conversation of this one: the database refuses it.
                let own = matches!(whose, Whose::Own | Whose::OwnElsewhere);
                if own && person.viewer.workspace_id != stage.workspace_id {
                    continue;
                }
                let cell = rows.cell(person, whose).await;
                writeln!(text, "  {kind:<26}{cell}").unwrap();
            }
        }
        insta::assert_snapshot!("row_matrix", text);
    }
}

async fn join(stage: &Stage, team: TeamId, member: MemberId) {
    let transaction = stage.installation.database.begin().await.unwrap();
    let key = (stage.workspace_id, team);
    portaria_domain::team::add_member(&transaction, &stage.installation, key, member).await.unwrap();
    transaction.commit().await.unwrap();
    stage.installation.viewers.access_changed(stage.workspace_id);
}

#[tokio::test]
async fn a_customer_who_writes_to_two_numbers_is_known_by_the_best_of_both_and_acted_on_by_each() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let grants = [
            (BuiltInRole::Agent, Scope::Channel(stage.sales)),
            (BuiltInRole::Support, Scope::Channel(stage.support)),
        ];
        let mixed = stage.person("Misto", &grants).await;
        let sam = stage.person("Sam", &[(BuiltInRole::Support, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let me = Some(mixed.member_id);
        let sales = stage.conversation(contact, stage.sales, me, &["vendas"]).await;
        let support = stage.conversation(contact, stage.support, me, &["suporte"]).await;
        let query = "query($id: ID!) { conversation(id: $id) { contact { phone email } lastMessage { whatsappId } } }";
        let get = async |who: &Person, id: ConversationId| {
            ask(&api, Some(who), query, json!({ "id": id.to_string() })).await["data"]["conversation"].clone()
        };
        let (at_sales, at_support) = (get(&mixed, sales).await, get(&mixed, support).await);
        assert_eq!(at_sales["contact"]["phone"], "+5511987654321");
        assert_eq!(at_support["contact"]["phone"], "+5511987654321", "however the customer was reached");
        assert!(at_sales["lastMessage"]["whatsappId"].is_string());
        assert!(at_support["lastMessage"]["whatsappId"].is_null(), "a message is of its conversation only");
        // To transfer one's own is an agent's: it holds on the number where one is an agent.
        let give = "mutation($id: ID!) { assignConversation(input: { conversationId: $id }) { userErrors { code } } }";
        let refused = ask(&api, Some(&mixed), give, json!({ "id": support.to_string() })).await;
        assert_eq!(crate::client::errors(&refused), ["FORBIDDEN at assignConversation"]);
        let done = ask(&api, Some(&mixed), give, json!({ "id": sales.to_string() })).await;
        assert_eq!(done["data"]["assignConversation"]["userErrors"], json!([]));
        assert!(get(&sam, support).await.is_null() && get(&sam, sales).await.is_null());
    }
}
