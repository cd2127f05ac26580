// Sets up an authenticator app, a passkey and recovery codes, and says what there is already.

import { onSubmit } from "./form.js";
import * as passkey from "./passkey.js";
import { showCodes } from "./recovery-codes.js";
import * as session from "./session.js";
import { fail, go, show } from "./step.js";
import { fill, sentence, text } from "./text.js";

const WHAT = `query { viewer {
  secondFactorRequired authenticatorApp passkeys { name host } recoveryCodesLeft session { secondFactor }
} }`;
const WHO = `query { viewer { member { name } workspace { name } } }`;
const ENROLL = `mutation { enrollSecondFactor { enrollment { secret uri qrCode } userErrors { code field } } }`;
const CONFIRM = `mutation($input: ConfirmSecondFactorInput!) {
  confirmSecondFactor(input: $input) { sessionToken { token } recoveryCodes userErrors { code field } }
}`;
const STEP_UP = `mutation($input: StepUpInput!) {
  stepUp(input: $input) { sessionToken { token } userErrors { code field } }
}`;
const RENEW = `mutation { regenerateRecoveryCodes { recoveryCodes userErrors { code field } } }`;
const BEGIN_PASSKEY = `mutation($input: BeginPasskeyRegistrationInput!) {
  beginPasskeyRegistration(input: $input) { challenge { id options } userErrors { code field } }
}`;
const FINISH_PASSKEY = `mutation($input: FinishPasskeyRegistrationInput!) {
  finishPasskeyRegistration(input: $input) { sessionToken { token } recoveryCodes userErrors { code field } }
}`;
const BEGIN_PROOF = `mutation($input: BeginPasskeyStepUpInput!) {
  beginPasskeyStepUp(input: $input) { challenge { id options } userErrors { code field } }
}`;

const { ask, change } = session.asViewer;
const { origin } = location;
const part = (id) => document.getElementById(id);
/** What is done once it is proved who asks. */
let afterProof = begin;

for (const id of ["begin", "add-app", "replace"]) onSubmit(part(id), () => proved(enroll));
for (const id of ["begin-passkey", "add-passkey"]) onSubmit(part(id), async () => show("passkey"));
onSubmit(part("passkey"), ({ name }) => proved(() => register(name)));
onSubmit(part("renew"), () => proved(renew));
onSubmit(part("prove"), async (values) => {
  await change(STEP_UP, values);
  await afterProof();
});
onSubmit(part("prove-by-passkey"), async () => {
  const { challenge } = await change(BEGIN_PROOF, { origin });
  await change(STEP_UP, { passkey: await passkey.use(challenge) });
  await afterProof();
});
onSubmit(part("confirm"), async (values) => {
  const { recoveryCodes } = await change(CONFIRM, values);
  hideKey();
  finish(recoveryCodes);
});
part("later").addEventListener("click", () => show("later"));
for (const back of document.querySelectorAll("[data-back]")) back.addEventListener("click", goBack);
part("copy").addEventListener("click", copyKey);
// Browsers let a page copy only over https, or on the machine itself.
part("copy").hidden = !navigator.clipboard;
part("sign-out").addEventListener("click", signOut);
for (const form of document.querySelectorAll("[data-passkeys]")) form.hidden = !passkey.offered;
await begin();

async function begin() {
  if (!session.mayBeOpen()) return go("/sign-in");
  try {
    const { viewer } = await ask(WHAT);
    if (!viewer) return signOut();
    part("who").hidden = false;
    await tell(viewer);
  } catch (problem) {
    if (problem.code === "UNAUTHENTICATED") return signOut();
    fail(problem);
  }
}

/** Says what there is, and leads who must not go on without a second factor to it. */
async function tell({ secondFactorRequired: demanded, authenticatorApp, passkeys, recoveryCodesLeft, session: own }) {
  const isOn = authenticatorApp || passkeys.length > 0;
  const held = demanded && !own.secondFactor;
  for (const why of document.querySelectorAll("[data-demanded]")) why.hidden = !held;
  part("later").hidden = demanded;
  part("add-app").hidden = authenticatorApp;
  part("replace").hidden = !authenticatorApp;
  part("prove-by-passkey").hidden = !passkey.offered || !passkeys.some(({ host }) => host === location.hostname);
  const factors = passkeys.map(({ name }) => text("has-passkey").replace("{name}", () => name));
  if (authenticatorApp) factors.unshift(text("has-app"));
  factors.push(text("has-codes").replace("{count}", recoveryCodesLeft));
  part("factors").replaceChildren(...factors.map(item));
  if (!isOn) show("off");
  else if (held) prove(begin);
  else show("on");
  await introduce(held);
}

/** Who is signed in. Who has to show a second factor first is not told more than that. */
async function introduce(held) {
  if (held) return;
  // A name that is withheld is not worth more words.
  const known = await ask(WHO).catch(() => null);
  if (!known) return;
  fill({ member: known.viewer.member.name, workspace: known.viewer.workspace.name });
  part("who").querySelector("p").hidden = false;
}

/** Does what only who is freshly proved may do. Who has a second factor already shows first that they still have it. */
async function proved(act) {
  try {
    await act();
  } catch (problem) {
    if (problem.code !== "STEP_UP_REQUIRED") throw problem;
    prove(act);
  }
}

function prove(act) {
  afterProof = act;
  part("prove").reset();
  // There is no way round it for who may do nothing else.
  document.querySelector("[data-step=prove] [data-back]").hidden = act === begin;
  show("prove");
}

async function enroll() {
  const { secret, uri, qrCode } = (await change(ENROLL)).enrollment;
  part("key").textContent = secret.match(/.{1,4}/g).join(" ");
  part("here").href = uri;
  part("qr").src = `data:image/svg+xml,${encodeURIComponent(qrCode)}`;
  part("qr").hidden = false;
  show("app");
}

/** It is not to be read by who sits down here next. */
function hideKey() {
  part("key").textContent = "";
  part("here").removeAttribute("href");
  part("qr").removeAttribute("src");
}

async function register(name) {
  const { challenge } = await change(BEGIN_PASSKEY, { origin });
  const { recoveryCodes } = await change(FINISH_PASSKEY, { name, ...(await passkey.create(challenge)) });
  finish(recoveryCodes);
}

async function renew() {
  showCodes((await change(RENEW)).recoveryCodes, begin);
}

/** The first second factor of a person comes with recovery codes. */
function finish(recoveryCodes) {
  if (recoveryCodes) showCodes(recoveryCodes, () => show("done"));
  else show("done");
}

async function goBack() {
  hideKey();
  await begin();
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

function item(words) {
  const line = document.createElement("li");
  line.textContent = words;
  return line;
}
