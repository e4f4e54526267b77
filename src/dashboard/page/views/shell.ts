import { reload, setLogLevel } from '../actions.ts';
import type { App, LogLevel, State, Told } from '../app.ts';
import { hasToken } from '../ask.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { clock, duration } from '../format.ts';
import { button, dot, type Tone } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Overview } from '../shapes.ts';
import { currentTheme, turnTheme } from '../theme-switch.ts';
import { consumersPage } from './consumers.ts';
import { explainPage } from './explain.ts';
import { lockPage } from './lock.ts';
import { overviewPage } from './overview.ts';
import { reloadsPage } from './reloads.ts';
import { requestsPage } from './requests.ts';
import { routePage } from './route.ts';
import { routesPage } from './routes.ts';
import { servicePage } from './service.ts';
import { servicesPage } from './services.ts';
import { toneOfConsumers, toneOfRoutes, toneOfServices } from './tones.ts';

interface Page {
  readonly title: string;
  readonly draw: (told: Told) => Child;
  /** Something there asks to be looked at. */
  readonly tone?: (overview: Overview) => Tone | undefined;
}

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['', { title: 'Overview', draw: overviewPage }],
  [
    'routes',
    {
      title: 'Routes',
      draw: (told) => (told.state.place.name === undefined ? routesPage(told) : routePage(told)),
      tone: toneOfRoutes,
    },
  ],
  [
    'services',
    {
      title: 'Services',
      draw: (told) => (told.state.place.name === undefined ? servicesPage(told) : servicePage(told)),
      tone: toneOfServices,
    },
  ],
  ['consumers', { title: 'Consumers', draw: consumersPage, tone: toneOfConsumers }],
  ['requests', { title: 'Refused & failed', draw: requestsPage }],
  [
    'reloads',
    {
      title: 'Reloads',
      draw: reloadsPage,
      tone: ({ reloads }) => (reloads[0]?.result === 'refused' ? 'warn' : undefined),
    },
  ],
  ['explain', { title: 'Explain', draw: explainPage }],
]);

/** Which gateway it is, too: there may be several, each with its tab. */
export function titleOf({ place, overview }: State): string {
  const { title } = PAGES.get(place.page) ?? { title: 'Nothing here' };
  const worst = overview?.notices.filter(({ severity }) => severity === 'bad').length ?? 0;
  return `${worst > 0 ? `(${worst}) ` : ''}${place.name ?? title} · ${overview?.instance === undefined ? '' : `${overview.instance} · `}Turnpike`;
}

/** All of the page: what stands around it, and what is looked at. */
export function shell(app: App): VNode {
  const { state } = app;
  return h(
    'div',
    { class: 'shell' },
    h('button', { type: 'button', class: 'skip', onclick: skipToMain }, 'Skip to the content'),
    sidebar(app),
    h('main', { id: 'main', tabindex: '-1' }, troubleBanner(app), content(app, state)),
  );
}

/** No link: behind the `#` stands where one is. */
function skipToMain(): void {
  document.getElementById('main')?.focus();
}

function content(app: App, state: State): Child {
  if (state.isLocked) return lockPage(app);
  const { overview, place } = state;
  if (overview === undefined) {
    return h(
      'div',
      { class: 'waiting', key: 'waiting' },
      h('h1', { tabindex: '-1' }, 'Turnpike'),
      state.trouble === undefined && h('p', { class: 'muted' }, 'Asking the gateway…'),
    );
  }
  const page = PAGES.get(place.page);
  const key = `${place.page} ${place.name ?? ''}`;
  if (page === undefined)
    return h(
      'div',
      { class: 'page', key },
      h('h1', { tabindex: '-1' }, 'Nothing here'),
      h('p', null, 'This address leads to no page of the dashboard.'),
    );
  return h('div', { class: 'page', key }, page.draw({ app, state, overview }));
}

