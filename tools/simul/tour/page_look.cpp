// SPDX-License-Identifier: MIT
#include "page_look.hpp"

namespace tour {

const std::string_view page_begin = R"page(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>simul tour</title>
<style>
:root { color-scheme: light dark;
  --paper: #fbfaf7; --ink: #1d1f23; --soft: #5f646d; --line: #dcdad3; --mark: #b4530a;
  --bar: #2b6cb0; --on-bar: #fff; --bar2: #8db7df; --on-bar2: #10263b; --best: #1a6b43; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171b; --ink: #e8e6e1; --soft: #a3a9b2; --line: #2c3037; --mark: #f0a35e;
    --bar: #63a4e0; --on-bar: #0b1722; --bar2: #35597d; --on-bar2: #e9f1f9; --best: #6ccf9c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
thead th { color: var(--soft); font-size: .85rem; }
tbody th, thead td:first-child { text-align: left; padding-left: 0; }
.lesson { color: var(--soft); text-align: left; white-space: normal; width: 45%; }
.best > :not(.lesson) { color: var(--best); font-weight: 600; }
figure { margin: 1rem 0 0; }
canvas { display: block; width: 100%; touch-action: pan-y; cursor: grab; border-radius: .2rem; }
canvas:active { cursor: grabbing; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 3px; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin-top: .3rem; min-height: 2.2rem; color: var(--soft);
  font-size: .85rem; }
.tools span { flex: 1; min-width: 12rem; overflow-wrap: anywhere; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: .35rem; min-width: 2.2rem;
  min-height: 2rem; padding: .1rem .6rem; cursor: pointer; }
button:hover { color: var(--ink); border-color: var(--soft); }
@media (max-width: 44rem) { /* a row's lesson stands below it */
  table, thead, tbody { display: block; }
  tr { display: grid; grid-template-columns: 5.2rem repeat(4, 1fr) 1.15fr .7fr; border-bottom: 1px solid var(--line); padding: .25rem 0; font-size: .85rem; }
  th, td { border: 0; padding: 0 0 0 .2rem; }
  thead th { font-size: .75rem; }
  .lesson { grid-column: 1 / -1; padding-left: 0; width: auto; }
}
</style>
</head>
<body>
)page";

const std::string_view page_end = R"page(<script>
'use strict';
const rows = JSON.parse(document.getElementById('rows').textContent).rows;
const duration = t => t < 0.0995 ? (1000 * t).toFixed(1) + ' ms' : t.toFixed(2) + ' s';
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const sum = numbers => numbers.reduce((all, each) => all + each, 0);

/// About six round times between two others.
function marks(from, to, most) {
  const raw = (to - from) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= raw);
  const all = [];
  for (let time = Math.ceil(from / step - 1e-9) * step; time <= to + step / 1e6; time += step) all.push(time);
  return all;
}

/// "10 tasks", "2 processes, 10 tasks each"
function lanes_text(row) {
  const kinds = row.lanes[0].replace(/ \d+/g, '').split(', ');
  if (kinds.length === 2) {
    const outer = new Set(row.lanes.map(name => name.split(',')[0])).size;
    return `${outer} processes, ${Math.ceil(row.lanes.length / outer)} tasks each`;
  }
  return row.lanes.length === 1 ? `one ${kinds[0].replace('the ', '')}` : `${row.lanes.length} ${kinds[0].replace(/s$/, 'se')}s`;
}

function shortened(pen, text, room) {
  const letters = Math.floor(text.length * room / pen.measureText(text).width);
  return letters >= text.length ? text : letters < 9 ? '' : text.slice(0, letters - 1) + '…';
}

