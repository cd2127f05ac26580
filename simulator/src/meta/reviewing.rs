//! Templates in an account: made, edited, deleted, reviewed, paused.

use serde_json::Value;

use super::agenda::Happening;
use super::template::{Review, Template, TemplateChange, definition};
use super::world::World;
use crate::cloud_api::GraphError;
use crate::span::{DAY, HOUR};

/// How long the name of a deleted template stays taken.
const NAME_TAKEN: u64 = 30 * DAY;
/// How often an approved template may be edited in thirty days, and at most once a day.
const EDITS: usize = 10;

fn refused(subcode: u32, title: &str, details: &str) -> GraphError {
    let mut error = GraphError::parameter(details).numbered(subcode);
    title.clone_into(&mut error.title);
    error
}

impl World {
    /// The template of that name and language.
    pub(crate) fn template_named(&self, waba_id: &str, name: &str, language: &str) -> Option<usize> {
        self.templates.iter().position(|template| {
            template.waba_id == waba_id && template.name == name && template.language == language
        })
    }

    /// Hands in a new one.
    pub(crate) fn create_template(
        &mut self,
        account: usize,
        request: &Value,
    ) -> Result<&Template, GraphError> {
        let now = self.now();
        self.accounts[account].admit()?;
        let mut template = definition::read(request)?;
        let waba_id = self.accounts[account].id.clone();
        if self.template_named(&waba_id, &template.name, &template.language).is_some() {
            let details = "There is already content in this language for this template.";
            return Err(refused(2_388_024, "Content in this language already exists", details));
        }
        self.accounts[account].deleted.retain(|(_, until)| now < *until);
        if self.accounts[account].deleted.iter().any(|(name, _)| *name == template.name) {
            let details = "A deleted template's name can be used again after 30 days.";
            return Err(refused(2_388_023, "Message template language is being deleted", details));
        }
        let owned = self.templates.iter().filter(|one| one.waba_id == waba_id).count();
        if owned >= self.options.limits.templates {
            let details = format!("An account may have {} templates.", self.options.limits.templates);
            return Err(refused(2_388_019, "Message Template Limit Exceeded", &details));
        }
        let most = self.options.limits.template_creations;
        self.accounts[account].created.take(now, most, HOUR).map_err(|wait| {
            *self.tally.limits.entry("template_creations").or_default() += 1;
            self.throttled(80_007, wait).saying(format!("An account may make {most} templates an hour."))
        })?;
        self.made_templates += 1;
        template.id = self.dice(&["template", &self.made_templates.to_string()]).digits(16);
        template.waba_id = waba_id;
        self.await_review(&template.id.clone(), now);
        self.templates.push(template);
        let made = self.templates.len() - 1;
        Ok(&self.templates[made])
    }

    fn await_review(&mut self, id: &str, now: u64) {
        let (least, most) = self.options.review.takes;
        let takes = self.dice(&["review takes", id]).between(least, most);
        self.agenda.add(now + takes, Happening::Review(id.to_owned()));
    }

    /// Changes one that is not being reviewed; it is reviewed again.
    pub(crate) fn edit_template(&mut self, id: &str, request: &Value) -> Result<(), GraphError> {
        let now = self.now();
        let place = self.templates.iter().position(|one| one.id == id);
        let place = place.ok_or_else(|| GraphError::no_such_object(id))?;
        let template = &self.templates[place];
        if matches!(template.review, Review::Pending | Review::Disabled) {
            return Err(GraphError::parameter("Only approved, rejected and paused templates can be edited."));
        }
        let category =
            request["category"].as_str().map_or_else(|| template.category.clone(), str::to_ascii_uppercase);
        if template.review == Review::Approved && category != template.category {
            return Err(GraphError::parameter("The category of an approved template cannot be changed."));
        }
        let recent = |span: u64| template.edits.iter().filter(|at| *at + span > now).count();
        if template.review == Review::Approved && (recent(DAY) >= 1 || recent(30 * DAY) >= EDITS) {
            let details = "An approved template can be edited once a day and ten times in 30 days.";
            return Err(GraphError::parameter(details));
        }
        let whole = serde_json::json!({
            "name": template.name,
            "language": template.language,
            "category": category,
            "components": request.get("components").cloned().unwrap_or_else(|| Value::from(template.components.clone())),
            "parameter_format": request.get("parameter_format").cloned()
                .unwrap_or_else(|| Value::from(template.format.as_str())),
        });
        let new = definition::read(&whole)?;
        let template = &mut self.templates[place];
        template.edits.push(now);
        template.edits.retain(|at| at + 30 * DAY > now);
        (template.components, template.format) = (new.components, new.format);
        (template.category, template.review) = (category, Review::Pending);
        self.await_review(id, now);
        Ok(())
    }

    /// Deletes every language of a name, or one by its id too.
    pub(crate) fn delete_template(
        &mut self,
        account: usize,
        name: &str,
        id: Option<&str>,
    ) -> Result<(), GraphError> {
        let waba_id = self.accounts[account].id.clone();
        let before = self.templates.len();
        self.templates
            .retain(|one| one.waba_id != waba_id || one.name != name || id.is_some_and(|id| one.id != id));
        if self.templates.len() == before {
            let details = format!("There is no template {name}.");
            return Err(refused(2_593_002, "Message Template Not Found", &details));
        }
        if !self.templates.iter().any(|one| one.waba_id == waba_id && one.name == name) {
            let until = self.now() + NAME_TAKEN;
            self.accounts[account].deleted.push((name.to_owned(), until));
        }
        Ok(())
    }

    /// The review of a template ends: by its name, else by the seed.
    pub(crate) fn review(&mut self, id: &str) {
        let percent = self.options.review.reject_percent;
        let by_seed = self.dice(&["review", id]).percent(percent);
        let Some(template) = self.templates.iter().find(|one| one.id == id) else { return };
        if template.review != Review::Pending {
            return;
        }
        let named = |word: &str| template.name.contains(word);
        let (rejected, recategorized) = (named("reject") || by_seed, named("recategor"));
        if rejected {
            self.change_template(id, TemplateChange::Reject("INVALID_FORMAT".to_owned()));
            return;
        }
        if recategorized {
            self.change_template(id, TemplateChange::Category("MARKETING".to_owned()));
        }
        self.change_template(id, TemplateChange::Approve);
    }

    /// Something happens to a template: it is told, and a pause has an end.
    pub(crate) fn change_template(&mut self, id: &str, change: TemplateChange) {
        let now = self.now();
        let Some(place) = self.templates.iter().position(|one| one.id == id) else { return };
        // A pause may have been lifted, or the template disabled, before its end.
        if change == TemplateChange::Reinstate && self.templates[place].review != Review::Paused {
            return;
        }
        let account = self.account(&self.templates[place].waba_id.clone()).unwrap_or_default();
        let line = self.line_of(account);
        let Some(number) = self.lines.get(line).map(|line| line.number.clone()) else { return };
        let paused_before = self.templates[place].review == Review::Paused;
        let tells = self.templates[place].undergo(change, now / 1000, &number);
        let template = &self.templates[place];
        if template.review == Review::Paused && !paused_before {
            let lasts = self.options.review.pause * u64::from(template.pauses);
            self.agenda.add(now + lasts, Happening::Reinstate(id.to_owned()));
        }
        for tell in tells {
            self.tell(line, tell);
        }
    }
}
