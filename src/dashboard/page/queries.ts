import type { Place } from './place.ts';

/** What the gateway narrows its last requests by. */
export const RECENT_FIELDS = ['route', 'code', 'status', 'consumer', 'service', 'requestId'] as const;

/** What is asked for the charts of a place; undefined where it has none. */
export function historyOf({ page, name }: Place, minutes: number): string | undefined {
  if (page === '') return `history?minutes=${minutes}`;
  if (name === undefined || (page !== 'routes' && page !== 'services')) return undefined;
  return `history?minutes=${minutes}&${page === 'routes' ? 'route' : 'service'}=${encodeURIComponent(name)}`;
}

/** What is asked for the requests that a place shows; undefined where it shows none. */
export function recentOf({ page, name, query }: Place): string | undefined {
  if (page === '') return 'recent?count=8';
  if (page === 'routes' || page === 'services') {
    const field = page === 'routes' ? 'route' : 'service';
    return name === undefined ? undefined : `recent?count=20&${field}=${encodeURIComponent(name)}`;
  }
  if (page !== 'requests') return undefined;
  const wanted = RECENT_FIELDS.flatMap((field) => (query[field] ? [[field, query[field]]] : []));
  return `recent?${new URLSearchParams([['count', '200'], ...wanted])}`;
}
