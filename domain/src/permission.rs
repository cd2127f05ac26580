//! The permission catalogue: every permission, where it may be granted, and which built-in roles hold it.

mod words;

use std::fmt;

use portaria_entity::role::BuiltInRole;

/// One thing that somebody may be permitted to do.
///
/// The order is that of the catalogue. A permission's number is its bit in a [`PermissionSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter)]
#[repr(u8)]
pub enum Permission {
    WorkspaceRead,
    WorkspaceUpdate,
    SecurityPolicyManage,
    ChannelManage,
    BillingRead,
    BillingManage,
    UsageRead,
    MemberRead,
    MemberReadPrivate,
    MemberManage,
    SessionRevoke,
    TeamRead,
    TeamManage,
    RoleRead,
    RoleManage,
    RoleAssign,
    AuditLogRead,
    AuditLogExport,
    AccessAuditRead,
    AuditRun,
    FindingResolve,
    AccessReviewDecide,
    ContactRead,
    ContactReadAll,
    ContactReadPhone,
    ContactReadProfile,
    ContactUpdate,
    ContactBlock,
    ContactExport,
    ConsentManage,
    PrivacyManage,
    ConversationReadAssigned,
    ConversationReadUnassigned,
    ConversationReadTeam,
    ConversationReadAll,
    ConversationClaim,
    ConversationTransfer,
    ConversationAssign,
    ConversationEscalate,
    ConversationReceiveEscalation,
    ConversationResolve,
    ConversationAnnotate,
    ConversationExport,
    MessageRead,
    MessageSendText,
    MessageSendMedia,
    MessageSendDocument,
    MessageSendInteractive,
    MessageSendTemplate,
    MessageSendQuickReply,
    MessageInitiate,
    QuickReplyRead,
    QuickReplyManage,
    TemplateRead,
    TemplateWrite,
    TemplateApprove,
    TemplateDelete,
    BotUse,
    BotMonitor,
    BotManage,
    CampaignRead,
    CampaignWrite,
    CampaignApprove,
    AnalyticsRead,
    ReportExport,
    FeedbackRead,
    IntegrationRead,
    IntegrationManage,
    WebhookRead,
    WebhookManage,
    WebhookEventRead,
    WebhookEventReplay,
    ApiKeyRead,
    ApiKeyManage,
    ApiDebug,
}

/// The scopes at which a grant confers a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Every active member has it; no grant is needed.
    Basic,
    /// Only a grant for the whole workspace confers it.
    Workspace,
    /// A grant for the workspace or for a channel confers it.
    Channel,
    /// A grant for the workspace, for a channel or for a team confers it.
    Team,
}

/// What the catalogue says of a permission.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub permission: Permission,
    /// Stable: stored, exported, and shown.
    pub key: &'static str,
    pub description: &'static str,
    pub breadth: Breadth,
    /// Needs a two-factor session that was authenticated within the last hour.
    pub sensitive: bool,
    /// The built-in roles that hold it.
    pub roles: &'static [BuiltInRole],
}

impl Permission {
    pub const COUNT: usize = CATALOGUE.len();

    pub fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }

    pub fn key(self) -> &'static str {
        self.entry().key
    }

    /// Its name in GraphQL: `contact:read_phone` is `CONTACT_READ_PHONE`.
    pub fn graphql_name(self) -> String {
        self.key().replace(':', "_").to_uppercase()
    }

    pub fn from_key(key: &str) -> Option<Self> {
        CATALOGUE.iter().find(|entry| entry.key == key).map(|entry| entry.permission)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|entry| entry.permission)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A set of permissions: 128 bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u128);

const _: () = assert!(Permission::COUNT <= 128, "a permission set has 128 bits");

impl PermissionSet {
    pub const EMPTY: Self = Self(0);
    /// Those that need a fresh two-factor session.
    pub const SENSITIVE: Self = {
        let mut bits = 0;
        let mut index = 0;
        while index < CATALOGUE.len() {
            if CATALOGUE[index].sensitive {
                bits |= 1 << CATALOGUE[index].permission as u8;
            }
            index += 1;
        }
        Self(bits)
    };

