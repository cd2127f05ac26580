// Sets a new password by the link in a letter.

import { askForCode, onSubmit, wantsCode } from "./form.js";
import { change } from "./graphql.js";
import { forgetToken, takeToken } from "./link.js";
import { show } from "./step.js";

const RESET = `mutation($input: ResetPasswordInput!) {
  resetPassword(input: $input) { email userErrors { code field } }
}`;

const token = takeToken();
const form = document.getElementById("reset-password");

onSubmit(form, async (values) => {
  try {
    await change(RESET, { token, ...values });
  } catch (problem) {
    if (wantsCode(form, problem)) return askForCode(form);
    if (problem.code !== "INVALID_TOKEN") throw problem;
    forgetToken();
    return show("void");
  }
  forgetToken();
  show("done");
});
show(token ? "form" : "void");
