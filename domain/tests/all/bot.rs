//! Bots: what they get to see, and how conversations come to them and back to people.

mod attacking;
mod returning;

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, CreatedApiKey, NewApiKey};
use portaria_domain::bot::{BotDraft, connect, hand_to_bot, hand_to_people, look_after};
use portaria_domain::conversation::{ConversationFilter, find, page};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::Change;
use portaria_domain::role;
use portaria_domain::viewer::Viewer;
use portaria_entity::bot_turn::{self, TurnEnd};
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::episode;
use portaria_entity::id::{BotId, ChannelId, ConversationId, EpisodeId, MemberId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, TestDatabase, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, QueryOrder};

use BuiltInRole::{Administrator, Agent};

pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An administrator, an agent with a conversation, and a bot on the number for sales.
pub struct Desk {
    pub stage: Stage,
    pub admin: Person,
    pub agent: Person,
    pub key: CreatedApiKey,
    pub bot: BotId,
    pub conversation: ConversationId,
}

pub fn settings(channels: &[ChannelId]) -> BotDraft {
    BotDraft {
        name: "Rob\u{f4}".to_owned(),
        description: String::new(),
        channels: channels.to_vec(),
        answers_first: false,
        fallback_team: None,
        silent_minutes: 5,
        most_messages: 3,
        handover_words: vec!["atendente".to_owned()],
    }
}

pub async fn key(stage: &Stage, admin: &Person, role: BuiltInRole, scope: Scope) -> CreatedApiKey {
    let role =
        role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id;
    let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
    let grants = [(role, scope)];
    let expires_at = stage.clock.now() + 30 * DAY;
    let new = NewApiKey { name: "Rob\u{f4}", grants: &grants, expires_at, allowed_addresses: &[] };
    let key = api_key::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    key
}

pub fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

impl Desk {
    pub async fn on(test: TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let agent = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        let key = key(&stage, &admin, Agent, Scope::Channel(stage.sales)).await;
        let draft = settings(&[stage.sales]);
        let row = connect(&stage.installation, &admin.viewer, (key.key.id, draft)).await.unwrap();
        let bot = row.row.id;
        let conversation = customer_of(&stage, Some(agent.member_id)).await;
        Self { stage, admin, agent, key, bot, conversation }
    }

    pub async fn robot(&self) -> Viewer {
        (*self.stage.viewer(self.key.token.reveal()).await.unwrap()).clone()
    }

    pub async fn hand_over(&self) {
        self.stage.clock.advance(Duration::from_secs(1));
        let to = (self.bot, "Fora do hor\u{e1}rio");
        hand_to_bot(&self.stage.installation, &self.agent.viewer, self.conversation, to).await.unwrap();
    }

    pub async fn row(&self) -> conversation::Model {
        row_of(&self.stage, self.conversation).await
    }

    /// Why the bot has it no longer.
    pub async fn end(&self) -> Option<TurnEnd> {
        let find = bot_turn::Entity::find().order_by_desc(bot_turn::Column::Id);
        let turn = find.one(self.stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(turn.end_cause.is_some(), turn.ended_at.is_some());
        turn.end_cause
    }

    /// The customer writes again; nothing else happens.
    pub async fn customer_says(&self, text: &str) {
        self.stage.clock.advance(Duration::from_secs(1));
        self.stage.message_arrives(self.conversation, text).await;
        let now = self.stage.clock.now().0;
        self.run(&format!("UPDATE conversations SET waiting_since = COALESCE(waiting_since, {now})")).await;
    }

    pub async fn run(&self, sql: &str) {
        self.stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
    }

    pub async fn look_after(&self) -> usize {
        look_after(&self.stage.installation).await.unwrap()
    }
}

pub async fn row_of(stage: &Stage, id: ConversationId) -> conversation::Model {
    let find = conversation::Entity::find_by_id((stage.workspace_id, id));
    find.one(stage.installation.database.reader()).await.unwrap().unwrap()
}

/// A conversation in an episode, on the number for sales.
pub async fn customer_of(stage: &Stage, assignee: Option<MemberId>) -> ConversationId {
    stage.clock.advance(Duration::from_secs(1));
    let contact = stage.customer("Ana", &format!("55119{}", stage.clock.now().as_secs())).await;
    let id = stage.conversation(contact, stage.sales, assignee, &["oi"]).await;
    let episode_id: EpisodeId = stage.clock.new_id();
    let row = episode::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(episode_id),
        conversation_id: Set(id),
        opened_at: Set(stage.clock.now()),
        ..Default::default()
    };
    let writer = stage.installation.database.writer();
    episode::Entity::insert(row).exec_without_returning(writer).await.unwrap();
    let row = conversation::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(id),
        episode_id: Set(Some(episode_id)),
        ..Default::default()
    };
    row.update(writer).await.unwrap();
    stage.clock.advance(Duration::from_secs(1));
    id
}

