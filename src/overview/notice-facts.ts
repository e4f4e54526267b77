import type { RefusedKey } from '../auth/expired-keys.ts';
import type { CountedFault } from './counted-faults.ts';
import type { RefusedOfLate } from './refused-of-late.ts';
import type { OverviewReport } from './report.ts';

/** What notices are found in. */
export interface NoticeFacts extends Omit<OverviewReport, 'notices'> {
  readonly expiredKeys: readonly RefusedKey[];
  readonly linesLost: CountedFault;
  readonly unanswered: CountedFault;
  readonly refusedOfLate: RefusedOfLate;
}
