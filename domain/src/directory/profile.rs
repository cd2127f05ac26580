//! What a directory says of a person, in the names of RFC 7643. Only what Portaria has a use for is kept.

use serde::{Deserialize, Serialize};

use crate::authentication::normalize_email;
use crate::error::{Error, Result};
use crate::member;

const TEXT_CHARS: usize = 256;
const ADDRESSES: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    pub user_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    pub emails: Vec<Email>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Name {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    pub value: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

impl Profile {
    /// Of a member who was there before the directory.
    pub fn of_member(name: &str, email: &str, locale: &str) -> Self {
        Self {
            user_name: email.to_owned(),
            external_id: None,
            name: None,
            display_name: Some(name.to_owned()),
            preferred_language: Some(locale.to_owned()),
            emails: vec![Email {
                value: email.to_owned(),
                kind: Some("work".to_owned()),
                primary: Some(true),
            }],
        }
    }

    /// Refuses what cannot be, and adds the address where the user name is one and nothing else says it.
    pub fn checked(mut self) -> Result<Self> {
        self.user_name = self.user_name.trim().to_owned();
        if self.user_name.is_empty() {
            return Err(Error::BadInput("userName is needed".to_owned()));
        }
        if self.emails.is_empty() {
            if member::address(&self.user_name).is_err() {
                return Err(Error::BadInput("emails needs a value: nobody is invited without".to_owned()));
            }
            self.emails.push(Email {
                value: self.user_name.clone(),
                kind: Some("work".to_owned()),
                primary: Some(true),
            });
        }
        if self.emails.len() > ADDRESSES {
            return Err(Error::BadInput(format!("emails has at most {ADDRESSES} values")));
        }
        if self.emails.iter().filter(|email| email.primary == Some(true)).count() > 1 {
            return Err(Error::BadInput("one of the emails is primary at the most".to_owned()));
        }
        for email in &self.emails {
            member::address(&email.value)?;
        }
        if self.name.as_ref().is_some_and(|name| *name == Name::default()) {
            self.name = None;
        }
        self.texts().try_for_each(checked)?;
        Ok(self)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let name = self.name.as_ref();
        let parts = [
            Some(&self.user_name),
            self.external_id.as_ref(),
            self.display_name.as_ref(),
            self.preferred_language.as_ref(),
            name.and_then(|name| name.formatted.as_ref()),
            name.and_then(|name| name.family_name.as_ref()),
            name.and_then(|name| name.given_name.as_ref()),
        ];
        let emails = self.emails.iter().flat_map(|email| [Some(&email.value), email.kind.as_ref()]);
        parts.into_iter().chain(emails).flatten().map(String::as_str)
    }

    /// What the person is called.
    pub fn shown_name(&self) -> String {
        fn said(text: &Option<String>) -> Option<&str> {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty())
        }
        let of_name = self.name.as_ref().and_then(|name| {
            let parts: Vec<&str> =
                [said(&name.given_name), said(&name.family_name)].into_iter().flatten().collect();
            let whole = said(&name.formatted).map(str::to_owned);
            whole.or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
        });
        said(&self.display_name).map(str::to_owned).or(of_name).unwrap_or_else(|| self.user_name.clone())
    }

    /// Where they are written to: the primary address, else that for work, else the first.
    pub fn address(&self) -> &str {
        let primary = self.emails.iter().find(|email| email.primary == Some(true));
        let work = || self.emails.iter().find(|email| email.kind.as_deref() == Some("work"));
        primary.or_else(work).or(self.emails.first()).map_or("", |email| email.value.as_str())
    }

    /// By what a user name is found and is one in a workspace.
    pub fn key(&self) -> String {
        self.user_name.to_lowercase()
    }

    /// All addresses, as they are searched.
    pub fn addresses(&self) -> String {
        let all = self.emails.iter().map(|email| normalize_email(&email.value) + "\n");
        "\n".to_owned() + &all.collect::<String>()
    }
}

/// Refuses what is too long for a text, or what not every database can keep.
pub(super) fn checked(text: &str) -> Result<()> {
    if text.chars().count() > TEXT_CHARS {
        return Err(Error::BadInput(format!("a text has at most {TEXT_CHARS} characters")));
    }
    if text.contains(char::is_control) {
        return Err(Error::BadInput("a text has no control characters".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(value: &str, kind: &str, primary: Option<bool>) -> Email {
        Email { value: value.to_owned(), kind: Some(kind.to_owned()), primary }
    }

    #[test]
    fn a_person_has_a_name_and_an_address_whatever_was_said() {
        let bare = Profile { user_name: " Ana@X.example ".to_owned(), ..Profile::default() };
        let bare = bare.checked().unwrap();
        assert_eq!((bare.shown_name().as_str(), bare.address()), ("Ana@X.example", "Ana@X.example"));
        assert_eq!((bare.key().as_str(), bare.addresses().as_str()), ("ana@x.example", "\nana@x.example\n"));
        let said = Profile {
            name: Some(Name { given_name: Some("Ana".to_owned()), ..Name::default() }),
            emails: vec![email("a@x.example", "home", None), email("b@x.example", "work", None)],
            ..bare.clone()
        };
        assert_eq!((said.shown_name().as_str(), said.address()), ("Ana", "b@x.example"));
        let primary = Profile { emails: vec![email("a@x.example", "home", Some(true))], ..said };
        assert_eq!(primary.address(), "a@x.example");
        for wrong in [
            Profile { user_name: "ana".to_owned(), ..Profile::default() },
            Profile { user_name: String::new(), ..primary.clone() },
            Profile { emails: vec![email("x", "work", None)], ..primary.clone() },
            Profile { display_name: Some("\0".to_owned()), ..primary.clone() },
            Profile { display_name: Some("x".repeat(257)), ..primary.clone() },
            Profile {
                emails: vec![
                    email("a@x.example", "home", Some(true)),
                    email("b@x.example", "work", Some(true)),
                ],
                ..primary.clone()
            },
        ] {
            assert!(wrong.clone().checked().is_err(), "{wrong:?}");
        }
    }
}
