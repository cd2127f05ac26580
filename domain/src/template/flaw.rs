//! What is wrong with a template, found before Meta would: each flaw names its place.

use super::definition::{
    Body, Button, Category, Definition, FlowReference, Footer, Header, HeaderMedia, OneTimePassword,
    ParameterFormat, Text,
};
use super::language;
use super::placeholder::{Piece, parameters, pieces};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Names of fields and numbers in lists, from the definition (or the values) on.
    pub path: Vec<String>,
    pub code: FlawCode,
    /// In a sentence of English.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawCode {
    Missing,
    TooLong,
    TooMany,
    OutOfRange,
    InvalidName,
    UnknownLanguage,
    InvalidParameter,
    ParameterAtEdge,
    ParameterNotAllowed,
    SampleMissing,
    InvalidCharacter,
    ButtonOrder,
    Repeated,
    InvalidUrl,
    InvalidPhoneNumber,
    NotForCategory,
    NotInTemplate,
    NotUnderstood,
}

pub const LONGEST_NAME: usize = 512;
pub const LONGEST_HEADER: usize = 60;
pub const LONGEST_BODY: usize = 1_024;
const LONGEST_FOOTER: usize = 60;
const LONGEST_BUTTON: usize = 25;
const LONGEST_URL: usize = 2_000;
const LONGEST_PHONE_NUMBER: usize = 20;
pub const LONGEST_CODE: usize = 15;
const LONGEST_SAMPLE: usize = 1_024;
const MOST_BUTTONS: usize = 10;
const MOST_APPS: usize = 5;
const LONGEST_FLOW: usize = 200_000;

/// Flaws as they are found.
#[derive(Default)]
pub struct Flaws(pub Vec<Flaw>);

impl Flaws {
    pub fn add(&mut self, path: &[&str], code: FlawCode, message: impl Into<String>) {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        self.0.push(Flaw { path, code, message: message.into() });
    }

    /// A text that is there, and not longer than that.
    fn length(&mut self, path: &[&str], text: &str, longest: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.add(path, FlawCode::Missing, "It says nothing.");
        } else if length > longest {
            self.add(path, FlawCode::TooLong, format!("It has {length} characters; {longest} are allowed."));
        }
        if text.contains('\0') {
            self.add(path, FlawCode::InvalidCharacter, "It has a character that nobody can see.");
        }
    }

    /// A text of one line, without parameters.
    fn plain(&mut self, path: &[&str], text: &str, longest: usize) {
        self.length(path, text, longest);
        if text.contains("{{") || text.contains("}}") {
            self.add(path, FlawCode::ParameterNotAllowed, "No parameters are allowed here.");
        }
        if text.contains(['\n', '\r', '\t']) {
            self.add(path, FlawCode::InvalidCharacter, "It must be one line.");
        }
    }
}

