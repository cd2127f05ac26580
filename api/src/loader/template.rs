//! Batches reads about templates: what was written last of each, what is to be done with it, what stands in for it.

use std::collections::HashMap;
use std::sync::Arc;

use portaria_domain::template::authority::{self, TemplateRow};
use portaria_domain::template::{alternative, submission, version};
use portaria_entity::id::TemplateId;
use portaria_entity::{template_alternative, template_channel, template_submission, template_version};

use super::{Source, reading, shared};
use crate::batch::Batch;
use crate::error::Result;

pub struct TemplateLoaders {
    templates: Batch<TemplateId, Arc<TemplateRow>>,
    latest: Batch<TemplateId, Arc<template_version::Model>>,
    submissions: Batch<TemplateId, Arc<template_submission::Model>>,
    alternatives: Batch<TemplateId, Arc<template_alternative::Model>>,
    channels: Batch<TemplateId, Arc<Vec<template_channel::Model>>>,
}

impl TemplateLoaders {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            templates: reading(source, Source::templates),
            latest: reading(source, Source::latest_versions),
            submissions: reading(source, Source::template_submissions),
            alternatives: reading(source, Source::template_alternatives),
            channels: reading(source, Source::template_channels),
        }
    }

    /// A template, unless the viewer may not see it.
    pub async fn template(&self, id: TemplateId) -> Result<Option<Arc<TemplateRow>>> {
        self.templates.load(id).await
    }

    /// What was written last; none of a template that was not written here.
    pub async fn latest(&self, id: TemplateId) -> Result<Option<Arc<template_version::Model>>> {
        self.latest.load(id).await
    }

    /// What was done last with it at Meta, or is to be.
    pub async fn submission(&self, id: TemplateId) -> Result<Option<Arc<template_submission::Model>>> {
        self.submissions.load(id).await
    }

    pub async fn alternative(&self, id: TemplateId) -> Result<Option<Arc<template_alternative::Model>>> {
        self.alternatives.load(id).await
    }

    /// The numbers that it is held to; none: all.
    pub async fn channels(&self, id: TemplateId) -> Result<Arc<Vec<template_channel::Model>>> {
        Ok(self.channels.load(id).await?.unwrap_or_default())
    }
}

impl Source {
    async fn templates(
        self: Arc<Self>,
        ids: Vec<TemplateId>,
    ) -> Result<HashMap<TemplateId, Arc<TemplateRow>>> {
        Ok(shared(authority::by_ids(self.database.reader(), &self.viewer, &ids).await?))
    }

    async fn latest_versions(
        self: Arc<Self>,
        ids: Vec<TemplateId>,
    ) -> Result<HashMap<TemplateId, Arc<template_version::Model>>> {
        let rows = version::latest_of(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(shared(rows.into_iter().map(|row| (row.template_id, row))))
    }

    async fn template_submissions(
        self: Arc<Self>,
        ids: Vec<TemplateId>,
    ) -> Result<HashMap<TemplateId, Arc<template_submission::Model>>> {
        let rows = submission::last_of_each(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(shared(rows.into_iter().map(|row| (row.template_id, row))))
    }

    async fn template_alternatives(
        self: Arc<Self>,
        ids: Vec<TemplateId>,
    ) -> Result<HashMap<TemplateId, Arc<template_alternative::Model>>> {
        let rows = alternative::alternatives(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(shared(rows.into_iter().map(|row| (row.template_id, row))))
    }

    async fn template_channels(
        self: Arc<Self>,
        ids: Vec<TemplateId>,
    ) -> Result<HashMap<TemplateId, Arc<Vec<template_channel::Model>>>> {
        let workspace = self.viewer.workspace_id;
        Ok(shared(alternative::channels_of_templates(self.database.reader(), workspace, &ids).await?))
    }
}
