//! What a reader is told of a session that was used elsewhere.

use super::super::fact::{FactName, FactValue};
use super::super::rule::Said;
use super::super::telling::Telling;

/// How it was seen to be another's.
enum Seen {
    /// Of so many people.
    Crowd(u64),
    DeviceAndCountry,
    Device,
    Country,
    TooFar,
}

fn seen(told: &Telling<'_>) -> Seen {
    let evidence = told.evidence();
    if let Some(FactValue::Members { count, .. }) = evidence.get(FactName::Accounts) {
        return Seen::Crowd(u64::try_from(*count).unwrap_or(0));
    }
    match (evidence.is(FactName::IsNewDevice), evidence.is(FactName::IsNewCountry)) {
        (true, true) => Seen::DeviceAndCountry,
        (true, false) => Seen::Device,
        (false, true) => Seen::Country,
        (false, false) => Seen::TooFar,
    }
}

/// From when it was opened to its use elsewhere.
fn gap(told: &Telling<'_>) -> String {
    told.between(FactName::OpenedFrom, FactName::UsedFrom)
}

pub(super) const PORTUGUESE: Said = Said {
    title: "Sessão usada em um lugar onde não foi aberta",
    why: "Uma sessão fica no navegador em que foi aberta. Quando aparece em outro aparelho ou em outro país, em geral foi copiada, e quem a copiou não precisa da senha nem do segundo fator.",
    what_to_do: "Encerre as sessões e pergunte à pessoa se foi ela. Se não foi, mande examinar o aparelho dela: de lá a sessão foi levada, e a senha pode ter ido junto. Se foi um servidor ou uma VPN da empresa, dispense o aviso: depois de uma semana o lugar é conhecido.",
    seen: |told| match seen(told) {
        Seen::Crowd(people) => format!(
            "Sessões de {} foram usadas a partir desta rede, e não de onde foram abertas.",
            told.count(people, "pessoa", "pessoas")
        ),
        Seen::DeviceAndCountry => {
            "Foi usada em outro tipo de aparelho, e em um país de onde a pessoa nunca tinha entrado."
                .to_owned()
        }
        Seen::Device => "Foi usada em outro tipo de aparelho que aquele em que foi aberta.".to_owned(),
        Seen::Country => "Foi usada em um país de onde a pessoa nunca tinha entrado.".to_owned(),
        Seen::TooFar => format!(
            "Foi usada a mais de {} km de onde tinha sido aberta {} antes.",
            told.kilometres(),
            gap(told)
        ),
    },
};

pub(super) const ENGLISH: Said = Said {
    title: "Session used where it was not opened",
    why: "A session stays in the browser in which it was opened. When it turns up on another device or in another country it has mostly been copied, and whoever copied it needs neither the password nor the second factor.",
    what_to_do: "End the sessions and ask the person whether it was them. If not, have their device examined: that is where the session was taken from, and the password may have gone with it. If it was a server or a VPN of the company, dismiss this: after a week the place is known.",
    seen: |told| {
        match seen(told) {
        Seen::Crowd(people) => format!(
            "Sessions of {} were used from this network, and not from where they were opened.",
            told.count(people, "person", "people")
        ),
        Seen::DeviceAndCountry => {
            "It was used on another kind of device, and in a country from which this person had never signed in.".to_owned()
        }
        Seen::Device => "It was used on another kind of device than the one it was opened on.".to_owned(),
        Seen::Country => "It was used in a country from which this person had never signed in.".to_owned(),
        Seen::TooFar => format!(
            "It was used more than {} km from where it had been opened {} before.",
            told.kilometres(),
            gap(told)
        ),
    }
    },
};

pub(super) const SPANISH: Said = Said {
    title: "Sesión usada donde no se abrió",
    why: "Una sesión se queda en el navegador en el que se abrió. Cuando aparece en otro dispositivo o en otro país, por lo general fue copiada, y quien la copió no necesita ni la contraseña ni el segundo factor.",
    what_to_do: "Cierre las sesiones y pregunte a la persona si fue ella. Si no, haga revisar su dispositivo: de allí se llevaron la sesión, y la contraseña puede haber ido con ella. Si fue un servidor o una VPN de la empresa, descarte el aviso: después de una semana el lugar es conocido.",
    seen: |told| match seen(told) {
        Seen::Crowd(people) => format!(
            "Se usaron sesiones de {} desde esta red, y no desde donde se abrieron.",
            told.count(people, "persona", "personas")
        ),
        Seen::DeviceAndCountry => {
            "Se usó en otro tipo de dispositivo y en un país desde el que la persona nunca había entrado."
                .to_owned()
        }
        Seen::Device => "Se usó en otro tipo de dispositivo que aquel en el que se abrió.".to_owned(),
        Seen::Country => "Se usó en un país desde el que la persona nunca había entrado.".to_owned(),
        Seen::TooFar => {
            format!("Se usó a más de {} km de donde se había abierto {} antes.", told.kilometres(), gap(told))
        }
    },
};
