// The style sheet of a report's page. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

inline constexpr char kReportStyle[] = R"css(
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1d2126;--muted:#5d6670;--grid:#e4e6e8;--axis:#9aa2aa;
--c0:#2563a8;--c1:#c8540a;--c2:#167a5b;--c3:#8a4fb0;--c4:#7a6a00;--good:#167a5b;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1d2125;--ink:#e6e8ea;--muted:#a0a8b0;--grid:#30363c;--axis:#68717a;
--c0:#6fb1f2;--c1:#f59a55;--c2:#52c49b;--c3:#c79be6;--c4:#d8c54a;--good:#52c49b;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1060px;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
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
@media (max-width:700px){.pair{grid-template-columns:1fr}body{padding:10px}pre{max-height:18rem}th,td{padding:4px 8px}}
)css";

}  // namespace laconic
