//! Alerts in Spanish.

use portaria_entity::alert::AlertKind;

use super::{Details, of};

pub fn words(kind: AlertKind, details: &Details) -> (String, &'static str) {
    let told = |name| of(details, name);
    match kind {
        AlertKind::WebhookRefused => (
            format!(
                "Se rechazan las entregas para la aplicación {}: {}.",
                told("app"),
                refused(told("reason"))
            ),
            "Si nadie está haciendo pruebas, compara el secreto de la aplicación en Portaria con el que muestra Meta. Meta lo intenta de nuevo durante 7 días.",
        ),
        AlertKind::WebhookTooLarge => (
            format!("Una entrega para la aplicación {} era más larga de lo que se acepta.", told("app")),
            "Meta envía hasta 3 MB. Si es de Meta, aumenta webhook.max_body_bytes; se envía de nuevo durante 7 días.",
        ),
        AlertKind::DeliveryDead => (
            format!("No se pudo procesar una entrega de WhatsApp: {}.", told("reason")),
            "Faltan sus mensajes. Mírala entre las entregas de webhook y haz que se procese de nuevo cuando la causa haya desaparecido.",
        ),
        AlertKind::DeliveriesLagging => (
            format!(
                "Las entregas de WhatsApp esperan más de lo debido: {} de ellas, la más antigua desde hace {} s.",
                told("count"),
                told("seconds")
            ),
            "No se pierde nada, pero los agentes ven los mensajes tarde. Mira la carga del servidor y de su base de datos.",
        ),
        AlertKind::ForeignNumber => (
            format!("Llegó algo para {}, que no es de este espacio de trabajo.", told("what")),
            "Si es tuyo, regístralo y haz que la entrega se procese de nuevo. Si no, termina su suscripción en Meta.",
        ),
        AlertKind::AccountRestricted => (
            format!("Meta restringe la cuenta de WhatsApp {}: {}.", told("account"), told("event")),
            "Lee cuanto antes lo que dice Meta en el administrador de WhatsApp: puede que ya no salgan mensajes.",
        ),
        AlertKind::AccountChanged => (
            format!("Algo cambió en la cuenta de WhatsApp {}: {}.", told("account"), told("event")),
            "Si no lo esperabas, mira en el administrador de WhatsApp.",
        ),
        AlertKind::NumberChanged => (
            format!("Algo cambió en el número {}: {}.", told("channel"), told("event")),
            "La calidad baja antes de que lleguen los límites: mira qué se envió últimamente y a quién.",
        ),
        AlertKind::SecurityEvent => (
            format!("Se tocó el PIN de dos pasos del número {}: {}.", told("channel"), told("event")),
            "Si no fue ninguno de ustedes, cámbialo y mira quién tiene acceso al portafolio comercial en Meta.",
        ),
        AlertKind::PaymentEvent => (
            format!("Pasa algo con el pago en Meta: {}.", told("event")),
            "Sin método de pago los mensajes no se entregan. Mira el centro de facturación.",
        ),
        AlertKind::TemplateChanged => (
            format!(
                "Meta cambió la plantilla {} ({}): {}.",
                told("template"),
                told("language"),
                told("event")
            ),
            "Lo que la usa puede no salir, o costar más. Mira la plantilla y usa otra mientras tanto.",
        ),
        AlertKind::SyncRefused => (
            format!("No se puede traer el historial del número {}: {}.", told("channel"), told("event")),
            "Quien usa el número en la aplicación WhatsApp Business puede compartirlo de nuevo.",
        ),
        AlertKind::ContactsConflict => (
            match details.get("one").zip(details.get("other")) {
                Some((one, other)) => format!("Dos contactos parecen ser la misma persona: {one} y {other}."),
                None => "Dos contactos parecen ser la misma persona.".to_owned(),
            },
            "Compáralos. Si lo son, únelos (mergeContacts), lo que se puede deshacer; si no, da este aviso por visto (resolveAlert).",
        ),
        AlertKind::WaitingTooLong => (
            format!(
                "Hay clientes que esperan en {} sin nadie libre: {} de ellos.",
                told("channel"),
                told("count")
            ),
            "Mira quién está disponible y puede tener esas conversaciones.",
        ),
        AlertKind::FileInfected => (
            match told("origin") {
                "upload" => "Un archivo que se iba a enviar es dañino y no se guardó.".to_owned(),
                _ => "Un cliente envió un archivo dañino, que no se guardó.".to_owned(),
            },
            "Nadie puede abrirlo en Portaria. Si venía de alguien de la empresa, revisa su computadora; si lo envió un cliente, avisa a quien lo atiende.",
        ),
        AlertKind::EndpointDisabled => (
            format!(
                "Portaria dejó de enviar alertas a {} ({}), que ya no las recibe.",
                told("name"),
                told("host")
            ),
            "Revise el destino y actívelo de nuevo en Portaria. Hasta entonces, las alertas van solo por correo.",
        ),
        AlertKind::FilesWaiting => (
            match told("reason") {
                "no_token" => format!(
                    "El número {} no tiene token de acceso: los archivos que envían los clientes no se descargan.",
                    told("channel")
                ),
                _ => format!(
                    "Meta no acepta el token de acceso del número {}: los archivos que envían los clientes no se descargan.",
                    told("channel")
                ),
            },
            "Da al número un token válido dentro de 7 días, y se descargan solos. Después Meta ya no los tiene.",
        ),
        AlertKind::TargetAtRisk => (
            format!(
                "Un objetivo de {} está a punto de no cumplirse: {}.",
                told("team"),
                match told("target") {
                    "first_response" => "la primera respuesta",
                    "resolution" => "la resolución",
                    other => other,
                }
            ),
            "Asigna las conversaciones que vencen.",
        ),
        AlertKind::SendingStopped => (
            format!(
                "Ya no se envía nada desde el número {}: {} (código {} de Meta).",
                told("channel"),
                stopped(told("reason")),
                told("code")
            ),
            "Lo escrito espera, un día como máximo. Portaria prueba cada cinco minutos si Meta vuelve a aceptar mensajes.",
        ),
    }
}

/// Why a webhook was refused.
fn refused(cause: &str) -> &str {
    match cause {
        "missing_signature" => "no vienen firmadas",
        "malformed_signature" => "su firma no tiene la forma correcta",
        "wrong_signature" => "vienen firmadas con un secreto que Portaria no conoce",
        "another_secret" => {
            "vienen firmadas con el secreto de otra aplicación de este espacio de trabajo, o con uno que ya terminó"
        }
        "reescaped_body" => "algo entre Meta y Portaria lee su cuerpo y lo escribe de nuevo",
        "client_certificate" => {
            "el proxy informa de un certificado de cliente que no es el de Meta, o de ninguno"
        }
        "wrong_verify_token" => "el token de verificación del saludo es incorrecto",
        other => other,
    }
}

/// Why a number does not send.
fn stopped(reason: &str) -> &str {
    match reason {
        "token" => "su token de acceso falta o ya no es válido",
        "permission" => "su token de acceso no puede enviar desde él",
        "restricted" => "Meta bloqueó o restringió la cuenta",
        "payment" => "falta un método de pago",
        "not_registered" => "no está registrado o ya no existe",
        "spam" => "demasiados clientes se quejaron",
        "by_hand" => "alguien lo detuvo",
        other => other,
    }
}
