import type { RequestContext } from '../../context.ts';
import { REDACTED } from '../../lib/redact.ts';
import type { Snapshot } from '../../snapshot.ts';
import type { ConsideredRoute } from '../explanation.ts';

/** Conditions of routes on the exact values of header fields, where those were not kept. */
export interface UnseenConditions {
  /** Whether a request may meet one. */
  concern(context: RequestContext): boolean;
  /** Those by which routes have lost a request whose match was traced, as one text; empty where there are none. */
  lostBy(context: RequestContext): string;
}

export function createUnseenConditions({ routes }: Pick<Snapshot, 'routes'>): UnseenConditions {
  const byRoute = new Map(
    routes.map(({ name, config }) => [
      name,
      Object.entries(config.headers ?? {}).filter(([, value]) => value !== true),
    ]),
  );
  const fields = new Set([...byRoute.values()].flat().map(([field]) => field));
  const isUnseen = ({ req }: RequestContext, field: string) => String(req.headers[field] ?? '').includes(REDACTED);

  return {
    concern: (context) => fields.size > 0 && [...fields].some((field) => isUnseen(context, field)),
    lostBy(context) {
      const traced = context.trace?.find(({ facts }) => facts?.['considered'] !== undefined);
      const considered = (traced?.facts?.['considered'] ?? []) as readonly ConsideredRoute[];
      const lost = considered
        .filter((one) => one.lost === 'headers')
        .map(({ route }) => [route, (byRoute.get(route) ?? []).filter(([field]) => isUnseen(context, field))] as const)
        .filter(([, conditions]) => conditions.length > 0);
      return lost.length === 0 ? '' : JSON.stringify(lost);
    },
  };
}