pub async fn visible(stage: &Stage, viewer: &Viewer) -> Vec<ConversationId> {
    let rows =
        page(stage.installation.database.reader(), viewer, &ConversationFilter::default(), None, 50).await;
    rows.unwrap().into_iter().map(|row| row.row.id).collect()
}

#[tokio::test]
async fn a_bot_reads_what_was_handed_to_it_and_nothing_else() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let reader = stage.installation.database.reader();
        let other = customer_of(stage, Some(desk.admin.member_id)).await;
        assert!(matches!(find(reader, &desk.robot().await, desk.conversation).await, Err(Error::NotFound)));
        desk.hand_over().await;
        let robot = desk.robot().await;
        let row = find(reader, &robot, desk.conversation).await.unwrap();
        assert_eq!(row.row.assignee_id, None);
        assert_eq!(visible(stage, &robot).await, [desk.conversation]);
        assert!(matches!(find(reader, &robot, other).await, Err(Error::NotFound)));
        // It is nobody else's, and waits for nobody.
        assert_eq!(visible(stage, &desk.agent.viewer).await, []);
        assert!(matches!(find(reader, &desk.agent.viewer, desk.conversation).await, Err(Error::NotFound)));
        assert!(find(reader, &desk.admin.viewer, desk.conversation).await.is_ok(), "who reads all, watches");
        assert_eq!(portaria_domain::routing::drain(&stage.installation).await.unwrap(), 0);
        assert_eq!(desk.row().await.bot_id, Some(desk.bot));
    }
}

#[tokio::test]
async fn it_hands_over_with_a_summary_and_sees_it_no_more() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let installation = &desk.stage.installation;
        desk.hand_over().await;
        let robot = desk.robot().await;
        let words = ("N\u{e3}o sei responder", Some("Quer trocar um bolo"));
        let left = hand_to_people(installation, &robot, desk.conversation, words).await.unwrap();
        assert!(left.is_none(), "it has gone out of its sight");
        assert!(matches!(
            find(installation.database.reader(), &robot, desk.conversation).await,
            Err(Error::NotFound)
        ));
        let row = desk.row().await;
        assert_eq!((row.bot_id, row.assignee_id), (None, Some(desk.agent.member_id)), "who had it gets it");
        let turns = bot_turn::Entity::find().all(installation.database.reader()).await.unwrap();
        let turn = &turns[0];
        assert_eq!(turn.end_cause, Some(TurnEnd::HandedOver));
        assert_eq!(turn.reason.as_deref(), Some("Fora do hor\u{e1}rio"));
        assert_eq!(turn.summary.as_deref(), Some("Quer trocar um bolo"));
        assert_eq!((turn.started_by, turn.ended_by), (Some(desk.agent.member_id), None));
        let again = hand_to_people(installation, &robot, desk.conversation, words).await;
        assert!(matches!(again, Err(Error::NotFound)));
        let nothing = hand_to_people(installation, &desk.admin.viewer, desk.conversation, words).await;
        assert_eq!(refused(nothing), Refusal::NotHeldByBot);
    }
}

