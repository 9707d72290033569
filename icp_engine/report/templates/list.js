"use strict";
// The list of clinics: found, filtered and put in order where it stands. Without this script all rows can be shown.
(() => {
  const form = document.getElementById("find"), body = document.querySelector("#top-clinics tbody");
  const more = document.querySelector("#clinics .more"), PAGE = 25;
  const cells = [...document.querySelectorAll("#top-clinics thead th")].map((cell) => cell.textContent.toLowerCase());
  const text = (row, name) => row.cells[cells.indexOf(name)].textContent;
  const rows = [...body.rows].map((row, place) => ({
    row, place, all: row.textContent.toLowerCase(), name: row.querySelector("bdi").textContent.toLowerCase(),
    state: text(row, "state"), tier: text(row, "tier"), segment: cells.includes("segment") ? text(row, "segment") : "",
    unknown: row.querySelector(".unknown")?.textContent.split(",").length ?? 0,
  }));
  let shown = PAGE;

  for (const name of ["state", "tier", "segment"]) {
    const select = form.elements[name];
    for (const value of select ? [...new Set(rows.map((one) => one[name]))].sort() : []) select.add(new Option(value, value));
  }
  const update = () => {
    const wanted = Object.fromEntries(new FormData(form)), words = wanted.text.toLowerCase().split(/\s+/);
    const found = rows.filter((one) => words.every((word) => one.all.includes(word))
      && ["state", "tier", "segment"].every((name) => !wanted[name] || one[name] === wanted[name]));
    const by = wanted.order;
    found.sort((a, b) => (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : a.place - b.place));
    body.replaceChildren(...found.slice(0, shown).map((one) => one.row));
    const count = found.length.toLocaleString("en-US");
    form.querySelector("output").textContent = found.length === 0 ? "No clinic in the list matches."
      : `${count} ${found.length === 1 ? "clinic" : "clinics"}` + (found.length > shown ? `, the first ${shown} shown` : "");
    more.hidden = found.length <= shown;
  };
  const restart = () => { shown = PAGE; update(); };
  form.addEventListener("input", restart);
  form.addEventListener("reset", () => setTimeout(restart));
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { shown += PAGE * 4; update(); });
  document.querySelector("#clinics .fold")?.remove();
  document.getElementById("clinics").classList.add("live");
  form.hidden = false;
  update();
})();
