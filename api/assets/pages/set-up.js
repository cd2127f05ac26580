// Creates the first administrator, who is then led to protect the account.

import { onSubmit } from "./form.js";
import { change } from "./graphql.js";
import { forgetToken, takeToken } from "./link.js";
import * as session from "./session.js";
import { go, show } from "./step.js";

const CREATE = `mutation($input: CreateFirstAdministratorInput!) {
  createFirstAdministrator(input: $input) { session { token } userErrors { code field } }
}`;

const setupToken = takeToken();
const form = document.getElementById("set-up");

offerTimeZones(form.elements.timeZone);
onSubmit(form, async ({ name, email, password, workspaceName, timeZone, locale }) => {
  const input = { setupToken, name, email, password, workspaceName, timeZone, locale, transport: session.transport };
  const created = await change(CREATE, input);
  forgetToken();
  await session.open(created.session);
  go("/second-factor");
});
show(setupToken ? "form" : "no-link");

/** Every time zone that the browser knows, its own one chosen. One that hides its own says UTC. */
function offerTimeZones(select) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) {
    if (zone === select.value) continue;
    select.add(new Option(zone.replaceAll("_", " "), zone));
  }
  const known = [...select.options].some((option) => option.value === own);
  if (known && own !== "UTC") select.value = own;
}
