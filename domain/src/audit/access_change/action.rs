//! The kinds of activities that change who may do what, in the order in which they are told, and what each is called.

/// How much somebody who looks after access should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// How people get in, what everybody must do, all there is to hold, or what is told of it.
    Heavy,
    /// Somebody may do more than before.
    More,
    /// Somebody may do less.
    Less,
}

/// One kind, by the activity's action.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    pub key: &'static str,
    pub weight: Weight,
    /// In Portuguese, English and Spanish.
    pub said: [&'static str; 3],
}

impl Action {
    /// Every kind, in the order in which they are told.
    pub fn all() -> &'static [Self] {
        ALL
    }

    pub fn of(key: &str) -> Option<&'static Self> {
        ALL.iter().find(|action| action.key == key)
    }

    /// Whether its subject is a member.
    pub(super) fn is_about_a_member(&self) -> bool {
        self.key.starts_with("member.") || self.key.starts_with("external_identity.")
    }

    /// Whether it is about a review, which has a name of its own besides the role and the number that it asks about.
    pub(super) fn is_about_a_review(&self) -> bool {
        self.key.starts_with("access_review.")
    }

    /// Whether its subject is a rule of the auditor.
    pub(super) fn is_about_a_rule(&self) -> bool {
        self.key == "audit_rule.updated"
    }

    /// Whether nothing else does it.
    pub(super) fn is_done_on_the_machine(&self) -> bool {
        matches!(self.key, "member.second_factor_removed" | "member.reset_link_issued")
    }

    /// Where it stands among the others.
    pub fn place(&self) -> usize {
        ALL.iter().position(|action| action.key == self.key).unwrap_or(ALL.len())
    }
}

/// The keys as a statement lists them.
pub(super) fn listed() -> String {
    ALL.iter().map(|action| format!("'{}'", action.key)).collect::<Vec<_>>().join(", ")
}

const fn action(key: &'static str, weight: Weight, said: [&'static str; 3]) -> Action {
    Action { key, weight, said }
}

