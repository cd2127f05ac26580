//! What can be changed: one mutation an intent, one noun a file. A mutation may be tried by who holds its permission
//! anywhere; the domain decides in the scope of the row.

mod access_review;
mod access_review_decision;
mod activity;
mod alert;
mod alert_policy;
mod api_key;
mod audit;
mod audit_schedule;
mod bot;
mod channel;
mod consent;
mod contact_merge;
mod conversation;
mod conversation_state;
mod directory;
mod emergency;
mod erasure;
mod finding;
mod grant;
mod guideline;
mod identity_provider;
mod invitation;
mod label;
mod least_privilege;
mod member;
mod meta_app;
mod notification_endpoint;
mod open_session;
mod passkey;
mod password;
mod quick_reply;
mod role;
mod routing_setting;
mod second_factor;
mod second_factor_reset;
mod security_policy;
mod sending;
mod session;
mod session_policy;
mod single_sign_on;
mod team;
mod template;
mod template_approval;
mod typing;
mod webhook_delivery;

use async_graphql::MergedObject;
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;

use crate::request::Request;

/// What can be changed. What the domain refuses is told in `userErrors` of the payload.
#[derive(MergedObject, Default)]
pub struct Mutation(
    session::SessionMutation,
    open_session::OpenSessionMutation,
    session_policy::SessionPolicyMutation,
    second_factor::SecondFactorMutation,
    password::PasswordMutation,
    second_factor_reset::SecondFactorResetMutation,
    passkey::PasskeyMutation,
    security_policy::SecurityPolicyMutation,
    audit_schedule::AuditScheduleMutation,
    conversation::ConversationMutation,
    member::MemberMutation,
    invitation::InvitationMutation,
    team::TeamMutation,
    role::RoleMutation,
    grant::GrantMutation,
    least_privilege::LeastPrivilegeMutation,
    emergency::EmergencyMutation,
    api_key::ApiKeyMutation,
    directory::DirectoryMutation,
    activity::ActivityMutation,
    erasure::ErasureMutation,
    identity_provider::IdentityProviderMutation,
    single_sign_on::SingleSignOnMutation,
    alert::AlertMutation,
    alert_policy::AlertPolicyMutation,
    notification_endpoint::NotificationEndpointMutation,
    webhook_delivery::WebhookDeliveryMutation,
    meta_app::MetaAppMutation,
    conversation_state::ConversationStateMutation,
    routing_setting::RoutingSettingMutation,
    label::LabelMutation,
    consent::ConsentMutation,
    typing::TypingMutation,
    contact_merge::ContactMergeMutation,
    sending::SendingMutation,
    channel::ChannelMutation,
    quick_reply::QuickReplyMutation,
    guideline::GuidelineMutation,
    bot::BotMutation,
    template::TemplateMutation,
    template_approval::TemplateApprovalMutation,
    finding::FindingMutation,
    audit::AuditMutation,
    access_review::AccessReviewMutation,
    access_review_decision::AccessReviewDecisionMutation,
);

/// Begins to change who may do what, on the authority of the viewer, who needs this permission for it.
async fn begin(request: &Request, permission: Permission) -> portaria_domain::Result<Change<'_>> {
    Change::by(&request.installation, request.viewer()?, &[permission]).await
}
