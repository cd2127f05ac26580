//! The life of a template: written, approved by somebody else, sent to Meta once, followed, and deleted.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::audit::examine;
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::fact::{About, put};
use portaria_domain::granting::Change;
use portaria_domain::template::alternative::{alternative_of, is_for_channel, set_alternative, set_channels};
use portaria_domain::template::approval::{approve, decline, request, withdraw};
use portaria_domain::template::definition::{Body, Category, Definition, ParameterFormat, Sample, Text};
use portaria_domain::template::outcome::Taken;
use portaria_domain::template::removal::delete;
use portaria_domain::template::standing::{Usability, usability};
use portaria_domain::template::submission::{Claimed, Job, claim, last_of};
use portaria_domain::template::values::Values;
use portaria_domain::template::version::{create, latest, update};
use portaria_domain::template::{authority, know, message};
use portaria_domain::{channel, role, workspace};
use portaria_entity::id::{TemplateId, TemplateVersionId};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::template::{Model, TemplateStatus};
use portaria_entity::template_submission::{SubmissionState, TemplateOperation};
use portaria_entity::template_version::{Model as Version, TemplateVersionState as State};
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn pedido(name: &str) -> Definition {
    let sample = |parameter: &str, value: &str| Sample { parameter: parameter.into(), value: value.into() };
    Definition {
        name: name.to_owned(),
        language: "pt_BR".to_owned(),
        category: Some(Category::Utility),
        parameter_format: ParameterFormat::Positional,
        header: None,
        body: Some(Body::Text(Text {
            text: "Oi {{1}}, chegou.".to_owned(),
            samples: vec![sample("1", "Ana")],
        })),
        footer: None,
        buttons: Vec::new(),
        unknown: Vec::new(),
    }
}

fn refusal<T>(outcome: Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(refusal),
        other => {
            drop(other);
            None
        }
    }
}

async fn written(stage: &Stage, who: &Person, name: &str) -> Model {
    create(&stage.installation, &who.viewer, stage.sales, &pedido(name)).await.unwrap()
}

async fn last(stage: &Stage, id: TemplateId) -> Version {
    latest(stage.installation.database.reader(), stage.workspace_id, id).await.unwrap().unwrap()
}

async fn mark(stage: &Stage, id: TemplateId) -> (TemplateId, TemplateVersionId) {
    (id, last(stage, id).await.id)
}

async fn job(stage: &Stage) -> Option<Box<Job>> {
    match claim(&stage.installation).await.unwrap() {
        Claimed::Job(job) => Some(job),
        Claimed::PutOff | Claimed::Nothing => None,
    }
}

async fn seen(stage: &Stage, who: &Person, id: TemplateId) -> Model {
    authority::find(stage.installation.database.reader(), &who.viewer, id).await.unwrap().row
}

async fn administrators(stage: &Stage) -> (Person, Person) {
    let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
    (ana, stage.person("Bia", &[(Administrator, Scope::Workspace)]).await)
}

fn taken(meta_id: &str) -> Taken {
    Taken { meta_id: Some(meta_id.to_owned()), status: Some("PENDING".to_owned()), category: None }
}