#[tokio::test]
async fn it_answers_first_where_it_is_told_to() {
    use portaria_domain::bot::update;
    use portaria_domain::routing::{Routing, Waiting};
    use portaria_entity::routing_decision::RoutingCause;
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (stage, installation) = (&desk.stage, &desk.stage.installation);
        let first = BotDraft { answers_first: true, ..settings(&[stage.sales]) };
        update(installation, &desk.admin.viewer, (desk.bot, first.clone())).await.unwrap();
        let begun = async || {
            let id = customer_of(stage, None).await;
            let waiting = Waiting::of(&row_of(stage, id).await).unwrap();
            let transaction = installation.database.begin().await.unwrap();
            let mut routing = Routing::open(installation, &transaction, stage.workspace_id).await.unwrap();
            routing.route(&[waiting], RoutingCause::NewEpisode).await.unwrap();
            drop(routing);
            transaction.commit().await.unwrap();
            row_of(stage, id).await
        };
        let row = begun().await;
        assert_eq!((row.bot_id, row.assignee_id), (Some(desk.bot), None));
        assert!(find(installation.database.reader(), &desk.robot().await, row.id).await.is_ok());
        let second = key(stage, &desk.admin, Agent, Scope::Workspace).await.key.id;
        let outcome = connect(installation, &desk.admin.viewer, (second, first)).await;
        assert_eq!(
            outcome.map(|row| row.row).map_err(|error| error.to_string()).unwrap_err(),
            Refusal::AnotherAnswersFirst.to_string()
        );
        desk.stage.clock.advance(31 * DAY);
        let row = begun().await;
        assert_eq!(row.bot_id, None, "its key has ended: people answer");
    }
}

#[tokio::test]
async fn whoever_may_assign_takes_over_at_once() {
    use portaria_domain::conversation::{Assignment, assign, claim, resolve};
    for test in databases().await {
        let desk = Desk::on(test).await;
        let installation = &desk.stage.installation;
        desk.hand_over().await;
        claim(installation, &desk.admin.viewer, desk.conversation).await.unwrap();
        let row = desk.row().await;
        assert_eq!((row.bot_id, row.assignee_id), (None, Some(desk.admin.member_id)));
        assert_eq!(desk.end().await, Some(TurnEnd::TakenOver));
        assert!(visible(&desk.stage, &desk.robot().await).await.is_empty());

        let to = (desk.bot, "de volta");
        hand_to_bot(installation, &desk.admin.viewer, desk.conversation, to).await.unwrap();
        assert_eq!(
            refused(hand_to_bot(installation, &desk.admin.viewer, desk.conversation, to).await),
            Refusal::HeldByBot
        );
        let agent = Assignment::Member(desk.agent.member_id);
        assign(installation, &desk.admin.viewer, desk.conversation, agent).await.unwrap();
        assert_eq!(desk.row().await.bot_id, None);

        // What it is done with is its own to resolve, and ends its turn.
        desk.hand_over().await;
        resolve(installation, &desk.robot().await, desk.conversation).await.unwrap();
        assert_eq!(desk.row().await.status, ConversationStatus::Resolved);
        assert_eq!(desk.end().await, Some(TurnEnd::Resolved));
    }
}

#[tokio::test]
async fn the_finder_and_the_rule_for_one_row_agree_on_bots() {
    use portaria_domain::conversation::placement;
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let other = key(stage, &desk.admin, Agent, Scope::Workspace).await;
        let other_bot =
            connect(&stage.installation, &desk.admin.viewer, (other.key.id, settings(&[stage.sales]))).await;
        let other_bot = other_bot.unwrap().row.id;
        for bot in [None, Some(desk.bot), Some(other_bot)] {
            for status in ["open", "snoozed", "resolved"] {
                let id = customer_of(stage, None).await;
                let database = &stage.installation.database;
                let sql = "UPDATE conversations SET bot_id = $2, status = $3 WHERE id = $1";
                let values = [id.0.into(), bot.map(|bot| bot.0).into(), status.into()];
                database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
            }
        }
        let all = conversation::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        let other = stage.viewer(other.token.reveal()).await.unwrap();
        let mut sizes = Vec::new();
        for viewer in [&desk.robot().await, &*other, &*desk.agent.viewer, &*desk.admin.viewer] {
            let rows = all.iter().filter(|row| viewer.access.reading(placement(row)).is_some());
            let mut expected: Vec<_> = rows.map(|row| row.id).collect();
            let mut found = visible(stage, viewer).await;
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "{}", stage.test_database.name);
            sizes.push(found.len());
        }
        // Each bot has three, and sees two that wait; the agent has one, and sees the two.
        assert_eq!(sizes, [5, 5, 3, 10]);
    }
}
