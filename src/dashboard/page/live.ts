import type { App, State } from './app.ts';
import { AskError, ask } from './ask.ts';
import { historyOf, RECENT_FIELDS, recentOf } from './queries.ts';
import type { History, Overview, Recent } from './shapes.ts';
import { tidy } from './tidy.ts';

const POLL_MS = 2000;
const MAX_POLL_MS = 30_000;
/** The gateway takes a sample of its tallies every five seconds. */
const HISTORY_MS = 4500;
const KEPT_RATES = 60;
const KEPT_VALUES = 200;
/** What can be chosen from; targets the page picks itself. */
const SEEN_FIELDS = [...RECENT_FIELDS, 'target'] as const;

export interface Live {
  /** Asks now, and then on. */
  refresh(): void;
}

/**
 * Asks the gateway every two seconds for what the place at hand shows. It rests while nobody looks, and asks more and
 * more seldom where nothing answers.
 */
export function createLive(app: App): Live {
  const { state } = app;
  let timer = 0;
  let failures = 0;
  let historyAtMs = 0;
  let isAsking = false;
  let isWanted = false;

  async function tick(): Promise<void> {
    clearTimeout(timer);
    if (document.hidden) return;
    isWanted = isAsking;
    if (isAsking) return;
    isAsking = true;
    try {
      await askAll();
      failures = 0;
      state.trouble = undefined;
      state.isLocked = false;
    } catch (error) {
      failures += 1;
      fail(error);
    }
    isAsking = false;
    app.redraw();
    if (isWanted) void tick();
    else if (!state.isLocked && !state.isPaused) timer = setTimeout(() => void tick(), pauseMs());
  }

  const pauseMs = (): number => Math.min(POLL_MS * 2 ** failures, MAX_POLL_MS);

  async function askAll(): Promise<void> {
    const historyQuery = historyOf(state.place, state.minutes);
    const recentQuery = recentOf(state.place);
    const isStale = state.history?.query !== historyQuery || Date.now() - historyAtMs > HISTORY_MS;
    const [overview, history, recent] = await Promise.all([
      ask('overview'),
      historyQuery === undefined || !isStale ? undefined : ask(historyQuery).catch(nothing),
      recentQuery === undefined
        ? undefined
        : ask(recentQuery)
            .catch(nothing)
            .then((list) => list ?? []),
    ]);
    takeOverview(state, overview as Overview);
    if (history !== undefined && historyQuery !== undefined) {
      state.history = { query: historyQuery, told: history as History };
      historyAtMs = Date.now();
    }
    if (recent !== undefined && recentQuery !== undefined) takeRecent(state, recentQuery, recent as Recent[]);
  }

  function fail(error: unknown): void {
    if (error instanceof AskError && error.status === 401) {
      state.lockMessage = state.isLocked ? 'The gateway does not take this token.' : '';
      state.isLocked = true;
      state.trouble = undefined;
      return;
    }
    const message = error instanceof AskError ? error.message : `This page has failed: ${String(error)}`;
    state.trouble = {
      message,
      sinceMs: state.trouble?.sinceMs ?? Date.now(),
      nextTryMs: Date.now() + pauseMs(),
    };
  }

  document.addEventListener('visibilitychange', () => {
    if (!state.isPaused) void tick();
  });
  return { refresh: () => void tick() };
}

function takeOverview(state: State, overview: Overview): void {
  state.overview = tidy(overview);
  const { rates } = state;
  const names = new Set(overview.routes.map(({ name }) => name));
  for (const name of rates.keys()) if (!names.has(name)) rates.delete(name);
  for (const { name, requestsPerSecond } of overview.routes) {
    const list = rates.get(name) ?? [];
    rates.set(name, list);
    list.push(requestsPerSecond);
    if (list.length > KEPT_RATES) list.shift();
  }
}

function takeRecent(state: State, query: string, list: readonly Recent[]): void {
  state.recent = { query, list };
  for (const { code, status } of list) {
    if (code !== undefined && state.statuses.size < KEPT_VALUES) state.statuses.set(code, status);
  }
  for (const field of SEEN_FIELDS) {
    const seen = state.seen.get(field) ?? new Set<string>();
    state.seen.set(field, seen);
    for (const one of list) if (one[field] !== undefined && seen.size < KEPT_VALUES) seen.add(String(one[field]));
  }
}

/** What an address names may not be there any more, or never was: the page says so itself. */
function nothing(error: unknown): undefined {
  if (error instanceof AskError && (error.status === 404 || error.status === 400)) return undefined;
  throw error;
}
