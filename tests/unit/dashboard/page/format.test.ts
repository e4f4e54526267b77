import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ago,
  bytes,
  clock,
  duration,
  localTimes,
  millis,
  moment,
  number,
  percent,
  share,
} from '../../../../src/dashboard/page/format.ts';

describe('numbers for the eye', () => {
  it('have three digits that matter', () => {
    const written = [0, 0.004, 0.34, 4.56, 72.84, 188.4, 22_514_859].map(number);
    assert.deepEqual(written, ['0', '<0.01', '0.34', '4.6', '72.8', '188', '22,514,859']);
  });

  it('are a dash where there is none', () => {
    assert.deepEqual([number(null), millis(undefined), percent(share(0, 0)), bytes(null)], ['–', '–', '–', '–']);
  });

  it('have their units', () => {
    assert.deepEqual([0, 0.04, 1.94, 118.2, 12_340].map(millis), ['0 ms', '0.04 ms', '1.9 ms', '118 ms', '12.3 s']);
    assert.deepEqual([999, 148_000_000, 2.5e9].map(bytes), ['999 B', '148 MB', '2.5 GB']);
    assert.deepEqual([0, 0.004, 0.62].map(percent), ['0 %', '0.4 %', '62 %']);
  });

  it('tell time by its two largest parts', () => {
    assert.deepEqual([4, 312, 3600, 11_700, 93_784].map(duration), ['4 s', '5 min', '1 h', '3 h 15 min', '1 d 2 h']);
    assert.deepEqual([ago(1000, 2000), ago(0, 12_000)], ['now', '12 s ago']);
  });
});

describe('localTimes', () => {
  const now = Date.parse('2026-11-27T21:50:00Z');

  it('tells times of texts where the browser is, with seconds where there were some', () => {
    const [minute, second] = ['2026-11-27T21:39:00Z', '2026-11-27T21:39:07Z'].map((iso) => clock(Date.parse(iso)));
    assert.equal(
      localTimes('open since 21:39 UTC, lost at 21:39:07 UTC', now),
      `open since ${minute?.slice(0, 5)}, lost at ${second}`,
    );
    const yesterday = moment(Date.parse('2026-11-26T01:02:00Z'), now).slice(0, -3);
    assert.equal(localTimes('since 2026-11-26 01:02 UTC', now), `since ${yesterday}`);
    assert.equal(localTimes('expired 2026-11-27T21:39:07.751Z', now), `expired ${second}`);
  });

  it('leaves alone what is no time', () => {
    for (const text of ['10.0.0.1:80', '21:39', '2026-99-99T00:00:00Z', '']) assert.equal(localTimes(text, now), text);
  });
});