async fn actions(stage: &Stage) -> Vec<String> {
    let sql = "SELECT action FROM activities WHERE action LIKE 'template.%' ORDER BY id";
    let database = &stage.installation.database;
    let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// A key with all that an administrator may do that is not sensitive.
async fn key_of(stage: &Stage, maker: &Person) -> String {
    let maker = stage.step_up(maker).await;
    let reader = stage.installation.database.reader();
    let role = role::built_in(reader, stage.workspace_id, Administrator).await.unwrap().id;
    let grants = [(role, Scope::Workspace)];
    let new = NewApiKey {
        name: "CRM",
        grants: &grants,
        expires_at: stage.clock.now() + 30 * DAY,
        allowed_addresses: &[],
    };
    let mut change = Change::by(&stage.installation, &maker.viewer, &[]).await.unwrap();
    let key = api_key::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    key.token.reveal().to_owned()
}

/// Of which template the auditor tells that it was approved alone.
async fn reminded(stage: &Stage) -> Option<String> {
    let workspace = workspace::find(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
    let found = examine(&stage.installation, &workspace).await.unwrap().found;
    found.into_iter().find_map(|found| match found.evidence.get(FactName::Template) {
        Some(FactValue::Text(template)) => template.split(" · ").next().map(str::to_owned),
        _ => None,
    })
}

/// Written, asked for by one and approved by another.
async fn approved(stage: &Stage, (author, approver): (&Person, &Person), name: &str) -> TemplateId {
    let id = written(stage, author, name).await.id;
    request(&stage.installation, &author.viewer, mark(stage, id).await).await.unwrap();
    approve(&stage.installation, &approver.viewer, mark(stage, id).await).await.unwrap();
    id
}

#[tokio::test]
async fn what_one_wrote_another_approves_and_it_goes_to_meta_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = written(&stage, &ana, "pedido").await.id;
        let early = approve(&stage.installation, &bia.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(early), Some(Refusal::NotRequested));
        request(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
        let own = approve(&stage.installation, &ana.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(own), Some(Refusal::OwnTemplate), "Bia may");
        assert!(job(&stage).await.is_none(), "nothing goes out unapproved");
        approve(&stage.installation, &bia.viewer, mark(&stage, id).await).await.unwrap();
        assert!(!last(&stage, id).await.alone);
        let twice = approve(&stage.installation, &bia.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(twice), Some(Refusal::NotRequested));

        let one = job(&stage).await.unwrap();
        assert_eq!((one.submission.operation, one.ask_first), (TemplateOperation::Create, false));
        assert_eq!(one.definition, Some(pedido("pedido")));
        assert!(job(&stage).await.is_none(), "it is claimed");
        one.taken(&stage.installation, taken("77"), stage.clock.now()).await.unwrap();
        let row = seen(&stage, &ana, id).await;
        assert_eq!((row.meta_id.as_deref(), row.status), (Some("77"), Some(TemplateStatus::Pending)));
        assert_eq!(usability(&row), Usability::Undecided);
        assert_eq!(last(&stage, id).await.state, State::Submitted);
        assert!(job(&stage).await.is_none());
        // The same once more, by who was slow: nothing.
        one.refused(&stage.installation, Some(1), "no").await.unwrap();
        assert_eq!(last(&stage, id).await.state, State::Submitted);
        let told =
            ["template.created", "template.approval_requested", "template.approved", "template.submitted"];
        assert_eq!(actions(&stage).await, told);
    }
}

#[tokio::test]
async fn what_is_approved_is_what_was_seen() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = written(&stage, &ana, "pedido").await.id;
        let first = mark(&stage, id).await;
        request(&stage.installation, &ana.viewer, first).await.unwrap();
        let mut other = pedido("outro_nome");
        other.body = Some(Body::Text(Text { text: "Pague já!".to_owned(), samples: Vec::new() }));
        let busy = update(&stage.installation, &ana.viewer, (id, Some(first.1)), other.clone()).await;
        assert_eq!(refusal(busy), Some(Refusal::TemplateInWork));
        withdraw(&stage.installation, &ana.viewer, first).await.unwrap();
        update(&stage.installation, &ana.viewer, (id, Some(first.1)), other.clone()).await.unwrap();
        let stale = update(&stage.installation, &bia.viewer, (id, Some(first.1)), other).await;
        assert_eq!(refusal(stale), Some(Refusal::ChangedMeanwhile), "Ana was faster");
        let second = mark(&stage, id).await;
        let said = Definition::from_json(&last(&stage, id).await.definition).unwrap();
        assert_eq!(said.name, "pedido", "a name stays");
        request(&stage.installation, &ana.viewer, second).await.unwrap();
        let unseen = approve(&stage.installation, &bia.viewer, first).await;
        assert_eq!(refusal(unseen), Some(Refusal::ChangedMeanwhile));
        let silent = decline(&stage.installation, &bia.viewer, second, " ").await;
        assert_eq!(refusal(silent), Some(Refusal::ReasonMissing));
        decline(&stage.installation, &bia.viewer, second, "Grosseiro.").await.unwrap();
        assert_eq!(last(&stage, id).await.reason.as_deref(), Some("Grosseiro."));
        let again = request(&stage.installation, &ana.viewer, second).await;
        assert_eq!(refusal(again), Some(Refusal::NotADraft));
    }
}

