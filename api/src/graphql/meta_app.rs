//! Meta apps: by which the company's numbers deliver, and with which secrets.

use std::sync::Arc;

use async_graphql::ID;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::{meta_app, meta_app_secret};
use portaria_guard::guarded;

use super::time::DateTime;
use crate::guard::Subject;

pub struct MetaApp {
    pub row: meta_app::Model,
    pub secrets: Vec<meta_app_secret::Model>,
    pub public_url: Arc<str>,
}

impl Subject for MetaApp {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A Meta app whose webhooks are let in.
#[guarded]
impl MetaApp {
    /// Starts with `app_`.
    #[requires(ApiDebug, ChannelManage)]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the company calls it.
    #[requires(ApiDebug, ChannelManage)]
    fn name(&self) -> &str {
        &self.row.name
    }

    /// The last segment of its callback URL.
    #[requires(ApiDebug, ChannelManage)]
    fn key(&self) -> &str {
        &self.row.key
    }

    /// What to enter in Meta's dashboard as callback URL.
    #[requires(ApiDebug, ChannelManage)]
    fn callback_url(&self) -> String {
        format!("{}/webhooks/whatsapp/{}", self.public_url.trim_end_matches('/'), self.row.key)
    }

    /// When it was registered.
    #[requires(ApiDebug, ChannelManage)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// The secrets that it had and has, the newest first.
    #[requires(ApiDebug, ChannelManage)]
    fn secrets(&self) -> Vec<MetaAppSecret> {
        self.secrets.iter().cloned().map(MetaAppSecret).collect()
    }
}

pub struct MetaAppSecret(pub meta_app_secret::Model);

impl Subject for MetaAppSecret {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A secret with which Meta signs deliveries of an app. What it is cannot be read.
#[guarded]
impl MetaAppSecret {
    /// Starts with `appsec_`.
    #[requires(ApiDebug, ChannelManage)]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// When it was added.
    #[requires(ApiDebug, ChannelManage)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// From when on deliveries signed with it are refused; null: it is to stay.
    #[requires(ApiDebug, ChannelManage)]
    fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// When a delivery was last verified with it, to the minute; null: never.
    #[requires(ApiDebug, ChannelManage)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }
}
