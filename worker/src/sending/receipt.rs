//! Shows customers that their messages were read and that somebody types, as well as it goes.

use std::sync::Arc;

use portaria_entity::outgoing_receipt::Model;
use reqwest::Method;

use super::attempt::Desk;
use super::{Office, request};

/// Shows one of them. Nobody waits for it, and when it fails it is not tried again.
pub(super) async fn show(office: Arc<Office>, desk: Arc<Desk>, row: Model) {
    let path = format!("{}/messages", desk.channel.phone_number_id);
    let body = request::receipt(&row.whatsapp_id, row.typing);
    let outcome = match office.api.call(&desk.token, Method::POST, &path, Some(&body)).await {
        Ok(_) => "shown",
        Err(error) => {
            let code = error.refusal().map(|refusal| refusal.code);
            tracing::debug!(code, "that a message was read could not be shown");
            "failed"
        }
    };
    metrics::counter!("portaria_sending_receipts_total", "outcome" => outcome).increment(1);
}
