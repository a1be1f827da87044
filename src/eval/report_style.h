// The style sheet of a report's page. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

inline constexpr char kReportStyle[] = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2126;--muted:#5d6670;--grid:#e4e6e8;--axis:#9aa2aa;
--c0:#2563a8;--c1:#c8540a;--c2:#167a5b;--c3:#8a4fb0;--c4:#7a6a00;--c5:#b02a5b;--c6:#0f7f8c;--c7:#8b949c;--good:#167a5b;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1d2125;--ink:#e6e8ea;--muted:#a0a8b0;--grid:#30363c;--axis:#68717a;
--c0:#6fb1f2;--c1:#f59a55;--c2:#52c49b;--c3:#c79be6;--c4:#d8c54a;--c5:#f07fa8;--c6:#4fc3d0;--c7:#7c858d;--good:#52c49b;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1180px;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.4rem 0 .4rem}
.muted{color:var(--muted)}p{margin:.4rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:1rem 0}
.tile,figure,details{background:var(--card);border:1px solid var(--grid);border-radius:8px}
.tile{padding:10px 14px}.tile b{display:block;font-size:1.45rem;line-height:1.3;font-variant-numeric:tabular-nums}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:12px}
figure{margin:0;padding:8px;max-width:640px}figcaption{font-size:.84rem;color:var(--muted);padding:2px 6px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font-family:system-ui,sans-serif}
.chart-title{font-size:14px;font-weight:600}.tick{font-size:12px;fill:var(--muted)!important}.label{font-size:12px;fill:var(--muted)!important}
.note{font-size:12px}.grid{stroke:var(--grid)}.axis{stroke:var(--axis)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;white-space:nowrap}
th,td{padding:4px 12px;border-bottom:1px solid var(--grid);text-align:right}th:first-child,td:first-child{text-align:left;padding-left:0}
details{margin:8px 0;padding:8px 12px}summary{cursor:pointer;overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}.reply{min-width:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:26rem;overflow:auto;margin:0;padding:10px;background:var(--bg);
border:1px solid var(--grid);border-radius:6px;font:13px/1.45 ui-monospace,monospace}
.tag{font-size:.8rem;border:1px solid;border-radius:99px;padding:0 8px;color:var(--muted)}.tag.right{color:var(--good)}.tag.wrong{color:var(--bad)}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.5em}
.k0{background:var(--c0)}.k1{background:var(--c1)}.k2{background:var(--c2)}.k3{background:var(--c3)}
.k4{background:var(--c4)}.k5{background:var(--c5)}.k6{background:var(--c6)}.k7{background:var(--c7)}
.warning{border-left:3px solid var(--c1);padding:2px 10px}
.chips,.filters{display:flex;flex-wrap:wrap;gap:6px;margin:8px 0}
.chip,.filters select,.filters input{font:inherit;font-size:.88rem;color:var(--ink);background:var(--card);border:1px solid var(--grid);
border-radius:99px;padding:3px 12px}.chip{cursor:pointer}.filters select{max-width:15rem}.filters input{min-width:14rem}
.chip[aria-pressed=true]{border-color:var(--c0);color:var(--c0);font-weight:600}
.browser{display:grid;grid-template-columns:minmax(280px,23rem) minmax(0,1fr);gap:14px;align-items:start}
.list{position:relative;overflow:auto;height:76vh;background:var(--card);border:1px solid var(--grid);border-radius:8px}
.list:focus-visible,pre:focus-visible,.chip:focus-visible{outline:2px solid var(--c0);outline-offset:1px}
#rows{position:relative}.row{position:absolute;left:0;right:0;height:30px;display:flex;align-items:center;gap:6px;padding:0 10px;
font-size:.86rem;cursor:pointer;white-space:nowrap}.row .dot{flex:none;margin:0}.row b{width:1em;text-align:center;flex:none}
.row:hover{background:var(--bg)}.row[aria-selected=true]{background:color-mix(in srgb,var(--c0) 16%,transparent)}
.row .head{flex:1;overflow:hidden;text-overflow:ellipsis}.row .num{font-variant-numeric:tabular-nums;color:var(--muted)}
.flag{font-size:.72rem;border:1px solid var(--grid);border-radius:4px;padding:0 4px;color:var(--c1)}
b.right{color:var(--good)}b.wrong{color:var(--bad)}b.undecided{color:var(--muted)}
.problem{white-space:pre-wrap;overflow-wrap:anywhere;max-height:11rem;overflow:auto}.pair.one{grid-template-columns:1fr}
.others .chip{margin:2px 3px;padding:0 8px;font-size:.8rem}#detail pre{max-height:56vh}.think{color:var(--muted)}
@media (max-width:900px){.browser{grid-template-columns:1fr}.list{height:40vh}}
@media (max-width:700px){.pair{grid-template-columns:1fr}body{padding:10px}pre{max-height:18rem}th,td{padding:4px 8px}}
)css";

}  // namespace laconic
