//! A template as Meta writes it: how one is created and edited there, and how Meta tells of one.

use serde_json::{Map, Value, json};

use super::definition::{
    App, Body, Button, Category, Definition, FlowReference, Footer, Header, HeaderMedia, OneTimePassword,
    ParameterFormat, Sample, Text,
};
use super::placeholder::parameters;

impl Definition {
    /// What creates it: `POST /{WABA}/message_templates`.
    pub fn to_creation(&self) -> Value {
        let mut request = self.to_edit();
        request["name"] = json!(self.name);
        request["language"] = json!(self.language);
        if self.parameter_format == ParameterFormat::Named {
            request["parameter_format"] = json!("NAMED");
        }
        request
    }

    /// What changes it, once it is there: `POST /{template}`.
    pub fn to_edit(&self) -> Value {
        let mut request = json!({ "components": self.to_components() });
        if let Some(category) = self.category {
            request["category"] = json!(<&str>::from(category));
        }
        request
    }

    fn to_components(&self) -> Vec<Value> {
        let header = self.header.as_ref().map(|header| header.to_component(self.parameter_format));
        let body = self.body.as_ref().map(|body| match body {
            Body::Text(text) => with_example(
                json!({ "type": "BODY", "text": text.text }),
                "body_text",
                text,
                self.parameter_format,
            ),
            Body::Code { security_recommendation } => {
                json!({ "type": "BODY", "add_security_recommendation": security_recommendation })
            }
        });
        let footer = self.footer.as_ref().map(|footer| match footer {
            Footer::Text { text } => json!({ "type": "FOOTER", "text": text }),
            Footer::CodeExpiration { minutes } => {
                json!({ "type": "FOOTER", "code_expiration_minutes": minutes })
            }
        });
        let buttons: Vec<Value> = self.buttons.iter().map(Button::to_member).collect();
        let buttons = (!buttons.is_empty()).then(|| json!({ "type": "BUTTONS", "buttons": buttons }));
        let known = [header, body, footer, buttons].into_iter().flatten();
        known.chain(self.unknown.iter().cloned()).collect()
    }

    /// Reads what Meta tells of a template. What it does not know it keeps whole.
    pub fn from_meta(told: &Value) -> Option<Self> {
        let text = |member: &str| told.get(member).and_then(Value::as_str);
        let components = told.get("components")?.as_array()?;
        let format = text("parameter_format").and_then(|format| format.parse().ok());
        let mut definition = Self {
            name: text("name")?.to_owned(),
            language: text("language")?.to_owned(),
            category: text("category").and_then(|category| category.parse::<Category>().ok()),
            parameter_format: format.unwrap_or(ParameterFormat::Positional),
            header: None,
            body: None,
            footer: None,
            buttons: Vec::new(),
            unknown: Vec::new(),
        };
        for component in components {
            if !definition.take(component) {
                definition.unknown.push(component.clone());
            }
        }
        // Of a password Meta tells the text that it wrote around it.
        if definition.category == Some(Category::Authentication)
            && matches!(definition.body, Some(Body::Text(_)))
        {
            definition.body = Some(Body::Code { security_recommendation: false });
        }
        if format.is_none() && definition.has_named_parameters() {
            definition.parameter_format = ParameterFormat::Named;
        }
        Some(definition)
    }

    /// Whether a component was understood. A second of a kind is not.
    fn take(&mut self, component: &Value) -> bool {
        let kind = component.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind.to_ascii_uppercase().as_str() {
            "HEADER" if self.header.is_none() => self.header = Header::from_component(component),
            "BODY" if self.body.is_none() => self.body = body_of(component),
            "FOOTER" if self.footer.is_none() => self.footer = footer_of(component),
            "BUTTONS" if self.buttons.is_empty() => {
                let Some(buttons) = component.get("buttons").and_then(Value::as_array) else { return false };
                self.buttons = buttons.iter().map(Button::from_member).collect();
                return true;
            }
            _ => return false,
        }
        match kind.to_ascii_uppercase().as_str() {
            "HEADER" => self.header.is_some(),
            "BODY" => self.body.is_some(),
            _ => self.footer.is_some(),
        }
    }

    fn has_named_parameters(&self) -> bool {
        let header = match &self.header {
            Some(Header::Text(text)) => Some(&text.text),
            Some(Header::Media { .. } | Header::Location) | None => None,
        };
        let body = match &self.body {
            Some(Body::Text(text)) => Some(&text.text),
            Some(Body::Code { .. }) | None => None,
        };
        let named = |name: &&str| name.parse::<u32>().is_err();
        header.into_iter().chain(body).any(|text| parameters(text).iter().any(named))
    }
}

impl Header {
    fn to_component(&self, format: ParameterFormat) -> Value {
        match self {
            Self::Text(text) => {
                let component = json!({ "type": "HEADER", "format": "TEXT", "text": text.text });
                with_example(component, "header_text", text, format)
            }
            Self::Media { media, sample } => {
                let mut component = json!({ "type": "HEADER", "format": <&str>::from(*media) });
                if let Some(sample) = sample {
                    component["example"] = json!({ "header_handle": [sample] });
                }
                component
            }
            Self::Location => json!({ "type": "HEADER", "format": "LOCATION" }),
        }
    }

