//! What a customer would see of a template, and what is wrong with one.

use async_graphql::Enum;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::template::definition::{Definition, HeaderMedia};
use portaria_domain::template::fill::fill;
use portaria_domain::template::flaw::{Flaw, FlawCode};
use portaria_domain::template::preview::{Rendered, RenderedButton, preview};
use portaria_domain::template::values::Values;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::template_definition::TemplateHeaderFormat;
use crate::guard::Subject;

/// What is wrong with a template, or with what it is filled with.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "FlawCode")]
pub enum TemplateFlawCode {
    /// It is not there.
    Missing,
    /// It is too long.
    TooLong,
    /// There are too many.
    TooMany,
    /// It is not within its bounds.
    OutOfRange,
    /// It is not written as such a name is.
    InvalidName,
    /// WhatsApp has no templates in that language.
    UnknownLanguage,
    /// Parameters are not as they must be.
    InvalidParameter,
    /// A text begins or ends with a parameter.
    ParameterAtEdge,
    /// No parameter may be there.
    ParameterNotAllowed,
    /// There is no example.
    SampleMissing,
    /// It has a character that may not be there.
    InvalidCharacter,
    /// Quick replies are not together.
    ButtonOrder,
    /// It is there twice.
    Repeated,
    /// It is no address of the web.
    InvalidUrl,
    /// It is no telephone number.
    InvalidPhoneNumber,
    /// Templates of that category do not have it.
    NotForCategory,
    /// The template has no place for it.
    NotInTemplate,
    /// It has parts that this version does not know.
    NotUnderstood,
}

pub struct TemplateFlaw {
    path: Vec<String>,
    flaw: Flaw,
}

impl TemplateFlaw {
    /// A flaw in what stands at the path.
    pub fn at(path: &[&str], flaw: Flaw) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).chain(flaw.path.iter().cloned()).collect();
        Self { path, flaw }
    }
}

/// What is wrong with a template, or with what it is filled with.
#[guarded]
impl TemplateFlaw {
    /// Path of the input field that it is about.
    #[authenticated]
    fn field(&self) -> &[String] {
        &self.path
    }

    /// What it is: programs go by this.
    #[authenticated]
    fn code(&self) -> TemplateFlawCode {
        self.flaw.code.into()
    }

    /// In a sentence of English.
    #[authenticated]
    fn message(&self) -> &str {
        &self.flaw.message
    }
}

impl Subject for TemplatePreview {
    /// It came from a template that may be seen.
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere().union(PermissionSet::of(&[Permission::TemplateRead]))
    }
}

impl Subject for TemplatePreviewButton {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere().union(PermissionSet::of(&[Permission::TemplateRead]))
    }
}

pub struct TemplatePreview {
    rendered: Rendered,
    flaws: Vec<Flaw>,
}

impl TemplatePreview {
    pub fn new(definition: &Definition, values: &Values) -> Self {
        // Which file it is to show is not said here.
        let of_file = |flaw: &Flaw| flaw.path.first().is_some_and(|first| first == "file");
        let mut flaws = fill(definition, values).err().unwrap_or_default();
        flaws.retain(|flaw| !of_file(flaw));
        Self { rendered: preview(definition, values), flaws }
    }
}

/// What a customer would see. It is text: nothing in it is escaped.
#[guarded]
impl TemplatePreview {
    /// What is wrong with the values, and would keep the template from being sent with them.
    #[requires(TemplateRead)]
    fn flaws(&self) -> Vec<TemplateFlaw> {
        self.flaws.iter().map(|flaw| TemplateFlaw::at(&["values"], flaw.clone())).collect()
    }

    /// The title; null where there is none.
    #[requires(TemplateRead)]
    fn title(&self) -> Option<&str> {
        self.rendered.title.as_deref()
    }

    /// The file or place above the text; null where there is none.
    #[requires(TemplateRead)]
    fn shows(&self) -> Option<TemplateHeaderFormat> {
        match self.rendered.media {
            Some(HeaderMedia::Image) => Some(TemplateHeaderFormat::Image),
            Some(HeaderMedia::Video) => Some(TemplateHeaderFormat::Video),
            Some(HeaderMedia::Document) => Some(TemplateHeaderFormat::Document),
            Some(HeaderMedia::Gif) => Some(TemplateHeaderFormat::Gif),
            None => self.rendered.shows_location.then_some(TemplateHeaderFormat::Location),
        }
    }

    /// The text.
    #[requires(TemplateRead)]
    fn body(&self) -> &str {
        &self.rendered.body
    }

    /// What stands below it; null where there is nothing.
    #[requires(TemplateRead)]
    fn footer(&self) -> Option<&str> {
        self.rendered.footer.as_deref()
    }

    /// The buttons, in order.
    #[requires(TemplateRead)]
    fn buttons(&self) -> Vec<TemplatePreviewButton> {
        self.rendered.buttons.iter().cloned().map(TemplatePreviewButton).collect()
    }
}

pub struct TemplatePreviewButton(RenderedButton);

/// A button as a customer sees it.
#[guarded]
impl TemplatePreviewButton {
    /// What is written on it.
    #[requires(TemplateRead)]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// The address that it opens, the number that it calls, or the code that it copies; null of others.
    #[requires(TemplateRead)]
    fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }
}
