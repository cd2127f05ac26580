// Recovery codes, shown once: to be copied, downloaded or written down before the page goes on.

import { onSubmit } from "./form.js";
import { show } from "./step.js";
import { text } from "./text.js";

const part = (id) => document.getElementById(id);
let codes = [];
let then = () => {};

/** Shows them, and goes on when they are kept. */
export function showCodes(fresh, goOn) {
  [codes, then] = [fresh, goOn];
  part("codes").replaceChildren(...codes.map(item));
  part("download-codes").href = URL.createObjectURL(new Blob([written()], { type: "text/plain" }));
  addEventListener("beforeunload", hold);
  show("codes");
}

onSubmit(part("codes-kept"), async () => {
  removeEventListener("beforeunload", hold);
  URL.revokeObjectURL(part("download-codes").href);
  // They are not to be read by who sits down here next.
  part("codes").replaceChildren();
  part("download-codes").removeAttribute("href");
  codes = [];
  await then();
});
part("copy-codes").addEventListener("click", async () => {
  await navigator.clipboard.writeText(written());
  part("status").textContent = text("codes-copied");
});
// Browsers let a page copy only over https, or on the machine itself.
part("copy-codes").hidden = !navigator.clipboard;

const written = () => codes.map((code) => `${code}\n`).join("");

/** Who leaves now has them never again. */
const hold = (event) => event.preventDefault();

function item(code) {
  const line = document.createElement("li");
  line.textContent = code;
  return line;
}
