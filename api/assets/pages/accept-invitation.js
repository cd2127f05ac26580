// Accepts an invitation: with a new password, or, for who has an account, with theirs.

import { askForCode, onSubmit, wantsCode } from "./form.js";
import { ask, change } from "./graphql.js";
import { forgetToken, takeToken } from "./link.js";
import { offerProviders } from "./providers.js";
import * as session from "./session.js";
import { fail, go, show } from "./step.js";
import { fill } from "./text.js";

const PREVIEW = `query($token: String!) {
  invitationPreview(token: $token) { workspaceId workspaceName name email hasAccount }
}`;
const ACCEPT = `mutation($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) { session { token } userErrors { code field retryAfter } }
}`;

const token = takeToken();

for (const form of document.forms) onSubmit(form, (values) => accept(form, values));
await begin();

async function begin() {
  if (!token) return show("no-link");
  let preview;
  try {
    preview = (await ask(PREVIEW, { token })).invitationPreview;
  } catch (problem) {
    return fail(problem);
  }
  if (!preview) {
    forgetToken();
    return show("void");
  }
  const form = document.forms[preview.hasAccount ? "known" : "new"];
  fill({ workspace: preview.workspaceName });
  form.elements.email.value = preview.email;
  form.elements.email.readOnly = true;
  if (form.elements.name instanceof Element) form.elements.name.value = preview.name;
  show(form.id);
  // Who has an account links a provider to it after signing in; until then it would be refused.
  if (!preview.hasAccount) await offerProviders(preview.workspaceId, token);
}

async function accept(form, { name, password, code }) {
  try {
    const input = { token, name, password, code, transport: session.transport };
    await session.open((await change(ACCEPT, input)).session);
  } catch (problem) {
    if (!wantsCode(form, problem)) throw problem;
    return askForCode(form);
  }
  forgetToken();
  go("/second-factor");
}
