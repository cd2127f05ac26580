//! What people call each permission, in Portuguese, English and Spanish: short enough for a list, and as they would say it.

use super::Permission;
use crate::language::Language;

impl Permission {
    /// Its name for people.
    pub fn label(self, language: Language) -> &'static str {
        language.pick(&words(self))
    }
}

#[rustfmt::skip]
fn words(permission: Permission) -> [&'static str; 3] {
    use Permission as P;
    match permission {
        P::WorkspaceRead => ["ver o espaço de trabalho", "see the workspace", "ver el espacio de trabajo"],
        P::WorkspaceUpdate => ["mudar as preferências do espaço de trabalho", "change the workspace's preferences", "cambiar las preferencias del espacio de trabajo"],
        P::SecurityPolicyManage => ["definir as regras de segurança", "set the security rules", "definir las reglas de seguridad"],
        P::ChannelManage => ["gerenciar números de telefone", "manage phone numbers", "gestionar los números de teléfono"],
        P::BillingRead => ["ver custos e faturas", "see charges and invoices", "ver costos y facturas"],
        P::BillingManage => ["mudar a cobrança e os limites de gasto", "change billing and spending limits", "cambiar la facturación y los límites de gasto"],
        P::UsageRead => ["ver o volume de mensagens", "see message volume", "ver el volumen de mensajes"],
        P::MemberRead => ["ver os colegas", "see colleagues", "ver a los compañeros"],
        P::MemberReadPrivate => ["ver dados de acesso dos colegas", "see colleagues' e-mail and sign-ins", "ver los datos de acceso de los compañeros"],
        P::MemberManage => ["convidar, suspender e remover pessoas", "invite, suspend and remove people", "invitar, suspender y quitar personas"],
        P::SessionRevoke => ["encerrar sessões de colegas", "end colleagues' sessions", "cerrar sesiones de compañeros"],
        P::TeamRead => ["ver as equipes", "see teams", "ver los equipos"],
        P::TeamManage => ["gerenciar equipes", "manage teams", "gestionar los equipos"],
        P::RoleRead => ["ver os papéis", "see roles", "ver los roles"],
        P::RoleManage => ["criar e mudar papéis", "create and change roles", "crear y cambiar roles"],
        P::RoleAssign => ["dar e retirar papéis", "give and take back roles", "dar y quitar roles"],
        P::AuditLogRead => ["ler o registro de atividades", "read the activity log", "leer el registro de actividad"],
        P::AuditLogExport => ["exportar o registro de atividades", "export the activity log", "exportar el registro de actividad"],
        P::AccessAuditRead => ["ler os relatórios de auditoria", "read audit reports", "leer los informes de auditoría"],
        P::AuditRun => ["rodar uma auditoria", "run an audit", "ejecutar una auditoría"],
        P::FindingResolve => ["tratar os achados da auditoria", "deal with audit findings", "atender los hallazgos de auditoría"],
        P::AccessReviewDecide => ["decidir revisões de acesso", "decide access reviews", "decidir revisiones de acceso"],
        P::ContactRead => ["ver o nome dos clientes", "see customers' names", "ver el nombre de los clientes"],
        P::ContactReadAll => ["procurar entre todos os clientes", "search all customers", "buscar entre todos los clientes"],
        P::ContactReadPhone => ["ver o telefone dos clientes", "see customers' phone numbers", "ver el teléfono de los clientes"],
        P::ContactReadProfile => ["ver e-mail e dados dos clientes", "see customers' e-mail and details", "ver el correo y los datos de los clientes"],
        P::ContactUpdate => ["mudar dados de clientes", "change customers' details", "cambiar los datos de los clientes"],
        P::ContactBlock => ["bloquear clientes", "block customers", "bloquear clientes"],
        P::ContactExport => ["exportar dados de clientes", "export customer data", "exportar datos de clientes"],
        P::ConsentManage => ["registrar consentimentos", "record consents", "registrar consentimientos"],
        P::PrivacyManage => ["cuidar da privacidade (LGPD)", "look after privacy requests", "atender la privacidad de datos"],
        P::ConversationReadAssigned => ["ler as próprias conversas", "read their own conversations", "leer sus propias conversaciones"],
        P::ConversationReadUnassigned => ["ver a fila de espera", "see the waiting queue", "ver la cola de espera"],
        P::ConversationReadTeam => ["ler as conversas da equipe", "read the team's conversations", "leer las conversaciones del equipo"],
        P::ConversationReadAll => ["ler todas as conversas", "read all conversations", "leer todas las conversaciones"],
        P::ConversationClaim => ["pegar conversas da fila", "take conversations from the queue", "tomar conversaciones de la cola"],
        P::ConversationTransfer => ["passar a própria conversa adiante", "hand on their own conversation", "pasar su propia conversación"],
        P::ConversationAssign => ["distribuir conversas", "assign conversations", "asignar conversaciones"],
        P::ConversationEscalate => ["escalar conversas", "escalate conversations", "escalar conversaciones"],
        P::ConversationReceiveEscalation => ["receber conversas escaladas", "receive escalated conversations", "recibir conversaciones escaladas"],
        P::ConversationResolve => ["encerrar e adiar conversas", "resolve and snooze conversations", "cerrar y posponer conversaciones"],
        P::ConversationAnnotate => ["marcar conversas e fazer anotações", "label conversations and take notes", "etiquetar conversaciones y tomar notas"],
        P::ConversationExport => ["exportar conversas", "export conversations", "exportar conversaciones"],
        P::MessageRead => ["ler mensagens", "read messages", "leer mensajes"],
        P::MessageSendText => ["escrever mensagens livres", "write free messages", "escribir mensajes libres"],
        P::MessageSendMedia => ["enviar fotos, áudios e vídeos", "send pictures, audio and video", "enviar fotos, audios y videos"],
        P::MessageSendDocument => ["enviar documentos", "send documents", "enviar documentos"],
        P::MessageSendInteractive => ["enviar botões e listas", "send buttons and lists", "enviar botones y listas"],
        P::MessageSendTemplate => ["enviar modelos aprovados", "send approved templates", "enviar plantillas aprobadas"],
        P::MessageSendQuickReply => ["enviar respostas rápidas", "send quick replies", "enviar respuestas rápidas"],
        P::MessageInitiate => ["iniciar conversas", "start conversations", "iniciar conversaciones"],
        P::QuickReplyRead => ["ver respostas rápidas", "see quick replies", "ver respuestas rápidas"],
        P::QuickReplyManage => ["escrever respostas rápidas e orientações", "write quick replies and guidelines", "escribir respuestas rápidas y pautas"],
        P::TemplateRead => ["ver modelos de mensagem", "see message templates", "ver plantillas de mensajes"],
        P::TemplateWrite => ["escrever modelos de mensagem", "write message templates", "escribir plantillas de mensajes"],
        P::TemplateApprove => ["aprovar modelos de mensagem", "approve message templates", "aprobar plantillas de mensajes"],
        P::TemplateDelete => ["excluir modelos de mensagem", "delete message templates", "eliminar plantillas de mensajes"],
        P::BotUse => ["passar conversas a um robô", "hand conversations to a chatbot", "pasar conversaciones a un bot"],
        P::BotMonitor => ["acompanhar os robôs", "watch the chatbots", "seguir a los bots"],
        P::BotManage => ["configurar robôs", "configure chatbots", "configurar bots"],
        P::CampaignRead => ["ver campanhas", "see campaigns", "ver campañas"],
        P::CampaignWrite => ["preparar campanhas", "prepare campaigns", "preparar campañas"],
        P::CampaignApprove => ["aprovar campanhas", "approve campaigns", "aprobar campañas"],
        P::AnalyticsRead => ["ver indicadores", "see figures", "ver indicadores"],
        P::ReportExport => ["gerar e exportar relatórios", "make and export reports", "generar y exportar informes"],
        P::FeedbackRead => ["ver avaliações dos clientes", "see customers' ratings", "ver las valoraciones de los clientes"],
        P::IntegrationRead => ["ver integrações", "see integrations", "ver integraciones"],
        P::IntegrationManage => ["configurar integrações", "configure integrations", "configurar integraciones"],
        P::WebhookRead => ["ver webhooks de saída", "see outgoing webhooks", "ver webhooks de salida"],
        P::WebhookManage => ["gerenciar webhooks de saída", "manage outgoing webhooks", "gestionar webhooks de salida"],
        P::WebhookEventRead => ["ver entregas recebidas da Meta", "see deliveries from Meta", "ver entregas recibidas de Meta"],
        P::WebhookEventReplay => ["reprocessar entregas da Meta", "process deliveries again", "reprocesar entregas de Meta"],
        P::ApiKeyRead => ["ver chaves de API", "see API keys", "ver claves de API"],
        P::ApiKeyManage => ["criar e revogar chaves de API", "create and revoke API keys", "crear y revocar claves de API"],
        P::ApiDebug => ["testar a configuração técnica", "test the technical setup", "probar la configuración técnica"],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_permission_has_a_short_name_of_its_own_in_each_language() {
        for language in Language::ALL {
            let labels: Vec<&str> = Permission::all().map(|permission| permission.label(language)).collect();
            let distinct: HashSet<&&str> = labels.iter().collect();
            assert_eq!(distinct.len(), labels.len(), "{language:?}");
            for label in labels {
                assert!(label.chars().count() <= 50 && !label.contains(':'), "{label}");
                assert!(label.starts_with(char::is_lowercase) && !label.ends_with('.'), "{label}");
            }
        }
    }
}
