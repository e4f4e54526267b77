import type { App, LogLevel } from './app.ts';
import { ask } from './ask.ts';
import { confirmAction } from './dialog.ts';
import { h } from './dom.ts';
import type { BreakerState, Reload } from './shapes.ts';
import { reloadWords } from './views/reload-words.ts';

const BREAKER_TEXT: Readonly<Record<'open' | 'closed' | 'auto', { title: string; text: string; verb: string }>> = {
  open: {
    title: 'Hold the circuit of NAME open?',
    text: 'Every request for this service is refused with 503 until somebody gives the circuit back. It survives a reload.',
    verb: 'Hold it open',
  },
  closed: {
    title: 'Close the circuit of NAME?',
    text: 'Requests go to the service again at once, whether it has recovered or not. If it goes on failing, the circuit opens again.',
    verb: 'Close it',
  },
  auto: {
    title: 'Give the circuit of NAME back?',
    text: 'From now on failures open it, and successes close it, as the routes file says.',
    verb: 'Give it back',
  },
};

/** Opens or closes a circuit by hand, or leaves it to what the service does. */
export function moveBreaker(app: App, name: string, state: 'open' | 'closed' | 'auto'): void {
  const { title, text, verb } = BREAKER_TEXT[state];
  confirmAction({
    title: title.replace('NAME', () => name),
    text,
    verb,
    isGrave: state === 'open',
    async run() {
      const told = (await ask(`breakers/${encodeURIComponent(name)}?state=${state}`, {
        method: 'POST',
      })) as Partial<BreakerState>;
      const held = told.isForced === true ? ', and held so by hand' : '';
      const now = told.state ?? state;
      return { title: `Circuit ${now}`, said: h('p', null, `The circuit of ${name} is ${now} now${held}.`) };
    },
    done: () => app.refresh(),
  });
}

/** Of one route, or of all. */
export function purgeCache(app: App, route?: string): void {
  const what = route === undefined ? 'the whole cache' : `the cache of ${route}`;
  confirmAction({
    title: `Purge ${what}?`,
    text: 'What is stored is not given out any more; the next requests go to the services.',
    verb: 'Purge',
    isGrave: route === undefined,
    async run() {
      const query = route === undefined ? 'all=true' : `route=${encodeURIComponent(route)}`;
      await ask(`cache/purge?${query}`, { method: 'POST' });
      return { title: 'Purged', said: h('p', null, `Done: nothing of ${what} is given out any more.`) };
    },
    done: () => app.refresh(),
  });
}

const RELOADED: Readonly<Record<string, string>> = {
  refused: 'The reload was refused',
  unchanged: 'Nothing to reload',
};

export function reload(app: App): void {
  confirmAction({
    title: 'Reload the configuration?',
    text: 'The files are read anew and brought into force, if they have no fault. No request is lost.',
    verb: 'Reload',
    async run() {
      // A file that is refused is an answer too: 422, with its faults.
      const told = await ask('reload', { method: 'POST', timeoutMs: 120_000, takes: [422] });
      const { result } = told as Reload;
      return { title: RELOADED[result] ?? 'Reloaded', said: reloadWords(told as Reload) };
    },
    done: () => app.refresh(),
  });
}

/** At once, without a question: it is undone as easily. `query`: `level=debug&for=10m`. */
export async function setLogLevel(app: App, query: string): Promise<void> {
  try {
    const told = (await ask(`log-level?${query}`, { method: 'POST' })) as LogLevel;
    app.state.logLevel = told;
    app.say(`The log level is ${told.level} now.`);
  } catch (error) {
    app.say(`The log level was not changed: ${(error as Error).message}`);
  }
  app.redraw();
}
