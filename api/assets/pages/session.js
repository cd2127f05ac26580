// The session of who is signed in on these pages: in a cookie that no script can read, where the browser takes one; else kept
// by this tab, and by nothing that outlives it.

import { Problem, ask, change } from "./graphql.js";
import { forget, keep, kept } from "./memory.js";

const KEY = "portaria.session";
/** Kept in place of a token. */
const COOKIE = "cookie";
const SIGN_OUT = `mutation { signOut { sessionId } }`;

/** How a session that is opened here is to come. */
export const transport = takesCookies() ? "COOKIE" : "BEARER";

/** Takes up a session that has just been opened, in place of one that there was. */
export async function open({ token }) {
  const earlier = kept(KEY);
  keep(KEY, token ?? COOKIE);
  // The new one counts even when the earlier one cannot be ended now. In a cookie, it has ended that of before.
  if (earlier && earlier !== COOKIE) await end(earlier).catch(() => {});
}

export const isOpen = () => kept(KEY) !== null;

/** Whether it is worth asking: another tab may have opened one. */
export const mayBeOpen = () => isOpen() || transport === "COOKIE";

/** Asks, or makes a change, as who is signed in. */
export const asViewer = {
  ask: (query, variables) => ask(query, variables, headers(kept(KEY))),
  async change(query, input) {
    const done = await change(query, input, headers(kept(KEY)));
    // The session goes on under a new token. In a cookie, the answer has set it.
    if (done.sessionToken) keep(KEY, done.sessionToken.token ?? COOKIE);
    return done;
  },
};

/** Ends the session, here and in Portaria. */
export async function close() {
  if (mayBeOpen()) await end(kept(KEY));
  forget(KEY);
}

/** One that Portaria does not know any more is ended already. */
async function end(token) {
  try {
    await ask(SIGN_OUT, {}, headers(token));
  } catch (problem) {
    if (!(problem instanceof Problem && problem.code === "UNAUTHENTICATED")) throw problem;
  }
}

const headers = (token) => (token && token !== COOKIE ? { authorization: `Bearer ${token}` } : {});

function takesCookies() {
  if (location.protocol !== "https:" && location.hostname !== "localhost") return false;
  // Not every browser takes a secure one by http, not even from the machine itself.
  const probe = "__Host-portaria-probe=1";
  document.cookie = `${probe}; Path=/; Secure; SameSite=Strict`;
  const isTaken = document.cookie.includes(probe);
  document.cookie = `${probe}; Path=/; Secure; SameSite=Strict; Max-Age=0`;
  return isTaken;
}
