import type { RecordedCaller } from '../../auth/recorded.ts';
import type { Deps } from '../../deps.ts';
import { createSideWork, type Steps } from '../../lib/steps.ts';
import { MAX_RECORDS, type RecordedEnd, type RecordedRequest, Recorder, recorderKind } from '../../log/recorder.ts';
import type { Configuration } from '../../snapshot.ts';
import { Comparer } from './compare.ts';
import { decide } from './decide.ts';
import { Tally, type WhatIfReport } from './report.ts';
import { compileSide, createAside, type Side } from './side.ts';

/** Requests that are alike: whatever decides them is the same, to the letter. */
interface Kind {
  readonly request: string;
  count: number;
  atMs: number;
}

/** Decides the last requests anew under a candidate; in steps, between which requests are served. */
export type WhatIf = (inForce: Configuration, candidate: Configuration) => Steps<WhatIfReport>;

/**
 * What a candidate would change for the requests that were recorded: each walks the guards of the configuration in
 * force and those of the candidate, both on trial, so that no state of limits and circuits makes a difference. Nothing
 * is counted, logged, stored or sent.
 */
export function createWhatIf(deps: Deps): WhatIf {
  let aside: ReturnType<typeof createAside> | undefined;

  return function* whatIf(inForce, candidate) {
    const startedAtMs = performance.now();
    aside ??= createAside(deps);
    yield;
    const [recorder = new Recorder()] = deps.pool.list(recorderKind);
    const sideWork = createSideWork();
    const sides: Side[] = [];
    try {
      for (const configuration of [inForce, candidate])
        sides.push(yield* compileSide(configuration, deps, aside, sideWork));
      const [before, after] = sides as [Side, Side];
      const tally = new Tally();
      const comparer = new Comparer(before, after);
      for (const { request: text, count, atMs } of yield* gather(recorder, tally)) {
        const request = JSON.parse(text) as RecordedRequest<RecordedCaller>;
        const old = decide(before, request, atMs);
        yield;
        tally.add(request, count, old.outcome !== 'refused', comparer.compare(old, decide(after, request, atMs)));
        yield;
      }
      const hide = (text: string) => inForce.hidden.hide(candidate.hidden.hide(text));
      return tally.report(recorder.isThinned, performance.now() - startedAtMs, hide);
    } finally {
      for (const side of sides) side.close();
    }
  };
}

/** The recorded requests, those that are alike once, with the time of the last of them. */
function* gather(recorder: Recorder, tally: Tally): Steps<readonly Kind[]> {
  const kinds = new Map<string, Kind>();
  let count = 0;
  for (const { request, end } of recorder.list()) {
    const { atMs } = JSON.parse(end) as RecordedEnd;
    const kind = kinds.get(request) ?? { request, count: 0, atMs };
    kind.count += 1;
    kind.atMs = atMs;
    kinds.set(request, kind);
    tally.span(atMs);
    count += 1;
    // What comes meanwhile would be read for ever.
    if (count >= MAX_RECORDS) break;
    if (count % 50 === 0) yield;
  }
  return [...kinds.values()];
}
