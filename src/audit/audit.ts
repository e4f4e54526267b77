import { remarkOnRoutes } from '../config/route-warnings.ts';
import { remarkOnSettings } from '../config/setting-warnings.ts';
import {
  findCredentialsInQuery,
  findExposedSettings,
  findIdentities,
  findOpenCors,
  findPlainHttp,
  findPublicWithoutLimit,
  findUnverifiedTls,
} from './exposure.ts';
import { findLimitsOutOfOrder } from './limit-order.ts';
import { findHiddenPatterns, findIdleCaches, findLongDeadlines } from './reach.ts';
import type { Remark } from './remark.ts';
import { findLonelyKeys, findWeakSecrets, findWrittenSecrets } from './secrets.ts';
import type { Subject } from './subject.ts';

type Rule = (subject: Subject) => readonly Remark[];

/** Looks at each route by itself, or at what a part of the file says: true also beside faults elsewhere. */
const OF_PARTS: readonly Rule[] = [
  findWeakSecrets,
  findWrittenSecrets,
  findOpenCors,
  findPlainHttp,
  findUnverifiedTls,
  findIdentities,
  findCredentialsInQuery,
  findIdleCaches,
  findLongDeadlines,
  findExposedSettings,
];

/** Would see what is not so where a part is missing. */
const OF_THE_WHOLE: readonly Rule[] = [
  findPublicWithoutLimit,
  findLimitsOutOfOrder,
  findHiddenPatterns,
  findLonelyKeys,
  warnings,
];

/** What `start` warns of by itself. */
function warnings({ routes, file, settings }: Subject): readonly Remark[] {
  const configs = routes.map(({ route }) => route);
  const { plans, services = {} } = file;
  const ofSettings = settings === undefined ? [] : remarkOnSettings({ routes: configs, plans, services }, settings);
  return [...remarkOnRoutes(configs), ...ofSettings];
}

/** All that is to be said by value; of a file with faults what holds in spite of them. */
export function audit(subject: Subject, hasFaults: boolean): readonly Remark[] {
  const rules = hasFaults ? OF_PARTS : [...OF_PARTS, ...OF_THE_WHOLE];
  return rules.flatMap((rule) => rule(subject));
}
