//! `#[guarded]`: every field of a GraphQL object says, once, who may read it.
//!
//! On an `impl` block each method carries exactly one of
//! - `#[requires(PermissionA, PermissionB)]`: any one of these, held towards the object (`or_self`: or the object is the
//!   viewer itself). The field becomes nullable: what is withheld is null plus an error.
//! - `#[authenticated]`: whoever has signed in. `#[authenticated(enrolling)]`: even who must show or set up a second factor
//!   before anything else.
//! - `#[public]`: no sign-in needed.
//!
//! From that one place come the check before the method's body and the directive in the SDL. A method that says
//! nothing does not compile.

use proc_macro::TokenStream;
use proc_macro2::{Span, TokenStream as Tokens};
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, PathArguments, Result,
    ReturnType, Token, Type, parse_quote,
};

/// Guards every field of an object type; the arguments are those of `async_graphql::Object`.
#[proc_macro_attribute]
pub fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(&arguments.into(), item, &format_ident!("Object"), guard_field)
}

/// Guards every field of the subscription root; the arguments are those of `async_graphql::Subscription`.
#[proc_macro_attribute]
pub fn guarded_subscription(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand(&arguments.into(), item, &format_ident!("Subscription"), guard_subscription)
}

fn expand(
    arguments: &Tokens,
    item: TokenStream,
    derive: &Ident,
    guard: fn(&mut ImplItemFn, &Ident, &Declaration) -> Result<()>,
) -> TokenStream {
    let mut block = syn::parse_macro_input!(item as ItemImpl);
    let Some(owner) = type_name(&block.self_ty) else {
        return Error::new(block.self_ty.span(), "only a named type can be guarded")
            .to_compile_error()
            .into();
    };
    let mut declarations = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        // Interfaces and other objects of the schema reach fields too.
        method.vis = parse_quote!(pub(crate));
        let guarded = Declaration::take(method).and_then(|declaration| {
            let field = method.sig.ident.clone();
            guard(method, &owner, &declaration)?;
            declarations.push((field, declaration));
            Ok(())
        });
        if let Err(error) = guarded {
            return error.to_compile_error().into();
        }
    }
    let visibility = Visibility::of(&owner, &declarations);
    let functions =
        declarations.iter().filter_map(|(field, declaration)| visibility.of_field(field, declaration));
    let (whole, arguments) = visibility.of_whole(arguments);
    quote! {
        #[::async_graphql::#derive(#arguments)]
        #block
        #(#functions)*
        #whole
    }
    .into()
}

/// What introspection shows of a type: the fields that the viewer has a use for, and never a type without any.
struct Visibility<'a> {
    owner: &'a Ident,
    /// All permissions that its fields ask for; none when a field asks for none and so is always shown.
    all: Option<(Vec<&'a Ident>, bool)>,
    root: bool,
}

impl<'a> Visibility<'a> {
    fn of(owner: &'a Ident, declarations: &'a [(Ident, Declaration)]) -> Self {
        let mut all = Some((Vec::new(), false));
        for (_, declaration) in declarations {
            match declaration {
                Declaration::Requires { permissions, or_self } => {
                    if let Some((every, any_self)) = &mut all {
                        every.extend(permissions);
                        *any_self |= or_self;
                    }
                }
                Declaration::Authenticated { .. } | Declaration::Public => all = None,
            }
        }
        Self { owner, all, root: *owner != root(owner) || owner == "Subscription" }
    }