    fn from_component(component: &Value) -> Option<Self> {
        let format = component.get("format")?.as_str()?.to_ascii_uppercase();
        match format.as_str() {
            "TEXT" => text_of(component, "header_text").map(Self::Text),
            "LOCATION" => Some(Self::Location),
            other => {
                let media: HeaderMedia = other.parse().ok()?;
                let handle = component.pointer("/example/header_handle/0").and_then(Value::as_str);
                Some(Self::Media { media, sample: handle.map(str::to_owned) })
            }
        }
    }
}

/// The component with examples of its parameters, in the order in which they come.
fn with_example(mut component: Value, member: &str, text: &Text, format: ParameterFormat) -> Value {
    let sample = |name: &&str| text.samples.iter().find(|sample| sample.parameter == **name);
    let mut names = parameters(&text.text);
    if names.is_empty() {
        return component;
    }
    component["example"] = match format {
        ParameterFormat::Named => {
            let one = |sample: &Sample| json!({ "param_name": sample.parameter, "example": sample.value });
            let samples: Vec<Value> = names.iter().filter_map(sample).map(one).collect();
            json!({ format!("{member}_named_params"): samples })
        }
        ParameterFormat::Positional => {
            names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
            let samples: Vec<&str> = names.iter().filter_map(sample).map(|one| one.value.as_str()).collect();
            // A body may have several sets of examples.
            let written = if member == "body_text" { json!([samples]) } else { json!(samples) };
            json!({ member: written })
        }
    };
    component
}

fn text_of(component: &Value, member: &str) -> Option<Text> {
    let text = component.get("text")?.as_str()?.to_owned();
    let example = component.get("example");
    let named = example.and_then(|example| example.get(format!("{member}_named_params")));
    let samples = if let Some(Value::Array(named)) = named {
        let one = |sample: &Value| {
            let of = |member: &str| sample.get(member).and_then(Value::as_str).map(str::to_owned);
            Some(Sample { parameter: of("param_name")?, value: of("example")? })
        };
        named.iter().filter_map(one).collect()
    } else {
        let listed = example.and_then(|example| example.get(member)).and_then(Value::as_array);
        let listed = match listed.and_then(|listed| listed.first()) {
            Some(Value::Array(first)) => Some(first),
            _ => listed,
        };
        let one = |(place, value): (usize, &Value)| {
            Some(Sample { parameter: (place + 1).to_string(), value: value.as_str()?.to_owned() })
        };
        listed.into_iter().flatten().enumerate().filter_map(one).collect()
    };
    Some(Text { text, samples })
}

fn body_of(component: &Value) -> Option<Body> {
    match component.get("add_security_recommendation").and_then(Value::as_bool) {
        Some(security_recommendation) => Some(Body::Code { security_recommendation }),
        None => text_of(component, "body_text").map(Body::Text),
    }
}

fn footer_of(component: &Value) -> Option<Footer> {
    match component.get("code_expiration_minutes").and_then(Value::as_u64) {
        Some(minutes) => Some(Footer::CodeExpiration { minutes: u32::try_from(minutes).ok()? }),
        None => Some(Footer::Text { text: component.get("text")?.as_str()?.to_owned() }),
    }
}

impl Button {
    fn to_member(&self) -> Value {
        match self {
            Self::QuickReply { text } => json!({ "type": "QUICK_REPLY", "text": text }),
            Self::Url { text, url, sample } => {
                let mut button = json!({ "type": "URL", "text": text, "url": url });
                if let Some(sample) = sample {
                    button["example"] = json!([sample]);
                }
                button
            }
            Self::PhoneNumber { text, phone_number } => {
                json!({ "type": "PHONE_NUMBER", "text": text, "phone_number": phone_number })
            }
            Self::CopyCode { sample } => json!({ "type": "COPY_CODE", "example": sample }),
            Self::Flow { text, flow, action, screen } => {
                let mut button = json!({ "type": "FLOW", "text": text });
                match flow {
                    FlowReference::Id(id) => button["flow_id"] = json!(id),
                    FlowReference::Name(name) => button["flow_name"] = json!(name),
                    FlowReference::Json(text) => button["flow_json"] = json!(text),
                }
                put(&mut button, "flow_action", action.as_deref());
                put(&mut button, "navigate_screen", screen.as_deref());
                button
            }
            Self::OneTimePassword { text, otp } => otp_member(text.as_deref(), otp),
            Self::Catalog { text } => json!({ "type": "CATALOG", "text": text }),
            Self::MultiProduct { text } => json!({ "type": "MPM", "text": text }),
            Self::Unknown { json } => json.clone(),
        }
    }

    fn from_member(member: &Value) -> Self {
        known_button(member).unwrap_or_else(|| Self::Unknown { json: member.clone() })
    }
}

