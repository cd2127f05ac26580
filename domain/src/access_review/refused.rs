//! Why what was decided could not be done, in a reader's language.

use crate::error::Refusal;
use crate::language::Language;

/// What can come of carrying a decision out, in Portuguese, English and Spanish.
const SAID: &[(Refusal, [&str; 3])] = &[
    (
        Refusal::LastAdministrator,
        [
            "Sem isto ninguém administraria o espaço de trabalho em definitivo",
            "Without it nobody would administer the workspace for good",
            "Sin esto nadie administraría el espacio de trabajo de forma definitiva",
        ],
    ),
    (
        Refusal::MayNotTakeAway,
        [
            "Quem decidiu já não podia fazê-lo",
            "Who decided could not do it any more",
            "Quien decidió ya no podía hacerlo",
        ],
    ),
    (
        Refusal::HoldsMore,
        [
            "A pessoa podia mais do que quem decidiu",
            "The person held more than who decided",
            "La persona podía más que quien decidió",
        ],
    ),
    (
        Refusal::OwnAccess,
        [
            "Ninguém altera o próprio acesso",
            "Nobody changes their own access",
            "Nadie cambia su propio acceso",
        ],
    ),
    (
        Refusal::NotHeld,
        [
            "Quem decidiu já não tinha o que ia conceder",
            "Who decided did not hold what was to be given",
            "Quien decidió ya no tenía lo que iba a conceder",
        ],
    ),
    (
        Refusal::OutlastsGranter,
        [
            "Duraria mais do que o acesso de quem decidiu",
            "It would last longer than the access of who decided",
            "Duraría más que el acceso de quien decidió",
        ],
    ),
    (
        Refusal::NothingConferred,
        [
            "O papel nada permite nesse alcance",
            "The role allows nothing in that scope",
            "El rol no permite nada en ese alcance",
        ],
    ),
    (
        Refusal::InvalidPeriod,
        ["Terminaria antes de começar", "It would end before it begins", "Terminaría antes de comenzar"],
    ),
    (Refusal::NotActive, ["A pessoa foi removida", "The person was removed", "La persona fue retirada"]),
    (
        Refusal::ChangedMeanwhile,
        [
            "Foi alterado ao mesmo tempo por outra pessoa",
            "Somebody else changed it at the same time",
            "Otra persona lo cambió al mismo tiempo",
        ],
    ),
    (Refusal::NotChangeable, ["Isto não se altera", "This cannot be changed", "Esto no se cambia"]),
];

/// The words for a refusal that is on record; as it stands there, where this program has none.
pub(super) fn told(language: Language, refusal: &str) -> String {
    let found = SAID.iter().find(|(known, _)| known.to_string() == refusal);
    found.map_or_else(|| refusal.to_owned(), |(_, said)| language.pick(said).to_owned())
}
