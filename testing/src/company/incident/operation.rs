//! What goes wrong with programs, secrets, words and the log itself.

use portaria_entity::id::{TemplateId, TemplateVersionId};

use super::super::Company;
use super::super::calendar::MINUTE;
use super::super::planted::Whom;

impl Company {
    /// Whoever has the CRM's key uses it, too.
    pub(super) async fn key_elsewhere(&mut self) {
        let at = self.stage.clock.now();
        self.uses(0, "203.0.113.88".to_owned()).await;
        self.expect("api_key_from_new_network", Whom::ApiKey(self.programs[0].id), at, 0);
    }

    pub(super) async fn approved_alone(&mut self) {
        let now = self.stage.clock.now();
        let (template, version): (TemplateId, TemplateVersionId) =
            (self.stage.clock.new_id(), self.stage.clock.new_id());
        let workspace = self.stage.workspace_id.0;
        let sql = "INSERT INTO templates (workspace_id, id, waba_id, name, language, created_at) \
                   VALUES ($1, $2, 'padaria-waba', 'cobranca', 'pt_BR', $3)";
        self.run(sql, [workspace.into(), template.0.into(), now.0.into()]).await;
        let sql = "INSERT INTO template_versions (workspace_id, id, template_id, number, definition, author_id, created_at, \
                   state, requested_by, requested_at, decided_by, decided_at, alone) \
                   VALUES ($1, $2, $3, 1, '{}', $4, $5, 'approved', $4, $5, $4, $5, TRUE)";
        let author = self.member(0);
        let values = [workspace.into(), version.0.into(), template.0.into(), author.0.into(), now.0.into()];
        self.run(sql, values).await;
        self.expect("template_approved_alone", Whom::Member(author), now, 0);
    }

    /// Somebody has changed the app's secret at Meta and not here.
    pub(super) async fn signatures_fail(&mut self) {
        let now = self.stage.clock.now();
        for minute in 0..60 {
            let sql = "INSERT INTO webhook_refusals (minute, app_key, cause, count) VALUES ($1, 'padaria', 'wrong_signature', 5)";
            self.run(sql, [(now.0 + minute * MINUTE).into()]).await;
        }
        self.expect("webhook_signatures_failing", Whom::Any, now, 0);
    }

    /// Whoever owns the database takes a seal out, and first what refuses it.
    pub(super) async fn break_chain(&mut self) {
        let now = self.stage.clock.now();
        let on = if self.stage.installation.database.is_sqlite() { "" } else { " ON activity_seals" };
        self.run(&format!("DROP TRIGGER activity_seals_refuse_delete{on}"), []).await;
        let sql = "DELETE FROM activity_seals WHERE workspace_id = $1 AND sequence = 40";
        self.run(sql, [self.stage.workspace_id.0.into()]).await;
        self.expect("broken_chain", Whom::Any, now, 0);
    }
}
