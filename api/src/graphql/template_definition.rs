//! What a template says.

use async_graphql::Enum;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::template::definition as domain;
use portaria_domain::template::definition::{
    Body, Button, Definition, FlowReference, Footer, Header, OneTimePassword,
};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::guard::Subject;

/// What a template is for: WhatsApp's prices and rules go by it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::Category")]
pub enum TemplateCategory {
    /// Offers and news: only to who has agreed to them.
    Marketing,
    /// About something that the customer has ordered or asked for.
    Utility,
    /// One-time passwords.
    Authentication,
}

/// How a template's parameters are called.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "domain::ParameterFormat")]
pub enum TemplateParameterFormat {
    /// `{{1}}`, `{{2}}`.
    Positional,
    /// `{{first_name}}`.
    Named,
}

/// What stands above a template's text.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TemplateHeaderFormat {
    /// A title.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A document.
    Document,
    /// A short film that moves by itself; for marketing only.
    Gif,
    /// A place on a map.
    Location,
}

/// What a template's button does.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TemplateButtonKind {
    /// Answers with its text.
    QuickReply,
    /// Opens an address of the web.
    Url,
    /// Calls a number.
    PhoneNumber,
    /// Copies a coupon code.
    CopyCode,
    /// Opens a flow.
    Flow,
    /// Copies a one-time password.
    OneTimePasswordCopy,
    /// Fills a one-time password in when it is tapped.
    OneTimePasswordOneTap,
    /// Fills a one-time password in by itself.
    OneTimePasswordZeroTap,
    /// Opens the catalogue.
    Catalog,
    /// Shows some products.
    MultiProduct,
    /// Something that this version does not know.
    Unknown,
}

macro_rules! read_with_the_template {
    ($($part:ty),* $(,)?) => {$(
        impl Subject for $part {
            /// It came from a template that may be seen.
            fn held(&self, viewer: &Viewer) -> PermissionSet {
                viewer.access.everywhere().union(PermissionSet::of(&[Permission::TemplateRead]))
            }
        }
    )*};
}

read_with_the_template! {
    TemplateDefinition, TemplateText, TemplateHeader, TemplateFooter, TemplateButton, TemplateApp,
}

pub struct TemplateDefinition(pub Definition);

/// What a template says in its language.
#[guarded]
impl TemplateDefinition {
    /// Its name.
    #[requires(TemplateRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Its language, as WhatsApp writes it: `pt_BR`.
    #[requires(TemplateRead)]
    fn language(&self) -> &str {
        &self.0.language
    }

    /// What it is for; null if for something that this version does not know.
    #[requires(TemplateRead)]
    fn category(&self) -> Option<TemplateCategory> {
        self.0.category.map(Into::into)
    }

    /// How its parameters are called.
    #[requires(TemplateRead)]
    fn parameter_format(&self) -> TemplateParameterFormat {
        self.0.parameter_format.into()
    }

    /// What stands above its text.
    #[requires(TemplateRead)]
    fn header(&self) -> Option<TemplateHeader> {
        self.0.header.clone().map(TemplateHeader)
    }

    /// Its text; null where WhatsApp writes it: of a one-time password.
    #[requires(TemplateRead)]
    fn body(&self) -> Option<TemplateText> {
        match &self.0.body {
            Some(Body::Text(text)) => Some(TemplateText(text.clone())),
            Some(Body::Code { .. }) | None => None,
        }
    }

    /// Of a one-time password: whether WhatsApp adds not to share it. Null of others.
    #[requires(TemplateRead)]
    fn security_recommendation(&self) -> Option<bool> {
        match self.0.body {
            Some(Body::Code { security_recommendation }) => Some(security_recommendation),
            Some(Body::Text(_)) | None => None,
        }
    }

    /// What stands below its text.
    #[requires(TemplateRead)]
    fn footer(&self) -> Option<TemplateFooter> {
        self.0.footer.clone().map(TemplateFooter)
    }

