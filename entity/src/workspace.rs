//! The tenant. Nothing crosses from one workspace to another.

use sea_orm::entity::prelude::*;

use crate::id::WorkspaceId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workspaces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkspaceId,
    pub name: String,
    pub slug: String,
    /// IANA name, e.g. `America/Sao_Paulo`.
    pub time_zone: String,
    /// BCP 47 tag of the language its mails are written in.
    pub locale: String,
    /// Where links in mails lead; none are written without it.
    pub front_end_url: Option<String>,
    /// Grows with every change of access; cached viewers of an older epoch are dropped.
    pub access_epoch: i64,
    /// Local minute of the day at which the daily audit runs.
    pub audit_minute: i32,
    /// Whether a report of the audit goes out each day.
    pub reports_daily: bool,
    /// On which day of the week the report of the week goes out, Monday being 0; none without it.
    pub reports_weekday: Option<i32>,
    /// Since when that holds: no report of the week is made up for from before, while it is not late.
    pub reports_set_at: Timestamp,
    /// Since when it is recorded which permissions are used.
    pub uses_recorded_since: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