/// An index holds exactly these: who adds one makes a migration that builds it anew (`activities_of_access`).
pub(super) const ALL: &[Action] = &[
    action(
        "audit_rule.updated",
        Weight::Heavy,
        ["Regra da auditoria alterada", "Rule of the audit changed", "Regla de la auditoría modificada"],
    ),
    action(
        "audit_schedule.updated",
        Weight::Heavy,
        [
            "Horário da auditoria alterado",
            "Schedule of the audit changed",
            "Horario de la auditoría modificado",
        ],
    ),
    action(
        "security_policy.updated",
        Weight::Heavy,
        ["Política de segurança alterada", "Security policy changed", "Política de seguridad modificada"],
    ),
    action(
        "session_policy.updated",
        Weight::Heavy,
        ["Duração das sessões alterada", "Length of sessions changed", "Duración de las sesiones modificada"],
    ),
    action(
        "finding.dismissed",
        Weight::Heavy,
        [
            "Ponto da auditoria dispensado",
            "Finding of the audit dismissed",
            "Asunto de la auditoría descartado",
        ],
    ),
    action(
        "report_preference.updated",
        Weight::Heavy,
        [
            "Escolha de relatórios da auditoria alterada",
            "Choice of the audit's reports changed",
            "Elección de informes de la auditoría modificada",
        ],
    ),
    action(
        "access_review.schedule_ended",
        Weight::Heavy,
        [
            "Revisão periódica de acessos encerrada",
            "Recurring access review ended for good",
            "Revisión periódica de accesos terminada",
        ],
    ),
    action(
        "access_review.cancelled",
        Weight::Heavy,
        ["Revisão de acessos cancelada", "Access review called off", "Revisión de accesos cancelada"],
    ),
    action(
        "access_review.scheduled",
        Weight::Heavy,
        [
            "Revisão periódica de acessos marcada",
            "Recurring access review set up",
            "Revisión periódica de accesos programada",
        ],
    ),
    action(
        "alert_policy.updated",
        Weight::Heavy,
        [
            "Horário de silêncio dos alertas alterado",
            "Quiet hours of alerts changed",
            "Horas de silencio de las alertas modificadas",
        ],
    ),
    action(
        "notification_endpoint.created",
        Weight::Heavy,
        ["Destino de alertas criado", "Endpoint of alerts made", "Destino de alertas creado"],
    ),
    action(
        "notification_endpoint.updated",
        Weight::Heavy,
        ["Destino de alertas alterado", "Endpoint of alerts changed", "Destino de alertas modificado"],
    ),
    action(
        "notification_endpoint.secret_rotated",
        Weight::Heavy,
        [
            "Segredo de um destino de alertas trocado",
            "Secret of an endpoint of alerts replaced",
            "Secreto de un destino de alertas reemplazado",
        ],
    ),
    action(
        "notification_endpoint.deleted",
        Weight::Heavy,
        ["Destino de alertas removido", "Endpoint of alerts removed", "Destino de alertas eliminado"],
    ),
    action(
        "workspace.front_end_set",
        Weight::Heavy,
        ["Endereço do painel alterado", "Address of the front end changed", "Dirección del panel modificada"],
    ),
    action(
        "emergency.activated",
        Weight::Heavy,
        ["Acesso de emergência usado", "Emergency access used", "Acceso de emergencia usado"],
    ),
    action(
        "member.second_factor_reset",
        Weight::Heavy,
        ["Segundo fator apagado", "Second factor erased", "Segundo factor borrado"],
    ),
    action(
        "member.second_factor_removed",
        Weight::Heavy,
        [
            "Segundo fator removido na máquina",
            "Second factor taken away on the machine",
            "Segundo factor quitado en la máquina",
        ],
    ),
    action(
        "member.password_reset",
        Weight::More,
        ["Senha redefinida", "Password reset", "Contraseña restablecida"],
    ),
    action(
        "member.reset_link_issued",
        Weight::Heavy,
        [
            "Link para nova senha emitido na máquina",
            "Link for a new password made on the machine",
            "Enlace para nueva contraseña emitido en la máquina",
        ],
    ),
    action(
        "member.address_changed",
        Weight::Heavy,
        ["E-mail de login alterado", "Address for signing in changed", "Correo de acceso modificado"],
    ),
    action(
        "identity_provider.created",
        Weight::Heavy,
        ["Login único configurado", "Single sign-on set up", "Inicio de sesión único configurado"],
    ),
    action(
        "identity_provider.updated",
        Weight::Heavy,
        ["Login único alterado", "Single sign-on changed", "Inicio de sesión único modificado"],
    ),
    action(
        "identity_provider.deleted",
        Weight::Heavy,
        ["Login único removido", "Single sign-on removed", "Inicio de sesión único eliminado"],
    ),
    action(
        "external_identity.linked",
        Weight::Heavy,
        [
            "Login único ligado a uma pessoa",
            "Single sign-on tied to a person",
            "Inicio de sesión único vinculado a una persona",
        ],
    ),
    action(
        "directory_credential.created",
        Weight::Heavy,
        ["Credencial de diretório criada", "Directory credential made", "Credencial de directorio creada"],
    ),
    action("grant.made", Weight::More, ["Papel concedido", "Role granted", "Rol otorgado"]),
    action(
        "grant.changed",
        Weight::More,
        [
            "Papel concedido com outro alcance ou prazo",
            "Granted role given another scope or end",
            "Rol otorgado con otro alcance o plazo",
        ],
    ),
    action("role.created", Weight::More, ["Papel criado", "Role made", "Rol creado"]),
    action("role.edited", Weight::More, ["Papel alterado", "Role changed", "Rol modificado"]),
    action("api_key.created", Weight::More, ["Chave de API criada", "API key made", "Clave de API creada"]),
    action(
        "api_key.rotated",
        Weight::More,
        ["Chave de API trocada", "API key replaced", "Clave de API reemplazada"],
    ),
    action(
        "api_key.addresses_set",
        Weight::More,
        [
            "Endereços de uma chave de API alterados",
            "Addresses of an API key changed",
            "Direcciones de una clave de API modificadas",
        ],
    ),
    action(
        "api_key.grants_changed",
        Weight::More,
        [
            "Acesso de uma chave de API alterado",
            "Access of an API key changed",
            "Acceso de una clave de API modificado",
        ],
    ),
    action(
        "meta_app.created",
        Weight::More,
        ["Aplicativo da Meta cadastrado", "Meta app registered", "Aplicación de Meta registrada"],
    ),
    action(
        "meta_app.secret_added",
        Weight::More,
        [
            "Segredo de um aplicativo da Meta incluído",
            "Secret of a Meta app added",
            "Secreto de una aplicación de Meta agregado",
        ],
    ),
    action(
        "meta_app.secret_rotated",
        Weight::More,
        [
            "Segredo de um aplicativo da Meta trocado",
            "Secret of a Meta app replaced",
            "Secreto de una aplicación de Meta reemplazado",
        ],
    ),
    action(
        "finding.resolved",
        Weight::More,
        [
            "Ponto da auditoria dado por resolvido",
            "Finding of the audit called resolved",
            "Asunto de la auditoría dado por resuelto",
        ],
    ),
    action(
        "emergency.allowed",
        Weight::More,
        ["Acesso de emergência liberado", "Emergency access allowed", "Acceso de emergencia permitido"],
    ),
    action(
        "directory_mapping.made",
        Weight::More,
        [
            "Grupo do diretório ligado a acessos",
            "Directory group tied to access",
            "Grupo del directorio vinculado a accesos",
        ],
    ),
    action("bot.connected", Weight::More, ["Robô conectado", "Bot connected", "Bot conectado"]),
    action(
        "channel.access_token_set",
        Weight::More,
        ["Token de um número trocado", "Token of a number replaced", "Token de un número reemplazado"],
    ),
    action("member.reinstated", Weight::More, ["Acesso reativado", "Access reinstated", "Acceso reactivado"]),
    action("member.created", Weight::More, ["Pessoa criada", "Person added", "Persona creada"]),
    action(
        "invitation.accepted",
        Weight::More,
        ["Convite aceito", "Invitation accepted", "Invitación aceptada"],
    ),
    action("invitation.sent", Weight::More, ["Convite enviado", "Invitation sent", "Invitación enviada"]),
    action(
        "team.member_added",
        Weight::More,
        ["Entrada em equipe", "Put into a team", "Ingreso a un equipo"],
    ),
    action(
        "team.channel_added",
        Weight::More,
        ["Número entregue a uma equipe", "Number given to a team", "Número asignado a un equipo"],
    ),
    action("grant.revoked", Weight::Less, ["Papel retirado", "Role taken back", "Rol retirado"]),
    action("role.deleted", Weight::Less, ["Papel excluído", "Role deleted", "Rol eliminado"]),
    action(
        "api_key.revoked",
        Weight::Less,
        ["Chave de API revogada", "API key revoked", "Clave de API revocada"],
    ),
    action(
        "api_key.grant_revoked",
        Weight::Less,
        [
            "Papel retirado de uma chave de API",
            "Role taken from an API key",
            "Rol retirado de una clave de API",
        ],
    ),
    action(
        "meta_app.secret_ended",
        Weight::Less,
        [
            "Segredo de um aplicativo da Meta encerrado",
            "Secret of a Meta app ended",
            "Secreto de una aplicación de Meta terminado",
        ],
    ),
    action(
        "emergency.disallowed",
        Weight::Less,
        ["Acesso de emergência retirado", "Emergency access taken back", "Acceso de emergencia retirado"],
    ),
    action(
        "directory_credential.revoked",
        Weight::Less,
        [
            "Credencial de diretório revogada",
            "Directory credential revoked",
            "Credencial de directorio revocada",
        ],
    ),
    action(
        "directory_mapping.ended",
        Weight::Less,
        [
            "Grupo do diretório desligado de acessos",
            "Directory group untied from access",
            "Grupo del directorio desvinculado de accesos",
        ],
    ),
    action("bot.disconnected", Weight::Less, ["Robô desconectado", "Bot disconnected", "Bot desconectado"]),
    action("member.suspended", Weight::Less, ["Acesso suspenso", "Access suspended", "Acceso suspendido"]),
    action("member.removed", Weight::Less, ["Pessoa removida", "Person removed", "Persona eliminada"]),
    action(
        "team.member_removed",
        Weight::Less,
        ["Saída de equipe", "Taken out of a team", "Salida de un equipo"],
    ),
    action(
        "team.channel_removed",
        Weight::Less,
        ["Número retirado de uma equipe", "Number taken from a team", "Número retirado de un equipo"],
    ),
    action(
        "invitation.revoked",
        Weight::Less,
        ["Convite cancelado", "Invitation taken back", "Invitación cancelada"],
    ),
];
