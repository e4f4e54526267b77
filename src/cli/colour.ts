import { COLOURED, type Paint, PLAIN } from '../lib/paint.ts';
import type { CliIo } from './io.ts';

/**
 * Whether what is written there has colours, in this order: `--no-color`; NO_COLOR with any value (no-color.org);
 * FORCE_COLOR, but for 0 and false; a terminal that is no `dumb` one. A pipe and a file have none of themselves.
 */
export function isColoured({ env, isTerminal, isPlain }: CliIo, stream: 'out' | 'err'): boolean {
  if (isPlain === true || isSaid(env['NO_COLOR'])) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal?.[stream] === true && env['TERM'] !== 'dumb';
}

/** The colours of what is written there. */
export function colourFor(io: CliIo, stream: 'out' | 'err'): Paint {
  return isColoured(io, stream) ? COLOURED : PLAIN;
}

function isSaid(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