    /// Its buttons, in order.
    #[requires(TemplateRead)]
    fn buttons(&self) -> Vec<TemplateButton> {
        self.0.buttons.iter().cloned().map(TemplateButton).collect()
    }

    /// Whether this version knows all its parts. If not it can be neither sent nor changed here.
    #[requires(TemplateRead)]
    fn is_understood(&self) -> bool {
        self.0.is_understood()
    }
}

pub struct TemplateText(pub domain::Text);

/// A text with parameters.
#[guarded]
impl TemplateText {
    /// The text, with `{{...}}` for each parameter.
    #[requires(TemplateRead)]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// Its parameters, each once: what has to be given when it is sent.
    #[requires(TemplateRead)]
    fn parameters(&self) -> Vec<TemplateParameter> {
        let sample = |name: &str| self.0.samples.iter().find(|sample| sample.parameter == name);
        let one = |name: &str| TemplateParameter {
            name: name.to_owned(),
            sample: sample(name).map(|sample| sample.value.clone()),
        };
        self.0.parameters().into_iter().map(one).collect()
    }
}

pub struct TemplateParameter {
    name: String,
    sample: Option<String>,
}

read_with_the_template! { TemplateParameter }

/// Something that a template leaves open.
#[guarded]
impl TemplateParameter {
    /// `1`, or its name.
    #[requires(TemplateRead)]
    fn name(&self) -> &str {
        &self.name
    }

    /// An example of what it may be.
    #[requires(TemplateRead)]
    fn sample(&self) -> Option<&str> {
        self.sample.as_deref()
    }
}

pub struct TemplateHeader(Header);

/// What stands above a template's text.
#[guarded]
impl TemplateHeader {
    /// Of what kind it is.
    #[requires(TemplateRead)]
    fn format(&self) -> TemplateHeaderFormat {
        match &self.0 {
            Header::Text(_) => TemplateHeaderFormat::Text,
            Header::Media { media: domain::HeaderMedia::Image, .. } => TemplateHeaderFormat::Image,
            Header::Media { media: domain::HeaderMedia::Video, .. } => TemplateHeaderFormat::Video,
            Header::Media { media: domain::HeaderMedia::Document, .. } => TemplateHeaderFormat::Document,
            Header::Media { media: domain::HeaderMedia::Gif, .. } => TemplateHeaderFormat::Gif,
            Header::Location => TemplateHeaderFormat::Location,
        }
    }

    /// The title; null where there is something else.
    #[requires(TemplateRead)]
    fn title(&self) -> Option<TemplateText> {
        match &self.0 {
            Header::Text(text) => Some(TemplateText(text.clone())),
            Header::Media { .. } | Header::Location => None,
        }
    }

    /// Meta's handle or address of the example file; null where there is none.
    #[requires(TemplateRead)]
    fn sample_handle(&self) -> Option<&str> {
        match &self.0 {
            Header::Media { sample, .. } => sample.as_deref(),
            Header::Text(_) | Header::Location => None,
        }
    }
}

pub struct TemplateFooter(Footer);

/// What stands below a template's text.
#[guarded]
impl TemplateFooter {
    /// The text; null where WhatsApp writes it.
    #[requires(TemplateRead)]
    fn text(&self) -> Option<&str> {
        match &self.0 {
            Footer::Text { text } => Some(text.as_str()),
            Footer::CodeExpiration { .. } => None,
        }
    }

    /// For how many minutes a one-time password is good; null of others.
    #[requires(TemplateRead)]
    fn code_expiration_minutes(&self) -> Option<u32> {
        match self.0 {
            Footer::Text { .. } => None,
            Footer::CodeExpiration { minutes } => Some(minutes),
        }
    }
}

pub struct TemplateButton(Button);

