// The style sheet of a report's page. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

inline constexpr char kReportStyle[] = R"css(
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1b1f24;--muted:#5a636d;--grid:#e6e7e9;--axis:#9aa2aa;
--c0:#2a64ad;--c1:#c2520a;--c2:#157558;--c3:#8448ab;--c4:#766700;--c5:#ad2857;--c6:#0b7280;--c7:#87909a;--good:#157558;--bad:#b3261e;
--think:#6a5a96;--mark:#ffe2c4;--radius:10px}
@media (prefers-color-scheme:dark){:root{--bg:#121518;--card:#1a1e22;--ink:#e8eaec;--muted:#a3abb4;--grid:#2c3238;--axis:#68717a;
--c0:#6fb1f2;--c1:#f59a55;--c2:#52c49b;--c3:#c79be6;--c4:#d8c54a;--c5:#f07fa8;--c6:#4fc3d0;--c7:#7c858d;--good:#52c49b;--bad:#ff8a80;
--think:#b7a6e6;--mark:#5a3a17}}
*{box-sizing:border-box}html{scroll-padding-top:3.4rem}
body{margin:0 auto;padding:0 20px 48px;max-width:1220px;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.75rem;line-height:1.2;letter-spacing:-.015em;margin:1.4rem 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:2.6rem 0 .7rem}h3{font-size:1.02rem;margin:1.7rem 0 .5rem}
h2,h3,.meta{overflow-wrap:anywhere}
.anchor{color:var(--muted);text-decoration:none;opacity:0;font-weight:400}:hover>.anchor,.anchor:focus{opacity:1}
a{color:var(--c0)}.muted,.note{color:var(--muted)}p{margin:.4rem 0}.note,.meta{font-size:.88rem}.meta{color:var(--muted)}
.save{font-size:.8rem;white-space:nowrap}button.save{font:inherit;font-size:.8rem;color:var(--c0);background:none;border:0;padding:0;cursor:pointer;text-decoration:underline}
nav{position:sticky;top:0;z-index:2;margin:0 -20px;padding:.5rem 20px;background:var(--bg);border-bottom:1px solid var(--grid);
display:flex;gap:.2rem 1.1rem;overflow-x:auto;white-space:nowrap;font-size:.88rem}nav a{text-decoration:none;color:var(--muted)}nav a:hover,nav a:focus{color:var(--c0)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,230px),1fr));gap:12px;margin:1.1rem 0}
.tile,figure,details,.example{background:var(--card);border:1px solid var(--grid);border-radius:var(--radius)}
.tile{padding:14px 18px}.tile b{display:block;font-size:1.65rem;letter-spacing:-.02em;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{display:block;font-size:.86rem;color:var(--muted)}.tile.lead{background:var(--c0);border-color:var(--c0)}.tile.lead b,.tile.lead span{color:var(--bg)}
.tile.lead b{font-size:2.1rem;line-height:1.1;margin:.1rem 0 .25rem}.tile.yes b{color:var(--good)}.tile.no b{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));gap:12px;margin:.8rem 0}
.figures.wide{grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))}
figure{margin:0;padding:12px 10px 10px;min-width:0}figcaption{font-size:.82rem;line-height:1.4;color:var(--muted);padding:4px 8px 0}
svg{display:block;width:100%;height:auto;max-width:620px;margin:0 auto}svg:focus{outline:2px solid var(--c0);outline-offset:2px;border-radius:4px}
svg text{fill:var(--ink);font:12.5px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
svg .chart-title{font-size:14.5px;font-weight:600}svg .tick,svg .label{fill:var(--muted)}svg .note{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.grid{stroke:var(--grid)}.axis{stroke:var(--axis)}.band{fill:var(--good);opacity:.14}.arrow{stroke:var(--ink);stroke-width:1.6;opacity:.55}.arrow-head{fill:var(--ink);opacity:.55}
.hit{fill:transparent}.rule{stroke:var(--axis);stroke-dasharray:2 3}.tip rect{fill:var(--ink)}svg .tip text{fill:var(--card)}
.h .tip,.h .rule{visibility:hidden;pointer-events:none}.h:hover .tip,.h:hover .rule,.h:focus .tip,.h.on .tip,.h.on .rule{visibility:visible}
.h:focus{outline:none}.h:focus .hit{stroke:var(--ink);stroke-width:1.5}
.scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:var(--radius);background:var(--card)}
.scroll:focus-visible,.list:focus-visible,pre:focus-visible,.chip:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--c0);outline-offset:1px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem;white-space:nowrap}
th,td{padding:6px 14px;border-bottom:1px solid var(--grid);text-align:right;font-weight:400}thead th{color:var(--muted);font-size:.82rem}
th:first-child,td:first-child{text-align:left}tbody tr:last-child>*{border-bottom:0}tbody tr:hover>*{background:var(--bg)}
table.facts td{white-space:pre-wrap;overflow-wrap:anywhere;text-align:left}
details{margin:10px 0;padding:10px 16px}summary{cursor:pointer;overflow-wrap:anywhere}details[open]>summary{margin-bottom:.5rem}
.example{padding:14px 16px}.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px;margin-top:.5rem}.reply{min-width:0}.reply p{margin:.2rem 0 .4rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:26rem;overflow:auto;margin:0;padding:12px;background:var(--bg);
border:1px solid var(--grid);border-radius:8px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;unicode-bidi:isolate}
.think{color:var(--think)}.answer{color:var(--ink);font-weight:600}.key{font-size:.8rem;color:var(--muted)}
mark{background:var(--mark);color:inherit;border-radius:2px}
.tag{font-size:.78rem;border:1px solid;border-radius:99px;padding:1px 9px;color:var(--muted)}.tag.right{color:var(--good)}.tag.wrong{color:var(--bad)}
.dot{display:inline-block;width:.62em;height:.62em;border-radius:50%;margin-right:.5em}
.k0{background:var(--c0)}.k1{background:var(--c1)}.k2{background:var(--c2)}.k3{background:var(--c3)}
.k4{background:var(--c4)}.k5{background:var(--c5)}.k6{background:var(--c6)}.k7{background:var(--c7)}
.warning{border-left:3px solid var(--c1);padding:4px 12px;background:var(--card);border-radius:0 var(--radius) var(--radius) 0}
.chips,.filters{display:flex;flex-wrap:wrap;gap:6px;margin:8px 0}
.chip,.filters select,.filters input{font:inherit;font-size:.86rem;color:var(--ink);background:var(--card);border:1px solid var(--grid);
border-radius:99px;padding:4px 13px}.chip{cursor:pointer}.filters select{max-width:15rem}.filters input{min-width:14rem}
.chip[aria-pressed=true]{border-color:var(--c0);color:var(--c0);font-weight:600}
.browser{display:grid;grid-template-columns:minmax(280px,23rem) minmax(0,1fr);gap:16px;align-items:start}
.list{position:relative;overflow:auto;height:72vh;max-height:720px;background:var(--card);border:1px solid var(--grid);border-radius:var(--radius)}
#rows{position:relative}.row{position:absolute;left:0;right:0;height:30px;display:flex;align-items:center;gap:6px;padding:0 10px;
font-size:.86rem;cursor:pointer;white-space:nowrap}.row .dot{flex:none;margin:0}.row b{width:1em;text-align:center;flex:none}
.row:hover{background:var(--bg)}.row[aria-selected=true]{background:color-mix(in srgb,var(--c0) 16%,transparent)}
.row .head{flex:1;overflow:hidden;text-overflow:ellipsis}.row .num{font-variant-numeric:tabular-nums;color:var(--muted)}
.flag{font-size:.72rem;border:1px solid var(--grid);border-radius:4px;padding:0 4px;color:var(--c1)}
b.right{color:var(--good)}b.wrong{color:var(--bad)}b.undecided{color:var(--muted)}
.problem{white-space:pre-wrap;overflow-wrap:anywhere;max-height:11rem;overflow:auto}.pair.one{grid-template-columns:1fr}
.others .chip{margin:2px 3px;padding:0 8px;font-size:.8rem}#detail pre{max-height:52vh}
@media (min-width:1000px){.tiles{grid-template-columns:1.5fr 1fr 1fr 1fr}}
@media (max-width:900px){.browser{grid-template-columns:1fr}.list{height:40vh}}
@media (max-width:700px){body{padding:0 14px 40px}nav{margin:0 -14px;padding:.5rem 14px}h1{font-size:1.4rem}.pair{grid-template-columns:1fr}
.tiles{grid-template-columns:1fr 1fr;gap:8px}.tile{padding:10px 12px}.tile b{font-size:1.25rem}.tile.lead,.tile:last-child:nth-child(even){grid-column:1/-1}.tile.lead b{font-size:1.9rem}
pre{max-height:18rem}th,td{padding:6px 10px}.example{padding:12px}figure{padding:8px 2px}figcaption{padding:4px 10px 0}.filters input{min-width:10rem}}
@media print{nav,.anchor,.save,.chips,.filters{display:none}body{background:#fff}details,figure,.example{break-inside:avoid}}
)css";

}  // namespace laconic
