// The identity providers by which the people of a workspace may sign in, each as a button.

import { change, ask } from "./graphql.js";
import { forget, keep, kept } from "./memory.js";
import { sentence, text } from "./text.js";

const KEY = "portaria.single-sign-on";
const PROVIDERS = `query($workspace: String!) { signInProviders(workspace: $workspace) { id name } }`;
const BEGIN = `mutation($input: BeginSingleSignOnInput!) {
  beginSingleSignOn(input: $input) { start { authorizationUrl secret } userErrors { code field } }
}`;

/** Offers them; an invitation is accepted on the way. A page does its work without them too. */
export async function offerProviders(workspace, invitationToken) {
  const { signInProviders } = await ask(PROVIDERS, { workspace }).catch(() => ({ signInProviders: [] }));
  const place = document.querySelector("[data-providers]");
  for (const { id, name } of signInProviders) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = text("with").replace("{name}", name);
    const input = { workspace, identityProviderId: id, invitationToken };
    button.addEventListener("click", () => leave(button, { ...input, path: `/single-sign-on${language()}` }));
    place.append(button);
  }
  place.hidden = signInProviders.length === 0;
}

/** What the way back is known by, once. */
export function takeSecret() {
  const secret = kept(KEY);
  forget(KEY);
  return secret;
}

const language = () => `?language=${document.documentElement.lang}`;

async function leave(button, input) {
  const status = document.getElementById("status");
  button.disabled = true;
  status.textContent = text("wait");
  try {
    const { start } = await change(BEGIN, input);
    keep(KEY, start.secret);
    location.assign(start.authorizationUrl);
  } catch (problem) {
    status.textContent = sentence(problem);
    button.disabled = false;
  }
}
