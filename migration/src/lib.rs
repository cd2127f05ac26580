//! The database's definition. Migrations expand first and contract a release later.

mod ddl;
mod m20261122_000001_initial;
mod m20261123_000002_people;
mod m20261124_000003_second_factors;
mod m20261124_000004_api_keys;
mod m20261124_000005_sealed_log;
mod m20261125_000006_open_enumerations;
mod m20261125_000007_passwords;
mod m20261125_000008_factors;
mod m20261125_000009_sessions;
mod m20261125_000010_single_sign_on;
mod m20261125_000011_provisioning;
mod m20261125_000012_alerts;
mod m20261125_000013_vouched_factors;
mod m20261125_000021_receiving;
mod m20261125_000022_deliveries;
mod m20261125_000023_understanding;
mod m20261125_000025_routing;
mod m20261125_000026_merging;
mod m20261125_000027_assignments;
mod m20261125_000028_lookups;
mod m20261125_000029_transfers;
mod m20261125_000030_sending;
mod m20261125_000031_media;
mod m20261125_000032_templates;
mod m20261125_000033_quick_replies;
mod m20261125_000034_bots;
mod m20261126_000035_audit_rules;
mod m20261126_000036_sign_in_lookups;
mod m20261126_000037_traces;
mod m20261126_000038_findings;
mod m20261126_000039_audit_reports;
mod m20261126_000040_notifications;
mod m20261126_000041_access_reviews;
mod m20261126_000042_session_moments;
mod m20261126_000043_session_uses;
mod m20261126_000044_report_contents;
mod m20261126_000045_networks;
mod m20261126_000046_role_permissions;
mod m20261126_000047_review_endings;
mod m20261126_000048_notice_budgets;
mod m20261126_000049_review_changes;
mod m20261126_000050_tenures;
mod m20261126_000051_grant_lineage;

pub use sea_orm_migration::{MigratorTrait, SchemaManager};

pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_initial::Migration),
            Box::new(m20261123_000002_people::Migration),
            Box::new(m20261124_000003_second_factors::Migration),
            Box::new(m20261124_000004_api_keys::Migration),
            Box::new(m20261124_000005_sealed_log::Migration),
            Box::new(m20261125_000006_open_enumerations::Migration),
            Box::new(m20261125_000007_passwords::Migration),
            Box::new(m20261125_000008_factors::Migration),
            Box::new(m20261125_000009_sessions::Migration),
            Box::new(m20261125_000010_single_sign_on::Migration),
            Box::new(m20261125_000011_provisioning::Migration),
            Box::new(m20261125_000012_alerts::Migration),
            Box::new(m20261125_000013_vouched_factors::Migration),
            Box::new(m20261125_000021_receiving::Migration),
            Box::new(m20261125_000022_deliveries::Migration),
            Box::new(m20261125_000023_understanding::Migration),
            Box::new(m20261125_000025_routing::Migration),
            Box::new(m20261125_000026_merging::Migration),
            Box::new(m20261125_000027_assignments::Migration),
            Box::new(m20261125_000028_lookups::Migration),
            Box::new(m20261125_000029_transfers::Migration),
            Box::new(m20261125_000030_sending::Migration),
            Box::new(m20261125_000031_media::Migration),
            Box::new(m20261125_000033_quick_replies::Migration),
            Box::new(m20261125_000034_bots::Migration),
            Box::new(m20261125_000032_templates::Migration),
            Box::new(m20261126_000035_audit_rules::Migration),
            Box::new(m20261126_000036_sign_in_lookups::Migration),
            Box::new(m20261126_000037_traces::Migration),
            Box::new(m20261126_000038_findings::Migration),
            Box::new(m20261126_000039_audit_reports::Migration),
            Box::new(m20261126_000041_access_reviews::Migration),
            Box::new(m20261126_000040_notifications::Migration),
            Box::new(m20261126_000042_session_moments::Migration),
            Box::new(m20261126_000043_session_uses::Migration),
            Box::new(m20261126_000044_report_contents::Migration),
            Box::new(m20261126_000045_networks::Migration),
            Box::new(m20261126_000046_role_permissions::Migration),
            Box::new(m20261126_000047_review_endings::Migration),
            Box::new(m20261126_000048_notice_budgets::Migration),
            Box::new(m20261126_000049_review_changes::Migration),
            Box::new(m20261126_000050_tenures::Migration),
            Box::new(m20261126_000051_grant_lineage::Migration),
        ]
    }
}
