//! The letter that tells of a sign-in that may not have been its owner's, in the language of whose account it is.

use portaria_entity::{session, user, workspace};

use super::Device;
use crate::country::Country;
use crate::mail::Letter;

/// Why it is told.
#[derive(Clone, Copy)]
pub(super) enum News {
    NewDevice,
    NewCountry,
    NewDeviceAndCountry,
    /// Nobody was there as them for 90 days.
    LongAbsence,
}

impl News {
    pub fn kind(self) -> &'static str {
        match self {
            Self::NewDevice | Self::NewDeviceAndCountry => "new-device",
            Self::NewCountry => "new-country",
            Self::LongAbsence => "long-absence",
        }
    }
}

/// What the letter is about.
pub(super) struct SignIn<'a> {
    pub workspace: &'a workspace::Model,
    pub user: &'a user::Model,
    pub session: &'a session::Model,
    pub device: Device,
    /// Which one it was made from, as far as that is known.
    pub country: Option<&'a Country>,
    pub news: News,
}

pub(super) fn of_sign_in(sign_in: &SignIn<'_>) -> Letter {
    match sign_in.user.locale.split('-').next().unwrap_or_default() {
        "en" => english(sign_in),
        "es" => spanish(sign_in),
        _ => portuguese(sign_in),
    }
}

fn english(sign_in: &SignIn<'_>) -> Letter {
    let (name, company) = (&sign_in.user.name, &sign_in.workspace.name);
    let how = match sign_in.news {
        News::NewDevice => "from a device that you had not used before",
        News::NewCountry => "from a country that you had not signed in from before",
        News::NewDeviceAndCountry => "from a device and a country that you had not signed in from before",
        News::LongAbsence => "after more than 90 days in which nobody had",
    };
    let facts =
        sign_in.facts(["When", "Device", "Country", "Address"], sign_in.device.in_words("on", "unknown"));
    let paragraphs = [
        format!("Hello {name},"),
        format!("somebody signed in to {company} on Portaria as you, {how}."),
        facts,
        sign_in.with_caution(
            "If it was you, do nothing.",
            "The country is that of the address: a VPN can make it another.",
        ),
        "If it was not you: sign in, end your other sessions, change your password, and tell an administrator of the workspace now.".to_owned(),
    ];
    Letter { subject: sign_in.subject("New sign-in to"), paragraphs: paragraphs.to_vec() }
}

fn spanish(sign_in: &SignIn<'_>) -> Letter {
    let (name, company) = (&sign_in.user.name, &sign_in.workspace.name);
    let how = match sign_in.news {
        News::NewDevice => "desde un dispositivo que no habías usado antes",
        News::NewCountry => "desde un país en el que no habías iniciado sesión antes",
        News::NewDeviceAndCountry => {
            "desde un dispositivo y un país en los que no habías iniciado sesión antes"
        }
        News::LongAbsence => "después de más de 90 días sin que nadie lo hiciera",
    };
    let facts = sign_in
        .facts(["Cuándo", "Dispositivo", "País", "Dirección"], sign_in.device.in_words("en", "desconocido"));
    let paragraphs = [
        format!("Hola, {name}:"),
        format!("alguien inició sesión en {company} en Portaria con tu cuenta, {how}."),
        facts,
        sign_in.with_caution(
            "Si fuiste tú, no hagas nada.",
            "El país es el de la dirección: con una VPN puede parecer otro.",
        ),
        "Si no fuiste tú: inicia sesión, cierra tus otras sesiones, cambia tu contraseña y avisa ahora a un administrador del espacio de trabajo.".to_owned(),
    ];
    Letter { subject: sign_in.subject("Nuevo inicio de sesión en"), paragraphs: paragraphs.to_vec() }
}

fn portuguese(sign_in: &SignIn<'_>) -> Letter {
    let (name, company) = (&sign_in.user.name, &sign_in.workspace.name);
    let how = match sign_in.news {
        News::NewDevice => "a partir de um dispositivo que você ainda não tinha usado",
        News::NewCountry => "a partir de um país de onde você ainda não tinha entrado",
        News::NewDeviceAndCountry => {
            "a partir de um dispositivo e de um país de onde você ainda não tinha entrado"
        }
        News::LongAbsence => "depois de mais de 90 dias sem que ninguém entrasse",
    };
    let facts = sign_in
        .facts(["Quando", "Dispositivo", "País", "Endereço"], sign_in.device.in_words("no", "desconhecido"));
    let paragraphs = [
        format!("Olá, {name}!"),
        format!("Alguém entrou em {company} no Portaria com a sua conta, {how}."),
        facts,
        sign_in.with_caution(
            "Se foi você, não faça nada.",
            "O país é o do endereço: com uma VPN pode parecer outro.",
        ),
        "Se não foi você: entre, encerre as suas outras sessões, troque a sua senha e avise agora um administrador do espaço de trabalho.".to_owned(),
    ];
    Letter { subject: sign_in.subject("Novo acesso a"), paragraphs: paragraphs.to_vec() }
}

impl SignIn<'_> {
    /// With the country in it, when that is what is new.
    fn subject(&self, to: &str) -> String {
        let company = &self.workspace.name;
        match (self.news, self.country) {
            (News::NewCountry | News::NewDeviceAndCountry, Some(country)) => {
                format!("{to} {company}: {}", country.name(&self.user.locale))
            }
            (News::NewCountry | News::NewDeviceAndCountry, None)
            | (News::NewDevice | News::LongAbsence, _) => format!("{to} {company}"),
        }
    }

    /// `When: 2026-03-02 09:00 -03. Device: Chrome on Windows. Country: Brazil. Address: 192.0.2.7.`
    fn facts(&self, [when, device, country, address]: [&str; 4], device_in_words: String) -> String {
        let place = self.country.map(|place| (country, place.name(&self.user.locale).to_owned()));
        let facts = [(when, self.when()), (device, device_in_words)];
        let said = facts.into_iter().chain(place).chain([(address, self.session.address.clone())]);
        said.map(|(label, value)| format!("{label}: {value}.")).collect::<Vec<_>>().join(" ")
    }

    /// By the workspace's own clock.
    fn when(&self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.session.created_at.0).ok();
        let local = at.and_then(|at| at.in_tz(&self.workspace.time_zone).ok());
        local.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default()
    }

    /// What to do, and how a country can be wrong, when it is the country that is told.
    fn with_caution(&self, advice: &str, caution: &str) -> String {
        match self.news {
            News::NewCountry | News::NewDeviceAndCountry => format!("{advice} {caution}"),
            News::NewDevice | News::LongAbsence => advice.to_owned(),
        }
    }
}
