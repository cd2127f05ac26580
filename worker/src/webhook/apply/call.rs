//! Calls. One that is over stands in the conversation like a message; one that nobody took calls for an answer.

use portaria_domain::Result;
use serde_json::Value;

use super::Application;
use super::customer::{introduction, party};
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{Direction, Message, MessageKind, fields};

impl Application<'_> {
    pub(super) async fn calls(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let mut understood = Understood::Known;
        for call in fields::list(&notice.value, "calls") {
            match fields::text(call, "event").as_deref() {
                Some("terminate") => {
                    if let Some(message) = self.ended_call(notice, call) {
                        self.message(notice.change, channel, &message).await?;
                    }
                }
                // What matters of it is told at its end.
                Some("connect" | "created" | "call_recording_available" | "call_transcription_available") => {
                }
                other => understood = Understood::Unknown(other.unwrap_or_default().to_owned()),
            }
        }
        Ok(understood)
    }

    fn ended_call(&self, notice: &Notice<'_>, call: &Value) -> Option<Message> {
        let whatsapp_id = fields::text(call, "id")?;
        let is_ours = fields::text(call, "direction").as_deref() == Some("BUSINESS_INITIATED");
        let (direction, name) =
            if is_ours { (Direction::Outbound, "to") } else { (Direction::Inbound, "from") };
        let user_id = format!("{name}_user_id");
        let customer = party(call, name, &user_id, &format!("{name}_parent_user_id"));
        let begun = fields::seconds(call, "start_time").or_else(|| fields::seconds(call, "timestamp"));
        let at = begun.map_or(notice.at, |at| self.time(Some(at)));
        let is_missed = fields::integer(call, "duration").is_none_or(|seconds| seconds <= 0);
        let kind = match direction {
            Direction::Inbound if is_missed => MessageKind::MissedCall,
            Direction::Inbound | Direction::Outbound => MessageKind::Call,
        };
        let introduced = introduction(customer, None, at);
        Some(Message { whatsapp_id, direction, kind, raw: call.to_string(), ..introduced })
    }
}
