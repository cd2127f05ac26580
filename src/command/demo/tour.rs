//! What the visitor is told.

use std::path::Path;

use portaria_domain::second_factor::Enrolment;

use super::company::{ADMINISTRATOR, APP_KEY, Company, VISITOR};

pub fn text(
    (url, meta): (&str, &str),
    company: &Company,
    authenticator: &Enrolment,
    (mail, report): (&Path, &Path),
) -> String {
    let people: String = company
        .people
        .iter()
        .map(|person| format!("  {:<26}{}: {}\n", person.part.email, person.part.name, person.part.about))
        .collect();
    let password = &company.password;
    let report = report.display();
    let mail = mail.display();
    let requests = requests(url, company);
    let administrator = ADMINISTRATOR;
    let (secret, uri) = (authenticator.secret.as_str(), authenticator.uri.as_str());
    format!(
        "
Portaria is running: Grupo Estrela, a shop and a clinic, on a throw-away database.

  GraphQL        {url}/graphql   (subscriptions: {url}/graphql/ws)
  GraphiQL       {url}/graphiql
  Webhook        {url}/webhooks/whatsapp/{APP_KEY}   (a customer writes every few seconds)
  State          {url}/readyz   {url}/metrics
  Meta           {meta}/simulator   (simulated: customers read and answer what they are sent)

Sign in as any of these, with the password {password}

{people}
Signing in as {administrator} takes a code of an authenticator app too, and lets you invite, grant and suspend:

  Secret         {secret}
  For a QR code  {uri}
  A code now     oathtool --totp --base32 {secret}

Nobody else is asked for one here; a workspace of your own demands a second factor of administrators and developers.

An audit has run. What the administrator was mailed:

  In a browser   file://{report}
  As mail        {mail}

Three requests to paste into another terminal:
{requests}
Ctrl-C ends the demonstration and removes its data."
    )
}

/// Sign in; see phones on one number and not on the other; be refused.
fn requests(url: &str, company: &Company) -> String {
    let password = &company.password;
    let sign_in = |email: &str| {
        let query = format!(
            r#"{{"query":"mutation {{ signIn(input: {{email: \"{email}\", password: \"{password}\"}}) {{ session {{ token }} userErrors {{ message }} }} }}"}}"#
        );
        format!(
            "TOKEN=$(curl -s {url}/graphql -H 'content-type: application/json' \\\n  -d '{query}' \\\n  | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/'); echo \"$TOKEN\""
        )
    };
    let ask = |query: &str| {
        format!(
            "curl -s {url}/graphql -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' \\\n  -d '{{\"query\":\"{query}\"}}'"
        )
    };
    let diego = sign_in(VISITOR);
    let mine = company.person(VISITOR).map(|person| person.member_id.to_string()).unwrap_or_default();
    let some = |channel| {
        format!(
            "conversations(first: 3, filter: {{channelId: \\\"{channel}\\\", assigneeId: \\\"{mine}\\\"}}) {{ ...Some }}"
        )
    };
    let phones = ask(&format!(
        "{{ shop: {shop} clinic: {clinic} }} fragment Some on ConversationConnection {{ nodes {{ contact {{ name maskedPhone phone }} lastMessage {{ body }} unreadCount }} }}",
        shop = some(company.shop),
        clinic = some(company.clinic),
    ));
    let grants = ask(
        "{ viewer { member { name grants { role { name } scopeKind } } } members { nodes { name email } } }",
    );
    format!(
        "
1. Sign in as Diego, who is Agent of the shop and Support of the clinic:

{diego}

2. His newest conversations on each number. He sees the phones of the shop's customers; of the clinic's they are withheld, and it says so:

{phones}

3. Who he is, and his colleagues, whose e-mail addresses are not for him:

{grants}
"
    )
}
