// Signs in, and leads on to the second factor.

import { askForCode, onSubmit, wantsCode } from "./form.js";
import { change } from "./graphql.js";
import * as passkey from "./passkey.js";
import { offerProviders } from "./providers.js";
import * as session from "./session.js";
import { go, show } from "./step.js";

const SIGN_IN = `mutation($input: SignInInput!) {
  signIn(input: $input) { session { token } userErrors { code field retryAfter } }
}`;
const BEGIN_PASSKEY = `mutation($input: BeginPasskeySignInInput!) {
  beginPasskeySignIn(input: $input) { challenge { id options } userErrors { code field } }
}`;
const FINISH_PASSKEY = `mutation($input: FinishPasskeySignInInput!) {
  finishPasskeySignIn(input: $input) { session { token } userErrors { code field } }
}`;

const form = document.getElementById("sign-in");

onSubmit(form, async ({ email, password, code }) => {
  try {
    const input = { email, password, code, transport: session.transport };
    await session.open((await change(SIGN_IN, input)).session);
  } catch (problem) {
    if (!wantsCode(form, problem)) throw problem;
    return askForCode(form);
  }
  go("/second-factor");
});
const byPasskey = document.getElementById("passkey");
byPasskey.hidden = !passkey.offered;
onSubmit(byPasskey, async () => {
  const { challenge } = await change(BEGIN_PASSKEY, { origin: location.origin });
  const input = { ...(await passkey.use(challenge)), transport: session.transport };
  await session.open((await change(FINISH_PASSKEY, input)).session);
  go("/second-factor");
});
if (session.isOpen()) go("/second-factor");
else show("form");

// A company may lead its people here with its own short name: /sign-in?workspace=...
const workspace = new URLSearchParams(location.search).get("workspace");
if (workspace) {
  for (const link of document.querySelectorAll("nav a")) link.search += `&workspace=${encodeURIComponent(workspace)}`;
  await offerProviders(workspace);
}
