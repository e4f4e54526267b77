import assert from 'node:assert/strict';

/** One line of a metric in OpenMetrics. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar: { readonly labels: Readonly<Record<string, string>>; readonly value: number } | undefined;
}

export interface MetricFamily {
  readonly type: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABELS = String.raw`\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?!\})|(?=\})))*\}`;
const NUMBER = String.raw`[+-]?(?:Inf|NaN|\d+(?:\.\d+)?(?:e[+-]?\d+)?)`;
const SAMPLE = new RegExp(
  String.raw`^(${NAME})(${LABELS})? (${NUMBER})(?: # (${LABELS}) (${NUMBER})(?: (\d+(?:\.\d+)?))?)?$`,
);
const META = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};
const MAX_EXEMPLAR_CHARS = 128;

interface Building {
  type: string;
  unit: string;
  help: string | undefined;
  samples: MetricSample[];
}

/**
 * Reads OpenMetrics 1.0 as its text says, and fails where it is not kept: order of lines, names by type, units, buckets
 * that cumulate, exemplars where they may be, the end.
 */
export function parseOpenMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  assert.ok(text.endsWith('\n# EOF\n'), 'the end is missing');
  const families = new Map<string, Building>();
  let current = '';
  const seen = new Set<string>();
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    if (line.startsWith('#')) {
      const [, kind = '', name = '', rest = ''] = META.exec(line) ?? assert.fail(`no line of metadata: ${line}`);
      if (name !== current) assert.ok(!families.has(name), `the family ${name} is interrupted`);
      current = name;
      readMeta(families, kind, name, rest);
      continue;
    }
    const family = families.get(current) ?? assert.fail(`a sample without a family: ${line}`);
    const sample = readSample(line);
    checkSample(current, family, sample);
    const identity = sample.name + JSON.stringify(Object.entries(sample.labels).sort());
    assert.ok(!seen.has(identity), `twice: ${line}`);
    seen.add(identity);
    family.samples.push(sample);
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkBuckets(name, samples);
  return families as unknown as ReadonlyMap<string, MetricFamily>;
}

function checkSample(family: string, { type }: Building, sample: MetricSample): void {
  const suffix = sample.name.slice(family.length);
  assert.ok(sample.name.startsWith(family) && SUFFIXES[type]?.includes(suffix), `${sample.name} under ${family}`);
  if (sample.exemplar !== undefined) checkExemplar(sample, suffix);
  if (type === 'counter') assert.ok(sample.value >= 0, sample.name);
}

function readMeta(families: Map<string, Building>, kind: string, name: string, rest: string): void {
  const family = families.get(name) ?? { type: '', unit: '', help: undefined, samples: [] };
  families.set(name, family);
  assert.equal(family.samples.length, 0, `metadata of ${name} after its samples`);
  if (kind === 'TYPE') {
    assert.equal(family.type, '', `two types of ${name}`);
    assert.ok(Object.hasOwn(SUFFIXES, rest), `an unknown type: ${rest}`);
    if (rest === 'counter') assert.ok(!name.endsWith('_total'), `the family of ${name} has its suffix`);
    family.type = rest;
  } else if (kind === 'UNIT') {
    assert.equal(family.unit, '', `two units of ${name}`);
    assert.ok(name.endsWith(`_${rest}`), `${name} is not named for its unit ${rest}`);
    family.unit = rest;
  } else {
    assert.equal(family.help, undefined, `two helps of ${name}`);
    assert.match(rest, /^(?:[^"\\]|\\["\\n])*$/, `unescaped: ${rest}`);
    family.help = rest;
  }
}

function readSample(line: string): MetricSample {
  const found = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
  const [, name = '', labels = '', value = '', exemplarLabels, exemplarValue = ''] = found;
  const exemplar =
    exemplarLabels === undefined ? undefined : { labels: readLabels(exemplarLabels), value: numberOf(exemplarValue) };
  return { name, labels: readLabels(labels), value: numberOf(value), exemplar };
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    assert.ok(!Object.hasOwn(labels, name), `the label ${name} twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function checkExemplar({ name, labels, exemplar }: MetricSample, suffix: string): void {
  assert.ok(suffix === '_bucket' || suffix === '_total', `an exemplar on ${name}`);
  const chars = Object.entries(exemplar?.labels ?? {})
    .flat()
    .join('').length;
  assert.ok(chars <= MAX_EXEMPLAR_CHARS, `a long exemplar on ${name}`);
  if (suffix === '_bucket')
    assert.ok((exemplar?.value ?? 0) <= numberOf(labels['le'] ?? ''), `a stray exemplar on ${name}`);
}

/** The buckets of each set of labels cumulate, have canonical bounds, and end with all of them. */
function checkBuckets(name: string, samples: readonly MetricSample[]): void {
  const last = new Map<string, { bound: number; value: number }>();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    if (sample.endsWith('_bucket')) {
      assert.match(le ?? '', /^(?:\+Inf|\d+\.\d+)$/, `a bound of ${name}`);
      const before = last.get(key) ?? { bound: Number.NEGATIVE_INFINITY, value: 0 };
      const bound = numberOf(le ?? '');
      assert.ok(bound > before.bound && value >= before.value, `the buckets of ${name} do not cumulate`);
      last.set(key, { bound, value });
    } else if (sample.endsWith('_count')) {
      assert.deepEqual(last.get(key), { bound: Number.POSITIVE_INFINITY, value }, `the count of ${name}`);
    }
  }
}
