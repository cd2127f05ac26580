//! Sends what is queued for endpoints: to each one thing at a time, to many at once.

use futures_util::StreamExt;
use portaria_domain::Installation;
use portaria_domain::error::{Error, Result};
use portaria_domain::notification_endpoint::{Attempt, Outcome, begin, due, secrets, settle};
use portaria_entity::notification_delivery::NotificationProblem;
use portaria_entity::notification_endpoint::EndpointKind;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::client::EndpointClient;
use super::signature::signature;

/// An endpoint that lets us wait keeps nobody from the others.
const AT_ONCE: usize = 32;

/// One pass. Answers how many attempts were made.
pub async fn deliver(installation: &Installation, client: &EndpointClient) -> Result<usize> {
    let due = due(installation).await?;
    let attempts = futures_util::stream::iter(due).map(async |key| {
        let Some(attempt) = begin(installation, key).await? else { return Ok::<_, Error>(0) };
        let outcome = send(installation, client, &attempt).await?;
        if let Outcome::Failed { problem, .. } = outcome {
            let problem: &str = problem.into();
            tracing::warn!(endpoint = %attempt.endpoint.id, problem, "a notification did not come through");
        }
        settle(installation, &attempt, outcome).await?;
        Ok(1)
    });
    let mut made = 0;
    let mut attempts = attempts.buffer_unordered(AT_ONCE);
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(count) => made += count,
            Err(error) => tracing::warn!(%error, "a notification could not be sent"),
        }
    }
    Ok(made)
}

async fn send(installation: &Installation, client: &EndpointClient, attempt: &Attempt) -> Result<Outcome> {
    let Attempt { delivery, endpoint, .. } = attempt;
    if endpoint.disabled_at.is_some() || endpoint.deleted_at.is_some() {
        let problem = NotificationProblem::Withdrawn;
        return Ok(Outcome::Failed { problem, answered: None, wait: None });
    }
    let reader = installation.database.reader();
    let secrets = secrets(reader, installation, (endpoint.workspace_id, endpoint.id)).await?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match endpoint.kind {
        EndpointKind::Slack => {}
        EndpointKind::Webhook => {
            let (id, seconds) = (delivery.id.to_string(), installation.clock.now().as_secs());
            let signing = secrets.signing.iter().map(|secret| secret.as_slice());
            let signed = signature(signing, (&id, seconds, &delivery.body));
            let values = [
                ("webhook-id", id),
                ("webhook-timestamp", seconds.to_string()),
                ("webhook-signature", signed),
            ];
            for (name, value) in values {
                headers.insert(name, HeaderValue::from_str(&value).map_err(Error::internal)?);
            }
        }
    }
    Ok(client.send(&secrets.address, headers, delivery.body.clone()).await)
}