/// One picture for each job: its models below each other, in each of them a line for each lane.
class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.said = canvas.parentElement.querySelector('span');
    this.rows = rows.filter(row => row.job === canvas.dataset.job);
    this.whole = 1.08 * Math.max(...this.rows.flatMap(row => [row.seconds, row.ideal]));
    this.from = 0;
    this.to = this.whole;
    this.fingers = new Map();
    for (const row of this.rows) { // neighbours in a lane get different tones
      const count = row.lanes.map(() => 0);
      for (const piece of row.pieces) piece.tone = count[piece.lane]++ % 2;
    }
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    this.listen();
  }

  /// Where what is: labels stand beside the lanes, or above them where there is little room.
  lay_out() {
    const narrow = this.canvas.clientWidth < 620;
    this.left = narrow ? 0 : 150;
    this.room = this.canvas.clientWidth - this.left;
    let y = 2;
    this.places = this.rows.map(row => {
      const high = clamp(110 / row.lanes.length, 6, 18);
      const place = {label: y, top: y + (narrow ? 20 : 0), high};
      y = Math.max(place.top + sum(row.lanes.map(() => high)), y + 36) + (narrow ? 10 : 14);
      return place;
    });
    this.axis = y;
    this.height = y + 20;
  }

  x_of(time) { return this.left + (time - this.from) / (this.to - this.from) * this.room; }

  draw() {
    this.lay_out();
    const canvas = this.canvas, ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(this.height * ratio);
    canvas.style.height = this.height + 'px';
    const style = getComputedStyle(canvas); // light, or dark
    this.colour = Object.fromEntries(['ink', 'soft', 'line', 'mark', 'bar', 'on-bar', 'bar2', 'on-bar2'].map(
      name => [name, style.getPropertyValue('--' + name).trim()]));
    const pen = this.pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    pen.textBaseline = 'middle';
    this.boxes = [];
    this.draw_axis();
    this.rows.forEach((row, i) => this.draw_row(row, this.places[i]));
  }

  draw_axis() {
    const pen = this.pen, right = this.left + this.room;
    pen.font = '12px system-ui, sans-serif';
    pen.strokeStyle = this.colour.line;
    pen.fillStyle = this.colour.soft;
    const times = marks(this.from, this.to, clamp(this.room / 90, 2, 8));
    const milli = this.to - this.from < 0.1;
    for (const time of times) {
      const x = Math.round(this.x_of(time)) + .5;
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, this.axis);
      pen.stroke();
      pen.textAlign = x > right - 24 ? 'right' : x < this.left + 16 ? 'left' : 'center';
      pen.fillText(milli ? +(1000 * time).toFixed(3) + ' ms' : +time.toFixed(3) + ' s', clamp(x, this.left, right), this.axis + 11);
    }
  }

  draw_row(row, {label, top, high}) {
    const pen = this.pen, beside = this.left > 0, end = top + high * row.lanes.length;
    pen.textAlign = 'left';
    pen.fillStyle = this.colour.ink;
    pen.font = '600 13px system-ui, sans-serif';
    pen.fillText(row.model, 0, label + 9);
    const offset = beside ? 0 : pen.measureText(row.model).width + 8;
    pen.fillStyle = this.colour.soft;
    pen.font = '12px system-ui, sans-serif';
    const lanes = lanes_text(row);
    if (beside && pen.measureText(lanes).width > this.left - 8) {
      const [first, second] = lanes.split(', ');
      pen.fillText(first + ',', 0, label + 26);
      pen.fillText(second, 0, label + 41);
    } else {
      pen.fillText(lanes, offset, label + (beside ? 26 : 9));
    }

    pen.save();
    pen.beginPath();
    pen.rect(this.left, top - 3, this.room, high * row.lanes.length + 6);
    pen.clip();
    for (const piece of row.pieces) this.draw_piece(row, piece, top, high);
    const x = Math.round(this.x_of(row.ideal)) + .5;
    pen.strokeStyle = this.colour.mark;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(x, top - 3);
    pen.lineTo(x, end + 3);
    pen.stroke();
    pen.restore();

    const behind = this.x_of(row.seconds) + 6;
    const text = row.seconds.toFixed(2) + ' s';
    if (behind > this.left && behind + pen.measureText(text).width < this.left + this.room) {
      pen.fillStyle = this.colour.ink;
      pen.fillText(text, Math.max(behind, x + 6), Math.min(top + high * row.lanes.length / 2, end - 6));
    }
  }

  draw_piece(row, piece, top, high) {
    const pen = this.pen, x = this.x_of(piece.begin), y = top + piece.lane * high;
    const wide = Math.max(this.x_of(piece.end) - x - .5, 1), gap = high > 8 ? 2 : 1;
    if (x > this.left + this.room || x + wide < this.left) return;
    pen.fillStyle = this.colour[piece.tone ? 'bar2' : 'bar'];
    pen.fillRect(x, y, wide, high - gap);
    this.boxes.push({x, y, wide, high, piece, row});
    const from = Math.max(x, this.left) + 4, room = x + wide - from - 4;
    if (high < 12 || room < 24) return;
    pen.font = '11px system-ui, sans-serif';
    pen.fillStyle = this.colour[piece.tone ? 'on-bar2' : 'on-bar'];
    pen.textAlign = 'left';
    pen.fillText(shortened(pen, piece.name, room), from, y + (high - gap) / 2 + .5);
  }

  show(from, wide) {
    wide = clamp(wide, this.whole / 5000, this.whole);
    this.from = clamp(from, 0, this.whole - wide);
    this.to = this.from + wide;
    this.draw();
  }
  /// `at`: 0 is the left end, 1 the right; what is there stays there.
  zoom(factor, at = 0.5) {
    const wide = this.to - this.from, next = clamp(wide * factor, this.whole / 5000, this.whole);
    this.show(this.from + at * (wide - next), next);
  }
  move(part) { this.show(this.from + part * (this.to - this.from), this.to - this.from); }
  all() { this.show(0, this.whole); }

  place(x) { return clamp((x - this.left) / this.room, 0, 1); }

  tell(x, y) {
    const slack = this.fingers.size > 0 ? 4 : 1;
    const hit = this.boxes.find(box => x >= box.x - slack && x <= box.x + box.wide + slack && y >= box.y && y < box.y + box.high);
    this.said.textContent = hit
      ? `${hit.row.model}, ${hit.row.lanes[hit.piece.lane]}: ${hit.piece.name}, ${duration(hit.piece.end - hit.piece.begin)} from ${duration(hit.piece.begin)} on`
      : '';
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener('wheel', event => {
      if (event.deltaY > 0 && this.to - this.from >= this.whole) return; // let the page scroll
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.place(event.offsetX));
    }, {passive: false});
    canvas.addEventListener('dblclick', event => this.zoom(0.4, this.place(event.offsetX)));
    canvas.addEventListener('pointerdown', event => {
      canvas.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, event.offsetX);
      this.tell(event.offsetX, event.offsetY);
    });
    canvas.addEventListener('pointermove', event => {
      if (this.fingers.has(event.pointerId)) this.drag(event.pointerId, event.offsetX);
      this.tell(event.offsetX, event.offsetY);
    });
    for (const end of ['pointerup', 'pointercancel'])
      canvas.addEventListener(end, event => this.fingers.delete(event.pointerId));
    canvas.addEventListener('pointerleave', event => { if (event.pointerType === 'mouse') this.said.textContent = ''; });
    canvas.addEventListener('keydown', event => {
      const keys = {ArrowLeft: () => this.move(-.2), ArrowRight: () => this.move(.2), '+': () => this.zoom(.5), '=': () => this.zoom(.5),
        '-': () => this.zoom(2), 0: () => this.all(), Home: () => this.all()};
      if (!(event.key in keys) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    for (const button of canvas.parentElement.querySelectorAll('button'))
      button.addEventListener('click', () => +button.dataset.zoom ? this.zoom(+button.dataset.zoom) : this.all());
  }

  /// One finger moves; two also zoom.
  drag(finger, x) {
    const before = this.fingers.get(finger), others = [...this.fingers].filter(([id]) => id !== finger);
    this.fingers.set(finger, x);
    if (others.length === 0) {
      this.move((before - x) / this.room);
    } else if (others.length === 1) {
      const still = others[0][1], was = Math.abs(before - still), now = Math.abs(x - still);
      if (was > 8 && now > 8) this.zoom(was / now, this.place(still));
    }
  }
}
document.querySelectorAll('canvas').forEach(canvas => new Picture(canvas));
</script>
</body>
</html>
)page";

} // namespace tour