impl Definition {
    /// All that is wrong with it, by Meta's rules.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Flaws::default();
        let name = self.name.as_str();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_name) {
            let told = "A name is 1 to 512 of a-z, 0-9 and _.";
            flaws.add(&["name"], FlawCode::InvalidName, told);
        }
        if !language::is_known(&self.language) {
            flaws.add(
                &["language"],
                FlawCode::UnknownLanguage,
                "WhatsApp has no templates in it: it writes pt_BR.",
            );
        }
        if self.category.is_none() {
            flaws.add(&["category"], FlawCode::Missing, "It needs a category.");
        }
        if !self.is_understood() {
            flaws.add(&[], FlawCode::NotUnderstood, "It has parts that are not known here.");
        }
        self.header_flaws(&mut flaws);
        self.body_flaws(&mut flaws);
        self.footer_flaws(&mut flaws);
        self.button_flaws(&mut flaws);
        self.category_flaws(&mut flaws);
        flaws.0
    }

    fn header_flaws(&self, flaws: &mut Flaws) {
        match &self.header {
            None | Some(Header::Location) => {}
            Some(Header::Text(text)) => {
                flaws.length(&["header", "text"], &text.text, LONGEST_HEADER);
                if text.text.contains(['\n', '\r', '\t', '*', '_', '~', '`'])
                    && !only_in_parameters(&text.text)
                {
                    let told = "A title is one line, without * _ ~ `.";
                    flaws.add(&["header", "text"], FlawCode::InvalidCharacter, told);
                }
                if parameters(&text.text).len() > 1 {
                    flaws.add(&["header", "text"], FlawCode::TooMany, "A title has one parameter at most.");
                }
                self.text_flaws("header", text, flaws);
            }
            Some(Header::Media { media, sample }) => {
                if sample.as_deref().unwrap_or_default().trim().is_empty() {
                    let told = "Meta needs an example: the handle of a file that was uploaded to it.";
                    flaws.add(&["header", "sampleHandle"], FlawCode::SampleMissing, told);
                }
                if *media == HeaderMedia::Gif && self.category != Some(Category::Marketing) {
                    flaws.add(&["header"], FlawCode::NotForCategory, "Animations are for marketing only.");
                }
            }
        }
    }

    fn body_flaws(&self, flaws: &mut Flaws) {
        match &self.body {
            None => flaws.add(&["body"], FlawCode::Missing, "It needs a text."),
            Some(Body::Code { .. }) => {}
            Some(Body::Text(text)) => {
                flaws.length(&["body", "text"], &text.text, LONGEST_BODY);
                let trimmed = text.text.trim();
                let pieces = pieces(trimmed);
                let is_parameter = |piece: Option<&Piece<'_>>| matches!(piece, Some(Piece::Parameter(_)));
                if is_parameter(pieces.first()) || is_parameter(pieces.last()) {
                    let told = "A text neither begins nor ends with a parameter.";
                    flaws.add(&["body", "text"], FlawCode::ParameterAtEdge, told);
                }
                let side_by_side =
                    |pair: &[Piece<'_>]| matches!(pair, [Piece::Parameter(_), Piece::Parameter(_)]);
                if pieces.windows(2).any(side_by_side) {
                    let told = "There must be words between two parameters.";
                    flaws.add(&["body", "text"], FlawCode::InvalidParameter, told);
                }
                if text.text.contains("\n\n\n") {
                    let told = "There is one empty line at most between two lines.";
                    flaws.add(&["body", "text"], FlawCode::InvalidCharacter, told);
                }
                self.text_flaws("body", text, flaws);
            }
        }
    }

    /// Parameters by number without a gap, or by name; each with an example, and no example of anything else.
    fn text_flaws(&self, place: &str, text: &Text, flaws: &mut Flaws) {
        let names = parameters(&text.text);
        let numbered = |name: &&str| name.parse::<u32>().is_ok();
        let good = match self.parameter_format {
            ParameterFormat::Positional => {
                let expected = 1..=u32::try_from(names.len()).unwrap_or(u32::MAX);
                expected.clone().all(|number| names.contains(&number.to_string().as_str()))
                    && names.iter().all(numbered)
            }
            ParameterFormat::Named => {
                names.iter().all(|name| name.starts_with(|first: char| first.is_ascii_lowercase()))
            }
        };
        if !good {
            let told = match self.parameter_format {
                ParameterFormat::Positional => "Parameters are {{1}}, {{2}} and so on, without a gap.",
                ParameterFormat::Named => "Parameters are names that begin with a letter: {{first_name}}.",
            };
            flaws.add(&[place, "text"], FlawCode::InvalidParameter, told);
        }
        let left: String = pieces(&text.text)
            .into_iter()
            .filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None })
            .collect();
        if left.contains("{{") || left.contains("}}") {
            let told = "A parameter is a number or a name of a-z, 0-9 and _ within {{ and }}.";
            flaws.add(&[place, "text"], FlawCode::InvalidParameter, told);
        }
        for name in &names {
            let sample = text.samples.iter().find(|sample| sample.parameter == **name);
            if sample.is_none_or(|sample| sample.value.trim().is_empty()) {
                let told = format!("There is no example of {{{{{name}}}}}.");
                flaws.add(&[place, "samples"], FlawCode::SampleMissing, told);
            }
        }
        for (index, sample) in text.samples.iter().enumerate() {
            let index = index.to_string();
            if !names.contains(&sample.parameter.as_str()) {
                let told = format!("The text has no parameter {{{{{}}}}}.", sample.parameter);
                flaws.add(&[place, "samples", &index], FlawCode::NotInTemplate, told);
            }
            if text.samples.iter().filter(|other| other.parameter == sample.parameter).count() > 1 {
                flaws.add(&[place, "samples", &index], FlawCode::Repeated, "It is there twice.");
            }
            if sample.value.chars().count() > LONGEST_SAMPLE || sample.value.contains('\0') {
                flaws.add(&[place, "samples", &index], FlawCode::TooLong, "It is too long.");
            }
        }
    }

    fn footer_flaws(&self, flaws: &mut Flaws) {
        match &self.footer {
            Some(Footer::Text { text }) => flaws.plain(&["footer", "text"], text, LONGEST_FOOTER),
            Some(Footer::CodeExpiration { minutes }) if !(1..=90).contains(minutes) => {
                let told = "A code is good for 1 to 90 minutes.";
                flaws.add(&["footer", "codeExpirationMinutes"], FlawCode::OutOfRange, told);
            }
            Some(Footer::CodeExpiration { .. }) | None => {}
        }
    }

    fn button_flaws(&self, flaws: &mut Flaws) {
        if self.buttons.len() > MOST_BUTTONS {
            flaws.add(&["buttons"], FlawCode::TooMany, "There are 10 buttons at most.");
        }
        let count = |is: fn(&Button) -> bool| self.buttons.iter().filter(|button| is(button)).count();
        for (found, most, what) in [
            (count(|button| matches!(button, Button::Url { .. })), 2, "2 buttons with an address"),
            (count(|button| matches!(button, Button::PhoneNumber { .. })), 1, "1 button that calls"),
            (count(|button| matches!(button, Button::CopyCode { .. })), 1, "1 button that copies a code"),
            (count(|button| matches!(button, Button::Flow { .. })), 1, "1 button that opens a flow"),
            (count(|button| matches!(button, Button::OneTimePassword { .. })), 1, "1 button for a password"),
            (
                count(|button| matches!(button, Button::Catalog { .. })),
                1,
                "1 button that opens the catalogue",
            ),
            (
                count(|button| matches!(button, Button::MultiProduct { .. })),
                1,
                "1 button that shows products",
            ),
        ] {
            if found > most {
                flaws.add(&["buttons"], FlawCode::TooMany, format!("There is {what} at most."));
            }
        }
        let replies: Vec<bool> =
            self.buttons.iter().map(|button| matches!(button, Button::QuickReply { .. })).collect();
        if replies.windows(2).filter(|pair| pair[0] != pair[1]).count() > 1 {
            let told = "Quick replies stand together, before or after all other buttons.";
            flaws.add(&["buttons"], FlawCode::ButtonOrder, told);
        }
        for (index, button) in self.buttons.iter().enumerate() {
            let index = index.to_string();
            button.flaws(&index, flaws);
            let same = self.buttons.iter().filter(|other| other.text() == button.text()).count() > 1;
            if button.text().is_some() && same {
                flaws.add(&["buttons", &index, "text"], FlawCode::Repeated, "Another button says the same.");
            }
        }
    }

    fn category_flaws(&self, flaws: &mut Flaws) {
        let has_otp = self.buttons.iter().any(|button| matches!(button, Button::OneTimePassword { .. }));
        let code_body = matches!(self.body, Some(Body::Code { .. }));
        let code_footer = matches!(self.footer, Some(Footer::CodeExpiration { .. }));
        if self.category == Some(Category::Authentication) {
            let only = "An authentication template has WhatsApp's own text and one button for the password.";
            if !code_body {
                flaws.add(&["body"], FlawCode::NotForCategory, only);
            }
            if self.buttons.len() != 1 || !has_otp {
                flaws.add(&["buttons"], FlawCode::NotForCategory, only);
            }
            if self.header.is_some() {
                flaws.add(&["header"], FlawCode::NotForCategory, only);
            }
            if self.footer.is_some() && !code_footer {
                flaws.add(&["footer"], FlawCode::NotForCategory, only);
            }
        } else if has_otp || code_body || code_footer {
            let told = "Passwords are for authentication templates.";
            let place = if code_body {
                "body"
            } else if code_footer {
                "footer"
            } else {
                "buttons"
            };
            flaws.add(&[place], FlawCode::NotForCategory, told);
        }
        let shop = |button: &Button| matches!(button, Button::Catalog { .. } | Button::MultiProduct { .. });
        if self.buttons.iter().any(shop) && self.category != Some(Category::Marketing) {
            flaws.add(&["buttons"], FlawCode::NotForCategory, "Products are for marketing only.");
        }
        if self.buttons.iter().any(shop) && self.buttons.len() > 1 {
            flaws.add(&["buttons"], FlawCode::TooMany, "A button that shows products stands alone.");
        }
    }
}