#[tokio::test]
async fn who_had_a_hand_in_it_does_not_approve_it_by_whatever_way() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        // Ana writes, Bia changes a word and asks: both are authors.
        let id = written(&stage, &ana, "pedido").await.id;
        let third = stage.person("Caio", &[(Administrator, Scope::Workspace)]).await;
        update(&stage.installation, &bia.viewer, mark(&stage, id).await.into_base(), pedido("x"))
            .await
            .unwrap();
        request(&stage.installation, &bia.viewer, mark(&stage, id).await).await.unwrap();
        for author in [&ana, &bia] {
            let own = approve(&stage.installation, &author.viewer, mark(&stage, id).await).await;
            assert_eq!(refusal(own), Some(Refusal::OwnTemplate));
        }
        approve(&stage.installation, &third.viewer, mark(&stage, id).await).await.unwrap();
        // An API key writes for who made it.
        let key = key_of(&stage, &ana).await;
        let key = stage.viewer(&key).await.unwrap();
        let id = create(&stage.installation, &key, stage.sales, &pedido("da_chave")).await.unwrap().id;
        request(&stage.installation, &key, mark(&stage, id).await).await.unwrap();
        let by_key = approve(&stage.installation, &key, mark(&stage, id).await).await;
        assert!(matches!(by_key, Err(Error::PersonRequired)), "{by_key:?}");
        let own = approve(&stage.installation, &ana.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(own), Some(Refusal::OwnTemplate));
        approve(&stage.installation, &bia.viewer, mark(&stage, id).await).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_alone_approves_with_a_second_factor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        // May approve on one number of the account only: no second approver.
        stage.person("Bia", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let id = written(&stage, &ana, "pedido").await.id;
        request(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
        let plain = approve(&stage.installation, &ana.viewer, mark(&stage, id).await).await;
        assert!(matches!(plain, Err(Error::StepUpRequired { .. })), "{plain:?}");
        let ana = stage.step_up(&ana).await;
        approve(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
        assert!(last(&stage, id).await.alone);
        assert_eq!(reminded(&stage).await, Some("pedido".to_owned()));
        stage.clock.advance(7 * DAY);
        assert_eq!(reminded(&stage).await, None, "for a week");
    }
}

#[tokio::test]
async fn a_template_is_written_by_who_may_for_each_number_of_the_account() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let everywhere = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let sales = stage.person("Bia", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let agent = stage.person("Caio", &[(Agent, Scope::Workspace)]).await;
        for who in [&sales, &agent] {
            let denied = create(&stage.installation, &who.viewer, stage.sales, &pedido("pedido")).await;
            assert!(matches!(denied, Err(Error::Forbidden { .. })), "{denied:?}");
        }
        let id = written(&stage, &everywhere, "pedido").await.id;
        let denied = request(&stage.installation, &sales.viewer, mark(&stage, id).await).await;
        assert!(matches!(denied, Err(Error::Forbidden { .. })), "seen, and not allowed: {denied:?}");
        let both =
            [(Administrator, Scope::Channel(stage.sales)), (Administrator, Scope::Channel(stage.support))];
        let both = stage.person("Davi", &both).await;
        request(&stage.installation, &both.viewer, mark(&stage, id).await).await.unwrap();
        // On an account of its own a number is enough.
        let sql = "UPDATE channels SET waba_id = 'second-waba' WHERE id = $1";
        let database = &stage.installation.database;
        database.writer().execute_raw(database.statement(sql, [stage.support.0.into()])).await.unwrap();
        create(&stage.installation, &sales.viewer, stage.sales, &pedido("outro")).await.unwrap();
        let stranger = stage.person("Eva", &[(Administrator, Scope::Channel(stage.support))]).await;
        let unknown = request(&stage.installation, &stranger.viewer, mark(&stage, id).await).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
        let (other, _, _) = stage.another_workspace().await;
        let foreign = stage.person_in(other, "Fé", &[(Administrator, Scope::Workspace)]).await;
        let unknown = withdraw(&stage.installation, &foreign.viewer, mark(&stage, id).await).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
    }
}