    /// Whether introspection shows a field: a function of its own, which the field is made to name.
    fn of_field(&self, field: &Ident, declaration: &Declaration) -> Option<Tokens> {
        let Declaration::Requires { permissions, or_self } = declaration else { return None };
        let name = visibility_name(self.owner, field);
        let own = is_visible(&permissions.iter().collect::<Vec<_>>(), *or_self);
        let shown = match &self.all {
            // Some other object may refer to it: then it is shown whole rather than empty.
            Some((every, any_self)) if !self.root => {
                let any = is_visible(every, *any_self);
                quote!(#own || !#any)
            }
            _ => own,
        };
        Some(quote!(fn #name(ctx: &::async_graphql::Context<'_>) -> bool { #shown }))
    }

    /// Whether introspection shows the type at all; only the subscription root can be left out.
    fn of_whole(&self, arguments: &Tokens) -> (Tokens, Tokens) {
        match &self.all {
            Some((every, any_self)) if self.owner == "Subscription" => {
                let any = is_visible(every, *any_self);
                let whole =
                    quote!(fn visible_subscription(ctx: &::async_graphql::Context<'_>) -> bool { #any });
                (whole, quote!(visible = "visible_subscription"))
            }
            _ => (Tokens::new(), arguments.clone()),
        }
    }
}

/// An expression: whether the viewer has a use for what any of these permissions opens.
fn is_visible(permissions: &[&Ident], or_self: bool) -> Tokens {
    quote!(crate::guard::is_visible(
        ctx,
        const {
            ::portaria_domain::permission::PermissionSet::of(
                &[#(::portaria_domain::permission::Permission::#permissions),*])
        },
        #or_self
    ))
}

/// Who may read a field.
enum Declaration {
    Requires { permissions: Vec<Ident>, or_self: bool },
    Authenticated { enrolling: bool },
    Public,
}

impl Declaration {
    /// Takes the declaration off a method.
    fn take(method: &mut ImplItemFn) -> Result<Self> {
        let (ours, others): (Vec<Attribute>, Vec<Attribute>) =
            method.attrs.drain(..).partition(|attribute| {
                ["requires", "authenticated", "public"].iter().any(|name| attribute.path().is_ident(name))
            });
        method.attrs = others;
        match ours.as_slice() {
            [one] if one.path().is_ident("requires") => Self::requires(one),
            [one] if one.path().is_ident("authenticated") => Self::authenticated(one),
            [_] => Ok(Self::Public),
            [] => Err(Error::new(
                method.sig.ident.span(),
                "a field says exactly one of #[requires(...)], #[authenticated], #[public]",
            )),
            [_, second, ..] => Err(Error::new(second.span(), "a field says who may read it only once")),
        }
    }

    fn requires(attribute: &Attribute) -> Result<Self> {
        let names = attribute.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated)?;
        let (or_self, permissions): (Vec<Ident>, Vec<Ident>) =
            names.into_iter().partition(|name| name == "or_self");
        if permissions.is_empty() {
            return Err(Error::new(attribute.span(), "name at least one permission"));
        }
        Ok(Self::Requires { permissions, or_self: !or_self.is_empty() })
    }

    fn authenticated(attribute: &Attribute) -> Result<Self> {
        if matches!(attribute.meta, syn::Meta::Path(_)) {
            return Ok(Self::Authenticated { enrolling: false });
        }
        match attribute.parse_args::<Ident>()? {
            word if word == "enrolling" => Ok(Self::Authenticated { enrolling: true }),
            other => Err(Error::new(other.span(), "nothing or `enrolling`")),
        }
    }

    /// The directive that shows it in the SDL.
    fn directive(&self, owner: &Ident, field: &Ident) -> Attribute {
        match self {
            Self::Requires { permissions, or_self } => {
                let or_self = if *or_self { quote!(Some(true)) } else { quote!(None) };
                let visible = visibility_name(owner, field).to_string();
                parse_quote!(#[graphql(directive = crate::guard::requires_permission::apply(
                    vec![#(crate::graphql::permission::PermissionKey::#permissions),*], #or_self), visible = #visible)])
            }
            Self::Authenticated { enrolling } => {
                let enrolling = if *enrolling { quote!(Some(true)) } else { quote!(None) };
                parse_quote!(#[graphql(directive = crate::guard::authenticated::apply(#enrolling))])
            }
            Self::Public => parse_quote!(#[graphql(directive = crate::guard::public::apply())]),
        }
    }

    /// The check, as an expression that gives `Result<(), Problem>`; nothing for what is public.
    fn check(&self, owner: &Ident, field: &Ident, context: &Ident) -> Option<Tokens> {
        match self {
            Self::Requires { permissions, or_self } => {
                let field = format!("{}.{}", root(owner), camel_case(&field.to_string()));
                Some(quote! {{
                    const REQUIREMENT: crate::guard::Requirement = crate::guard::Requirement {
                        field: #field,
                        any_of: ::portaria_domain::permission::PermissionSet::of(
                            &[#(::portaria_domain::permission::Permission::#permissions),*]),
                        or_self: #or_self,
                    };
                    crate::guard::check(#context, self, &REQUIREMENT)
                }})
            }
            Self::Authenticated { enrolling: true } => Some(quote!(crate::guard::signed_in(#context))),
            Self::Authenticated { enrolling: false } => {
                let field = format!("{}.{}", root(owner), camel_case(&field.to_string()));
                Some(quote!(crate::guard::admitted(#context, #field)))
            }
            Self::Public => None,
        }
    }
}

/// What the function is called that says whether introspection shows a field.
fn visibility_name(owner: &Ident, field: &Ident) -> Ident {
    let field = field.to_string();
    format_ident!("visible_{}_{}", owner.to_string().to_lowercase(), field.trim_start_matches("r#"))
}

fn guard_field(method: &mut ImplItemFn, owner: &Ident, declaration: &Declaration) -> Result<()> {
    method.attrs.push(declaration.directive(owner, &method.sig.ident));
    let context = context_of(method);
    let Some(check) = declaration.check(owner, &method.sig.ident, &context) else { return Ok(()) };
    let declared = match &method.sig.output {
        ReturnType::Type(_, declared) => (**declared).clone(),
        ReturnType::Default => return Err(Error::new(method.sig.ident.span(), "a field has a type")),
    };
    let fallible = generic_argument(&declared, "Result");
    let value = fallible.clone().unwrap_or_else(|| declared.clone());
    let nullable = generic_argument(&value, "Option");
    let body = &method.block;
    let body = match method.sig.asyncness {
        // Boxed, so that the future of a plain field is not as large as that of the costliest one of its type.
        Some(_) => quote!({ let value: #declared = ::std::boxed::Box::pin(async move #body).await; value }),
        None => quote!({ let value: #declared = (|| #body)(); value }),
    };
    let outcome = match fallible {
        Some(_) => body,
        None => quote!(::std::result::Result::<_, crate::error::Problem>::Ok(#body)),
    };
    match (declaration, nullable) {
        // A non-null field that needs no more than a sign-in fails with its parent.
        (Declaration::Authenticated { .. }, None) => {
            method.sig.output = parse_quote!(-> ::async_graphql::Result<#value>);
            method.block = parse_quote!({
                #check.map_err(::async_graphql::Error::from)?;
                #outcome.map_err(::async_graphql::Error::from)
            });
        }
        (_, nullable) => {
            let outcome =
                if nullable.is_some() { outcome } else { quote!(#outcome.map(::std::option::Option::Some)) };
            let inner = nullable.unwrap_or(value);
            method.sig.output = parse_quote!(-> crate::guard::Guarded<#inner>);
            method.block = parse_quote!({
                if let ::std::result::Result::Err(problem) = #check {
                    return crate::guard::Guarded::problem(problem);
                }
                crate::guard::Guarded::from(#outcome)
            });
        }
    }
    Ok(())
}

/// The guard of a subscription runs once, before the stream begins; the stream checks each event itself.
fn guard_subscription(method: &mut ImplItemFn, owner: &Ident, declaration: &Declaration) -> Result<()> {
    method.attrs.push(declaration.directive(owner, &method.sig.ident));
    let context = context_of(method);
    let Some(check) = declaration.check(owner, &method.sig.ident, &context) else { return Ok(()) };
    let statements = &method.block.stmts;
    method.block = parse_quote!({
        #check.map_err(::async_graphql::Error::from)?;
        #(#statements)*
    });
    Ok(())
}

/// The name of the method's context argument, which is added when there is none.
fn context_of(method: &mut ImplItemFn) -> Ident {
    for argument in &method.sig.inputs {
        if let FnArg::Typed(argument) = argument
            && let Type::Reference(reference) = &*argument.ty
            && let Type::Path(path) = &*reference.elem
            && path.path.segments.last().is_some_and(|segment| segment.ident == "Context")
            && let syn::Pat::Ident(name) = &*argument.pat
        {
            return name.ident.clone();
        }
    }
    let name = Ident::new("__context", Span::call_site());
    method.sig.inputs.insert(1, parse_quote!(#name: &::async_graphql::Context<'_>));
    name
}

/// `T` of `Wrapper<T>` (or of `Wrapper<T, E>`).
fn generic_argument(ty: &Type, wrapper: &str) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    }
}

/// The name in GraphQL of what a type is part of: the roots are merged from parts such as `SessionMutation`.
fn root(owner: &Ident) -> String {
    let name = owner.to_string();
    let roots = ["Query", "Mutation", "Subscription"];
    roots.into_iter().find(|root| name.ends_with(root)).map(str::to_owned).unwrap_or(name)
}

/// The last name of a type's path.
fn type_name(ty: &Type) -> Option<Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.clone()),
        _ => None,
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.trim_start_matches("r#").split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}
