//! Meta's error codes that a request or a status can meet: the HTTP status, the standing sentence, and what is said
//! of it when nothing better is known.

/// One line of the catalogue.
pub(super) struct Code {
    pub(super) code: u32,
    pub(super) status: u16,
    pub(super) title: &'static str,
    pub(super) details: &'static str,
}

const fn code(code: u32, status: u16, title: &'static str, details: &'static str) -> Code {
    Code { code, status, title, details }
}

/// The line of that code.
pub(super) fn find(code: u32) -> Option<&'static Code> {
    CODES.iter().find(|line| line.code == code)
}

/// Every code there is.
pub(super) fn all() -> impl Iterator<Item = u32> {
    CODES.iter().map(|line| line.code)
}

#[rustfmt::skip] // One code a line.
const CODES: &[Code] = &[
    code(0, 401, "AuthException", "The app user could not be authenticated."),
    code(1, 500, "An unknown error occurred", "The request could not be read, or the server failed."),
    code(2, 503, "Service temporarily unavailable", "The service is overloaded or being worked on."),
    code(3, 403, "Application does not have the capability to make this API call", "A capability is missing."),
    code(4, 429, "Application request limit reached", "The app has made too many requests."),
    code(10, 403, "Application does not have permission for this action", "A permission was not granted or was withdrawn."),
    code(33, 400, "Parameter value is not valid", "The business phone number has been deleted."),
    code(100, 400, "Invalid parameter", "A parameter is not supported or misspelt."),
    code(190, 401, "Invalid OAuth access token", "The access token could not be validated."),
    code(200, 403, "Permissions error", "The token lacks a permission for this object."),
    code(368, 403, "Temporarily blocked for policies violations", "The account was restricted for breaking a policy."),
    code(2200, 400, "Callback verification failed", "The callback did not echo the challenge with status 200."),
    code(2500, 400, "An active access token must be used to query information about the current user", "Unknown path components."),
    code(80007, 429, "Rate limit issues", "The account has made too many requests within the hour."),
    code(130_429, 429, "Rate limit hit", "The number's throughput has been reached."),
    code(130_472, 400, "User's number is part of an experiment", "The message was not sent as part of an experiment."),
    code(130_497, 403, "Business account is restricted from messaging users in this country", "The recipient's country may not be written to."),
    code(131_000, 500, "Something went wrong", "An unknown error occurred."),
    code(131_005, 403, "Access denied", "A permission was not granted or was withdrawn."),
    code(131_008, 400, "Required parameter is missing", "A required parameter is missing."),
    code(131_009, 400, "Parameter value is not valid", "A parameter's value is not valid."),
    code(131_016, 500, "Service unavailable", "A service is temporarily unavailable."),
    code(131_021, 400, "Recipient cannot be sender", "The recipient is the sending number itself."),
    code(131_026, 400, "Message undeliverable", "The recipient is not on WhatsApp, has an old version, or has blocked the business."),
    code(131_031, 403, "Business account has been locked", "The account was locked for breaking a policy, or its data could not be verified."),
    code(131_037, 400, "WhatsApp provided number needs display name approval before message can be sent", "The display name is not approved."),
    code(131_042, 400, "Business eligibility payment issue", "The account has no usable payment method."),
    code(131_045, 500, "Incorrect certificate", "The number is not registered correctly."),
    code(131_047, 400, "Re-engagement message", "More than 24 hours have passed since the customer last replied."),
    code(131_048, 429, "Spam rate limit hit", "There are restrictions on how many messages can be sent from this number."),
    code(131_049, 400, "This message was not delivered to maintain healthy ecosystem engagement", "The customer has received enough marketing messages."),
    code(131_050, 400, "User has stopped receiving marketing messages from this business", "The customer has stopped marketing messages."),
    code(131_051, 400, "Unsupported message type", "The message's type is not supported."),
    code(131_052, 400, "Media download error", "The file the customer sent could not be downloaded."),
    code(131_053, 400, "Media upload error", "The file could not be taken."),
    code(131_055, 400, "Method not allowed", "The method is not allowed here."),
    code(131_056, 429, "(Business Account, Consumer Account) pair rate limit hit", "Too many messages to this customer within a short time."),
    code(131_057, 500, "Account in maintenance mode", "The number is being upgraded."),
    code(131_062, 400, "Business-scoped user ID recipients are not supported for this message", "Authentication templates need a phone number."),
    code(131_064, 429, "Rate limit hit", "Too many messages have been sent."),
    code(132_000, 400, "Number of parameters does not match the expected number of params", "The template needs another number of values."),
    code(132_001, 404, "Template name does not exist in the translation", "The template does not exist in that language, or is not approved."),
    code(132_005, 400, "Translated text too long", "With its values the text is too long."),
    code(132_007, 400, "Template format character policy violated", "The content breaks a policy."),
    code(132_012, 400, "Parameter format does not match format in the created template", "A value is not of the kind the template needs."),
    code(132_015, 400, "Template is paused", "The template is paused because of low quality."),
    code(132_016, 400, "Template is disabled", "The template was paused too often and is now disabled."),
    code(132_068, 400, "Flow is blocked", "The flow is blocked."),
    code(132_069, 400, "Flow is throttled", "The flow has been sent more often than it may be within the hour."),
    code(133_004, 503, "Server temporarily unavailable", "The server is temporarily unavailable."),
    code(133_010, 400, "Account not registered", "The number is not registered with the platform."),
    code(133_016, 429, "Account register/deregister rate limit exceeded", "Too many registrations."),
    code(135_000, 400, "Generic user error", "The request could not be done."),
];
