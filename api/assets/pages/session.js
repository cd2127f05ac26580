// The session of who is signed in on these pages: kept by this tab, and by nothing that outlives it.

import { Problem, ask, change } from "./graphql.js";
import { forget, keep, kept } from "./memory.js";

const KEY = "portaria.session";
const SIGN_OUT = `mutation { signOut { sessionId } }`;

/** Takes up a session that has just been opened, in place of one that there was. */
export async function open({ token }) {
  const earlier = kept(KEY);
  keep(KEY, token);
  // The new one counts even when the earlier one cannot be ended now.
  if (earlier) await end(earlier).catch(() => {});
}

export const isOpen = () => kept(KEY) !== null;

/** Asks, or makes a change, as who is signed in. */
export const asViewer = {
  ask: (query, variables) => ask(query, variables, bearer(kept(KEY))),
  change: (query, input) => change(query, input, bearer(kept(KEY))),
};

/** Ends the session, here and in Portaria. */
export async function close() {
  if (isOpen()) await end(kept(KEY));
  forget(KEY);
}

/** One that Portaria does not know any more is ended already. */
async function end(token) {
  try {
    await ask(SIGN_OUT, {}, bearer(token));
  } catch (problem) {
    if (!(problem instanceof Problem && problem.code === "UNAUTHENTICATED")) throw problem;
  }
}

const bearer = (token) => ({ authorization: `Bearer ${token}` });
