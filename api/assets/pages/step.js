// The steps of a page, one of which is shown at a time; and the way to another page, in the same language.

import { sentence } from "./text.js";

/** Shows a step, and leads who does not see the page to it. The first one is simply there. */
export function show(name) {
  let moved = false;
  for (const step of document.querySelectorAll("[data-step]")) {
    const wanted = step.dataset.step === name;
    moved ||= !wanted && !step.hidden;
    step.hidden = !wanted;
  }
  const step = document.querySelector(`[data-step="${name}"]`);
  if (moved) (step.querySelector("h2") ?? step.querySelector("input"))?.focus();
}

/** Says why there is nothing to show. */
export function fail(problem) {
  const failed = document.querySelector('[data-step="failed"]');
  show("failed");
  failed.querySelector("[role=alert]").textContent = sentence(problem);
}

/** Goes on to another page. There is no way back to the step that was just done. */
export function go(path) {
  location.replace(path + location.search);
}
