//! Sending messages.

use async_graphql::{Context, ID, InputObject, OneofObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::sending::{self, NewConversation, NewMessage, Whom};
use portaria_domain::viewer::Viewer;
use portaria_domain::{conversation, message};
use portaria_entity::id::MessageId;
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::conversation::Conversation;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::message::Message;
use crate::graphql::payload::payload;
use crate::graphql::sending::{MessageContentInput, TemplateMessageInput};
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

/// A conversation to be begun with a customer who has not written.
#[derive(InputObject)]
pub struct StartConversationInput {
    /// From which number (`chan_...`).
    channel_id: ID,
    /// With whom: exactly one of these.
    to: RecipientInput,
    /// As in `sendMessage`.
    idempotency_key: String,
    /// What to begin with: WhatsApp takes templates only.
    template: TemplateMessageInput,
}

/// Whom to write to.
#[derive(OneofObject)]
pub enum RecipientInput {
    /// A customer whom the viewer may know of (`contact_...`).
    ContactId(ID),
    /// Whoever has a phone number.
    Phone(PhoneRecipientInput),
}

/// A phone number, and whose it is.
#[derive(InputObject)]
pub struct PhoneRecipientInput {
    /// With `+` and its country code: `+55 11 98765-4321`.
    number: String,
    /// What to call who is not known yet, until WhatsApp tells what they call themselves.
    name: Option<String>,
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
        /// There is no such file, it has expired, or somebody else handed it in.
        NoSuchFile = NoSuchFile at "content",
        /// A file of that type cannot be sent as such.
        FileNotOfKind = FileNotOfKind at "content",
        /// The file is too large to be sent as such.
        FileTooLarge = FileTooLarge at "content",
        /// The file is not there yet.
        FileNotReady = FileNotReady at "content",
        /// Too many messages of the viewer wait to be sent.
        TooManyWaiting = TooManyWaiting,
    }
}

/// What a customer is to be shown.
#[derive(InputObject)]
pub struct SendReadReceiptInput {
    /// In which conversation (`conv_...`).
    conversation_id: ID,
    /// Whether they are shown that somebody types, too: until they are answered, for 25 seconds at most.
    #[graphql(default)]
    typing: bool,
}

payload! {
    /// What came of showing a customer that their messages are read.
    SendReadReceiptPayload [authenticated] {
        /// The conversation; null when it was refused.
        conversation: Conversation
    }
    SendReadReceiptUserError, SendReadReceiptErrorCode {
        /// The conversation is somebody else's, or nobody's, and the viewer may not assign conversations there.
        NotAssignee = NotAssignee at "conversationId",
        /// The number has no access token.
        NumberNotConnected = NumberNotConnected at "conversationId",
        /// Nothing is sent from the number at present: see the alert on it.
        NumberStopped = NumberStopped at "conversationId",
    }
}

payload! {
    /// What came of beginning a conversation.
    StartConversationPayload [authenticated] {
        /// The first message; null when it was refused.
        message: Message,
        /// The conversation, which is the viewer's; null when it was refused.
        conversation: Conversation
    }
    StartConversationUserError, StartConversationErrorCode {
        /// A phone number is written with `+` and its country code.
        InvalidPhone = InvalidPhone at "to",
        /// A conversation cannot be begun with them from this number.
        CannotBeStarted = CannotBeStarted at "to",
        /// WhatsApp would not take it: `message` says which value is wrong, and its limits.
        InvalidContent = InvalidContent at "template",
        /// The key is empty, too long, or has characters that it may not have.
        InvalidIdempotencyKey = InvalidIdempotencyKey at "idempotencyKey",
        /// The key was used for another message.
        IdempotencyKeyReused = IdempotencyKeyReused at "idempotencyKey",
        /// There is a conversation already, which is somebody else's.
        NotAssignee = NotAssignee at "to",
        /// The number has no access token.
        NumberNotConnected = NumberNotConnected at "channelId",
        /// Nothing is sent from the number at present: see the alert on it.
        NumberStopped = NumberStopped at "channelId",
        /// WhatsApp has told no way to write to the customer.
        NotAddressable = NotAddressable at "to",
        /// Codes to sign in go to phone numbers only, and the customer's is not known.
        PhoneNeeded = PhoneNeeded at "to",
        /// It cannot be sent to a group.
        NotForGroups = NotForGroups at "to",
        /// The template is not approved.
        TemplateNotApproved = TemplateNotApproved at "template",
        /// Meta has paused the template.
        TemplatePaused = TemplatePaused at "template",
        /// Meta has disabled or removed the template.
        TemplateDisabled = TemplateDisabled at "template",
        /// The template is not for this number.
        TemplateNotForNumber = TemplateNotForNumber at "template",
        /// The customer wants no marketing.
        MarketingRefused = MarketingRefused at "to",
        /// Who has never written gets marketing only if they asked for it: see `recordConsent`.
        ConsentMissing = ConsentMissing at "to",
        /// There is no such file, it has expired, or somebody else handed it in.
        NoSuchFile = NoSuchFile at "template",
        /// A file of that type cannot be shown there.
        FileNotOfKind = FileNotOfKind at "template",
        /// The file is too large to be shown there.
        FileTooLarge = FileTooLarge at "template",
        /// The file is not there yet.
        FileNotReady = FileNotReady at "template",
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

    /// Writes to a customer who has not written, from one of the company's numbers: with a template, for WhatsApp takes nothing else.
    /// The conversation is the viewer's, and they must be able to read it. Where there is one already that the viewer does not
    /// read, nothing is sent.
    #[requires(MessageInitiate)]
    async fn start_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to write to, and what.")] input: StartConversationInput,
    ) -> Result<StartConversationPayload> {
        let request = Request::of(ctx);
        let whom = match input.to {
            RecipientInput::ContactId(id) => Whom::Contact(parse(&id)?),
            RecipientInput::Phone(PhoneRecipientInput { number, name }) => Whom::Phone { number, name },
        };
        let new = NewConversation {
            channel_id: parse(&input.channel_id)?,
            whom,
            idempotency_key: input.idempotency_key,
            template: input.template.into_template()?,
        };
        let outcome = sending::start(&request.installation, request.viewer()?, new).await;
        let (outcome, found) = match outcome {
            Ok(id) => {
                let sent = message(request, id).await?;
                let (reader, conversation) =
                    (request.installation.database.reader(), sent.row.conversation_id);
                let found = conversation::find(reader, request.viewer()?, conversation).await?;
                (Ok(Some(sent)), Some(found.into()))
            }
            Err(error) => (Err(error), None),
        };
        let mut payload = StartConversationPayload::new(outcome)?;
        payload.conversation = found;
        Ok(payload)
    }

    /// Shows the customer that all they wrote is read (the blue ticks), and perhaps that somebody types. As well as it goes: nobody
    /// is told when WhatsApp does not take it. Colleagues are told by `markConversationRead` and `setTyping`.
    #[requires(
        MessageSendText,
        MessageSendMedia,
        MessageSendDocument,
        MessageSendInteractive,
        MessageSendTemplate,
        MessageSendQuickReply
    )]
    async fn send_read_receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What they are to be shown.")] input: SendReadReceiptInput,
    ) -> Result<SendReadReceiptPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let shown = sending::acknowledge(&request.installation, request.viewer()?, id, input.typing).await;
        SendReadReceiptPayload::new(shown.map(Some))
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
