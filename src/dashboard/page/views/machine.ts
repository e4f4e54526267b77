import { purgeCache } from '../actions.ts';
import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { bytes, duration, localTimes, millis, moment, number, percent, plural, share } from '../format.ts';
import { button, card, chip, pairs } from '../parts.ts';
import type { Overview } from '../shapes.ts';

const SHOWN_CHANGES = 6;

/** Where Redis is, how it stands, and each time that it was lost. */
export function redisCard({ redis, redisChanges, at: now }: Overview): Child {
  if (redisChanges === null || redisChanges === undefined) return undefined;
  const { address, since, lastTenMinutes, changes = [] } = redisChanges;
  const isDown = redis === 'down';
  const often = lastTenMinutes > 2 ? 'text-bad' : '';
  return card(
    'Redis',
    h(
      'div',
      { class: 'stack' },
      pairs([
        ['State', h('span', null, chip(redis, isDown ? 'bad' : 'good'))],
        ...(address === undefined ? [] : [['Address', h('code', null, address)] as const]),
        ['Since', `${moment(since, now)} (${duration((now - since) / 1000)})`],
        ['Last 10 minutes', h('span', { class: often }, `went up or down ${plural(lastTenMinutes, 'time')}`)],
      ]),
      changes.length > 0 &&
        h(
          'ol',
          { class: 'lines redis-changes', 'aria-label': 'The last changes, the newest first' },
          changes
            .slice(0, SHOWN_CHANGES)
            .map(({ at, to, reason }) =>
              h(
                'li',
                { key: `${at} ${to}` },
                h('span', { class: 'num muted start' }, moment(at, now)),
                chip(to, to === 'down' ? 'bad' : 'good'),
                h('span', { class: 'reason' }, localTimes(reason, now)),
              ),
            ),
        ),
    ),
    { key: 'redis' },
  );
}

/** What is stored, and how often it was of use. A Redis is shared: what lies in it this process can't count. */
export function cacheCard({ app, overview: { cache } }: Told): Child {
  if (cache === null) return undefined;
  const { hitRate, bytes: used, maxBytes, entries, store } = cache;
  const full = share(used, maxBytes);
  const body = pairs([
    ['Hit rate', h('b', { class: 'num' }, percent(hitRate))],
    ...(store === 'redis'
      ? [['Stored', 'in Redis, shared by all instances: not counted here'] as const]
      : [
          ['Stored', `${bytes(used)} of ${bytes(maxBytes)}${full === null ? '' : ` (${percent(full)})`}`] as const,
          ['Answers', number(entries)] as const,
          ['Store', store] as const,
        ]),
  ]);
  return card('Cache', body, { aside: button('Purge…', () => purgeCache(app), 'button-small'), key: 'cache' });
}

/** The process and what it runs on. */
export function processCard({
  instance,
  eventLoop,
  memory,
  redis,
  redisChanges,
  logLevel,
  node,
  version,
}: Overview): VNode {
  const body = pairs([
    ...(instance === undefined ? [] : [['Instance', instance] as const]),
    ['Event loop', `mean ${millis(eventLoop.meanMs)}, p99 ${millis(eventLoop.p99Ms)}, max ${millis(eventLoop.maxMs)}`],
    ['Memory', `${bytes(memory.rssBytes)}, heap ${bytes(memory.heapUsedBytes)} of ${bytes(memory.heapTotalBytes)}`],
    ...(redisChanges ? [] : [['Redis', redis] as const]),
    ['Log level', logLevel],
    ['Version', `${version} on Node ${node}`],
  ]);
  return card('Process', body, { key: 'process' });
}
