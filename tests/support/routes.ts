import { z } from 'zod';
import { finish } from '../../src/lib/steps.ts';
import type { MatchRequest } from '../../src/routing/candidate.ts';
import { type MatchOptions, matchKeys } from '../../src/routing/keys.ts';
import { compileRouteTable, type RouteTable } from '../../src/routing/table.ts';

const schema = z.strictObject(matchKeys);

export type RouteRow = z.input<typeof schema> & { readonly name?: string };

/** The match options of one route, checked as the file is. */
export function matchOf({ name: _, ...row }: RouteRow): MatchOptions {
  return schema.parse(row);
}

/** A table of names: of each row its `name`, or else its prefix. */
export function tableOf(...rows: (RouteRow | string)[]): RouteTable<string> {
  return finish(
    compileRouteTable(
      rows.map((row) => {
        const full = typeof row === 'string' ? { prefix: row } : row;
        return { route: full.name ?? String(full.prefix), match: matchOf(full) };
      }),
    ),
  );
}

/** A request for the table; GET on example.com without header fields unless said otherwise. */
export function asked(path: string, rest: Partial<MatchRequest> = {}): MatchRequest {
  return { method: 'GET', host: 'example.com', headers: {}, path, ...rest };
}