function sidebar(app: App): VNode {
  const { state } = app;
  const { overview, place, isLocked } = state;
  return h(
    'header',
    { class: 'side' },
    h(
      'div',
      { class: 'brand' },
      h('span', { class: 'mark', 'aria-hidden': 'true' }),
      h('span', null, 'Turnpike'),
      statusLine(state),
    ),
    overview?.instance !== undefined &&
      !isLocked &&
      h(
        'p',
        { class: 'instance', title: overview.instance },
        h('span', { class: 'unseen' }, 'Gateway '),
        overview.instance,
      ),
    h(
      'nav',
      { 'aria-label': 'Pages' },
      h(
        'ul',
        null,
        [...PAGES].map(([name, { title, tone }]) => {
          const found = overview === undefined || isLocked ? undefined : tone?.(overview);
          return h(
            'li',
            { key: name },
            h(
              'a',
              { href: linkTo(name), 'aria-current': place.page === name ? 'page' : undefined },
              title,
              found !== undefined && dot(found),
              found !== undefined && h('span', { class: 'unseen' }, ' (needs a look)'),
            ),
          );
        }),
      ),
    ),
    foot(app),
  );
}

function statusLine({ overview, trouble, isPaused, isLocked }: State): VNode {
  const [tone, text]: [Tone, string] =
    trouble !== undefined
      ? ['bad', 'no answer']
      : isLocked || overview === undefined
        ? ['quiet', 'not read']
        : overview.status === 'draining'
          ? ['warn', 'draining']
          : isPaused
            ? ['quiet', 'paused']
            : ['good', 'live'];
  return h('span', { class: 'status' }, dot(tone), text);
}

function foot(app: App): VNode {
  const { state } = app;
  const { logLevel, overview, isLocked } = state;
  const pause = (): void => {
    state.isPaused = !state.isPaused;
    if (state.isPaused) app.redraw();
    else app.refresh();
  };
  const theme = (): void => {
    app.say(`Colours: ${turnTheme()}`);
    app.redraw();
  };
  return h(
    'div',
    { class: 'foot' },
    overview !== undefined && !isLocked && logLevel !== undefined && levelSelect(app, logLevel),
    h(
      'div',
      { class: 'foot-buttons' },
      h(
        'button',
        { type: 'button', class: 'button', onclick: pause, key: 'pause' },
        state.isPaused ? 'Go on' : 'Pause',
      ),
      h('button', { type: 'button', class: 'button', onclick: theme, key: 'theme' }, `Theme: ${currentTheme()}`),
      overview !== undefined && !isLocked && button('Reload…', () => reload(app)),
      hasToken() && !isLocked && button('Forget token', () => app.useToken(undefined)),
    ),
    overview !== undefined &&
      !isLocked &&
      h('p', { class: 'muted version' }, `${overview.version} · Node ${overview.node}`),
  );
}

const LEVELS: readonly (readonly [query: string, words: string])[] = [
  ['level=error', 'error'],
  ['level=warn', 'warn'],
  ['level=info', 'info'],
  ['level=debug', 'debug'],
  ['level=debug&for=10m', 'debug, 10 min'],
];

function levelSelect(app: App, { level, until }: LogLevel): VNode {
  const now = `level=${level}${until === undefined ? '' : '&for=10m'}`;
  const choose = (event: Event): void => void setLogLevel(app, (event.target as HTMLSelectElement).value);
  return h(
    'label',
    { class: 'level', key: 'level' },
    h('span', null, 'Log level'),
    h(
      'select',
      { onchange: choose },
      LEVELS.map(([value, words]) => h('option', { value, selected: value === now, key: value }, words)),
    ),
  );
}

function troubleBanner(app: App): Child {
  const { trouble, overview } = app.state;
  if (trouble === undefined) return undefined;
  const wait = Math.max(0, (trouble.nextTryMs - Date.now()) / 1000);
  const stale = overview === undefined ? '' : ' What is shown is as it was then.';
  return h(
    'div',
    { class: 'banner', role: 'alert', key: 'trouble' },
    h('p', null, h('strong', null, trouble.message), ` Since ${clock(trouble.sinceMs)}.${stale}`),
    // Its seconds pass: not to be read out each time.
    h('p', { class: 'muted num', 'aria-live': 'off' }, wait < 1 ? 'Trying again…' : `Next try in ${duration(wait)}.`),
    button('Try now', () => app.refresh()),
  );
}
