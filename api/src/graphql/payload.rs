//! Payloads of mutations: what was changed, and the refusals of the domain as user errors with a code enum of their own.
//! What there may be beside it, the mutation puts in itself.

/// Declares a mutation's payload, its user error and the error's codes.
macro_rules! payload {
    (
        $(#[doc = $doc:literal])*
        $payload:ident [$access:meta] {
            $(#[doc = $field_doc:literal])* $field:ident: $type:ty
            $(, $(#[doc = $beside_doc:literal])* $beside:ident: $beside_type:ty)*
        }
        $error:ident, $code:ident { $($(#[doc = $code_doc:literal])* $variant:ident = $refusal:ident $(at $at:literal)? $(or $also:ident)?,)* }
        $(waits $waits:ident)?
    ) => {
        pub struct $payload {
            $field: Option<$type>,
            $($beside: Option<$beside_type>,)*
            user_errors: Vec<$error>,
        }

        $(#[doc = $doc])*
        #[portaria_guard::guarded]
        impl $payload {
            $(#[doc = $field_doc])*
            #[$access]
            fn $field(&self) -> Option<&$type> {
                self.$field.as_ref()
            }

            $($(#[doc = $beside_doc])*
            #[$access]
            fn $beside(&self) -> Option<&$beside_type> {
                self.$beside.as_ref()
            })*

            /// Why it was refused; empty when it was done.
            #[$access]
            fn user_errors(&self) -> &[$error] {
                &self.user_errors
            }
        }

        pub struct $error {
            code: $code,
            message: String,
            field: Option<Vec<String>>,
            $(retry_after: payload!(@seconds $waits),)?
        }

        #[doc = concat!("Why it was refused, for ", stringify!($payload), ".")]
        #[portaria_guard::guarded]
        impl $error {
            /// Which refusal it is: programs go by this.
            #[$access]
            fn code(&self) -> $code {
                self.code
            }

            /// In a sentence of English, for developers.
            #[$access]
            fn message(&self) -> &str {
                &self.message
            }

            /// Path of the input field that it is about; null when it is about none.
            #[$access]
            fn field(&self) -> Option<&[String]> {
                self.field.as_deref()
            }

            $(
            /// After how many seconds it may be tried again; null where that is not known, or waiting does not help.
            #[$waits]
            fn retry_after(&self) -> Option<u32> {
                self.retry_after
            }
            )?
        }

        #[doc = concat!("Refusals in ", stringify!($payload), ".")]
        #[derive(async_graphql::Enum, Clone, Copy, PartialEq, Eq)]
        pub enum $code {
            $($(#[doc = $code_doc])* $variant,)*
        }

        impl $payload {
            /// What was done, or why it was refused. A refusal that this mutation does not know is a failure.
            pub fn new(
                outcome: portaria_domain::Result<Option<impl Into<$type>>>,
            ) -> $crate::error::Result<Self> {
                match $crate::error::refusal(outcome)? {
                    Ok(done) => Ok(Self { $field: done.map(Into::into), $($beside: None,)* user_errors: Vec::new() }),
                    Err(refusal) => {
                        let (code, field): (_, Option<&str>) = match refusal {
                            $(portaria_domain::error::Refusal::$refusal { .. } => ($code::$variant, payload!(@at $($at)?)),)*
                            $($(portaria_domain::error::Refusal::$also { .. } => ($code::$variant, None),)?)*
                            #[allow(unreachable_patterns, reason = "a mutation may know every refusal")]
                            unknown => return Err(portaria_domain::Error::internal(unknown).into()),
                        };
                        let field = field.map(|name| vec!["input".to_owned(), name.to_owned()]);
                        Ok(Self { $field: None, $($beside: None,)* user_errors: vec![$error {
                            code, message: refusal.to_string(), field, $(retry_after: payload!(@retry_after $waits, refusal),)?
                        }] })
                    }
                }
            }
        }
    };
    (@seconds $waits:ident) => { Option<u32> };
    (@retry_after $waits:ident, $refusal:ident) => { $refusal.retry_after() };
    (@at $at:literal) => { Some($at) };
    (@at) => { None };
}

pub(super) use payload;
