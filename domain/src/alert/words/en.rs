//! Alerts in English.

use portaria_entity::alert::AlertKind;

use super::{Details, of};

pub fn words(kind: AlertKind, details: &Details) -> (String, &'static str) {
    let told = |name| of(details, name);
    match kind {
        AlertKind::WebhookRefused => (
            format!("Deliveries for the app {} are turned away: {}.", told("app"), refused(told("reason"))),
            "If nobody is trying things out, compare the app secret in Portaria with the one Meta shows. Meta tries again for 7 days.",
        ),
        AlertKind::WebhookTooLarge => (
            format!("A delivery for the app {} was longer than is taken.", told("app")),
            "Meta sends up to 3 MB. If it is Meta's, raise webhook.max_body_bytes; it is sent again for 7 days.",
        ),
        AlertKind::DeliveryDead => (
            format!("A delivery of WhatsApp could not be worked through: {}.", told("reason")),
            "Its messages are missing. Look at it among the webhook deliveries, and have it worked through again once the cause is gone.",
        ),
        AlertKind::DeliveriesLagging => (
            format!(
                "Deliveries of WhatsApp wait longer than they should: {} of them, the oldest for {} s.",
                told("count"),
                told("seconds")
            ),
            "Nothing is lost, but agents see messages late. Look at the load of the server and its database.",
        ),
        AlertKind::ForeignNumber => (
            format!("Something came for {}, which is not one of this workspace's.", told("what")),
            "If it is yours, register it, and have the delivery worked through again. If not, end its subscription at Meta.",
        ),
        AlertKind::AccountRestricted => (
            format!("Meta restricts the WhatsApp account {}: {}.", told("account"), told("event")),
            "Read what Meta says in the WhatsApp Manager at once: messages may not go out any more.",
        ),
        AlertKind::AccountChanged => (
            format!("Something changed about the WhatsApp account {}: {}.", told("account"), told("event")),
            "If you did not expect it, look in the WhatsApp Manager.",
        ),
        AlertKind::NumberChanged => (
            format!("Something changed about the number {}: {}.", told("channel"), told("event")),
            "A falling quality comes before limits: look at what was sent last, and to whom.",
        ),
        AlertKind::SecurityEvent => (
            format!("The two-step PIN of the number {} was touched: {}.", told("channel"), told("event")),
            "If it was none of you, change it, and look who has access to the business portfolio at Meta.",
        ),
        AlertKind::PaymentEvent => (
            format!("Something is the matter with payment at Meta: {}.", told("event")),
            "Without a payment method messages are not delivered. Look in the billing hub.",
        ),
        AlertKind::TemplateChanged => (
            format!(
                "Meta changed the template {} ({}): {}.",
                told("template"),
                told("language"),
                told("event")
            ),
            "What uses it may not go out, or cost more. Look at the template and use another meanwhile.",
        ),
        AlertKind::SyncRefused => (
            format!("The history of the number {} cannot be taken over: {}.", told("channel"), told("event")),
            "Who uses the number in the WhatsApp Business app can share it again.",
        ),
        AlertKind::ContactsConflict => (
            match details.get("one").zip(details.get("other")) {
                Some((one, other)) => format!("Two contacts seem to be the same person: {one} and {other}."),
                None => "Two contacts seem to be the same person.".to_owned(),
            },
            "Compare them. If they are, merge them (mergeContacts), which can be undone; if not, mark this as seen to (resolveAlert).",
        ),
        AlertKind::WaitingTooLong => (
            format!("Customers wait on {} with nobody free: {} of them.", told("channel"), told("count")),
            "See who is available and may have these conversations.",
        ),
        AlertKind::FileInfected => (
            match told("origin") {
                "upload" => "A file that was to be sent is harmful, and was not kept.".to_owned(),
                _ => "A customer sent a harmful file, which was not kept.".to_owned(),
            },
            "Nobody can open it in Portaria. If one of you handed it in, look at their computer; if a customer sent it, warn who talks to them.",
        ),
        AlertKind::EndpointDisabled => (
            format!(
                "Portaria has stopped sending alerts to {} ({}), which takes them no more.",
                told("name"),
                told("host")
            ),
            "See to the receiver and enable the endpoint again in Portaria. Until then alerts go by mail alone.",
        ),
        AlertKind::FilesWaiting => (
            match told("reason") {
                "no_token" => format!(
                    "The number {} has no access token: files that customers send are not fetched.",
                    told("channel")
                ),
                _ => format!(
                    "Meta does not take the access token of the number {}: files that customers send are not fetched.",
                    told("channel")
                ),
            },
            "Give the number a good token within 7 days: then they are fetched by themselves. After that Meta has them no more.",
        ),
        AlertKind::TargetAtRisk => (
            format!(
                "A target of {} is about to be missed: {}.",
                told("team"),
                match told("target") {
                    "first_response" => "the first response",
                    "resolution" => "the resolution",
                    other => other,
                }
            ),
            "Assign the conversations that are due.",
        ),
        AlertKind::SendingStopped => (
            format!(
                "Nothing is sent from the number {} any more: {} (Meta's code {}).",
                told("channel"),
                stopped(told("reason")),
                told("code")
            ),
            "What was written waits, for a day at most. Portaria tries every five minutes whether Meta takes a message again.",
        ),
    }
}

/// Why a webhook was refused.
fn refused(cause: &str) -> &str {
    match cause {
        "missing_signature" => "they are not signed",
        "malformed_signature" => "their signature has the wrong form",
        "wrong_signature" => "they are signed with a secret that Portaria does not know",
        "another_secret" => {
            "they are signed with the secret of another app of this workspace, or with one that has ended"
        }
        "reescaped_body" => "something between Meta and Portaria reads their body and writes it anew",
        "client_certificate" => "the proxy tells of another client certificate than Meta's, or of none",
        "wrong_verify_token" => "the verify token of the handshake is wrong",
        other => other,
    }
}

/// Why a number does not send.
fn stopped(reason: &str) -> &str {
    match reason {
        "token" => "its access token is missing or not good any more",
        "permission" => "its access token may not send from it",
        "restricted" => "Meta has locked or restricted the account",
        "payment" => "a payment method is missing",
        "not_registered" => "it is not registered, or is gone",
        "spam" => "too many customers complained",
        "by_hand" => "somebody stopped it",
        other => other,
    }
}
