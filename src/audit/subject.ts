import type { FileConfig, RouteConfig } from '../config/routes.ts';
import type { LocatedObject } from '../config/source.ts';
import type { Settings } from '../settings.ts';

/** A route without faults, its place in the list of all, and where it is written. */
export interface AuditedRoute {
  readonly route: RouteConfig;
  readonly index: number;
  readonly located: LocatedObject;
}

/** The keys of the whole file. Those that could not be read are missing. */
export type AuditedFile = Partial<Omit<FileConfig, 'routes'>>;

/** What the audit looks at. */
export interface Subject {
  readonly routes: readonly AuditedRoute[];
  readonly file: AuditedFile;
  readonly topAt: LocatedObject;
  /** Undefined where they are at fault. */
  readonly settings: Settings | undefined;
}

/** False for a key that came from `defaults`, or that nobody wrote. */
export function isWrittenHere({ located }: AuditedRoute, key: string): boolean {
  return located.entries.get(key)?.value.place.pointer.startsWith('/defaults/') === false;
}

/** Whether nobody is asked for a credential. */
export function isPublic({ route }: AuditedRoute): boolean {
  return route.auth.mode === 'none';
}

/** What answers in the place of a service, without a condition; undefined where one is asked. */
export function ownEnding({ route }: AuditedRoute): string | undefined {
  const { respond, redirect, files, aggregate } = route;
  if (respond?.some(({ when }) => when === undefined)) return 'respond';
  if (redirect !== undefined) return 'redirect';
  if (files !== undefined) return 'files';
  return aggregate === undefined ? undefined : 'aggregate';
}
