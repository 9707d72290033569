"use strict";
// y, n, s and u answer the question of the page; a field that is being typed in keeps its keys.
(() => {
  const form = document.querySelector("form.decide");
  if (!form) return;
  const buttons = { y: "same", n: "not_same", s: "later", u: "undo" };
  for (const [key, value] of Object.entries(buttons)) {
    const button = form.querySelector(`button[value="${value}"]`);
    const hint = document.createElement("kbd");
    hint.textContent = key;
    hint.setAttribute("aria-hidden", "true");
    button.append(hint);
    button.setAttribute("aria-keyshortcuts", key);
  }
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, select, textarea, summary, [contenteditable]")) return;
    const value = buttons[event.key.toLowerCase()];
    if (!value) return;
    event.preventDefault();
    form.querySelector(`button[value="${value}"]`).click();
  });
})();
