"use strict";
(() => {
  const templates = JSON.parse(document.getElementById("templates").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)"), print = matchMedia("print");
  const NARROW = 480, PRINTED = 640;
  const charts = [...document.querySelectorAll(".chart")];
  let printing = false;
  const theme = () => templates[dark.matches && !printing ? "dark" : "light"];

  for (const chart of charts) {
    const figure = JSON.parse(document.getElementById(chart.id + "-figure").textContent);
    const layout = { ...figure.layout, template: theme() };
    if (chart.clientWidth < NARROW) {
      layout.font = { size: 11 };
      if (layout.geo) layout.height = Math.round(chart.clientWidth * 0.65) + 90;
    }
    Plotly.newPlot(chart, figure.data, layout, { responsive: true, displayModeBar: false });
  }

  const restyle = () => {
    for (const chart of charts) {
      Plotly.relayout(chart, { template: theme(), width: printing ? PRINTED : null, autosize: !printing });
    }
  };
  dark.addEventListener("change", restyle);

  // On paper nothing can be opened, and everything is light. Not every browser tells of it in the same way.
  let opened = [];
  const onPaper = (begins) => {
    if (begins === printing) return;
    printing = begins;
    if (begins) opened = [...document.querySelectorAll("details.card:not([open])")];
    opened.forEach((one) => { one.open = begins; });
    restyle();
  };
  addEventListener("beforeprint", () => onPaper(true));
  addEventListener("afterprint", () => onPaper(false));
  print.addEventListener("change", () => onPaper(print.matches));

  // A table that becomes blocks on a phone stays a table for those who cannot see it.
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  for (const one of document.querySelectorAll(".rows, .rows thead, .rows tbody, .rows tr, .rows td")) one.setAttribute("role", roles[one.tagName]);
  for (const one of document.querySelectorAll(".rows th")) one.setAttribute("role", one.scope === "row" ? "rowheader" : "columnheader");

  // What can be scrolled can be reached by keyboard.
  const watch = new ResizeObserver((seen) => {
    for (const { target } of seen) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });
  document.querySelectorAll(".scroll").forEach((one) => watch.observe(one));
})();
