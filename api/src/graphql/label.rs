//! Labels.

use std::sync::Arc;

use async_graphql::{Context, ID};
use futures_util::future::try_join_all;
use portaria_entity::id::LabelId;
use portaria_entity::label::Model;
use portaria_guard::guarded;

use crate::error::Result;
use crate::request::Request;

pub struct Label(pub Arc<Model>);

/// The labels with these ids, by name.
pub async fn labels(ctx: &Context<'_>, ids: &[LabelId]) -> Result<Vec<Label>> {
    let loaders = &Request::of(ctx).loaders()?.routing;
    let found = try_join_all(ids.iter().map(|id| loaders.label(*id))).await?;
    let mut labels: Vec<_> = found.into_iter().flatten().map(Label).collect();
    labels.sort_by(|one, other| one.0.name.cmp(&other.0.name));
    Ok(labels)
}

/// What conversations are marked with.
#[guarded]
impl Label {
    /// Starts with `label_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it says.
    #[authenticated]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is a skill: a conversation so marked waits for somebody who has it, for a while.
    #[authenticated]
    fn is_skill(&self) -> bool {
        self.0.is_skill
    }
}
