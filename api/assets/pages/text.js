// What the page can say, in the language in which it was served.

const said = document.getElementById("texts").content;

const find = (key) => said.querySelector(`[data-text="${CSS.escape(key)}"]`)?.textContent;

/** A text, or what a code of the API means; in the answer to a mutation it may mean something of its own. */
export function text(key, mutation) {
  return find(`${mutation}.${key}`) ?? find(key) ?? find("INTERNAL");
}

/** Puts values into the places that were kept for them. */
export function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    for (const place of document.querySelectorAll(`[data-fill="${name}"]`)) place.textContent = value;
  }
}

/** What a problem is in words. One of Portaria's own is found in its log by the number of the request. */
export function sentence({ code, mutation, retryAfter, request }) {
  const said = text(code, mutation).replace("{wait}", minutes(retryAfter ?? 15 * 60));
  return code === "INTERNAL" && request ? `${said} (${request})` : said;
}

function minutes(seconds) {
  const unit = { style: "unit", unit: "minute", unitDisplay: "long" };
  return new Intl.NumberFormat(document.documentElement.lang, unit).format(Math.ceil(seconds / 60));
}
