//! Writes the audit report that an administrator reads in the morning: subject, HTML and plain text, and a table of the
//! findings to keep.

mod chart;
mod language;
mod list;
mod model;
mod page;
mod table;
#[cfg(test)]
mod tests;

use askama::Template;
use mrml::prelude::render::RenderOptions;

pub use model::{Cadence, ChainHead, Changes, Occasion, Report, ReportFinding, Stage};
pub use table::table;

pub(crate) use language::{Label, phrases};
use page::Page;

/// A report as it goes into a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedReport {
    pub subject: String,
    pub html: String,
    pub text: String,
}

/// A report that could not be written. None of these depends on what the report says.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the report's template failed: {0}")]
    Template(#[from] askama::Error),
    #[error("the report's layout is not valid: {0}")]
    Layout(String),
}

#[derive(Template)]
#[template(path = "report.mjml", escape = "html")]
struct HtmlReport<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "report.txt", escape = "none")]
struct TextReport<'a> {
    page: &'a Page,
}

/// Mail programs hide what comes after 102 kB.
const LONGEST: usize = 98_000;
/// So many of one kind are listed, the others counted: as many as fit. Nobody reads the fortieth on a telephone. None is left
/// only where rules without number have found something; all of it stands in the table.
const LISTED: [usize; 8] = [20, 12, 8, 5, 3, 2, 1, 0];

/// The same report always renders to the same bytes.
pub fn render(report: &Report) -> Result<RenderedReport, RenderError> {
    let mut rendered = rendered(report, LISTED[0])?;
    for listed in &LISTED[1..] {
        if rendered.html.len() <= LONGEST {
            break;
        }
        rendered = self::rendered(report, *listed)?;
    }
    Ok(rendered)
}

fn rendered(report: &Report, listed: usize) -> Result<RenderedReport, RenderError> {
    let page = Page::of(report, listed);
    let layout = HtmlReport { page: &page }.render()?;
    let html = render_layout(&layout)?;
    let text = TextReport { page: &page }.render()?;
    Ok(RenderedReport { subject: page.subject, html, text })
}

pub(crate) fn render_layout(layout: &str) -> Result<String, RenderError> {
    let parsed = mrml::parse(layout).map_err(|error| RenderError::Layout(error.to_string()))?;
    // No fonts: the mail loads nothing from anywhere.
    let options = RenderOptions { fonts: Default::default(), ..RenderOptions::default() };
    parsed.element.render(&options).map_err(|error| RenderError::Layout(error.to_string()))
}
