// Sets up an authenticator app, or another one in its place.

import { onSubmit } from "./form.js";
import * as session from "./session.js";
import { fail, go, show } from "./step.js";
import { fill, sentence, text } from "./text.js";

const WHO = `query { viewer { member { name } workspace { name } secondFactorEnrolled } }`;
const ENROLL = `mutation { enrollSecondFactor { enrollment { secret uri } userErrors { code field } } }`;
const CONFIRM = `mutation($input: ConfirmSecondFactorInput!) {
  confirmSecondFactor(input: $input) { session { secondFactor } userErrors { code field } }
}`;
const STEP_UP = `mutation($input: StepUpInput!) {
  stepUp(input: $input) { session { secondFactor } userErrors { code field } }
}`;

const { ask, change } = session.asViewer;
const part = (id) => document.getElementById(id);

onSubmit(part("begin"), enroll);
onSubmit(part("replace"), enroll);
onSubmit(part("prove"), async (values) => {
  await change(STEP_UP, values);
  await enroll();
});
onSubmit(part("confirm"), async (values) => {
  await change(CONFIRM, values);
  hideKey();
  show("done");
});
part("later").addEventListener("click", () => show("later"));
part("copy").addEventListener("click", copyKey);
// Browsers let a page copy only over https, or on the machine itself.
part("copy").hidden = !navigator.clipboard;
part("sign-out").addEventListener("click", signOut);
await begin();

async function begin() {
  if (!session.isOpen()) return go("/sign-in");
  try {
    const { viewer } = await ask(WHO);
    fill({ member: viewer.member.name, workspace: viewer.workspace.name });
    part("who").hidden = false;
    show(viewer.secondFactorEnrolled ? "on" : "off");
  } catch (problem) {
    if (problem.code === "UNAUTHENTICATED") return signOut();
    fail(problem);
  }
}

async function enroll() {
  try {
    showKey((await change(ENROLL)).enrollment);
  } catch (problem) {
    // Who has an app already proves first that they still have it.
    if (problem.code !== "STEP_UP_REQUIRED") throw problem;
    show("prove");
  }
}

function showKey({ secret, uri }) {
  part("key").textContent = secret.match(/.{1,4}/g).join(" ");
  part("here").href = uri;
  show("app");
}

/** It is not to be read by who sits down here next. */
function hideKey() {
  part("key").textContent = "";
  part("here").removeAttribute("href");
}

async function copyKey() {
  await navigator.clipboard.writeText(part("key").textContent.replaceAll(" ", ""));
  part("status").textContent = text("copied");
}

async function signOut() {
  try {
    await session.close();
    go("/sign-in");
  } catch (problem) {
    part("status").textContent = sentence(problem);
  }
}
