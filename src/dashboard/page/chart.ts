import type UPlot from 'uplot';
import { h, type VNode, type Widget } from './dom.ts';
import { clock } from './format.ts';
import { colour, onThemeChange } from './theme-switch.ts';

/** A line of a chart. It is drawn over those before it, so the largest comes first. */
export interface Line {
  readonly label: string;
  /** A custom property of the style sheet, without its dashes. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  /** What is told of it, where a part of it is not drawn. */
  readonly own?: readonly (number | null)[];
  readonly isFilled?: boolean;
  readonly isDashed?: boolean;
}

export interface ChartData {
  /** What it shows, as a sentence goes on: `Requests per second`. */
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number | null) => string;
  /** How high the scale is at least. */
  readonly least: number;
}

const HEIGHT = 190;
const TABLE_ROWS = 12;

/** A chart with its legend, what it says in a sentence, and its last values as a table for whoever can't see it. */
export function chart(key: string, data: ChartData): VNode {
  const { title, lines, times, format } = data;
  const isEmpty = times.length === 0;
  return h(
    'figure',
    { class: 'chart', key },
    h(
      'figcaption',
      null,
      h('h2', null, title),
      h(
        'ul',
        { class: 'legend' },
        lines.map((line) => legendEntry(line, format)),
      ),
    ),
    isEmpty && h('p', { class: 'empty' }, 'Nothing has been measured yet.'),
    !isEmpty && h('div', { class: 'plot', role: 'img', 'aria-label': inWords(data), widget: createPlot, data }),
    !isEmpty && valueTable(data),
  );
}

const toldOf = ({ own, values }: Line): Line['values'] => own ?? values;

function legendEntry(line: Line, format: ChartData['format']): VNode {
  const { label, colour: name } = line;
  return h(
    'li',
    { key: label },
    h('span', { class: `swatch swatch-${name}`, 'aria-hidden': 'true' }),
    label,
    h('b', { class: 'num' }, format(toldOf(line).findLast((value) => value !== null) ?? null)),
  );
}

function inWords({ title, times, lines, format }: ChartData): string {
  const told = lines.map((line) => {
    const { label } = line;
    const known = toldOf(line).filter((value) => value !== null);
    if (known.length === 0) return `${label}: nothing was measured`;
    return `${label}: now ${format(known.at(-1) ?? null)}, at most ${format(Math.max(...known))}`;
  });
  return `${title} from ${clock((times[0] ?? 0) * 1000)} to ${clock((times.at(-1) ?? 0) * 1000)}. ${told.join('; ')}.`;
}

function valueTable({ title, times, lines, format }: ChartData): VNode {
  const first = Math.max(0, times.length - TABLE_ROWS);
  const rows = times.slice(first).map((time, index) => ({ time, index: first + index }));
  return h(
    'details',
    { class: 'values' },
    h('summary', null, 'Values', h('span', { class: 'unseen' }, ` of ${title}`)),
    h(
      'table',
      { class: 'table small' },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Time'),
          lines.map(({ label }) => h('th', { scope: 'col', class: 'num' }, label)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.reverse().map(({ time, index }) =>
          h(
            'tr',
            { key: String(time) },
            h('th', { scope: 'row', class: 'num start' }, clock(time * 1000)),
            lines.map((line) => h('td', { class: 'num' }, format(toldOf(line)[index] ?? null))),
          ),
        ),
      ),
    ),
  );
}

function createPlot(element: HTMLElement): Widget {
  let plot: UPlot | undefined;
  let shown: ChartData | undefined;
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;

  function draw(): void {
    if (shown === undefined || element.clientWidth === 0) return;
    plot?.destroy();
    plot = new uPlot(
      optionsOf(shown, element.clientWidth, tip, () => shown),
      dataOf(shown),
      element,
    );
    plot.over.append(tip);
  }

  const observer = new ResizeObserver(() => {
    if (plot === undefined) draw();
    else plot.setSize({ width: element.clientWidth, height: HEIGHT });
  });
  observer.observe(element);
  const recolour = (): void => draw();
  const ending = onThemeChange(recolour);
  return {
    update(data) {
      const next = data as ChartData;
      const isOther = shown?.lines.length !== next.lines.length;
      shown = next;
      if (plot === undefined || isOther) draw();
      else plot.setData(dataOf(next));
    },
    remove() {
      observer.disconnect();
      ending();
      plot?.destroy();
    },
  };
}

function dataOf({ times, lines }: ChartData): UPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])] as UPlot.AlignedData;
}

function optionsOf(data: ChartData, width: number, tip: HTMLElement, now: () => ChartData | undefined): UPlot.Options {
  const font = '11px ui-sans-serif, system-ui, sans-serif';
  const [text, grid] = [colour('muted'), colour('line')];
  return {
    width,
    height: HEIGHT,
    // Half of a time of day, with its seconds, stands beyond the last tick.
    padding: [10, 28, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'turnpike' }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(data.least, (high ?? 0) * 1.1)] } },
    axes: [
      {
        stroke: text,
        font,
        grid: { show: false },
        ticks: { show: false },
        size: 32,
        gap: 8,
        space: 80,
        // Of ticks that are closer than a minute the seconds are told, too.
        values: (_plot, ticks, _axis, _space, step) =>
          ticks.map((tick) => clock(tick * 1000).slice(0, step < 60 ? 8 : 5)),
      },
      {
        stroke: text,
        font,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        size: 52,
        space: 32,
        values: (_plot, ticks) => ticks.map((tick) => data.format(tick)),
      },
    ],
    series: [{}, ...data.lines.map(seriesOf)],
    hooks: { setCursor: [(plot) => showTip(plot, tip, now())] },
  };
}

function seriesOf({ label, colour: name, isFilled, isDashed }: Line): UPlot.Series {
  return {
    label,
    stroke: colour(name),
    width: 1.5,
    points: { show: false },
    spanGaps: false,
    ...(isFilled && { fill: colour(`${name}-fill`) }),
    ...(isDashed && { dash: [4, 4] }),
  };
}

/** What the lines say where the pointer is. */
function showTip(plot: UPlot, tip: HTMLElement, data: ChartData | undefined): void {
  const { idx, left = -1 } = plot.cursor;
  tip.hidden = typeof idx !== 'number' || left < 0 || data === undefined;
  if (tip.hidden || data === undefined || typeof idx !== 'number') return;
  const said = data.lines.map((line) => `${line.label} ${data.format(toldOf(line)[idx] ?? null)}`);
  tip.textContent = [clock((data.times[idx] ?? 0) * 1000), ...said].join('\n');
  const isRight = left > plot.over.clientWidth / 2;
  tip.style.setProperty('left', isRight ? 'auto' : `${left + 12}px`);
  tip.style.setProperty('right', isRight ? `${plot.over.clientWidth - left + 12}px` : 'auto');
}