#[tokio::test]
async fn names_are_taken_once_and_what_is_flawed_is_not_kept() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _) = administrators(&stage).await;
        let id = written(&stage, &ana, "pedido").await.id;
        let again = create(&stage.installation, &ana.viewer, stage.support, &pedido("pedido")).await;
        assert_eq!(refusal(again), Some(Refusal::NameTaken), "the other number has the same account");
        let mut english = pedido("pedido");
        english.language = "en_US".to_owned();
        create(&stage.installation, &ana.viewer, stage.sales, &english).await.unwrap();
        let flawed = create(&stage.installation, &ana.viewer, stage.sales, &pedido("Pedido!")).await;
        assert_eq!(refusal(flawed), Some(Refusal::FlawedTemplate));
        let plain = delete(&stage.installation, &ana.viewer, id).await;
        assert!(matches!(plain, Err(Error::StepUpRequired { .. })), "{plain:?}");
        let ana = stage.step_up(&ana).await;
        let gone = delete(&stage.installation, &ana.viewer, id).await.unwrap();
        assert_eq!(usability(&gone), Usability::Gone);
        written(&stage, &ana, "pedido").await;
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_by_name_and_language() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        let sent = job(&stage).await.unwrap();
        let began = stage.clock.now();
        stage.clock.advance(Duration::from_secs(2));
        // The webhook is faster than the answer, and says more.
        let writer = stage.installation.database.writer();
        let key = (stage.workspace_id, "padaria-waba", "77");
        let row = know(writer, &stage.clock, key, Some(("pedido", "pt_BR"))).await.unwrap();
        assert_eq!(row.id, id);
        let place = (stage.workspace_id, About::Template(id));
        let fact = ("status", Some("approved"));
        put(writer, &stage.installation.database, place, fact, stage.clock.now()).await.unwrap();
        sent.unclear(&stage.installation, "no answer").await.unwrap();
        assert!(job(&stage).await.is_none(), "Meta has a minute");
        stage.clock.advance(Duration::from_secs(61));
        let again = job(&stage).await.unwrap();
        assert!(again.ask_first);
        again.taken(&stage.installation, taken("77"), began).await.unwrap();
        let row = seen(&stage, &ana, id).await;
        assert_eq!(row.status, Some(TemplateStatus::Approved), "the answer is older than the webhook");
        assert_eq!(usability(&row), Usability::Usable);
    }
}

