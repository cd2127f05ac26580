//! Sending messages.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::sending::{self, NewMessage};
use portaria_domain::viewer::Viewer;
use portaria_domain::{conversation, message};
use portaria_entity::id::MessageId;
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::message::Message;
use crate::graphql::payload::payload;
use crate::graphql::sending::MessageContentInput;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct SendingMutation;

impl Subject for SendingMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A message to a customer.
#[derive(InputObject)]
pub struct SendMessageInput {
    /// In which conversation (`conv_...`).
    conversation_id: ID,
    /// Made by the client, new for each message: 1 to 128 visible ASCII characters, a UUID for example. The same call with the
    /// same key sends once and answers with the same message, however often it is made.
    idempotency_key: String,
    /// The message of the conversation that it answers (`msg_...`).
    reply_to_id: Option<ID>,
    /// What it carries.
    content: MessageContentInput,
}

/// Which message.
#[derive(InputObject)]
pub struct CancelMessageInput {
    /// Its id (`msg_...`).
    message_id: ID,
}

payload! {
    /// What came of sending a message.
    SendMessagePayload [authenticated] {
        /// The message as it is now; null when it was refused.
        message: Message
    }
    SendMessageUserError, SendMessageErrorCode {
        /// WhatsApp would not take it: `message` says which value is wrong, and its limits.
        InvalidContent = InvalidContent at "content",
        /// The quick reply is archived.
        QuickReplyArchived = Archived at "content",
        /// The quick reply is not there in that language, or what is asked for is none.
        NoSuchLanguage = NoSuchLanguage at "content" or UnknownLanguage,
        /// A value is missing or not allowed: `previewQuickReply` says which, and why.
        ValuesRefused = ValuesRefused at "content",
        /// Filled in, it would be longer than 4,096 characters.
        TextTooLong = TextTooLong at "content",
        /// The key is empty, too long, or has characters that it may not have.
        InvalidIdempotencyKey = InvalidIdempotencyKey at "idempotencyKey",
        /// The key was used for another message.
        IdempotencyKeyReused = IdempotencyKeyReused at "idempotencyKey",
        /// The message that it answers or reacts to is not in the conversation, was taken back, or WhatsApp does not know it yet.
        NoSuchMessage = NoSuchMessage at "replyToId",
        /// The conversation is somebody else's, or nobody's, and the viewer may not assign conversations there.
        NotAssignee = NotAssignee at "conversationId",
        /// The number has no access token.
        NumberNotConnected = NumberNotConnected at "conversationId",
        /// Nothing is sent from the number at present: see the alert on it.
        NumberStopped = NumberStopped at "conversationId",
        /// WhatsApp has told no way to write to the customer.
        NotAddressable = NotAddressable at "conversationId",
        /// Codes to sign in go to phone numbers only, and the customer's is not known.
        PhoneNeeded = PhoneNeeded at "conversationId",
        /// It cannot be sent to a group.
        NotForGroups = NotForGroups at "content",
        /// The customer last wrote more than 24 hours ago: only a template can be sent.
        WindowClosed = WindowClosed at "content",
        /// The template is not approved.
        TemplateNotApproved = TemplateNotApproved at "content",
        /// Meta has paused the template.
        TemplatePaused = TemplatePaused at "content",
        /// Meta has disabled or removed the template.
        TemplateDisabled = TemplateDisabled at "content",
        /// The template is not for this number.
        TemplateNotForNumber = TemplateNotForNumber at "content",
        /// The customer wants no marketing.
        MarketingRefused = MarketingRefused at "content",
        /// Who has never written gets marketing only if they asked for it.
        ConsentMissing = ConsentMissing at "content",
        /// Too many messages of the viewer wait to be sent.
        TooManyWaiting = TooManyWaiting,
    }
}

payload! {
    /// What came of calling a message back.
    CancelMessagePayload [authenticated] {
        /// The message as it is now; null when it was refused.
        message: Message
    }
    CancelMessageUserError, CancelMessageErrorCode {
        /// It is on its way, or has come to its end, already.
        NotWaiting = NotWaiting at "messageId",
        /// Somebody else wrote it, and the conversation is not the viewer's.
        NotAssignee = NotAssignee at "messageId",
    }
}

/// A message of a conversation that the viewer reads, as it is now.
async fn message(request: &Request, id: MessageId) -> Result<Message> {
    let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
    let row =
        message::by_ids(reader, viewer.workspace_id, &[id]).await?.remove(&id).ok_or(Problem::NotFound)?;
    let found = conversation::find(reader, viewer, row.conversation_id).await?;
    Ok(Message { row: row.into(), held: found.held })
}

#[guarded]
impl SendingMutation {
    /// Sends a message to the customer of a conversation. It is stored before this answers, and goes out in its turn: `status`
    /// of the message begins with QUEUED, and `messageUpdated` tells how it goes on. Each kind needs its permission there
    /// (see `content`), and the conversation must be the viewer's, unless they may assign conversations there. `sendOptions`
    /// tells beforehand what is possible.
    #[requires(
        MessageSendText,
        MessageSendMedia,
        MessageSendDocument,
        MessageSendInteractive,
        MessageSendTemplate,
        MessageSendQuickReply
    )]
    async fn send_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message.")] input: SendMessageInput,
    ) -> Result<SendMessagePayload> {
        let request = Request::of(ctx);
        let new = NewMessage {
            conversation_id: parse(&input.conversation_id)?,
            idempotency_key: input.idempotency_key,
            reply_to: parse_optional(input.reply_to_id.as_ref())?,
            content: input.content.into_content()?,
        };
        let outcome = match sending::send(&request.installation, request.viewer()?, new).await {
            Ok(id) => Ok(Some(message(request, id).await?)),
            Err(error) => Err(error),
        };
        SendMessagePayload::new(outcome)
    }

    /// Calls back a message that waits to be sent (`status` is QUEUED). Who wrote it may, and whose the conversation is.
    #[requires(
        MessageSendText,
        MessageSendMedia,
        MessageSendDocument,
        MessageSendInteractive,
        MessageSendTemplate,
        MessageSendQuickReply
    )]
    async fn cancel_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] input: CancelMessageInput,
    ) -> Result<CancelMessagePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.message_id)?;
        let outcome = match sending::cancel(&request.installation, request.viewer()?, id).await {
            Ok(()) => Ok(Some(message(request, id).await?)),
            Err(error) => Err(error),
        };
        CancelMessagePayload::new(outcome)
    }
}
