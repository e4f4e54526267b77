import type { Logger } from 'winston';

/** From the quietest to the one that says most. */
export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

type Levelled = Pick<Logger, 'level'>;

/**
 * How much is logged, now: what LOG_LEVEL says until somebody changes it, for good or for a while. It outlives reloads,
 * and ends with the process.
 */
export class LogLevel {
  readonly #loggers: readonly Levelled[];
  /** Whether a line of a level is written: `loudness` of that level is at most this. */
  loudness: number;
  /** What holds, but for a while. */
  #standing: Level;
  #now: Level;
  #untilMs: number | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(level: Level, loggers: readonly Levelled[]) {
    this.#loggers = loggers;
    this.#standing = level;
    this.#now = level;
    this.loudness = loudnessOf(level);
  }

  get now(): Level {
    return this.#now;
  }

  /** What it goes back to. */
  get standing(): Level {
    return this.#standing;
  }

  /** When it goes back by itself (epoch ms); undefined where it does not. */
  get untilMs(): number | undefined {
    return this.#untilMs;
  }

  /** For good; a change for a while is over with it. */
  set(level: Level): void {
    this.#standing = level;
    this.#change(level, undefined);
  }

  /** For a while (at most 24 days, which a timer can wait); `wentBack` is called at its end. */
  setFor(level: Level, { nowMs, forMs, wentBack }: { nowMs: number; forMs: number; wentBack(): void }): void {
    this.#change(level, nowMs + forMs);
    this.#timer = setTimeout(() => {
      this.#change(this.#standing, undefined);
      wentBack();
    }, forMs);
    this.#timer.unref();
  }

  /** Tells the loggers, where somebody else may have told them otherwise. */
  apply(): void {
    for (const logger of this.#loggers) logger.level = this.#now;
  }

  #change(level: Level, untilMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#now = level;
    this.#untilMs = untilMs;
    this.loudness = loudnessOf(level);
    this.apply();
  }
}

export function loudnessOf(level: Level): number {
  return LEVELS.indexOf(level);
}

/** The level for a line that is to be written whatever the level is: an audit is. */
export function writtenLevel({ level }: Levelled): Level {
  return level === 'warn' || level === 'error' ? level : 'info';
}
