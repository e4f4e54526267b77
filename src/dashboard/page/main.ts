import { type App, createState, type LogLevel } from './app.ts';
import { ask, keepToken } from './ask.ts';
import { patch } from './dom.ts';
import { createLive } from './live.ts';
import { linkTo, readPlace } from './place.ts';
import { onThemeChange } from './theme-switch.ts';
import { shell, titleOf } from './views/shell.ts';

const root = document.getElementById('app') as HTMLElement;
const voice = document.createElement('div');
voice.className = 'unseen';
voice.setAttribute('role', 'status');
document.body.append(voice);

const state = createState(readPlace(location.hash));
let isDrawing = false;

const app: App = {
  state,
  redraw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(draw);
  },
  refresh: () => live.refresh(),
  filter(words) {
    const { page, name, query } = state.place;
    const address = linkTo(page, name, { ...query, words });
    state.place = readPlace(address);
    app.redraw();
    // Each letter is no place to come back to.
    history.replaceState(null, '', address);
  },
  say(text) {
    voice.textContent = text;
  },
  useToken(token) {
    keepToken(token);
    live.refresh();
    void readLogLevel();
  },
};
const live = createLive(app);

function draw(): void {
  isDrawing = false;
  const focused = document.activeElement;
  patch(root, [shell(app)]);
  document.title = titleOf(state);
  // A row that has moved up takes the focus along.
  if (focused instanceof HTMLElement && focused !== document.activeElement && root.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

/** The heading of the new page is where reading goes on, as it would be after a load. */
function moveTo(hash: string): void {
  const before = state.place;
  state.place = readPlace(hash);
  const isSamePage = before.page === state.place.page && before.name === state.place.name;
  if (!isSamePage) {
    scrollTo(0, 0);
    draw();
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }
  app.redraw();
  live.refresh();
}

addEventListener('hashchange', () => moveTo(location.hash));
addEventListener('keydown', (event) => {
  const at = event.target as HTMLElement;
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (at.matches('input, textarea, select') || document.querySelector('dialog[open]') !== null) return;
  const filter = document.querySelector<HTMLInputElement>('[data-filter]');
  if (filter === null) return;
  event.preventDefault();
  filter.focus();
  filter.select();
});
onThemeChange(() => app.redraw());
// Times that pass ("12 s ago") go on while nothing comes.
setInterval(() => {
  if (!document.hidden && state.trouble !== undefined) app.redraw();
}, 1000);

/** A gateway that can't be told another level has no such page: then there is nothing to choose. */
async function readLogLevel(): Promise<void> {
  try {
    const pages = (await ask('./')) as readonly string[];
    state.logLevel = pages.includes('/log-level') ? ((await ask('log-level')) as LogLevel) : undefined;
  } catch {
    state.logLevel = undefined;
  }
  app.redraw();
}

draw();
live.refresh();
void readLogLevel();
