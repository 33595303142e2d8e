// SPDX-License-Identifier: MIT
//
// The page of a tour: one file that needs no other, for wide screens and narrow ones, light and dark.
#include "report.hpp"

#include <simul/text/html.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace tour {

namespace {

constexpr std::string_view head = R"page(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>simul tour</title>
<style>
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d1f23; --soft: #6a6f78; --line: #dcdad3; --bar: #2b6cb0; --bar2: #7aa9d6; --best: #1f7a4d; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171b; --ink: #e8e6e1; --soft: #9aa0a9; --line: #2c3037; --bar: #63a4e0; --bar2: #35597d; --best: #6ccf9c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p { margin: .4rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 500; color: var(--soft); }
th:first-child, td:first-child, td.lesson, th.lesson { text-align: left; }
td.lesson { color: var(--soft); white-space: normal; min-width: 14rem; }
tr.best td { color: var(--best); font-weight: 600; }
tr.best td.lesson { color: var(--soft); font-weight: 400; }
canvas { display: block; width: 100%; margin-top: .8rem; touch-action: pan-y; cursor: crosshair; }
#tip { position: fixed; pointer-events: none; background: var(--ink); color: var(--paper); font-size: .8rem; padding: .2rem .5rem;
  border-radius: .3rem; display: none; max-width: 20rem; }
button { font: inherit; font-size: .8rem; color: var(--soft); background: none; border: 1px solid var(--line); border-radius: .3rem; padding: .1rem .6rem; }
</style>
</head>
<body>
)page";

constexpr std::string_view script = R"page(<div id="tip" role="status"></div>
<script>
'use strict';
const rows = JSON.parse(document.getElementById('rows').textContent).rows;
const tip = document.getElementById('tip');
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const seconds = t => t < 0.0995 ? (1000 * t).toFixed(1) + ' ms' : t.toFixed(2) + ' s';
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// One picture for each job: its models below each other, in each of them a line for each lane.
function draw_job(canvas) {
  const mine = rows.filter(row => row.job === canvas.dataset.job);
  const whole = Math.max(...mine.map(row => row.seconds));
  const lanes = mine.map(row => 1 + Math.max(0, ...row.pieces.map(piece => piece.lane)));
  let from = 0, to = whole, boxes = [];

  function draw() {
    const width = canvas.clientWidth, label = 84, gap = 12, axis = 22;
    const heights = lanes.map(count => clamp(72 / count, 3, 14));
    const height = heights.reduce((sum, each, i) => sum + each * lanes[i] + gap, axis);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.height = height + 'px';
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    pen.font = '12px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    const room = width - label - 4;
    const x_of = time => label + (time - from) / (to - from) * room;
    boxes = [];

    // The axis: about six marks at round times.
    const raw = (to - from) / 6, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= raw);
    pen.fillStyle = colour('--soft');
    pen.strokeStyle = colour('--line');
    for (let time = Math.ceil(from / step) * step; time <= to + step / 1e6; time += step) {
      const x = Math.round(x_of(time)) + .5;
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, height - axis + 4);
      pen.stroke();
      pen.textAlign = x > width - 24 ? 'right' : 'center';
      pen.fillText(+time.toFixed(6) + ' s', x, height - axis / 2 + 2);
    }

    let y = 0;
    mine.forEach((row, i) => {
      pen.textAlign = 'left';
      pen.fillStyle = colour('--ink');
      pen.fillText(row.model, 0, y + Math.max(heights[i] * lanes[i] / 2, 6));
      pen.save();
      pen.beginPath();
      pen.rect(label, y, room + 4, heights[i] * lanes[i]);
      pen.clip();
      row.pieces.forEach((piece, number) => {
        const x = x_of(piece.begin), wide = Math.max(x_of(piece.end) - x - .5, 1);
        const box = [x, y + piece.lane * heights[i], wide, heights[i] - (heights[i] > 4 ? 1 : .5)];
        pen.fillStyle = colour(number % 2 ? '--bar2' : '--bar');
        pen.fillRect(...box);
        boxes.push({box, piece, row});
      });
      pen.restore();
      y += heights[i] * lanes[i] + gap;
    });
  }

  function zoom(factor, at) {
    const middle = from + at * (to - from), wide = clamp((to - from) * factor, whole / 5000, whole);
    from = clamp(middle - at * wide, 0, whole - wide);
    to = from + wide;
    draw();
  }
  const place = event => clamp((event.offsetX - 84) / (canvas.clientWidth - 88), 0, 1);
  canvas.addEventListener('wheel', event => {
    if (!event.ctrlKey && !event.shiftKey && event.deltaY > 0 && to - from >= whole) return; // let the page scroll
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, place(event));
  }, {passive: false});
  canvas.addEventListener('dblclick', event => zoom(0.4, place(event)));
  let held = null;
  canvas.addEventListener('pointerdown', event => { held = {x: event.offsetX, from, wide: to - from}; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener('pointerup', () => { held = null; });
  canvas.addEventListener('pointermove', event => {
    if (held) {
      from = clamp(held.from - (event.offsetX - held.x) / (canvas.clientWidth - 88) * held.wide, 0, whole - held.wide);
      to = from + held.wide;
      draw();
    }
    const hit = boxes.find(({box: [x, y, wide, high]}) => event.offsetX >= x - 1 && event.offsetX <= x + wide + 1 && event.offsetY >= y && event.offsetY <= y + high);
    tip.style.display = hit ? 'block' : 'none';
    if (!hit) return;
    tip.textContent = hit.piece.name + ': ' + seconds(hit.piece.end - hit.piece.begin) + ', from ' + seconds(hit.piece.begin) + ' on';
    tip.style.left = clamp(event.clientX + 12, 0, window.innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = event.clientY + 16 + 'px';
  });
  canvas.addEventListener('pointerleave', () => { tip.style.display = 'none'; });
  canvas.parentElement.querySelector('button').addEventListener('click', () => { from = 0; to = whole; draw(); });
  new ResizeObserver(draw).observe(canvas.parentElement);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
}
document.querySelectorAll('canvas').forEach(draw_job);
</script>
</body>
</html>
)page";

/// Data inside of a page: nothing in it may end the element.
std::string embedded(std::string json)
{
    for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at))
        json.replace(at, 1, "\\u003c");
    return json;
}

