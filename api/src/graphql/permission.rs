//! The permission catalogue as frontend teams see it.

use async_graphql::Enum;

/// One thing that somebody may be permitted to do.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_domain::permission::Permission", name = "PermissionKey")]
pub enum PermissionKey {
    /// See the workspace's name and preferences and its phone numbers.
    WorkspaceRead,
    /// Change the workspace's preferences.
    WorkspaceUpdate,
    /// Change two-factor, session, lockout, audit-schedule and alert settings.
    SecurityPolicyManage,
    /// Add, change and remove phone numbers and their credentials (secrets are write-only).
    ChannelManage,
    /// See message charges and invoices.
    BillingRead,
    /// Change billing settings and spending limits.
    BillingManage,
    /// See API use and message volume by number and category.
    UsageRead,
    /// See colleagues' names and availability.
    MemberRead,
    /// See colleagues' e-mail, last sign-in, addresses and two-factor state.
    MemberReadPrivate,
    /// Invite, suspend, reinstate and remove members.
    MemberManage,
    /// End other members' sessions.
    SessionRevoke,
    /// See teams and who is in them.
    TeamRead,
    /// Create, change and delete teams.
    TeamManage,
    /// See roles and what each allows.
    RoleRead,
    /// Create, change and delete custom roles.
    RoleManage,
    /// Grant and revoke roles.
    RoleAssign,
    /// Read the activity log.
    AuditLogRead,
    /// Export the activity log.
    AuditLogExport,
    /// Read access-audit reports and findings.
    AccessAuditRead,
    /// Run an access audit now.
    AuditRun,
    /// Acknowledge, dismiss and resolve findings.
    FindingResolve,
    /// Decide access reviews (never one's own grants).
    AccessReviewDecide,
    /// See a customer's name, of customers in conversations one may read.
    ContactRead,
    /// See customers apart from the conversations one may read: search, lists, counts.
    ContactReadAll,
    /// See a customer's full phone number and identifiers (masked without it).
    ContactReadPhone,
    /// See a customer's e-mail, attributes and tags.
    ContactReadProfile,
    /// Change a customer's name and attributes.
    ContactUpdate,
    /// Block and unblock a customer.
    ContactBlock,
    /// Export customer data.
    ContactExport,
    /// Record a customer's opt-in and opt-out.
    ConsentManage,
    /// Set retention, and answer access and erasure requests.
    PrivacyManage,
    /// Read the conversations assigned to oneself.
    ConversationReadAssigned,
    /// See the queue of unassigned conversations in scope: customer name, channel, waiting time, labels; text only after claiming.
    ConversationReadUnassigned,
    /// Read the conversations of one's teams.
    ConversationReadTeam,
    /// Read every conversation in scope.
    ConversationReadAll,
    /// Take an unassigned conversation.
    ConversationClaim,
    /// Hand one's own conversation to another member or team.
    ConversationTransfer,
    /// Assign any conversation in scope.
    ConversationAssign,
    /// Escalate one's conversation to a senior agent or an administrator.
    ConversationEscalate,
    /// Be given escalated conversations (a senior agent).
    ConversationReceiveEscalation,
    /// Resolve, snooze and reopen a conversation.
    ConversationResolve,
    /// Set labels and priority, write internal notes.
    ConversationAnnotate,
    /// Export conversation histories.
    ConversationExport,
    /// Read message text and media, in conversations one may read.
    MessageRead,
    /// Send free text within the customer-service window.
    MessageSendText,
    /// Send images, audio, video and stickers.
    MessageSendMedia,
    /// Send documents.
    MessageSendDocument,
    /// Send buttons, lists and flows.
    MessageSendInteractive,
    /// Send approved templates.
    MessageSendTemplate,
    /// Send pre-approved replies.
    MessageSendQuickReply,
    /// Start a conversation with a customer who has not written.
    MessageInitiate,
    /// See pre-approved replies and answering guidelines.
    QuickReplyRead,
    /// Write pre-approved replies and answering guidelines.
    QuickReplyManage,
    /// See message templates.
    TemplateRead,
    /// Create and edit templates.
    TemplateWrite,
    /// Approve templates for submission to Meta.
    TemplateApprove,
    /// Delete templates.
    TemplateDelete,
    /// Hand a conversation to a chatbot or run an automation on it.
    BotUse,
    /// See how chatbots interact with customers (aggregates, without text unless message:read).
    BotMonitor,
    /// Connect and configure chatbots.
    BotManage,
    /// See campaigns and how they performed.
    CampaignRead,
    /// Prepare campaigns.
    CampaignWrite,
    /// Approve and start campaigns.
    CampaignApprove,
    /// See delivery, read and engagement figures (aggregates over at least 5 customers, never text).
    AnalyticsRead,
    /// Generate and export reports.
    ReportExport,
    /// See customer feedback and ratings (aggregates, without identity unless contact:read).
    FeedbackRead,
    /// See CRM and chat-tool integrations.
    IntegrationRead,
    /// Configure CRM and chat-tool integrations and their role mappings.
    IntegrationManage,
    /// See outgoing webhook endpoints and their deliveries.
    WebhookRead,
    /// Manage outgoing webhooks and automation flows.
    WebhookManage,
    /// See received webhook deliveries and their fate (customer content redacted without message:read).
    WebhookEventRead,
    /// Process a received delivery again.
    WebhookEventReplay,
    /// See API keys (never their secret).
    ApiKeyRead,
    /// Create, rotate and revoke API keys, with grants one holds oneself.
    ApiKeyManage,
    /// Test configuration: signature diagnosis, test sends to test numbers, request traces.
    ApiDebug,
}
