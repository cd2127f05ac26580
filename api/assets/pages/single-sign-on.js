// Where an identity provider sends people back to: ends the sign-in, or says why it cannot be ended.

import { Problem, change } from "./graphql.js";
import { takeSecret } from "./providers.js";
import * as session from "./session.js";
import { fail, go, show } from "./step.js";

const MUTATION = "finishSingleSignOn";
const FINISH = `mutation($input: FinishSingleSignOnInput!) {
  finishSingleSignOn(input: $input) { session { token } userErrors { code field } }
}`;

const answer = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, "", location.pathname + location.search);
show("wait");
try {
  await finish();
} catch (problem) {
  fail(problem instanceof Problem ? problem : new Problem({ code: "INTERNAL" }));
}

async function finish() {
  const [code, error] = [answer.get("code"), answer.get("error")];
  if (error || !code) throw new Problem({ code: error ?? "INVALID_TOKEN", mutation: MUTATION });
  const input = { code, secret: takeSecret(), transport: session.transport };
  await session.open((await change(FINISH, input)).session);
  go("/second-factor");
}