fn put(button: &mut Value, member: &str, value: Option<&str>) {
    if let Some(value) = value {
        button[member] = json!(value);
    }
}

fn otp_member(text: Option<&str>, otp: &OneTimePassword) -> Value {
    let mut button = json!({ "type": "OTP" });
    put(&mut button, "text", text);
    let (kind, autofill, apps) = match otp {
        OneTimePassword::CopyCode => ("COPY_CODE", None, &[][..]),
        OneTimePassword::OneTap { autofill_text, apps } => {
            ("ONE_TAP", autofill_text.as_deref(), apps.as_slice())
        }
        OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted } => {
            button["zero_tap_terms_accepted"] = json!(terms_accepted);
            ("ZERO_TAP", autofill_text.as_deref(), apps.as_slice())
        }
    };
    button["otp_type"] = json!(kind);
    put(&mut button, "autofill_text", autofill);
    let app = |app: &App| json!({ "package_name": app.package_name, "signature_hash": app.signature_hash });
    match apps {
        [] => {}
        [one] => {
            button["package_name"] = json!(one.package_name);
            button["signature_hash"] = json!(one.signature_hash);
        }
        many => button["supported_apps"] = many.iter().map(app).collect(),
    }
    button
}

fn known_button(member: &Value) -> Option<Button> {
    let given = |name: &str| member.get(name).and_then(Value::as_str).map(str::to_owned);
    let sample = || match member.get("example") {
        Some(Value::Array(examples)) => examples.first().and_then(Value::as_str).map(str::to_owned),
        Some(Value::String(example)) => Some(example.clone()),
        _ => None,
    };
    Some(match given("type")?.to_ascii_uppercase().as_str() {
        "QUICK_REPLY" => Button::QuickReply { text: given("text")? },
        "URL" => {
            let url = given("url")?;
            match otp_behind(&url) {
                Some(otp) => Button::OneTimePassword { text: given("text"), otp },
                None => Button::Url { text: given("text")?, url, sample: sample() },
            }
        }
        "PHONE_NUMBER" => Button::PhoneNumber { text: given("text")?, phone_number: given("phone_number")? },
        "COPY_CODE" => Button::CopyCode { sample: sample().unwrap_or_default() },
        "FLOW" => {
            // Meta tells ids as numbers, too.
            let id = member.get("flow_id").and_then(|id| match id {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
            let flow = id
                .map(FlowReference::Id)
                .or_else(|| given("flow_name").map(FlowReference::Name))
                .or_else(|| given("flow_json").map(FlowReference::Json))?;
            let (action, screen) = (given("flow_action"), given("navigate_screen"));
            Button::Flow { text: given("text")?, flow, action, screen }
        }
        "OTP" => Button::OneTimePassword { text: given("text"), otp: otp_of(member)? },
        "CATALOG" => Button::Catalog { text: given("text")? },
        "MPM" => Button::MultiProduct { text: given("text")? },
        _ => return None,
    })
}

/// Buttons for passwords are told as such addresses once they are there.
fn otp_behind(url: &str) -> Option<OneTimePassword> {
    let address = url::Url::parse(url).ok()?;
    if !matches!(address.host_str(), Some("www.whatsapp.com" | "whatsapp.com"))
        || !address.path().starts_with("/otp/")
    {
        return None;
    }
    let said =
        |name: &str| address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let app = said("package_name").zip(said("signature_hash"));
    let app = app.map(|(package_name, signature_hash)| App { package_name, signature_hash });
    let (autofill_text, apps) = (said("cta_display_name"), app.into_iter().collect());
    Some(match said("otp_type")?.as_str() {
        "COPY_CODE" => OneTimePassword::CopyCode,
        "ONE_TAP" => OneTimePassword::OneTap { autofill_text, apps },
        "ZERO_TAP" => OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted: true },
        _ => return None,
    })
}

fn otp_of(member: &Value) -> Option<OneTimePassword> {
    let text = |of: &Map<String, Value>, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let member = member.as_object()?;
    let app = |of: &Map<String, Value>| {
        Some(App { package_name: text(of, "package_name")?, signature_hash: text(of, "signature_hash")? })
    };
    let listed = member.get("supported_apps").and_then(Value::as_array).into_iter().flatten();
    let listed = listed.filter_map(|one| one.as_object().and_then(app));
    let apps = app(member).into_iter().chain(listed).collect();
    let autofill_text = text(member, "autofill_text");
    Some(match text(member, "otp_type")?.as_str() {
        "COPY_CODE" => OneTimePassword::CopyCode,
        "ONE_TAP" => OneTimePassword::OneTap { autofill_text, apps },
        "ZERO_TAP" => {
            let accepted = member.get("zero_tap_terms_accepted").and_then(Value::as_bool);
            OneTimePassword::ZeroTap { autofill_text, apps, terms_accepted: accepted.unwrap_or(false) }
        }
        _ => return None,
    })
}