std::string job_part(const report& all, std::string_view job)
{
    double fastest = 1e300;
    double first = 0;
    for (const result& each : all.results) {
        if (each.job != job)
            continue;
        fastest = std::min(fastest, each.seen.wall);
        first = first == 0 ? each.seen.wall : first;
    }
    std::string part = fmt::format("<section>\n<h2>{}</h2>\n<div class=\"scroll\"><table>\n<tr><th><th>seconds<th>faster<th>ideal<th>CPU s<th>at "
                                   "once<th>MiB<th class=\"lesson\">\n",
                                   title_of(job));
    for (const result& each : all.results) {
        if (each.job != job)
            continue;
        part += fmt::format("<tr{}><td>{}<td>{:.2f}<td>{:.1f}×<td>{:.2f}<td>{:.2f}<td>{}<td>{:.0f}<td class=\"lesson\">{}\n",
                            each.seen.wall == fastest ? " class=\"best\"" : "", simul::html::escape(each.model), each.seen.wall,
                            first / each.seen.wall, each.ideal, each.seen.cpu, most_at_once(each.seen.pieces),
                            static_cast<double>(each.seen.peak_kib) / 1024, simul::html::escape(each.lesson));
    }
    return part + fmt::format("</table></div>\n<canvas data-job=\"{0}\" role=\"img\" aria-label=\"When each piece of {0} was done\"></canvas>\n"
                              "<button>all of it</button>\n</section>\n",
                              job);
}

} // namespace

std::string page_of(const report& all)
{
    std::string page(head);
    page += fmt::format("<h1>simul tour</h1>\n<p class=\"soft\">simul {} on {}. Each bar is a request, or a power: when it began, how long it took, "
                        "and in which line: a task, a thread, a process. Turn the wheel over a picture to look closer, drag to move.</p>\n",
                        simul::html::escape(all.version), simul::html::escape(all.machine));
    std::string_view before;
    for (const result& each : all.results) {
        if (each.job != before)
            page += job_part(all, each.job);
        before = each.job;
    }
    page += "<h2>What the rows teach</h2>\n";
    const std::string lessons = lessons_of(all);
    for (std::size_t begin = 0; begin < lessons.size();) {
        const std::size_t end = std::min(lessons.find(".\n", begin) + 1, lessons.size());
        page += fmt::format("<p>{}</p>\n", simul::html::escape(std::string_view(lessons).substr(begin, end - begin)));
        begin = end + 1;
    }
    page += fmt::format("<script type=\"application/json\" id=\"rows\">{}</script>\n", embedded(json_of(all)));
    return page += script;
}

} // namespace tour
