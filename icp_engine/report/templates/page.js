"use strict";
(() => {
  const templates = JSON.parse(document.getElementById("templates").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const NARROW = 480, PRINTED = 680;
  const charts = [...document.querySelectorAll(".chart")];
  const theme = (printing) => templates[dark.matches && !printing ? "dark" : "light"];

  for (const chart of charts) {
    const figure = JSON.parse(document.getElementById(chart.id + "-figure").textContent);
    const layout = { ...figure.layout, template: theme(false) };
    if (chart.clientWidth < NARROW) {
      layout.font = { size: 11 };
      if (layout.geo) layout.height = Math.round(chart.clientWidth * 0.65) + 110;
    }
    Plotly.newPlot(chart, figure.data, layout, { responsive: true, displayModeBar: false });
  }

  const restyle = (printing) => {
    for (const chart of charts) {
      Plotly.relayout(chart, { template: theme(printing), width: printing ? PRINTED : null, autosize: !printing });
    }
  };
  dark.addEventListener("change", () => restyle(false));

  // On paper nothing can be opened, and everything is light.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.card:not([open])")];
    opened.forEach((one) => { one.open = true; });
    restyle(true);
  });
  addEventListener("afterprint", () => {
    opened.forEach((one) => { one.open = false; });
    restyle(false);
  });
})();
