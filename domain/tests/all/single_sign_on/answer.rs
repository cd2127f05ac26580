//! What a provider answers: once, in time, from where it began.

use std::time::Duration;

use portaria_domain::authentication::Origin;
use portaria_domain::error::Refusal;
use portaria_domain::single_sign_on::{Beginning, Fetching, accept, begin, finish};
use portaria_testing::{Stage, databases};
use serde_json::json;

use super::{MINUTE, SIGN_IN, admin, begun, by, configure, link_to, refusal, returned};

#[tokio::test]
async fn an_answer_counts_once_from_where_it_began_and_in_time() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let installation = &stage.installation;
        let fetch = async |fetching: Fetching<'_>| finish(installation, fetching, Origin::default()).await;

        let one = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        let fetching = returned(&stage, &one, "ana", &json!({})).await;
        assert_eq!(
            refusal(accept(installation, provider.provider.id, &one.state, None).await),
            Refusal::InvalidToken,
            "a state twice"
        );
        let foreign = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        for secret in [foreign.secret.as_str(), "", "x"] {
            let refused = fetch(Fetching { code: &fetching.0, secret }).await;
            assert_eq!(refusal(refused), Refusal::InvalidToken, "a code in another's hands");
        }
        assert!(fetch(by(&fetching)).await.is_ok(), "who had only the code has used nothing up");
        assert_eq!(refusal(fetch(by(&fetching)).await), Refusal::InvalidToken, "a code twice");

        let fetching = returned(&stage, &foreign, "ana", &json!({})).await;
        stage.clock.advance(MINUTE + Duration::from_secs(1));
        assert_eq!(refusal(fetch(by(&fetching)).await), Refusal::InvalidToken, "a code that is too old");

        let slow = begun(&stage, &provider, None, SIGN_IN).await.unwrap();
        let mut forged = slow.state.clone().into_bytes();
        *forged.last_mut().unwrap() = if forged.ends_with(b"A") { b'B' } else { b'A' };
        for state in
            [String::from_utf8(forged).unwrap(), String::new(), "ephemeral.".to_owned(), "x.y".to_owned()]
        {
            assert_eq!(
                refusal(accept(installation, provider.provider.id, &state, None).await),
                Refusal::InvalidToken,
                "{state}"
            );
        }
        stage.clock.advance(10 * MINUTE + Duration::from_secs(1));
        assert_eq!(
            refusal(accept(installation, provider.provider.id, &slow.state, None).await),
            Refusal::InvalidToken,
            "too slow"
        );

        // A browser is known by its cookie.
        let workspace = stage.workspace_id.to_string();
        let from = async |cookie: Option<&str>| {
            let beginning = Beginning {
                workspace: &workspace,
                provider_id: provider.provider.id,
                want: SIGN_IN,
                path: Some("/inbox"),
                cookie,
                by_cookie: true,
            };
            begin(installation, None, beginning).await.unwrap()
        };
        let here = from(None).await;
        let there = from(None).await;
        for cookie in [None, Some(there.secret.as_str()), Some("")] {
            let refused = accept(installation, provider.provider.id, &here.state, cookie).await;
            assert_eq!(refusal(refused), Refusal::InvalidToken, "another browser");
        }
        let elsewhere = accept(installation, stage.clock.new_id(), &here.state, Some(&here.secret)).await;
        assert_eq!(refusal(elsewhere), Refusal::InvalidToken, "at the address of another provider");
        assert!(accept(installation, provider.provider.id, &here.state, Some(&here.secret)).await.is_ok());
        assert_eq!(*from(Some(&here.secret)).await.secret, *here.secret, "two tabs have one cookie");
        assert_ne!(*from(Some("chosen by somebody")).await.secret, "chosen by somebody");
    }
}
