//! Enumerations whose values a list in the domain has: rules of the auditor, facts of evidence. Their names and descriptions
//! come from there, so that a new rule is told of here without a second list.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaEnumValue, MetaType, MetaTypeId, Registry};
use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, Name, OutputType, Positioned,
    ServerResult, Value,
};
use portaria_domain::audit::fact::FactName;
use portaria_domain::audit::rule;
use portaria_domain::language::Language;
use portaria_entity::finding::AuditRule;

/// Something that a list in the domain has.
pub trait Listed: Copy + PartialEq + Send + Sync + 'static {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;

    fn all() -> impl Iterator<Item = Self>;
    /// In lower case with underscores.
    fn key(self) -> &'static str;
    fn description(self) -> String;
}

/// One of them as a value of GraphQL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListedEnum<T>(pub T);

impl<T: Listed> ListedEnum<T> {
    fn name(self) -> String {
        self.0.key().to_uppercase()
    }

    fn describe(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, |_| MetaType::Enum {
            name: T::NAME.to_owned(),
            description: Some(T::DESCRIPTION.to_owned()),
            enum_values: T::all().map(Self).map(|one| (one.name(), one.value())).collect(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }

    fn value(self) -> MetaEnumValue {
        MetaEnumValue { description: Some(self.0.description()), ..MetaEnumValue::new(self.name()) }
    }

    fn to_value(self) -> Value {
        Value::Enum(Name::new(self.name()))
    }
}

impl<T: Listed> OutputType for ListedEnum<T> {
    fn type_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::describe(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok((*self).to_value())
    }
}

impl<T: Listed> InputType for ListedEnum<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::describe(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let said = match &value {
            Value::Enum(name) => name.as_str(),
            Value::String(name) => name.as_str(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let unknown = || InputValueError::custom(format_args!("There is no {said:?} among {}.", T::NAME));
        T::all().map(Self).find(|one| one.name() == said).ok_or_else(unknown)
    }

    fn to_value(&self) -> Value {
        (*self).to_value()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// A rule of the auditor.
pub type AuditRuleKey = ListedEnum<AuditRule>;
/// What a fact of evidence says.
pub type EvidenceFactName = ListedEnum<FactName>;

impl Listed for AuditRule {
    const NAME: &'static str = "AuditRuleKey";
    const DESCRIPTION: &'static str = "A rule of the auditor: `auditRules` and docs/AUDIT-RULES.md say what each looks at. More come with new versions.";

    fn all() -> impl Iterator<Item = Self> {
        rule::all().map(|rule| rule.key)
    }

    fn key(self) -> &'static str {
        self.into()
    }

    fn description(self) -> String {
        format!("{}.", rule::of(self).said(Language::English).title)
    }
}

impl Listed for FactName {
    const NAME: &'static str = "EvidenceFactName";
    const DESCRIPTION: &'static str = "What a fact of evidence says. More come with new rules: show those that you do not know by `label` and `text`.";

    fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }

    fn key(self) -> &'static str {
        self.into()
    }

    fn description(self) -> String {
        match self.label(Language::English) {
            Some(label) => format!("{label}."),
            None => format!("{}.", self.key().replace('_', " ")),
        }
    }
}
