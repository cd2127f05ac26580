// What every form does: checks before it sends, is sent once, and says at its fields what is wrong.

import { Problem } from "./graphql.js";
import { sentence, text } from "./text.js";

/** Does something with a form's values when it is sent. What that throws is told in the form. */
export function onSubmit(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clear(form);
    const wrong = fields(form).map(check).filter(Boolean);
    if (wrong.length > 0) return tell(form, wrong);
    busy(form, true);
    try {
      await act(values(form));
    } catch (problem) {
      if (!(problem instanceof Problem)) console.error(problem);
      tell(form, [problem instanceof Problem ? problem : new Problem({ code: "INTERNAL" })]);
    } finally {
      busy(form, false);
    }
  });
  for (const button of form.querySelectorAll(".reveal")) {
    button.addEventListener("click", () => reveal(button, button.previousElementSibling.type === "password"));
  }
}

/** Asks for the code of an authenticator app as well: the field is there, but not before it is needed. */
export function askForCode(form) {
  place(form, "code").hidden = false;
  form.elements.code.focus();
}

/** Whether a problem is only that a code is needed too, which who has not been asked for one could not know. */
export function wantsCode(form, problem) {
  return problem.code === "SECOND_FACTOR_REQUIRED" && place(form, "code").hidden;
}

const place = (form, name) => form.querySelector(`[data-field="${name}"]`);

const fields = (form) =>
  [...form.elements].filter((field) => field.name && !field.closest("[hidden]"));

const values = (form) => Object.fromEntries(fields(form).map((field) => [field.name, field.value]));

function check(field) {
  const least = Number(field.dataset.least ?? 0);
  const problem = (code) => new Problem({ code, field: field.name });
  if (field.required && field.value.trim() === "") return problem("MISSING");
  if (field.type === "email" && field.validity.typeMismatch) return problem("EMAIL");
  if ([...field.value].length < least) return problem("PASSWORD_LENGTH");
  return null;
}

function clear(form) {
  for (const told of form.querySelectorAll(".problem")) told.textContent = "";
  for (const field of fields(form)) field.removeAttribute("aria-invalid");
  // A browser that offers to remember a password wants to see it as one.
  for (const button of form.querySelectorAll(".reveal")) reveal(button, false);
}

/** Says what is wrong where it is wrong, and leads to the first of it. */
function tell(form, problems) {
  let first = null;
  for (const problem of problems) {
    const field = problem.field && form.elements[problem.field];
    const shown = field && !field.closest("[hidden]");
    const told = shown ? place(form, problem.field).querySelector(".problem") : form.querySelector(".problem.whole");
    told.textContent = sentence(problem);
    if (shown) field.setAttribute("aria-invalid", "true");
    first ??= shown ? field : told;
  }
  first.focus();
}

function busy(form, whether) {
  form.ariaBusy = String(whether);
  document.getElementById("status").textContent = whether ? text("wait") : "";
}

function reveal(button, whether) {
  button.previousElementSibling.type = whether ? "text" : "password";
  button.firstElementChild.textContent = text(whether ? "hide" : "show");
}
