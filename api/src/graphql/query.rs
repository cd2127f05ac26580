//! What can be asked, one noun a file. A question may be asked by who holds its permission anywhere; the scoped finder
//! answers with the rows of that scope.

mod access_review;
mod account;
mod activity;
mod alert;
mod bot;
mod conversation;
mod directory;
mod explanation;
mod finding;
mod guidance;
mod identity_provider;
mod label;
mod least_privilege;
mod meta_app;
mod notification;
mod people;
mod sending;
mod viewer;
mod webhook_delivery;
mod workspace;

use async_graphql::MergedObject;

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    viewer::ViewerQuery,
    workspace::WorkspaceQuery,
    conversation::ConversationQuery,
    explanation::ExplanationQuery,
    people::PeopleQuery,
    directory::DirectoryQuery,
    activity::ActivityQuery,
    identity_provider::IdentityProviderQuery,
    alert::AlertQuery,
    webhook_delivery::WebhookDeliveryQuery,
    meta_app::MetaAppQuery,
    label::LabelQuery,
    account::AccountQuery,
    account::TemplateQuery,
    sending::SendingQuery,
    guidance::QuickReplyQuery,
    guidance::GuidelineQuery,
    bot::BotQuery,
    finding::FindingQuery,
    access_review::AccessReviewQuery,
    least_privilege::LeastPrivilegeQuery,
    notification::NotificationQuery,
);