/// Whether what marks text up stands in names of parameters alone.
fn only_in_parameters(text: &str) -> bool {
    pieces(text).iter().all(|piece| match piece {
        Piece::Text(text) => !text.contains(['\n', '\r', '\t', '*', '_', '~', '`']),
        Piece::Parameter(_) => true,
    })
}

impl Button {
    fn flaws(&self, index: &str, flaws: &mut Flaws) {
        let at = |member| ["buttons", index, member];
        if let Some(text) = self.text() {
            flaws.plain(&at("text"), text, LONGEST_BUTTON);
        }
        match self {
            Self::QuickReply { .. }
            | Self::Catalog { .. }
            | Self::MultiProduct { .. }
            | Self::Unknown { .. } => {}
            Self::Url { url, sample, .. } => url_flaws(url, sample.as_deref(), index, flaws),
            Self::PhoneNumber { phone_number, .. } => {
                let digits = phone_number.strip_prefix('+').unwrap_or(phone_number);
                let good = (5..=LONGEST_PHONE_NUMBER).contains(&phone_number.len())
                    && digits.bytes().all(|byte| byte.is_ascii_digit());
                if !good {
                    let told = "A number is + and digits, with its country's code.";
                    flaws.add(&at("phoneNumber"), FlawCode::InvalidPhoneNumber, told);
                }
            }
            Self::CopyCode { sample } => flaws.plain(&at("sample"), sample, LONGEST_CODE),
            Self::Flow { flow, action, screen, .. } => {
                let (FlowReference::Id(told) | FlowReference::Name(told) | FlowReference::Json(told)) = flow;
                flaws.length(&at("flowId"), told, LONGEST_FLOW);
                if action.as_deref().is_some_and(|action| !matches!(action, "navigate" | "data_exchange")) {
                    let told = "It is navigate or data_exchange.";
                    flaws.add(&at("flowAction"), FlawCode::OutOfRange, told);
                }
                if let Some(screen) = screen {
                    flaws.plain(&at("flowScreen"), screen, LONGEST_NAME);
                }
            }
            Self::OneTimePassword { otp, .. } => otp_flaws(otp, index, flaws),
        }
    }
}

