import type { DotEnv } from '../config/dot-env.ts';
import { findPlace, lineAndColumn, type Place } from '../config/source.ts';
import { FINDINGS, type FindingId, type Severity } from '../findings.ts';
import type { Remark } from './remark.ts';
import type { Subject } from './subject.ts';

/** Something that was found, as it is shown. */
export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  /** Path of the file as a person would type it, `.env` or `environment`. */
  readonly file: string;
  /** From 1; 0 where it has no place inside the file. */
  readonly line: number;
  readonly column: number;
  /** JSON Pointer (RFC 6901) within that file, or the name of a variable. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** A finding, and the lines on which a comment may silence it, as `file:line`; those of the head are `file:0`. */
export interface LocatedFinding {
  readonly finding: Finding;
  readonly lines: ReadonlySet<string>;
}

/** From this depth on a key is one thing, such as a route or a service: what is above holds all of them. */
const DEPTH_OF_THINGS = 2;

/** Where a remark is written, which is in the file, in `.env` or in the environment. */
export function locate(remark: Remark, subject: Subject | undefined, dotEnv: DotEnv, mainFile: string): LocatedFinding {
  const { id, message, at } = remark;
  const { severity, fix: usual } = FINDINGS[id];
  const fix = remark.fix === undefined ? usual.replaceAll('`', '') : `${remark.fix}.`;
  const said = { id, severity, message, fix };
  const head = new Set([lineKey(mainFile, 0)]);
  if (remark.envLine !== undefined || remark.setting !== undefined) {
    return { finding: { ...said, ...placeOfSetting(remark, dotEnv) }, lines: head };
  }
  const places = subject === undefined ? [] : placesOn(subject, at);
  const [nearest] = places;
  if (nearest === undefined) {
    return { finding: { ...said, file: mainFile, line: 0, column: 0, path: '' }, lines: head };
  }
  const lines = new Set(places.map((place) => lineKey(place.source.name, lineAndColumn(place).line)));
  if (at.length === 0) lines.add(lineKey(mainFile, 0));
  const place = { file: nearest.source.name, ...lineAndColumn(nearest), path: nearest.pointer };
  return { finding: { ...said, ...place }, lines };
}

export function lineKey(file: string, line: number): string {
  return `${file}:${line}`;
}

function placeOfSetting({ setting = '', envLine }: Remark, { lines, inForce }: DotEnv) {
  const line = envLine ?? (inForce.has(setting) ? (lines.get(setting) ?? 0) : 0);
  return { file: line > 0 ? '.env' : 'environment', line, column: line > 0 ? 1 : 0, path: setting };
}

/** Where the value is written, its key, and what it is a part of, nearest first. */
function placesOn(subject: Subject, at: readonly PropertyKey[]): readonly Place[] {
  const [first, index] = at;
  const route = first === 'routes' ? subject.routes.find((each) => each.index === index) : undefined;
  const depths = Array.from({ length: at.length + 1 }, (_, above) => at.length - above);
  return depths
    .filter((depth) => depth === at.length || depth >= DEPTH_OF_THINGS)
    .flatMap((depth) => {
      const found =
        route === undefined
          ? findPlace(subject.topAt, at.slice(0, depth))
          : findPlace(route.located, at.slice(2, Math.max(depth, 2)));
      return [found.place, found.keyPlace];
    });
}
