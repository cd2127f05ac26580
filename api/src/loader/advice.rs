//! Batches what is known of uses, and what is advised, about many at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use portaria_domain::least_privilege::{self, Advice, Lookback};
use portaria_domain::permission_use::{self, PermissionUse};
use portaria_domain::role::{self, RoleRow};
use portaria_entity::id::{ApiKeyId, MemberId};

use super::{Source, reading};
use crate::batch::Batch;
use crate::error::Result;

/// One of whom advice is asked, for so many days.
type About<T> = (T, u32);

pub struct AdviceLoaders {
    member_uses: Batch<MemberId, Arc<[PermissionUse]>>,
    api_key_uses: Batch<ApiKeyId, Arc<[PermissionUse]>>,
    members: Batch<About<MemberId>, Arc<Advice>>,
    api_keys: Batch<About<ApiKeyId>, Arc<Advice>>,
    roles: Batch<(), Arc<[RoleRow]>>,
}

impl AdviceLoaders {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            member_uses: reading(source, Source::member_uses),
            api_key_uses: reading(source, Source::api_key_uses),
            members: reading(source, Source::member_advice),
            api_keys: reading(source, Source::api_key_advice),
            roles: reading(source, Source::roles),
        }
    }

    /// Every role of the workspace.
    pub async fn roles(&self) -> Result<Arc<[RoleRow]>> {
        Ok(self.roles.load(()).await?.unwrap_or_default())
    }

    /// What a member has used.
    pub async fn uses_of_member(&self, id: MemberId) -> Result<Arc<[PermissionUse]>> {
        Ok(self.member_uses.load(id).await?.unwrap_or_default())
    }

    /// What a key has used.
    pub async fn uses_of_api_key(&self, id: ApiKeyId) -> Result<Arc<[PermissionUse]>> {
        Ok(self.api_key_uses.load(id).await?.unwrap_or_default())
    }

    /// What would do for a member; none for who is not active.
    pub async fn of_member(&self, id: MemberId, lookback: Lookback) -> Result<Option<Arc<Advice>>> {
        self.members.load((id, lookback.days())).await
    }

    /// What would do for a key; none for one that has ended.
    pub async fn of_api_key(&self, id: ApiKeyId, lookback: Lookback) -> Result<Option<Arc<Advice>>> {
        self.api_keys.load((id, lookback.days())).await
    }
}

/// By the days that are looked at: one question of a client has one, seldom two.
fn by_days<T>(asked: Vec<About<T>>) -> BTreeMap<u32, Vec<T>> {
    let mut all: BTreeMap<u32, Vec<T>> = BTreeMap::new();
    for (id, days) in asked {
        all.entry(days).or_default().push(id);
    }
    all
}

impl Source {
    async fn roles(self: Arc<Self>, _: Vec<()>) -> Result<HashMap<(), Arc<[RoleRow]>>> {
        let roles = role::all(self.database.reader(), self.viewer.workspace_id).await?;
        Ok(HashMap::from([((), roles.into())]))
    }

    async fn member_uses(
        self: Arc<Self>,
        ids: Vec<MemberId>,
    ) -> Result<HashMap<MemberId, Arc<[PermissionUse]>>> {
        let found =
            permission_use::of_members(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(found.into_iter().map(|(id, uses)| (id, uses.into())).collect())
    }

    async fn api_key_uses(
        self: Arc<Self>,
        ids: Vec<ApiKeyId>,
    ) -> Result<HashMap<ApiKeyId, Arc<[PermissionUse]>>> {
        let found =
            permission_use::of_api_keys(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(found.into_iter().map(|(id, uses)| (id, uses.into())).collect())
    }

    async fn member_advice(
        self: Arc<Self>,
        asked: Vec<About<MemberId>>,
    ) -> Result<HashMap<About<MemberId>, Arc<Advice>>> {
        let (database, workspace) = (&self.database, self.viewer.workspace_id);
        let mut all = HashMap::new();
        for (days, ids) in by_days(asked) {
            let at = (Lookback::new(Some(days.into()))?, self.clock.now());
            let found =
                least_privilege::of_members(database.reader(), database, (workspace, &ids), at).await?;
            all.extend(found.into_iter().map(|(id, advice)| ((id, days), Arc::new(advice))));
        }
        Ok(all)
    }

    async fn api_key_advice(
        self: Arc<Self>,
        asked: Vec<About<ApiKeyId>>,
    ) -> Result<HashMap<About<ApiKeyId>, Arc<Advice>>> {
        let workspace = self.viewer.workspace_id;
        let mut all = HashMap::new();
        for (days, ids) in by_days(asked) {
            let at = (Lookback::new(Some(days.into()))?, self.clock.now());
            let found = least_privilege::of_api_keys(self.database.reader(), (workspace, &ids), at).await?;
            all.extend(found.into_iter().map(|(id, advice)| ((id, days), Arc::new(advice))));
        }
        Ok(all)
    }
}