/// A button below a template. What does not belong to its kind is null.
#[guarded]
impl TemplateButton {
    /// What it does.
    #[requires(TemplateRead)]
    fn kind(&self) -> TemplateButtonKind {
        match &self.0 {
            Button::QuickReply { .. } => TemplateButtonKind::QuickReply,
            Button::Url { .. } => TemplateButtonKind::Url,
            Button::PhoneNumber { .. } => TemplateButtonKind::PhoneNumber,
            Button::CopyCode { .. } => TemplateButtonKind::CopyCode,
            Button::Flow { .. } => TemplateButtonKind::Flow,
            Button::OneTimePassword { otp, .. } => match otp {
                OneTimePassword::CopyCode => TemplateButtonKind::OneTimePasswordCopy,
                OneTimePassword::OneTap { .. } => TemplateButtonKind::OneTimePasswordOneTap,
                OneTimePassword::ZeroTap { .. } => TemplateButtonKind::OneTimePasswordZeroTap,
            },
            Button::Catalog { .. } => TemplateButtonKind::Catalog,
            Button::MultiProduct { .. } => TemplateButtonKind::MultiProduct,
            Button::Unknown { .. } => TemplateButtonKind::Unknown,
        }
    }

    /// What is written on it; null where WhatsApp writes it.
    #[requires(TemplateRead)]
    fn text(&self) -> Option<&str> {
        self.0.text()
    }

    /// The address that it opens, with `{{1}}` where its end is said when it is sent.
    #[requires(TemplateRead)]
    fn url(&self) -> Option<&str> {
        if let Button::Url { url, .. } = &self.0 { Some(url.as_str()) } else { None }
    }

    /// The number that it calls.
    #[requires(TemplateRead)]
    fn phone_number(&self) -> Option<&str> {
        if let Button::PhoneNumber { phone_number, .. } = &self.0 {
            Some(phone_number.as_str())
        } else {
            None
        }
    }

    /// An example of the code, or of the end of the address.
    #[requires(TemplateRead)]
    fn sample(&self) -> Option<&str> {
        match &self.0 {
            Button::Url { sample, .. } => sample.as_deref(),
            Button::CopyCode { sample } => Some(sample.as_str()),
            _ => None,
        }
    }

    /// Meta's id of the flow that it opens.
    #[requires(TemplateRead)]
    fn flow_id(&self) -> Option<&str> {
        match &self.0 {
            Button::Flow { flow: FlowReference::Id(id), .. } => Some(id.as_str()),
            _ => None,
        }
    }

    /// The name of the flow that it opens.
    #[requires(TemplateRead)]
    fn flow_name(&self) -> Option<&str> {
        match &self.0 {
            Button::Flow { flow: FlowReference::Name(name), .. } => Some(name.as_str()),
            _ => None,
        }
    }

    /// `navigate` or `data_exchange`.
    #[requires(TemplateRead)]
    fn flow_action(&self) -> Option<&str> {
        if let Button::Flow { action, .. } = &self.0 { action.as_deref() } else { None }
    }

    /// On which screen the flow begins.
    #[requires(TemplateRead)]
    fn flow_screen(&self) -> Option<&str> {
        if let Button::Flow { screen, .. } = &self.0 { screen.as_deref() } else { None }
    }

    /// The Android apps that may take a one-time password; empty of others.
    #[requires(TemplateRead)]
    fn apps(&self) -> Vec<TemplateApp> {
        let apps = match &self.0 {
            Button::OneTimePassword {
                otp: OneTimePassword::OneTap { apps, .. } | OneTimePassword::ZeroTap { apps, .. },
                ..
            } => apps.as_slice(),
            _ => &[],
        };
        apps.iter().cloned().map(TemplateApp).collect()
    }
}

pub struct TemplateApp(domain::App);

/// An Android app that may take a one-time password.
#[guarded]
impl TemplateApp {
    /// Its package: `com.example.app`.
    #[requires(TemplateRead)]
    fn package_name(&self) -> &str {
        &self.0.package_name
    }

    /// The hash of its signing key, of 11 characters.
    #[requires(TemplateRead)]
    fn signature_hash(&self) -> &str {
        &self.0.signature_hash
    }
}
