//! What a mail of an alert says besides what is told in it.

use portaria_domain::language::Language;

/// How many things there are, in a sentence.
pub fn lead(language: Language, (all, urgent): (usize, usize)) -> String {
    let count = |number: usize, [one, many]: [&str; 2]| match number {
        1 => one.to_owned(),
        number => language.speech().number(number as u64) + many,
    };
    match (urgent, all) {
        (0, all) => count(
            all,
            language.pick(&[
                ["Um novo ponto de atenção.", " novos pontos de atenção."],
                ["There is something new to look at.", " new things to look at."],
                ["Hay un asunto nuevo que revisar.", " asuntos nuevos que revisar."],
            ]),
        ),
        (urgent, all) if urgent == all => count(
            urgent,
            language.pick(&[
                ["Isto não pode esperar.", " pontos não podem esperar."],
                ["This cannot wait.", " things cannot wait."],
                ["Esto no puede esperar.", " asuntos no pueden esperar."],
            ]),
        ),
        (urgent, all) => {
            let [new, wait] = language.pick(&[
                ["novos pontos de atenção", "não pode esperar"],
                ["new things to look at", "cannot wait"],
                ["asuntos nuevos", "no puede esperar"],
            ]);
            let waits = if urgent == 1 {
                wait
            } else {
                language.pick(&["não podem esperar", "cannot wait", "no pueden esperar"])
            };
            let number = |number: usize| language.speech().number(number as u64);
            format!("{} {new}; {} {waits}.", number(all), number(urgent))
        }
    }
}

pub fn title(language: Language) -> &'static str {
    language.pick(&["Alerta", "Alert", "Alerta"])
}

pub fn when(language: Language) -> &'static str {
    language.pick(&["Desde", "Since", "Desde"])
}

pub fn last(language: Language) -> &'static str {
    language.pick(&["Última vez", "Last time", "Última vez"])
}

pub fn times(language: Language) -> &'static str {
    language.pick(&["Vezes", "Times", "Veces"])
}

/// That no answer and no click on a link does anything.
pub fn powerless(language: Language) -> &'static str {
    language.pick(&[
        "O link só abre o painel: para ver ou mudar algo, é preciso entrar com a sua conta.",
        "The link only opens the panel: to see or change anything, one signs in there.",
        "El enlace solo abre el panel: para ver o cambiar algo hay que entrar con la propia cuenta.",
    ])
}
