//! Somebody with a bot's key, and somebody who would have a bot do what they may not.

use portaria_domain::bot::monitoring::days;
use portaria_domain::bot::{disconnect, find as find_bot, update};
use portaria_domain::conversation::{Act, permit, resolve};

use super::*;
use BuiltInRole::{Analyst, Developer, Support};

#[tokio::test]
async fn a_bots_key_does_nothing_where_it_has_nothing() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (stage, installation) = (&desk.stage, &desk.stage.installation);
        let waiting = customer_of(stage, None).await;
        let robot = desk.robot().await;
        let reader = installation.database.reader();
        // It sees that somebody waits, as its role does, and no more.
        let row = find(reader, &robot, waiting).await.unwrap();
        for act in [Act::Claim, Act::Resolve, Act::Escalate, Act::HandToBot, Act::HandToPeople, Act::Answer] {
            assert!(permit(&robot, &row, act, stage.clock.now()).is_err(), "{act:?}");
        }
        let taken = hand_to_bot(installation, &robot, waiting, (desk.bot, "meu")).await;
        assert!(
            matches!(taken, Err(Error::Forbidden { .. } | Error::Refused(Refusal::NotAssignee))),
            "{taken:?}"
        );
        for id in [desk.conversation, waiting] {
            assert!(resolve(installation, &robot, id).await.is_err());
            assert!(hand_to_people(installation, &robot, id, ("x", None)).await.is_err());
        }
    }
}

#[tokio::test]
async fn nobody_hands_over_what_is_not_theirs_or_to_who_may_not_have_it() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (stage, installation) = (&desk.stage, &desk.stage.installation);
        let others = customer_of(stage, Some(desk.admin.member_id)).await;
        let hand = async |by: &Person, id, bot| hand_to_bot(installation, &by.viewer, id, (bot, "x")).await;
        assert!(matches!(hand(&desk.agent, others, desk.bot).await, Err(Error::NotFound)));
        let support = stage.person("Sofia", &[(Support, Scope::Workspace)]).await;
        let own = customer_of(stage, Some(support.member_id)).await;
        assert!(
            matches!(hand(&support, own, desk.bot).await, Err(Error::Forbidden { .. })),
            "without bot:use"
        );
        let contact = stage.customer("Rui", "5511900000009").await;
        let elsewhere = stage.conversation(contact, stage.support, Some(desk.agent.member_id), &["oi"]).await;
        assert_eq!(refused(hand(&desk.agent, elsewhere, desk.bot).await), Refusal::BotNotPermitted);
        // A key that may not read is no bot to hand anything to.
        let blind = key(stage, &desk.admin, Analyst, Scope::Workspace).await.key.id;
        let blind =
            connect(installation, &desk.admin.viewer, (blind, settings(&[stage.sales]))).await.unwrap();
        assert_eq!(
            refused(hand(&desk.agent, desk.conversation, blind.row.id).await),
            Refusal::BotNotPermitted
        );
        assert_eq!(
            refused(hand_to_bot(installation, &desk.agent.viewer, desk.conversation, (desk.bot, " ")).await),
            Refusal::ReasonMissing
        );
        let (other, ..) = stage.another_workspace().await;
        let stranger = stage.person_in(other, "Estranho", &[(Administrator, Scope::Workspace)]).await;
        assert!(matches!(hand(&stranger, desk.conversation, desk.bot).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn only_who_configures_bots_on_all_its_numbers_changes_one() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (stage, installation) = (&desk.stage, &desk.stage.installation);
        let there = stage.person("Dev", &[(Developer, Scope::Channel(stage.support))]).await;
        let reader = installation.database.reader();
        let now = stage.clock.now();
        assert!(matches!(find_bot(reader, &there.viewer, (desk.bot, now)).await, Err(Error::NotFound)));
        let both = settings(&[stage.sales, stage.support]);
        let spare = key(stage, &desk.admin, Agent, Scope::Workspace).await.key.id;
        let outcome = connect(installation, &there.viewer, (spare, both.clone())).await;
        assert!(matches!(outcome, Err(Error::Forbidden { .. })));
        update(installation, &desk.admin.viewer, (desk.bot, both)).await.unwrap();
        // They see it now, on their number, and may not change what it does on the other.
        assert!(find_bot(reader, &there.viewer, (desk.bot, now)).await.is_ok());
        let outcome = update(installation, &there.viewer, (desk.bot, settings(&[stage.support]))).await;
        assert!(matches!(outcome, Err(Error::Forbidden { .. })));
        assert!(matches!(
            disconnect(installation, &there.viewer, desk.bot).await,
            Err(Error::Forbidden { .. })
        ));
        let again =
            connect(installation, &desk.admin.viewer, (desk.key.key.id, settings(&[stage.sales]))).await;
        assert_eq!(refused(again.map(|row| row.row)), Refusal::AlreadyABot);
    }
}

#[tokio::test]
async fn figures_of_few_customers_are_withheld() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let (stage, installation) = (&desk.stage, &desk.stage.installation);
        let analyst = stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        let from = stage.clock.now();
        let figures = async || {
            let database = &installation.database;
            let now = stage.clock.now();
            let bot = find_bot(database.reader(), &analyst.viewer, (desk.bot, now)).await.unwrap();
            let until = now + DAY;
            let days = days(database.reader(), database, &analyst.viewer, (&bot, from, until)).await.unwrap();
            assert_eq!(days.len(), 1);
            days.into_iter().next().unwrap().figures
        };
        desk.hand_over().await;
        desk.customer_says("oi").await;
        for _ in 0..3 {
            let id = customer_of(stage, Some(desk.agent.member_id)).await;
            hand_to_bot(installation, &desk.agent.viewer, id, (desk.bot, "x")).await.unwrap();
        }
        assert_eq!(figures().await, None, "four customers");
        let id = customer_of(stage, Some(desk.agent.member_id)).await;
        hand_to_bot(installation, &desk.agent.viewer, id, (desk.bot, "x")).await.unwrap();
        hand_to_people(installation, &desk.robot().await, id, ("x", None)).await.unwrap();
        let told = figures().await.unwrap();
        assert_eq!((told.turns, told.customers, told.messages_in, told.messages_out), (5, 5, 1, 0));
        assert_eq!(told.ends, [(TurnEnd::HandedOver, 1)]);
    }
}
