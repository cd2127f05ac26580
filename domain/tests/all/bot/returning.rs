//! Conversations come back from bots by themselves.

use portaria_domain::bot::{disconnect, update};

use super::*;

#[tokio::test]
async fn from_who_is_silent() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        desk.stage.clock.advance(Duration::from_secs(60 * 60));
        desk.hand_over().await;
        desk.stage.clock.advance(Duration::from_secs(4 * 60));
        assert_eq!(
            desk.look_after().await,
            0,
            "it has had four minutes, however long the customer waited before"
        );
        desk.run("UPDATE conversations SET waiting_since = NULL").await;
        desk.stage.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(desk.look_after().await, 0, "it has answered");
        desk.customer_says("e agora?").await;
        desk.stage.clock.advance(Duration::from_secs(5 * 60));
        assert_eq!(desk.look_after().await, 1);
        let row = desk.row().await;
        assert_eq!((row.bot_id, row.assignee_id), (None, Some(desk.agent.member_id)));
        assert_eq!(desk.end().await, Some(TurnEnd::Silent));
        assert_eq!(desk.look_after().await, 0);
    }
}

#[tokio::test]
async fn when_the_customer_asks_for_a_person_or_writes_too_much() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        desk.hand_over().await;
        desk.customer_says("quero um bolo").await;
        assert_eq!(desk.look_after().await, 0);
        desk.customer_says("quero falar com um ATENDENTE!").await;
        assert_eq!(desk.look_after().await, 1);
        assert_eq!(desk.end().await, Some(TurnEnd::Asked));
        // What was said before it had the conversation was said to people.
        desk.hand_over().await;
        assert_eq!(desk.look_after().await, 0);
        for _ in 0..3 {
            desk.customer_says("oi").await;
        }
        assert_eq!(desk.look_after().await, 0);
        desk.customer_says("oi").await;
        assert_eq!(desk.look_after().await, 1);
        assert_eq!(desk.end().await, Some(TurnEnd::TooLong));
    }
}

#[tokio::test]
async fn when_its_key_is_revoked_at_once() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        desk.hand_over().await;
        let mut change = Change::by(&stage.installation, &desk.admin.viewer, &[]).await.unwrap();
        api_key::revoke(&mut change, desk.key.key.id).await.unwrap();
        change.finish().await.unwrap();
        let row = desk.row().await;
        assert_eq!(
            (row.bot_id, row.assignee_id),
            (None, Some(desk.agent.member_id)),
            "in the same transaction"
        );
        assert_eq!(desk.end().await, Some(TurnEnd::AccessLost));
        assert!(stage.viewer(desk.key.token.reveal()).await.is_none());
    }
}

#[tokio::test]
async fn when_its_key_expires_it_is_disconnected_or_moved() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let installation = &desk.stage.installation;
        desk.hand_over().await;
        let elsewhere = settings(&[desk.stage.support]);
        update(installation, &desk.admin.viewer, (desk.bot, elsewhere)).await.unwrap();
        assert_eq!(desk.row().await.bot_id, None, "it is not for that number any more");
        assert_eq!(desk.end().await, Some(TurnEnd::AccessLost));
        let to = (desk.bot, "de volta");
        let outcome = hand_to_bot(installation, &desk.agent.viewer, desk.conversation, to).await;
        assert_eq!(refused(outcome), Refusal::BotNotPermitted);
        let here = settings(&[desk.stage.sales]);
        update(installation, &desk.admin.viewer, (desk.bot, here)).await.unwrap();

        desk.hand_over().await;
        disconnect(installation, &desk.admin.viewer, desk.bot).await.unwrap();
        assert_eq!((desk.row().await.bot_id, desk.end().await), (None, Some(TurnEnd::AccessLost)));
        assert_eq!(desk.robot().await.access.bot_id(), None);
        let again = (desk.key.key.id, settings(&[desk.stage.sales]));
        let bot = connect(installation, &desk.admin.viewer, again).await.unwrap().row.id;
        assert_ne!(bot, desk.bot, "what it did stays with what it was");

        hand_to_bot(installation, &desk.agent.viewer, desk.conversation, (bot, "x")).await.unwrap();
        desk.stage.clock.advance(30 * DAY);
        desk.run("UPDATE conversations SET waiting_since = NULL").await;
        assert_eq!(desk.look_after().await, 1);
        assert_eq!(desk.end().await, Some(TurnEnd::AccessLost));
    }
}

#[tokio::test]
async fn where_nobody_is_free_it_waits_with_the_fallback_team() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let stage = &desk.stage;
        let team = stage.team("Noite", &[], &[stage.sales]).await;
        let draft = BotDraft { fallback_team: Some(team), ..settings(&[stage.sales]) };
        update(&stage.installation, &desk.admin.viewer, (desk.bot, draft)).await.unwrap();
        desk.hand_over().await;
        desk.run("UPDATE conversations SET waiting_since = NULL").await;
        desk.run("UPDATE members SET availability = 'offline'").await;
        hand_to_people(&stage.installation, &desk.robot().await, desk.conversation, ("x", None))
            .await
            .unwrap();
        let row = desk.row().await;
        assert_eq!((row.bot_id, row.assignee_id, row.team_id), (None, None, Some(team)));
        assert_eq!(row.waiting_since, Some(stage.clock.now()), "from now on somebody is waited for");
    }
}
