// The script of charts and pairs of replies: saves charts as SVG files, walks through their values
// with the arrow keys, marks what one of two replies has and the other has not. Everything else on
// the page works without it. Text is set by textContent only. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

inline constexpr char kReportPageScript[] = R"js(
const Page = (() => {
"use strict";
const el = (tag, cls, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};
const button = (text, act) => {
  const b = el("button", "save", text);
  b.type = "button";
  b.onclick = act;
  return b;
};
const slug = text => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "chart";

function save(name, type, text) {
  const a = el("a");
  a.href = URL.createObjectURL(new Blob([text], {type}));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

// The chart alone has no style sheet of a page: every element takes along how it is drawn now.
const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order",
                "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
function chartText(svg) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  for (let i = 0; i < from.length; ++i) {
    const style = getComputedStyle(from[i]);
    for (const name of STYLES) to[i].style.setProperty(name, style.getPropertyValue(name));
  }
  for (const e of copy.querySelectorAll(".tip,.hit,.rule")) e.remove();
  copy.style.background = getComputedStyle(document.documentElement).getPropertyValue("--card");
  copy.setAttribute("width", "880");
  return new XMLSerializer().serializeToString(copy);
}

const live = el("p", "live");
live.setAttribute("aria-live", "polite");
live.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
document.body.append(live);

function walk(svg) {
  const places = [...svg.querySelectorAll(".h")];
  if (!places.length || svg.querySelector(".h[tabindex]")) return;
  let at = -1;
  const show = i => {
    if (at >= 0) places[at].classList.remove("on");
    at = i;
    if (at < 0) return;
    places[at].classList.add("on");
    live.textContent = [...places[at].querySelectorAll("tspan")].map(t => t.textContent).join(", ");
  };
  svg.tabIndex = 0;
  svg.addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowLeft: -1, Home: -places.length, End: places.length}[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.min(places.length - 1, Math.max(0, at + step)));
  });
  svg.addEventListener("blur", () => show(-1));
}

for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg"), caption = figure.querySelector("figcaption");
  if (!svg || !caption) continue;
  walk(svg);
  caption.append(" ", button("SVG", () =>
      save(slug(svg.querySelector(".chart-title").textContent) + ".svg", "image/svg+xml", chartText(svg))));
}

// Words that two texts do not share, by Myers's greedy algorithm ("An O(ND) difference algorithm", 1986): two arrays
// of booleans, or null where the texts differ in more than MOST words.
const MOST = 3000;
const words = text => text.match(/\s+|[A-Za-z0-9]+|[^\sA-Za-z0-9]/gu) || [];
function differences(a, b) {
  const n = a.length, m = b.length, onlyA = new Array(n).fill(true), onlyB = new Array(m).fill(true), trace = [];
  const most = Math.min(n + m, MOST), v = new Int32Array(2 * most + 3), zero = most + 1;
  for (let d = 0; d <= most; ++d) {
    trace.push(v.slice(zero - d - 1, zero + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && v[zero + k - 1] < v[zero + k + 1]) ? v[zero + k + 1] : v[zero + k - 1] + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) ++x;
      v[zero + k] = x;
      if (x < n || x - k < m) continue;
      for (let y = x - k, c = d; x > 0 || y > 0; --c) {
        const was = trace[c], at = j => was[j + c + 1], j = x - y;
        const from = c === 0 ? 0 : j === -c || (j !== c && at(j - 1) < at(j + 1)) ? j + 1 : j - 1;
        const startX = c === 0 ? 0 : at(from), startY = c === 0 ? 0 : startX - from;
        while (x > Math.max(startX, 0) && y > Math.max(startY, 0)) { onlyA[--x] = false; onlyB[--y] = false; }
        if (c === 0) break;
        x = startX;
        y = startY;
      }
      return [onlyA, onlyB];
    }
  }
  return null;
}

// A reply's text anew: thinking, then answer, with the words of `marked` marked.
function fill(pre, parts, marked) {
  const thinkEnd = Number(pre.dataset.think), nodes = [];
  let offset = 0, cls = "", mark = false, open = "";
  const flush = () => {
    if (!open) return;
    const span = el("span", cls);
    span.append(mark ? el("mark", "", open) : open);
    nodes.push(span);
    open = "";
  };
  parts.forEach((part, i) => {
    const c = offset < thinkEnd ? "think" : "answer", m = marked ? marked[i] : false;
    if (c !== cls || m !== mark) flush();
    cls = c;
    mark = m;
    open += part;
    offset += part.length;
  });
  flush();
  pre.replaceChildren(...nodes);
}

// A box that marks the differences of the two replies of a pair.
function comparePair(pair, on) {
  const pres = [...pair.querySelectorAll("pre")];
  if (pres.length !== 2) return null;
  const parts = pres.map(pre => words(pre.textContent));
  const label = el("label", "key"), box = el("input"), key = el("mark", "", "words that the other reply has not");
  box.type = "checkbox";
  box.checked = on;
  label.append(box, " mark ", key);
  let found;
  const apply = () => {
    if (box.checked && found === undefined) found = differences(parts[0], parts[1]);
    if (box.checked && !found) key.textContent = "nothing: the two replies have hardly a word in common";
    pres.forEach((pre, i) => fill(pre, parts[i], box.checked && found ? found[i] : null));
  };
  box.onchange = apply;
  if (on) apply();
  return label;
}

for (const pair of document.querySelectorAll(".pair")) {
  const isLead = Boolean(pair.closest(".example"));
  const details = pair.closest("details");
  const add = () => {
    const label = comparePair(pair, isLead);
    if (label) pair.before(label);
  };
  if (!details || details.open) add();
  else details.addEventListener("toggle", add, {once: true});
}
return {el, comparePair, fill, words};
})();
)js";

}  // namespace laconic