    /// What every active member has.
    pub const BASIC: Self = {
        let mut bits = 0;
        let mut index = 0;
        while index < CATALOGUE.len() {
            if matches!(CATALOGUE[index].breadth, Basic) {
                bits |= 1 << CATALOGUE[index].permission as u8;
            }
            index += 1;
        }
        Self(bits)
    };

    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::all().filter(move |permission| self.contains(*permission))
    }

    /// What every active member has.
    pub fn basic() -> Self {
        Self::BASIC
    }

    /// Of these the one that the most roles have; none of none.
    pub const fn commonest(self) -> Self {
        if self.0 & self.0.wrapping_sub(1) == 0 {
            return self;
        }
        let mut roles = BY_ROLES.len();
        while roles > 0 {
            roles -= 1;
            let bits = self.0 & BY_ROLES[roles];
            if bits != 0 {
                return Self(bits & bits.wrapping_neg());
            }
        }
        Self::EMPTY
    }

    /// As two words of 64 bits, the lower first; [`Self::of_words`] makes it of them.
    pub(crate) const fn words(self) -> [u64; 2] {
        #[expect(clippy::cast_possible_truncation, reason = "each word takes its half")]
        let words = [self.0 as u64, (self.0 >> 64) as u64];
        words
    }

    pub(crate) const fn of_words([low, high]: [u64; 2]) -> Self {
        Self(low as u128 | (high as u128) << 64)
    }

    /// What a built-in role holds.
    pub fn of_role(role: BuiltInRole) -> Self {
        CATALOGUE.iter().filter(|entry| entry.roles.contains(&role)).map(|entry| entry.permission).collect()
    }
}

/// The permissions that so many built-in roles hold.
const BY_ROLES: [u128; 6] = {
    let mut bits = [0; 6];
    let mut index = 0;
    while index < CATALOGUE.len() {
        bits[CATALOGUE[index].roles.len()] |= 1 << CATALOGUE[index].permission as u8;
        index += 1;
    }
    bits
};

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, permission| set.union(Self::of(&[permission])))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::key)).finish()
    }
}

use Breadth::{Basic, Channel, Team, Workspace};
use BuiltInRole::{Administrator, Agent, Analyst, Developer, Support};

