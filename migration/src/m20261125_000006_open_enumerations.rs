//! Three enumerations that grow with every kind of signing in and every rule of the auditor are no longer checked by the
//! database: the type in `entity` is their check, and SQLite makes a table anew for each new value.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Table and column, with the values that it was held to before.
const ENUMERATIONS: &[(&str, &str, &str)] = &[
    ("sessions", "authentication_method", "'password', 'bootstrap'"),
    (
        "sign_in_events",
        "outcome",
        "'succeeded', 'unknown_email', 'wrong_password', 'no_password', 'not_a_member', \
         'second_factor_missing', 'wrong_code', 'throttled'",
    ),
    (
        "findings",
        "rule",
        "'inactive_member', 'never_signed_in', 'account_under_attack', 'address_on_many_accounts', \
         'success_after_failures'",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, _) in ENUMERATIONS {
            ddl::open(manager, table, column).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, values) in ENUMERATIONS {
            ddl::hold_to(manager, table, column, values).await?;
        }
        Ok(())
    }
}
