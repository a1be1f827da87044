// The script of the sample browser: filters, a list that draws only the rows in sight, and the
// reply chosen, beside that of the first system. Reads the JSON that report_browser.cc embeds; sets
// text by
// textContent only, so that nothing from data is ever markup. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

inline constexpr char kReportScript[] = R"js(
(() => {
"use strict";
const $ = id => document.getElementById(id);
const D = JSON.parse($("index").textContent), P = D.problems, R = D.rows, N = R.problem.length;
const VERDICTS = ["right", "wrong", "undecided"], MARKS = ["\u2713", "\u2717", "?"], ROW = 30;
const {el} = Page;
const parsed = new Map();
const piece = id => {
  if (!parsed.has(id)) {
    if (parsed.size > 32) parsed.clear();
    parsed.set(id, unpack($(id).textContent));
  }
  return parsed.get(id);
};
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
const reply = async r => (await piece("r" + Math.floor(r / D.chunk)))[r % D.chunk];
const problem = async p => (await piece("q" + Math.floor(p / D.chunk)))[p % D.chunk];
const number = n => n.toLocaleString("en-US");

const byProblem = new Map();
for (let r = 0; r < N; ++r) {
  const p = R.problem[r];
  if (!byProblem.has(p)) byProblem.set(p, []);
  byProblem.get(p).push(r);
}
const rightInFirst = p => byProblem.get(p).some(r => R.system[r] === 0 && R.verdict[r] === 0);

const SHOW = {
  "all": () => true,
  "wrong": r => R.verdict[r] === 1,
  "undecided": r => R.verdict[r] === 2,
  "truncated": r => R.flags[r] & 1,
  "loops": r => R.flags[r] & 2,
  "longest saved": r => R.saved[r] !== null && R.verdict[r] === 0,
  "lost": r => R.system[r] !== 0 && R.verdict[r] !== 0 && rightInFirst(R.problem[r]),
};
const HINTS = {
  "longest saved": "right, by the tokens saved against the first system's mean on the same problem",
  "lost": "not right here, right at least once in the first system",
  "loops": "ends in a block repeated at least 4 times",
};
const SORTS = {
  "file order": null,
  "most tokens": (a, b) => R.tokens[b] - R.tokens[a],
  "fewest tokens": (a, b) => R.tokens[a] - R.tokens[b],
  "most saved": (a, b) => R.saved[b] - R.saved[a],
  "least saved": (a, b) => R.saved[a] - R.saved[b],
};

let marking = false;  // kept from reply to reply
let show = "all", order = [], selected = -1, opened = 0;
const list = $("list"), inner = $("rows"), detail = $("detail");
const controls = {};

function select(label, options) {
  const box = el("select");
  box.setAttribute("aria-label", label);
  for (const [value, text] of options) {
    const o = el("option", "", text);
    o.value = value;
    box.append(o);
  }
  box.onchange = apply;
  $("filters").append(box);
  return box;
}

function build() {
  for (const name of Object.keys(SHOW)) {
    const count = name === "all" || name === "longest saved" ? -1 : count_of(SHOW[name]);
    if (count === 0) continue;
    if (name === "longest saved" && D.systems.length < 2) continue;
    const b = el("button", "chip", count < 0 ? name : name + " " + number(count));
    if (HINTS[name]) b.title = HINTS[name];
    b.onclick = () => {
      show = name;
      controls.sort.value = name === "longest saved" ? "most saved" : "file order";
      apply();
    };
    b.dataset.name = name;
    $("chips").append(b);
  }
  const some = (label, names) =>
      names.length > 1 && names.length <= 500 ? select(label, [["", label + ": all"], ...names.map((n, i) => [i, n])]) : null;
  controls.system = some("system", D.systems);
  controls.group = some("benchmark", D.groups);
  controls.difficulty = some("difficulty", D.difficulties);
  controls.reason = some("reason", D.reasons);
  controls.sort = select("sort", Object.keys(SORTS).map(n => [n, n]));
  controls.text = el("input");
  controls.text.type = "search";
  controls.text.placeholder = "find in problem or id";
  controls.text.setAttribute("aria-label", "find in problem or id");
  controls.text.oninput = apply;
  $("filters").append(controls.text);
}

function count_of(test) {
  let n = 0;
  for (let r = 0; r < N; ++r) if (test(r)) ++n;
  return n;
}

function apply() {
  const chosen = c => c && c.value !== "" ? Number(c.value) : -1;
  const s = chosen(controls.system), g = chosen(controls.group), d = chosen(controls.difficulty),
        w = chosen(controls.reason), text = controls.text.value.toLowerCase();
  order = [];
  for (let r = 0; r < N; ++r) {
    const p = R.problem[r];
    if (!SHOW[show](r) || (s >= 0 && R.system[r] !== s) || (g >= 0 && P.group[p] !== g) ||
        (d >= 0 && P.difficulty[p] !== d) || (w >= 0 && R.reason[r] !== w)) continue;
    if (text && !P.head[p].toLowerCase().includes(text) && !P.id[p].toLowerCase().includes(text)) continue;
    order.push(r);
  }
  const sort = SORTS[controls.sort.value];
  if (controls.sort.value.endsWith("saved")) order = order.filter(r => R.saved[r] !== null);
  if (sort) order.sort((a, b) => sort(a, b) || a - b);
  for (const b of $("chips").children) b.setAttribute("aria-pressed", b.dataset.name === show);
  $("count").textContent = number(order.length) + " of " + number(N) + " replies";
  inner.style.height = order.length * ROW + "px";
  list.scrollTop = 0;
  selected = order.length ? 0 : -1;
  draw();
  open();
}

function row(i) {
  const r = order[i], p = R.problem[r], e = el("div", "row");
  e.style.top = i * ROW + "px";
  e.setAttribute("role", "option");
  e.setAttribute("aria-selected", i === selected);
  const v = VERDICTS[R.verdict[r]];
  e.append(el("i", "dot k" + R.system[r] % D.colours), el("b", v, MARKS[R.verdict[r]]),
           el("span", "head", P.head[p] || P.id[p]));
  if (R.flags[r] & 1) e.append(el("span", "flag", "cut"));
  if (R.flags[r] & 2) e.append(el("span", "flag", "loop"));
  const saved = controls.sort.value.endsWith("saved");
  e.append(el("span", "num", saved ? (R.saved[r] > 0 ? "\u2212" : "+") + number(Math.abs(R.saved[r]))
                                   : number(R.tokens[r])));
  e.title = D.systems[R.system[r]] + ", " + P.id[p] + ", sample " + R.sample[r];
  e.onclick = () => { selected = i; draw(); open(); };
  return e;
}

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
  const last = Math.min(order.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 4);
  const rows = [];
  for (let i = first; i < last; ++i) rows.push(row(i));
  inner.replaceChildren(...rows);
}

async function pane(r) {
  const box = el("div", "reply"), head = el("p"), [text, extracted] = await reply(r);
  const v = VERDICTS[R.verdict[r]];
  head.append(el("i", "dot k" + R.system[r] % D.colours), el("b", "", D.systems[R.system[r]] + " "),
              el("span", "tag " + v, v),
              el("span", "muted", " " + (D.reasons[R.reason[r]] || "no reason") +
                 (extracted ? ", answer " + extracted : "")));
  const facts = el("p", "muted", "sample " + R.sample[r] + ", " + number(R.tokens[r]) + " tokens (" +
                   number(R.thinking[r]) + " thinking)" + (R.flags[r] & 1 ? ", truncated" : "") +
                   (R.flags[r] & 2 ? ", loops" : ""));
  const pre = el("pre");
  pre.tabIndex = 0;
  const close = D.ends.map(e => [text.indexOf(e), e.length]).find(e => e[0] >= 0);
  pre.dataset.think = close ? close[0] + close[1] : R.thinking[r] ? text.length : 0;
  Page.fill(pre, Page.words(text));
  box.append(head, facts, pre);
  return box;
}

function others(r) {
  const box = el("p", "others");
  const all = byProblem.get(R.problem[r]);
  if (all.length < 2) return box;
  box.append(el("span", "muted", "All replies to it: "));
  for (const o of all.slice(0, 64)) {
    const b = el("button", "chip", MARKS[R.verdict[o]] + " " + number(R.tokens[o]));
    b.prepend(el("i", "dot k" + R.system[o] % D.colours));
    b.title = D.systems[R.system[o]] + ", sample " + R.sample[o];
    b.setAttribute("aria-pressed", o === r);
    b.onclick = () => open(o);
    box.append(b);
  }
  return box;
}

let open = async r => {
  const mine = ++opened;
  if (r === undefined) {
    if (selected < 0) return detail.replaceChildren(el("p", "muted", "No reply passes these filters."));
    r = order[selected];
  }
  const p = R.problem[r], [text, gold] = await problem(p);
  const where = [P.id[p]];
  if (D.groups[P.group[p]]) where.unshift(D.groups[P.group[p]]);
  if (P.difficulty[p] >= 0) where.push("difficulty " + D.difficulties[P.difficulty[p]]);
  const title = el("p", "muted", where.join(", ") + (gold ? "; gold answer " + gold : ""));
  const panes = el("div", "pair");
  panes.append(await pane(r));
  const other = byProblem.get(p).find(o => R.sample[o] === R.sample[r] &&
      (R.system[r] === 0 ? R.system[o] !== 0 : R.system[o] === 0));
  if (other !== undefined) panes.append(await pane(other));
  else panes.classList.add("one");
  if (mine !== opened) return;  // another was asked for meanwhile
  const compare = Page.comparePair(panes, marking);
  if (compare) compare.firstChild.addEventListener("change", event => marking = event.target.checked);
  detail.replaceChildren(el("p", "problem", text || P.head[p]), title, others(r), ...(compare ? [compare] : []), panes);
};

list.onscroll = draw;
list.onkeydown = event => {
  const step = {ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -N, End: N}[event.key];
  if (!step || !order.length) return;
  event.preventDefault();
  selected = Math.min(order.length - 1, Math.max(0, selected + step));
  const top = selected * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  draw();
  open();
};
addEventListener("resize", draw);
build();
if (!window.DecompressionStream)
  open = () => detail.replaceChildren(el("p", "muted", "This browser is too old to unpack replies."));
apply();
document.documentElement.dataset.ready = N;
})();
)js";

}  // namespace laconic
