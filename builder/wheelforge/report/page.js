"use strict";
// What is under the pointer or the finger is told, and a step can be looked at alone. The page says
// everything that matters without this.
(() => {
  const chart = document.querySelector(".chart");
  if (!chart) return;
  const known = JSON.parse(document.getElementById("data").textContent);
  const wall = Number(chart.dataset.wall);
  const whole = document.getElementById("whole");
  const scale = chart.querySelector(".scale");
  const ticks = [...scale.children];
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  tip.setAttribute("role", "status");
  document.body.append(tip);
  let from = 0, span = wall;

  const seconds = (value) => {
    if (value < 59.95) return value.toFixed(1) + " s";
    const all = Math.round(value), pad = (part) => String(part).padStart(2, "0");
    const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
    return (hours ? hours + ":" + pad(minutes) : minutes) + ":" + pad(all % 60);
  };

  function show(text, event) {
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 12, innerWidth - box.width - 8);
    const below = event.clientY + 16;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = (below + box.height > innerHeight ? event.clientY - box.height - 10 : below) + "px";
  }

  // the block under the pointer, or the nearest in its lane that a finger could have meant
  function unit(svg, event) {
    const box = svg.getBoundingClientRect();
    const lanes = svg.viewBox.baseVal.height;
    const lane = Math.min(lanes - 1, Math.floor((event.clientY - box.top) / box.height * lanes));
    const at = (from + (event.clientX - box.left) / box.width * span) * 1000;
    const near = span * 1000 / box.width * 6;
    let best = null, distance = near;
    for (const block of known.units[svg.dataset.step] || []) {
      if (block[0] !== lane) continue;
      const away = Math.max(block[1] - at, at - block[2], 0);
      if (away < distance) [best, distance] = [block, away];
    }
    return best;
  }

  function told([, start, end, count, source, took, peak, waited, attempts, code, kind]) {
    const lines = [source];
    if (count > 1) lines.push(`the longest of ${count} within ${seconds((end - start) / 1000)}`);
    lines.push(`${kind} from ${seconds(start / 1000)}: ${seconds(took)}, after ${seconds(waited)} waiting`);
    lines.push(`peak ${peak.toLocaleString("en")} MiB` + (attempts > 1 ? `, ${attempts} attempts` : ""));
    if (code) lines.push(`failed with exit code ${code}`);
    return lines.join("\n");
  }

  function load(svg, event) {
    const box = svg.getBoundingClientRect();
    const at = (from + (event.clientX - box.left) / box.width * span) * 1000;
    const point = known.load.filter((item) => item[0] <= at).pop();
    if (!point) return "";
    return `at ${seconds(point[0] / 1000)}\n${(point[1] / 1024).toFixed(1)} GiB used\n` +
      `${point[2]} busy, ${point[3]} waiting, ${point[4]} frozen`;
  }

  function look(event) {
    const on = event.target;
    const svg = on.closest("svg");
    if (svg && svg.classList.contains("units")) {
      const block = unit(svg, event);
      return show(block ? told(block) : "", event);
    }
    if (svg) return show(load(svg, event), event);
    const tipped = on.closest("[data-tip]");
    return show(tipped ? tipped.dataset.tip : "", event);
  }

  function clock(value, step) {
    if (step < 1) return value.toFixed(1) + "s";
    const all = Math.round(value), pad = (part) => String(part).padStart(2, "0");
    const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
    return (hours ? hours + ":" + pad(minutes) : minutes) + ":" + pad(all % 60);
  }

  function rule() {
    if (span === wall) return scale.replaceChildren(...ticks);
    const steps = [.1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400];
    const step = steps.find((size) => span / size <= 8) || span / 4;
    const made = [];
    for (let at = Math.ceil(from / step) * step; at <= from + span; at += step) {
      const tick = document.createElement("span"), text = document.createElement("b");
      tick.className = "tick";
      tick.style.setProperty("--s", at / wall);
      if (at < from + span * .93) text.textContent = clock(at, step);
      tick.append(text);
      made.push(tick);
    }
    scale.replaceChildren(...made);
  }

  function zoom(start, end) {
    from = Math.max(0, start);
    span = Math.max(end, start + wall / 5000) - from;
    chart.style.setProperty("--from", from / wall);
    chart.style.setProperty("--span", span / wall);
    for (const svg of chart.querySelectorAll("svg.zooms")) {
      const box = svg.viewBox.baseVal;
      svg.setAttribute("viewBox", `${from / wall * 1e5} 0 ${span / wall * 1e5} ${box.height}`);
    }
    whole.hidden = span === wall;
    tip.hidden = true;
    rule();
  }

  for (const row of chart.querySelectorAll(".row[data-from]")) {
    const start = Number(row.dataset.from), end = Number(row.dataset.to);
    if (end - start < wall / 5000 || !row.querySelector("svg")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Zoom";
    button.setAttribute("aria-label", "Zoom to " + row.querySelector("a").textContent);
    button.addEventListener("click", () => {
      const margin = (end - start) / 50;
      zoom(start - margin, Math.min(wall, end + margin));
    });
    row.querySelector(".name").prepend(button);
  }
  whole.addEventListener("click", () => zoom(0, wall));
  chart.addEventListener("pointermove", look);
  chart.addEventListener("pointerdown", look);
  chart.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && show(""));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show("");
    zoom(0, wall);
  });
  document.documentElement.classList.add("js");
})();