#[tokio::test]
async fn what_a_webhook_made_known_under_another_row_becomes_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        let sent = job(&stage).await.unwrap();
        let writer = stage.installation.database.writer();
        let key = (stage.workspace_id, "padaria-waba", "77");
        let other = know(writer, &stage.clock, key, None).await.unwrap();
        assert_ne!(other.id, id);
        let place = (stage.workspace_id, About::Template(other.id));
        put(writer, &stage.installation.database, place, ("quality", Some("GREEN")), stage.clock.now())
            .await
            .unwrap();
        sent.taken(&stage.installation, taken("77"), stage.clock.now()).await.unwrap();
        let row = seen(&stage, &ana, id).await;
        assert_eq!((row.meta_id.as_deref(), row.quality.as_deref()), (Some("77"), Some("GREEN")));
        let find = authority::find(stage.installation.database.reader(), &ana.viewer, other.id).await;
        assert!(matches!(find, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn a_killed_sender_asks_before_it_sends_again() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        let lost = job(&stage).await.unwrap();
        stage.clock.advance(Duration::from_secs(599));
        assert!(job(&stage).await.is_none());
        stage.clock.advance(Duration::from_secs(2));
        let next = job(&stage).await.unwrap();
        assert!(next.ask_first);
        lost.taken(&stage.installation, taken("1"), stage.clock.now()).await.unwrap();
        assert_eq!(seen(&stage, &ana, id).await.meta_id, None, "who was taken for dead says nothing");
        next.taken(&stage.installation, taken("2"), stage.clock.now()).await.unwrap();
        assert_eq!(seen(&stage, &ana, id).await.meta_id.as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn what_meta_refuses_is_told_in_words_and_written_anew() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        let sent = job(&stage).await.unwrap();
        sent.refused(&stage.installation, Some(2_388_047), "Título muito longo.").await.unwrap();
        let version = last(&stage, id).await;
        assert_eq!((version.state, version.reason.as_deref()), (State::Refused, Some("Título muito longo.")));
        let reader = stage.installation.database.reader();
        let done = last_of(reader, stage.workspace_id, id).await.unwrap().unwrap();
        assert_eq!((done.state, done.error_code), (SubmissionState::Refused, Some(2_388_047)));
        update(&stage.installation, &bia.viewer, mark(&stage, id).await.into_base(), pedido("x"))
            .await
            .unwrap();
        request(&stage.installation, &bia.viewer, mark(&stage, id).await).await.unwrap();
        // Ana wrote what this goes back to, and there is nobody else.
        let ana = stage.step_up(&ana).await;
        approve(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
        assert!(last(&stage, id).await.alone);
    }
}

#[tokio::test]
async fn approved_templates_are_edited_once_a_day() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        job(&stage).await.unwrap().taken(&stage.installation, taken("77"), stage.clock.now()).await.unwrap();
        update(&stage.installation, &ana.viewer, mark(&stage, id).await.into_base(), pedido("x"))
            .await
            .unwrap();
        let pending = request(&stage.installation, &ana.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(pending), Some(Refusal::TemplateNotEditable));
        let place = (stage.workspace_id, About::Template(id));
        stage.clock.advance(HOUR);
        let (writer, database) = (stage.installation.database.writer(), &stage.installation.database);
        put(writer, database, place, ("status", Some("approved")), stage.clock.now()).await.unwrap();
        for edit in 0..2 {
            if edit > 0 {
                let base = mark(&stage, id).await.into_base();
                update(&stage.installation, &ana.viewer, base, pedido("x")).await.unwrap();
            }
            request(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
            approve(&stage.installation, &bia.viewer, mark(&stage, id).await).await.unwrap();
            if edit > 0 {
                assert!(job(&stage).await.is_none(), "the second waits");
                stage.clock.advance(DAY);
            }
            let sent = job(&stage).await.unwrap();
            assert_eq!(sent.submission.operation, TemplateOperation::Edit);
            let told = Taken { meta_id: None, ..Taken::default() };
            sent.taken(&stage.installation, told, stage.clock.now()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn meta_takes_a_hundred_new_ones_an_hour() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        for number in 0..101 {
            approved(&stage, (&ana, &bia), &format!("pedido_{number}")).await;
        }
        let mut sent = 0;
        while let Some(job) = job(&stage).await {
            job.taken(&stage.installation, taken(&sent.to_string()), stage.clock.now()).await.unwrap();
            sent += 1;
        }
        assert_eq!(sent, 100);
        stage.clock.advance(HOUR);
        assert!(job(&stage).await.is_some(), "the last one an hour later");
    }
}

#[tokio::test]
async fn what_waits_can_be_taken_back_and_what_is_there_is_deleted_by_meta() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = administrators(&stage).await;
        let id = approved(&stage, (&ana, &bia), "pedido").await;
        withdraw(&stage.installation, &ana.viewer, mark(&stage, id).await).await.unwrap();
        assert!(job(&stage).await.is_none());
        let id = approved(&stage, (&ana, &bia), "segundo").await;
        let sent = job(&stage).await.unwrap();
        let late = withdraw(&stage.installation, &ana.viewer, mark(&stage, id).await).await;
        assert_eq!(refusal(late), Some(Refusal::TemplateInWork), "it has begun");
        sent.taken(&stage.installation, taken("77"), stage.clock.now()).await.unwrap();
        let bia = stage.step_up(&bia).await;
        delete(&stage.installation, &bia.viewer, id).await.unwrap();
        let gone = job(&stage).await.unwrap();
        assert_eq!((gone.submission.operation, gone.definition.is_none()), (TemplateOperation::Delete, true));
        gone.deleted(&stage.installation, stage.clock.now()).await.unwrap();
        assert_eq!(seen(&stage, &ana, id).await.status, Some(TemplateStatus::Deleted));
        let twice = delete(&stage.installation, &bia.viewer, id).await;
        assert_eq!(refusal(twice), Some(Refusal::TemplateDeleted));
    }
}

#[tokio::test]
async fn alternatives_and_numbers_stay_within_the_account() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _) = administrators(&stage).await;
        let (one, other) = (written(&stage, &ana, "um").await, written(&stage, &ana, "dois").await.id);
        let viewer = &ana.viewer;
        let own = set_alternative(&stage.installation, viewer, one.id, Some(one.id)).await;
        assert_eq!(refusal(own), Some(Refusal::OwnAlternative));
        set_alternative(&stage.installation, viewer, one.id, Some(other)).await.unwrap();
        let reader = stage.installation.database.reader();
        let set = alternative_of(reader, stage.workspace_id, one.id).await.unwrap().unwrap();
        assert_eq!((set.alternative_id, set.set_by), (other, Some(ana.member_id)));
        set_alternative(&stage.installation, viewer, one.id, None).await.unwrap();
        assert_eq!(alternative_of(reader, stage.workspace_id, one.id).await.unwrap(), None);

        set_channels(&stage.installation, viewer, one.id, &[stage.sales]).await.unwrap();
        let all = channel::all(reader, stage.workspace_id).await.unwrap();
        let mut allowed = Vec::new();
        for channel in &all {
            allowed.push((channel.id, is_for_channel(reader, &one, channel).await.unwrap()));
        }
        assert_eq!(allowed, [(stage.sales, true), (stage.support, false)]);
        // At Meta and approved, it can be wanted from both; and is for one of them.
        let writer = stage.installation.database.writer();
        let key = (stage.workspace_id, "padaria-waba", "77");
        know(writer, &stage.clock, key, Some(("um", "pt_BR"))).await.unwrap();
        let early = message::wanted(reader, &all[0], one.id).await.unwrap().fill(&Values::default());
        assert_eq!(refusal(early), Some(Refusal::NotToldYet));
        let draft = message::wanted(reader, &all[0], other).await;
        assert!(matches!(draft, Err(Error::NotFound)), "{draft:?}");
        let told = pedido("um").to_json().unwrap();
        for fact in [
            ("definition", Some(told.as_str())),
            ("status", Some("approved")),
            ("category", Some("MARKETING")),
        ] {
            let place = (stage.workspace_id, About::Template(one.id));
            put(writer, &stage.installation.database, place, fact, stage.clock.now()).await.unwrap();
        }
        for (channel, expected) in all.iter().zip([true, false]) {
            let wanted = message::wanted(reader, channel, one.id).await.unwrap();
            assert_eq!((wanted.usability, wanted.for_channel), (Usability::Usable, expected));
            assert_eq!(wanted.category(), Some(Category::Marketing), "as Meta counts it");
            assert!(wanted.fill(&Values::default()).unwrap().is_err());
        }
        set_channels(&stage.installation, viewer, one.id, &[]).await.unwrap();
        assert!(is_for_channel(reader, &one, &all[1]).await.unwrap());
        let (_, _, foreign) = stage.another_workspace().await;
        let crossing = set_channels(&stage.installation, viewer, one.id, &[foreign]).await;
        assert!(matches!(crossing, Err(Error::NotFound)), "{crossing:?}");
    }
}

/// The template, and the version that a change goes back to.
trait IntoBase {
    fn into_base(self) -> (TemplateId, Option<TemplateVersionId>);
}

impl IntoBase for (TemplateId, TemplateVersionId) {
    fn into_base(self) -> (TemplateId, Option<TemplateVersionId>) {
        (self.0, Some(self.1))
    }
}
