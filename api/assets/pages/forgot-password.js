// Asks for a letter with a link to choose another password. Whether there is an account, the page does not learn.

import { onSubmit } from "./form.js";
import { change } from "./graphql.js";
import { show } from "./step.js";

const REQUEST = `mutation($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) { accepted userErrors { code field retryAfter } }
}`;

onSubmit(document.getElementById("forgot-password"), async (input) => {
  await change(REQUEST, input);
  show("sent");
});
show("form");
