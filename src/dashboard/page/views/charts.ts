import type { App } from '../app.ts';
import { chart } from '../chart.ts';
import { h, type VNode } from '../dom.ts';
import { millis, number } from '../format.ts';
import type { History } from '../shapes.ts';

type Values = readonly (number | null)[];

const EMPTY: History = {
  stepSeconds: 5,
  times: [],
  requests: [],
  clientErrors: [],
  serverErrors: [],
  p50Ms: [],
  p99Ms: [],
  gatewayP99Ms: [],
};

/** Traffic and latency of the gateway, or of a route or a service. */
export function charts(app: App): VNode {
  const history = historyAtHand(app) ?? EMPTY;
  const { times, requests, clientErrors, serverErrors, p50Ms, p99Ms, gatewayP99Ms } = history;
  const isService = app.state.place.page === 'services';
  return h(
    'div',
    { class: 'charts', key: 'charts' },
    chart('traffic', {
      title: isService ? 'Attempts per second' : 'Requests per second',
      times,
      least: 1,
      format: number,
      // Each from the ground up: a line stands as high as its number, whatever the others are.
      lines: [
        { label: isService ? 'attempts' : 'all', colour: 'accent', values: requests, isFilled: true },
        // A service has none.
        ...(isService
          ? []
          : [{ label: 'client errors', colour: 'warn', values: ownLine(clientErrors), own: clientErrors }]),
        {
          label: isService ? 'failed attempts' : 'server errors',
          colour: 'bad',
          values: ownLine(serverErrors),
          own: serverErrors,
          isFilled: true,
        },
      ],
    }),
    chart('latency', {
      title: 'Latency',
      times,
      least: 5,
      format: millis,
      lines: [
        { label: 'p99', colour: 'accent', values: p99Ms },
        { label: 'p50', colour: 'calm', values: p50Ms },
        // A service has none.
        ...(!isService ? [{ label: 'gateway’s own p99', colour: 'muted', values: gatewayP99Ms, isDashed: true }] : []),
      ],
    }),
  );
}

/** That of another place is not shown for this one. */
function historyAtHand({ state }: App): History | undefined {
  const { history, place, minutes } = state;
  if (history === undefined || !history.query.includes(`minutes=${minutes}`)) return undefined;
  const wanted = place.name === undefined ? undefined : `=${encodeURIComponent(place.name)}`;
  const isOfAll = !/&(?:route|service)=/.test(history.query);
  if (wanted === undefined) return isOfAll ? history.told : undefined;
  return history.query.endsWith(wanted) ? history.told : undefined;
}

/** No line where there is none, and none beside: a red one along the bottom would look like errors. */
function ownLine(values: Values): Values {
  const isSome = (index: number): boolean => (values[index] ?? 0) > 0;
  return values.map((value, index) => (isSome(index - 1) || isSome(index) || isSome(index + 1) ? value : null));
}

const CHOICES = [5, 10, 30];

/** How far back the charts go. */
export function minutesChoice(app: App): VNode {
  const choose = (minutes: number): void => {
    app.state.minutes = minutes;
    app.refresh();
    app.redraw();
  };
  return h(
    'div',
    { class: 'choice', role: 'group', 'aria-label': 'Minutes of the charts', key: 'minutes' },
    CHOICES.map((minutes) =>
      h(
        'button',
        {
          type: 'button',
          key: String(minutes),
          'aria-pressed': String(app.state.minutes === minutes),
          onclick: () => choose(minutes),
        },
        `${minutes} min`,
      ),
    ),
  );
}