/// The catalogue, in the order of [`Permission`].
#[rustfmt::skip]
pub const CATALOGUE: [Entry; 75] = [
    Entry { permission: Permission::WorkspaceRead, key: "workspace:read", breadth: Basic, sensitive: false, roles: &[Administrator, Agent, Developer, Analyst, Support],
        description: "See the workspace's name and preferences and its phone numbers" },
    Entry { permission: Permission::WorkspaceUpdate, key: "workspace:update", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "Change the workspace's preferences" },
    Entry { permission: Permission::SecurityPolicyManage, key: "security_policy:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Change two-factor, session, lockout, audit-schedule and alert settings" },
    Entry { permission: Permission::ChannelManage, key: "channel:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Add, change and remove phone numbers and their credentials (secrets are write-only)" },
    Entry { permission: Permission::BillingRead, key: "billing:read", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "See message charges and invoices" },
    Entry { permission: Permission::BillingManage, key: "billing:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Change billing settings and spending limits" },
    Entry { permission: Permission::UsageRead, key: "usage:read", breadth: Channel, sensitive: false, roles: &[Administrator, Analyst],
        description: "See API use and message volume by number and category" },
    Entry { permission: Permission::MemberRead, key: "member:read", breadth: Basic, sensitive: false, roles: &[Administrator, Agent, Developer, Analyst, Support],
        description: "See colleagues' names and availability" },
    Entry { permission: Permission::MemberReadPrivate, key: "member:read_private", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "See colleagues' e-mail, last sign-in, addresses and two-factor state" },
    Entry { permission: Permission::MemberManage, key: "member:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Invite, suspend, reinstate and remove members" },
    Entry { permission: Permission::SessionRevoke, key: "session:revoke", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "End other members' sessions" },
    Entry { permission: Permission::TeamRead, key: "team:read", breadth: Basic, sensitive: false, roles: &[Administrator, Agent, Developer, Analyst, Support],
        description: "See teams and who is in them" },
    Entry { permission: Permission::TeamManage, key: "team:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Create, change and delete teams" },
    Entry { permission: Permission::RoleRead, key: "role:read", breadth: Workspace, sensitive: false, roles: &[Administrator, Developer],
        description: "See roles and what each allows" },
    Entry { permission: Permission::RoleManage, key: "role:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Create, change and delete custom roles" },
    Entry { permission: Permission::RoleAssign, key: "role:assign", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Grant and revoke roles" },
    Entry { permission: Permission::AuditLogRead, key: "audit_log:read", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "Read the activity log" },
    Entry { permission: Permission::AuditLogExport, key: "audit_log:export", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Export the activity log" },
    Entry { permission: Permission::AccessAuditRead, key: "access_audit:read", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "Read access-audit reports and findings" },
    Entry { permission: Permission::AuditRun, key: "audit:run", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "Run an access audit now" },
    Entry { permission: Permission::FindingResolve, key: "finding:resolve", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "Acknowledge, dismiss and resolve findings" },
    Entry { permission: Permission::AccessReviewDecide, key: "access_review:decide", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Decide access reviews (never one's own grants)" },
    Entry { permission: Permission::ContactRead, key: "contact:read", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "See a customer's name, of customers in conversations one may read" },
    Entry { permission: Permission::ContactReadAll, key: "contact:read_all", breadth: Workspace, sensitive: false, roles: &[Administrator],
        description: "See customers apart from the conversations one may read: search, lists, counts" },
    Entry { permission: Permission::ContactReadPhone, key: "contact:read_phone", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "See a customer's full phone number and identifiers (masked without it)" },
    Entry { permission: Permission::ContactReadProfile, key: "contact:read_profile", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "See a customer's e-mail, attributes and tags" },
    Entry { permission: Permission::ContactUpdate, key: "contact:update", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Change a customer's name and attributes" },
    Entry { permission: Permission::ContactBlock, key: "contact:block", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Block and unblock a customer" },
    Entry { permission: Permission::ContactExport, key: "contact:export", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Export customer data" },
    Entry { permission: Permission::ConsentManage, key: "consent:manage", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Record a customer's opt-in and opt-out" },
    Entry { permission: Permission::PrivacyManage, key: "privacy:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Set retention, and answer access and erasure requests" },
    Entry { permission: Permission::ConversationReadAssigned, key: "conversation:read_assigned", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Read the conversations assigned to oneself" },
    Entry { permission: Permission::ConversationReadUnassigned, key: "conversation:read_unassigned", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "See the queue of unassigned conversations in scope: customer name, channel, waiting time, labels; text only after claiming" },
    Entry { permission: Permission::ConversationReadTeam, key: "conversation:read_team", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Read the conversations of one's teams" },
    Entry { permission: Permission::ConversationReadAll, key: "conversation:read_all", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Read every conversation in scope" },
    Entry { permission: Permission::ConversationClaim, key: "conversation:claim", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Take an unassigned conversation" },
    Entry { permission: Permission::ConversationTransfer, key: "conversation:transfer", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Hand one's own conversation to another member or team" },
    Entry { permission: Permission::ConversationAssign, key: "conversation:assign", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Assign any conversation in scope" },
    Entry { permission: Permission::ConversationEscalate, key: "conversation:escalate", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Escalate one's conversation to a senior agent or an administrator" },
    Entry { permission: Permission::ConversationReceiveEscalation, key: "conversation:receive_escalation", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Be given escalated conversations (a senior agent)" },
    Entry { permission: Permission::ConversationResolve, key: "conversation:resolve", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Resolve, snooze and reopen a conversation" },
    Entry { permission: Permission::ConversationAnnotate, key: "conversation:annotate", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Set labels and priority, write internal notes" },
    Entry { permission: Permission::ConversationExport, key: "conversation:export", breadth: Channel, sensitive: true, roles: &[Administrator],
        description: "Export conversation histories" },
    Entry { permission: Permission::MessageRead, key: "message:read", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Read message text and media, in conversations one may read" },
    Entry { permission: Permission::MessageSendText, key: "message:send_text", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Send free text within the customer-service window" },
    Entry { permission: Permission::MessageSendMedia, key: "message:send_media", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Send images, audio, video and stickers" },
    Entry { permission: Permission::MessageSendDocument, key: "message:send_document", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Send documents" },
    Entry { permission: Permission::MessageSendInteractive, key: "message:send_interactive", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Send buttons, lists and flows" },
    Entry { permission: Permission::MessageSendTemplate, key: "message:send_template", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Send approved templates" },
    Entry { permission: Permission::MessageSendQuickReply, key: "message:send_quick_reply", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "Send pre-approved replies" },
    Entry { permission: Permission::MessageInitiate, key: "message:initiate", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Start a conversation with a customer who has not written" },
    Entry { permission: Permission::QuickReplyRead, key: "quick_reply:read", breadth: Team, sensitive: false, roles: &[Administrator, Agent, Support],
        description: "See pre-approved replies and answering guidelines" },
    Entry { permission: Permission::QuickReplyManage, key: "quick_reply:manage", breadth: Team, sensitive: false, roles: &[Administrator],
        description: "Write pre-approved replies and answering guidelines" },
    Entry { permission: Permission::TemplateRead, key: "template:read", breadth: Channel, sensitive: false, roles: &[Administrator, Agent, Developer, Analyst, Support],
        description: "See message templates" },
    Entry { permission: Permission::TemplateWrite, key: "template:write", breadth: Channel, sensitive: false, roles: &[Administrator],
        description: "Create and edit templates" },
    Entry { permission: Permission::TemplateApprove, key: "template:approve", breadth: Channel, sensitive: false, roles: &[Administrator],
        description: "Approve templates for submission to Meta" },
    Entry { permission: Permission::TemplateDelete, key: "template:delete", breadth: Channel, sensitive: true, roles: &[Administrator],
        description: "Delete templates" },
    Entry { permission: Permission::BotUse, key: "bot:use", breadth: Team, sensitive: false, roles: &[Administrator, Agent],
        description: "Hand a conversation to a chatbot or run an automation on it" },
    Entry { permission: Permission::BotMonitor, key: "bot:monitor", breadth: Channel, sensitive: false, roles: &[Administrator, Developer, Analyst],
        description: "See how chatbots interact with customers (aggregates, without text unless message:read)" },
    Entry { permission: Permission::BotManage, key: "bot:manage", breadth: Channel, sensitive: false, roles: &[Administrator, Developer],
        description: "Connect and configure chatbots" },
    Entry { permission: Permission::CampaignRead, key: "campaign:read", breadth: Channel, sensitive: false, roles: &[Administrator, Analyst],
        description: "See campaigns and how they performed" },
    Entry { permission: Permission::CampaignWrite, key: "campaign:write", breadth: Channel, sensitive: false, roles: &[Administrator],
        description: "Prepare campaigns" },
    Entry { permission: Permission::CampaignApprove, key: "campaign:approve", breadth: Channel, sensitive: true, roles: &[Administrator],
        description: "Approve and start campaigns" },
    Entry { permission: Permission::AnalyticsRead, key: "analytics:read", breadth: Team, sensitive: false, roles: &[Administrator, Analyst],
        description: "See delivery, read and engagement figures (aggregates over at least 5 customers, never text)" },
    Entry { permission: Permission::ReportExport, key: "report:export", breadth: Team, sensitive: false, roles: &[Administrator, Analyst],
        description: "Generate and export reports" },
    Entry { permission: Permission::FeedbackRead, key: "feedback:read", breadth: Team, sensitive: false, roles: &[Administrator, Analyst],
        description: "See customer feedback and ratings (aggregates, without identity unless contact:read)" },
    Entry { permission: Permission::IntegrationRead, key: "integration:read", breadth: Workspace, sensitive: false, roles: &[Administrator, Developer],
        description: "See CRM and chat-tool integrations" },
    Entry { permission: Permission::IntegrationManage, key: "integration:manage", breadth: Workspace, sensitive: true, roles: &[Administrator],
        description: "Configure CRM and chat-tool integrations and their role mappings" },
    Entry { permission: Permission::WebhookRead, key: "webhook:read", breadth: Workspace, sensitive: false, roles: &[Administrator, Developer],
        description: "See outgoing webhook endpoints and their deliveries" },
    Entry { permission: Permission::WebhookManage, key: "webhook:manage", breadth: Workspace, sensitive: false, roles: &[Administrator, Developer],
        description: "Manage outgoing webhooks and automation flows" },
    Entry { permission: Permission::WebhookEventRead, key: "webhook_event:read", breadth: Channel, sensitive: false, roles: &[Administrator, Developer],
        description: "See received webhook deliveries and their fate (customer content redacted without message:read)" },
    Entry { permission: Permission::WebhookEventReplay, key: "webhook_event:replay", breadth: Channel, sensitive: false, roles: &[Administrator, Developer],
        description: "Process a received delivery again" },
    Entry { permission: Permission::ApiKeyRead, key: "api_key:read", breadth: Workspace, sensitive: false, roles: &[Administrator, Developer],
        description: "See API keys (never their secret)" },
    Entry { permission: Permission::ApiKeyManage, key: "api_key:manage", breadth: Workspace, sensitive: true, roles: &[Administrator, Developer],
        description: "Create, rotate and revoke API keys, with grants one holds oneself" },
    Entry { permission: Permission::ApiDebug, key: "api:debug", breadth: Channel, sensitive: false, roles: &[Administrator, Developer],
        description: "Test configuration: signature diagnosis, test sends to test numbers, request traces" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_in_the_order_of_the_enum() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.permission as usize, index, "{}", entry.key);
            assert_eq!(Permission::from_key(entry.key), Some(entry.permission));
        }
        assert_eq!(<Permission as strum::IntoEnumIterator>::iter().count(), Permission::COUNT);
    }

    #[test]
    fn built_in_roles_hold_what_the_catalogue_says() {
        assert_eq!(PermissionSet::of_role(Administrator).iter().count(), Permission::COUNT);
        let agent = PermissionSet::of_role(Agent);
        let support = PermissionSet::of_role(Support);
        assert!(agent.contains(Permission::ContactReadPhone));
        assert!(!support.contains(Permission::ContactReadPhone));
        assert!(!support.contains(Permission::MessageSendText));
        assert!(!PermissionSet::of_role(Analyst).contains(Permission::MessageRead));
        assert!(PermissionSet::of_role(Developer).contains(Permission::WebhookEventReplay));
        for role in [Administrator, Agent, Developer, Analyst, Support] {
            assert!(PermissionSet::of_role(role).contains_all(PermissionSet::basic()), "{role:?}");
        }
    }

    #[test]
    fn set_operations() {
        let phone = PermissionSet::of(&[Permission::ContactReadPhone]);
        let both = PermissionSet::of(&[Permission::ContactReadPhone, Permission::ApiDebug]);
        assert!(both.contains_all(phone) && !phone.contains_all(both) && both.intersects(phone));
        assert_eq!(both.without(phone).iter().collect::<Vec<_>>(), [Permission::ApiDebug]);
        assert_eq!(format!("{phone:?}"), r#"{"contact:read_phone"}"#);
    }

    #[test]
    fn the_commonest_is_one_of_them_and_the_words_are_all_of_them() {
        let of = PermissionSet::of;
        let send = of(&[Permission::MessageSendText, Permission::MessageSendTemplate]);
        assert_eq!(send.commonest(), of(&[Permission::MessageSendTemplate]));
        let read = of(&[Permission::ConversationReadAll, Permission::ConversationReadAssigned]);
        assert_eq!(read.commonest(), of(&[Permission::ConversationReadAssigned]));
        assert_eq!(PermissionSet::EMPTY.commonest(), PermissionSet::EMPTY);
        for permission in Permission::all() {
            assert_eq!(of(&[permission]).commonest(), of(&[permission]));
            let both = of(&[permission, Permission::ApiDebug]);
            assert!(both.contains_all(both.commonest()) && both.commonest().iter().count() == 1);
            assert_eq!(PermissionSet::of_words(both.words()), both);
        }
        assert!(
            PermissionSet::BASIC.contains(Permission::MemberRead) && PermissionSet::BASIC.iter().count() == 3
        );
    }
}
