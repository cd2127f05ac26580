//! Alerts in Brazilian Portuguese.

use portaria_entity::alert::AlertKind;

use super::{Details, of};

pub fn words(kind: AlertKind, details: &Details) -> (String, &'static str) {
    let told = |name| of(details, name);
    match kind {
        AlertKind::WebhookRefused => (
            format!(
                "As entregas para o aplicativo {} estão sendo recusadas: {}.",
                told("app"),
                refused(told("reason"))
            ),
            "Se ninguém está fazendo testes, compare a chave secreta do aplicativo no Portaria com a que a Meta mostra. A Meta tenta de novo por 7 dias.",
        ),
        AlertKind::WebhookTooLarge => (
            format!("Uma entrega para o aplicativo {} era maior do que se aceita.", told("app")),
            "A Meta envia até 3 MB. Se for da Meta, aumente webhook.max_body_bytes; ela será enviada de novo por 7 dias.",
        ),
        AlertKind::DeliveryDead => (
            format!("Uma entrega do WhatsApp não pôde ser processada: {}.", told("reason")),
            "As mensagens dela estão faltando. Veja-a entre as entregas de webhook e mande processá-la de novo quando a causa for resolvida.",
        ),
        AlertKind::DeliveriesLagging => (
            format!(
                "Entregas do WhatsApp esperam mais do que deviam: {} delas, a mais antiga há {} s.",
                told("count"),
                told("seconds")
            ),
            "Nada se perde, mas os atendentes veem as mensagens com atraso. Verifique a carga do servidor e do banco de dados.",
        ),
        AlertKind::ForeignNumber => (
            format!("Chegou algo para {}, que não é deste espaço de trabalho.", told("what")),
            "Se for seu, cadastre-o e mande processar a entrega de novo. Se não, encerre a assinatura dele na Meta.",
        ),
        AlertKind::AccountRestricted => (
            format!("A Meta restringiu a conta do WhatsApp {}: {}.", told("account"), told("event")),
            "Leia já o que a Meta diz no Gerenciador do WhatsApp: as mensagens podem não sair mais.",
        ),
        AlertKind::AccountChanged => (
            format!("Algo mudou na conta do WhatsApp {}: {}.", told("account"), told("event")),
            "Se você não esperava por isso, veja no Gerenciador do WhatsApp.",
        ),
        AlertKind::NumberChanged => (
            format!("Algo mudou no número {}: {}.", told("channel"), told("event")),
            "A qualidade cai antes de virem os limites: veja o que foi enviado por último, e a quem.",
        ),
        AlertKind::SecurityEvent => (
            format!(
                "O PIN de verificação em duas etapas do número {} foi mexido: {}.",
                told("channel"),
                told("event")
            ),
            "Se não foi nenhum de vocês, troque-o e veja quem tem acesso ao portfólio empresarial na Meta.",
        ),
        AlertKind::PaymentEvent => (
            format!("Há algo com o pagamento na Meta: {}.", told("event")),
            "Sem forma de pagamento as mensagens não são entregues. Veja a central de cobrança.",
        ),
        AlertKind::TemplateChanged => (
            format!("A Meta mudou o modelo {} ({}): {}.", told("template"), told("language"), told("event")),
            "O que o usa pode não sair, ou custar mais. Veja o modelo e use outro enquanto isso.",
        ),
        AlertKind::SyncRefused => (
            format!("O histórico do número {} não pode ser trazido: {}.", told("channel"), told("event")),
            "Quem usa o número no aplicativo WhatsApp Business pode compartilhá-lo de novo.",
        ),
        AlertKind::ContactsConflict => (
            match details.get("one").zip(details.get("other")) {
                Some((one, other)) => format!("Dois contatos parecem ser a mesma pessoa: {one} e {other}."),
                None => "Dois contatos parecem ser a mesma pessoa.".to_owned(),
            },
            "Compare-os. Se forem, junte-os (mergeContacts), o que pode ser desfeito; se não, dê este aviso por visto (resolveAlert).",
        ),
        AlertKind::WaitingTooLong => (
            format!("Clientes esperam em {} sem ninguém livre: {} deles.", told("channel"), told("count")),
            "Veja quem está disponível e pode ter essas conversas.",
        ),
        AlertKind::FileInfected => (
            match told("origin") {
                "upload" => "Um arquivo que ia ser enviado é nocivo e não foi guardado.".to_owned(),
                _ => "Um cliente enviou um arquivo nocivo, que não foi guardado.".to_owned(),
            },
            "Ninguém consegue abri-lo na Portaria. Se veio de alguém da empresa, verifique o computador da pessoa; se veio de um cliente, avise quem o atende.",
        ),
        AlertKind::EndpointDisabled => (
            format!(
                "O Portaria parou de enviar alertas para {} ({}), que não os recebe mais.",
                told("name"),
                told("host")
            ),
            "Verifique o destino e ative-o de novo no Portaria. Até lá, os alertas vão só por e-mail.",
        ),
        AlertKind::FilesWaiting => (
            match told("reason") {
                "no_token" => format!(
                    "O número {} não tem token de acesso: os arquivos que os clientes enviam não são baixados.",
                    told("channel")
                ),
                _ => format!(
                    "A Meta não aceita o token de acesso do número {}: os arquivos que os clientes enviam não são baixados.",
                    told("channel")
                ),
            },
            "Dê ao número um token válido em até 7 dias, e eles são baixados sozinhos. Depois disso a Meta não os tem mais.",
        ),
        AlertKind::TargetAtRisk => (
            format!(
                "Uma meta de {} está prestes a ser perdida: {}.",
                told("team"),
                match told("target") {
                    "first_response" => "a primeira resposta",
                    "resolution" => "a conclusão",
                    other => other,
                }
            ),
            "Atribua as conversas que estão vencendo.",
        ),
        AlertKind::SendingStopped => (
            format!(
                "Nada mais é enviado pelo número {}: {} (código {} da Meta).",
                told("channel"),
                stopped(told("reason")),
                told("code")
            ),
            "O que foi escrito espera, por um dia no máximo. O Portaria tenta a cada cinco minutos se a Meta volta a aceitar mensagens.",
        ),
    }
}

/// Why a webhook was refused.
fn refused(cause: &str) -> &str {
    match cause {
        "missing_signature" => "não vêm assinadas",
        "malformed_signature" => "a assinatura não tem a forma certa",
        "wrong_signature" => "vêm assinadas com uma chave secreta que o Portaria não conhece",
        "another_secret" => {
            "vêm assinadas com a chave secreta de outro aplicativo deste espaço de trabalho, ou com uma que já foi encerrada"
        }
        "reescaped_body" => "algo entre a Meta e o Portaria lê o corpo delas e o escreve de novo",
        "client_certificate" => "o proxy informa um certificado de cliente que não é o da Meta, ou nenhum",
        "wrong_verify_token" => "o token de verificação do aperto de mão está errado",
        other => other,
    }
}

/// Why a number does not send.
fn stopped(reason: &str) -> &str {
    match reason {
        "token" => "o token de acesso falta ou não vale mais",
        "permission" => "o token de acesso não pode enviar por ele",
        "restricted" => "a Meta bloqueou ou restringiu a conta",
        "payment" => "falta uma forma de pagamento",
        "not_registered" => "ele não está registrado ou não existe mais",
        "spam" => "clientes demais reclamaram",
        "by_hand" => "alguém o parou",
        other => other,
    }
}
