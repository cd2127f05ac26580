// The token of the link that opened the page. It leaves the address bar at once; the tab keeps it, for who loads the page
// again or changes its language, until it is used.

import { forget, keep, kept } from "./memory.js";

const KEY = `portaria.link.${location.pathname}`;

export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keep(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? kept(KEY);
}

export function forgetToken() {
  forget(KEY);
}

// Another link that is opened in the same tab changes only what stands behind the #.
addEventListener("hashchange", () => {
  takeToken();
  location.reload();
});
