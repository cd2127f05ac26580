//! Guesses at codes: how many there may be, and that the owner of the account hears of them. Whoever guesses has the password
//! already, or an open session.
//!
//! A code that is not given is no guess: asking for it is how a sign-in begins. Two that are wrong are a slip of the fingers.

use portaria_entity::id::UserId;
use portaria_entity::{user, workspace};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};

use super::{PAUSE, memberships};
use crate::authentication::Origin;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::mail::{Addressee, Letter, queue};

/// So many wrong codes within [`PAUSE`], and the owner is told: once a day (in UTC), however many there are.
const TOLD: i64 = 3;
const DAY: i64 = 24 * 60 * 60;

/// How many wrong codes there were of late.
pub(super) async fn wrong_codes(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<i64> {
    let statement = installation.database.statement(
        "SELECT COUNT(*) FROM sign_in_events WHERE user_id = $1 AND \"at\" > $2 AND outcome = 'wrong_code'",
        [user.0.into(), (installation.clock.now() - PAUSE).0.into()],
    );
    let row = transaction.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

/// Tells the owner of an account, once the latest wrong code is on record, that somebody guesses.
pub(crate) async fn warn(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    owner: &user::Model,
    origin: &Origin,
) -> Result<()> {
    let count = wrong_codes(transaction, installation, owner.id).await?;
    if count < TOLD {
        return Ok(());
    }
    // Mail goes out through a workspace.
    let Some(member) = memberships(transaction, owner.id).await?.into_iter().next() else { return Ok(()) };
    let find = workspace::Entity::find_by_id(member.workspace_id);
    let workspace = find.one(transaction).await?.ok_or(Error::NotFound)?;
    let now = installation.clock.now();
    let to = Addressee {
        workspace_id: workspace.id,
        name: &owner.name,
        address: &owner.email,
        dedup_key: format!("wrong-codes:{}:{}", owner.id, now.as_secs() / DAY),
    };
    let local = jiff::Timestamp::from_microsecond(now.0).and_then(|at| at.in_tz(&workspace.time_zone));
    let when = local.map(|at| at.strftime("%Y-%m-%d %H:%M %Z").to_string()).unwrap_or_default();
    let letter = letter(owner, (count, &when, &origin.address));
    queue(transaction, &installation.clock, to, &letter).await
}

fn letter(owner: &user::Model, (count, when, address): (i64, &str, &str)) -> Letter {
    let name = &owner.name;
    let (subject, paragraphs) = match owner.locale.split(['-', '_']).next().unwrap_or_default() {
        "en" => (
            "Wrong codes for your account",
            [
                format!("Hello {name},"),
                format!("somebody who knows your password, or uses an open session of yours, gave {count} wrong codes of your second factor in Portaria. The last one: {when}, from {address}. We let nobody in by these."),
                "If it was you, do nothing.".to_owned(),
                "If it was not you: somebody may have your password. Change it, end your other sessions, and tell your administrators now.".to_owned(),
            ],
        ),
        "es" => (
            "Códigos incorrectos para tu cuenta",
            [
                format!("Hola, {name}:"),
                format!("alguien que sabe tu contraseña, o usa una sesión tuya abierta, dio {count} códigos incorrectos de tu segundo factor en Portaria. El último: {when}, desde {address}. Con ellos no dejamos entrar a nadie."),
                "Si fuiste tú, no hagas nada.".to_owned(),
                "Si no fuiste tú: es posible que alguien tenga tu contraseña. Cámbiala, cierra tus otras sesiones y avisa ahora mismo a la administración.".to_owned(),
            ],
        ),
        _ => (
            "Códigos errados na sua conta",
            [
                format!("Olá, {name}!"),
                format!("Alguém que sabe a sua senha, ou usa uma sessão sua aberta, errou {count} vezes o código do seu segundo fator no Portaria. A última: {when}, de {address}. Ninguém entrou com eles."),
                "Se foi você, não faça nada.".to_owned(),
                "Se não foi você: alguém pode ter a sua senha. Troque-a, encerre as suas outras sessões e avise agora mesmo a administração.".to_owned(),
            ],
        ),
    };
    Letter { subject: subject.to_owned(), paragraphs: paragraphs.to_vec() }
}