/// An address of the web, with one parameter at its end at most.
fn url_flaws(url: &str, sample: Option<&str>, index: &str, flaws: &mut Flaws) {
    let at = |member| ["buttons", index, member];
    flaws.length(&at("url"), url, LONGEST_URL);
    let fixed = url.strip_suffix("{{1}}");
    let parsed = url::Url::parse(fixed.unwrap_or(url));
    let good = parsed.is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
    if !good || url.contains(char::is_whitespace) {
        flaws.add(&at("url"), FlawCode::InvalidUrl, "It is no address of the web.");
    }
    if fixed.unwrap_or(url).contains("{{") {
        flaws.add(&at("url"), FlawCode::InvalidParameter, "Its only parameter is {{1}}, at the end.");
    }
    match (fixed, sample) {
        (Some(_), None) => {
            flaws.add(&at("sample"), FlawCode::SampleMissing, "There is no example of what follows.");
        }
        (None, Some(_)) => flaws.add(&at("sample"), FlawCode::NotInTemplate, "The address has no parameter."),
        (Some(_), Some(sample)) => flaws.plain(&at("sample"), sample, LONGEST_URL),
        (None, None) => {}
    }
}

fn otp_flaws(otp: &OneTimePassword, index: &str, flaws: &mut Flaws) {
    let at = |member| ["buttons", index, member];
    let (autofill, apps) = match otp {
        OneTimePassword::CopyCode => return,
        OneTimePassword::OneTap { autofill_text, apps } => (autofill_text, apps),
        OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted } => {
            if !terms_accepted {
                flaws.add(&at("termsAccepted"), FlawCode::Missing, "Meta's terms must be accepted.");
            }
            (autofill_text, apps)
        }
    };
    if let Some(text) = autofill {
        flaws.plain(&at("autofillText"), text, LONGEST_BUTTON);
    }
    if apps.is_empty() || apps.len() > MOST_APPS {
        flaws.add(&at("apps"), FlawCode::OutOfRange, "It names 1 to 5 apps.");
    }
    for (place, app) in apps.iter().enumerate() {
        let place = place.to_string();
        let path = |member| ["buttons", index, "apps", place.as_str(), member];
        let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        let good = app.package_name.contains('.') && app.package_name.bytes().all(named);
        if !good || app.package_name.len() > 224 {
            flaws.add(&path("packageName"), FlawCode::InvalidName, "It is no name of an Android package.");
        }
        // Meta's own example is written for an address: `%2F` for `/`.
        if app.signature_hash.replace("%2F", "/").chars().count() != 11 {
            flaws.add(&path("signatureHash"), FlawCode::OutOfRange, "A signature's hash has 11 characters.");
        }
    }
}
