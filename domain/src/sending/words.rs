//! Why a message did not arrive, in words for who wrote it.

use portaria_entity::outgoing_message::SendFailure;

/// One sentence, and what to do. The language is a BCP 47 tag; of languages that there are no words in, English.
pub fn in_words(language: &str, failure: SendFailure) -> &'static str {
    match language.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("pt") => portuguese(failure),
        Some("es") => spanish(failure),
        _ => english(failure),
    }
}

fn english(failure: SendFailure) -> &'static str {
    use SendFailure as F;
    match failure {
        F::WindowClosed => {
            "More than 24 hours have passed since the customer last wrote. Send a template instead."
        }
        F::MarketingStopped => {
            "The customer does not want marketing messages. Only they can change that, in WhatsApp."
        }
        F::MarketingHeldBack => {
            "WhatsApp held this back to spare the customer too much marketing. Try again in a day or two."
        }
        F::Undeliverable => {
            "WhatsApp could not deliver it: the number has no WhatsApp, an old version, or has blocked the company."
        }
        F::NotAddressable => "WhatsApp gives no address of the customer that such a message could go to.",
        F::TemplateUnusable => "The template is paused, disabled or gone. Choose another.",
        F::TemplateValues => "The values do not fit the template. Check them and send again.",
        F::Media => "WhatsApp did not take the file. Check its type and size.",
        F::Invalid => "WhatsApp did not take the message as it is.",
        F::RateLimited => "Too many messages were sent for too long. Send it again later.",
        F::NumberStopped => {
            "Nothing can be sent from this number at present. An administrator has to see to it."
        }
        F::Payment => "WhatsApp wants a payment method for this account. An administrator has to see to it.",
        F::NotPermitted => "You were no longer permitted to send this when its turn came.",
        F::Expired => "It waited for too long to be sent. Send it again if it still matters.",
        F::Unavailable => "WhatsApp was out of order for too long. Send it again later.",
        F::Other => "WhatsApp refused it for a reason that is not known here.",
    }
}

fn portuguese(failure: SendFailure) -> &'static str {
    use SendFailure as F;
    match failure {
        F::WindowClosed => {
            "Passaram mais de 24 horas desde a última mensagem do cliente. Envie um modelo aprovado."
        }
        F::MarketingStopped => {
            "O cliente não quer mensagens de marketing. Só ele pode mudar isso, no WhatsApp."
        }
        F::MarketingHeldBack => {
            "O WhatsApp segurou a mensagem para poupar o cliente de marketing demais. Tente de novo em um ou dois dias."
        }
        F::Undeliverable => {
            "O WhatsApp não conseguiu entregar: o número não tem WhatsApp, tem uma versão antiga ou bloqueou a empresa."
        }
        F::NotAddressable => "O WhatsApp não informou um endereço do cliente para este tipo de mensagem.",
        F::TemplateUnusable => "O modelo está pausado, desativado ou não existe mais. Escolha outro.",
        F::TemplateValues => "Os valores não combinam com o modelo. Confira e envie de novo.",
        F::Media => "O WhatsApp não aceitou o arquivo. Confira o tipo e o tamanho.",
        F::Invalid => "O WhatsApp não aceitou a mensagem como ela está.",
        F::RateLimited => "Foram enviadas mensagens demais por muito tempo. Envie de novo mais tarde.",
        F::NumberStopped => {
            "No momento nada pode ser enviado por este número. Um administrador precisa cuidar disso."
        }
        F::Payment => {
            "O WhatsApp exige uma forma de pagamento para esta conta. Um administrador precisa cuidar disso."
        }
        F::NotPermitted => "Você não tinha mais permissão para enviar quando chegou a vez da mensagem.",
        F::Expired => "A mensagem esperou tempo demais. Envie de novo se ainda fizer sentido.",
        F::Unavailable => "O WhatsApp ficou fora do ar por tempo demais. Envie de novo mais tarde.",
        F::Other => "O WhatsApp recusou a mensagem por um motivo desconhecido aqui.",
    }
}

fn spanish(failure: SendFailure) -> &'static str {
    use SendFailure as F;
    match failure {
        F::WindowClosed => {
            "Pasaron más de 24 horas desde el último mensaje del cliente. Envíe una plantilla aprobada."
        }
        F::MarketingStopped => {
            "El cliente no quiere mensajes de marketing. Solo él puede cambiarlo, en WhatsApp."
        }
        F::MarketingHeldBack => {
            "WhatsApp retuvo el mensaje para ahorrarle demasiado marketing al cliente. Inténtelo en uno o dos días."
        }
        F::Undeliverable => {
            "WhatsApp no pudo entregarlo: el número no tiene WhatsApp, tiene una versión antigua o bloqueó a la empresa."
        }
        F::NotAddressable => "WhatsApp no informó una dirección del cliente para este tipo de mensaje.",
        F::TemplateUnusable => "La plantilla está en pausa, desactivada o ya no existe. Elija otra.",
        F::TemplateValues => "Los valores no corresponden a la plantilla. Revíselos y envíe de nuevo.",
        F::Media => "WhatsApp no aceptó el archivo. Revise el tipo y el tamaño.",
        F::Invalid => "WhatsApp no aceptó el mensaje tal como está.",
        F::RateLimited => {
            "Se enviaron demasiados mensajes durante demasiado tiempo. Envíelo de nuevo más tarde."
        }
        F::NumberStopped => {
            "Por ahora no se puede enviar nada desde este número. Un administrador debe ocuparse."
        }
        F::Payment => "WhatsApp exige un medio de pago para esta cuenta. Un administrador debe ocuparse.",
        F::NotPermitted => "Usted ya no tenía permiso para enviarlo cuando llegó su turno.",
        F::Expired => "El mensaje esperó demasiado. Envíelo de nuevo si todavía hace falta.",
        F::Unavailable => "WhatsApp estuvo fuera de servicio demasiado tiempo. Envíelo de nuevo más tarde.",
        F::Other => "WhatsApp lo rechazó por un motivo que aquí no se conoce.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn every_failure_has_words_of_its_own_in_every_language() {
        for failure in SendFailure::iter() {
            let words = ["en", "pt-BR", "es"].map(|language| in_words(language, failure));
            assert!(words[0] != words[1] && words[1] != words[2], "{failure:?}");
            for other in SendFailure::iter().filter(|other| *other != failure) {
                assert_ne!(in_words("pt", failure), in_words("pt", other));
            }
        }
        assert_eq!(in_words("", SendFailure::Other), in_words("en", SendFailure::Other));
    }
}
