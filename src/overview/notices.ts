import type { NoticeFacts } from './notice-facts.ts';
import { noticesOfGateway } from './notices-of-gateway.ts';
import { noticesOfRefusals } from './notices-of-refusals.ts';
import { noticesOfServices } from './notices-of-services.ts';
import type { Notice } from './report.ts';

const RANK = { bad: 0, warn: 1, info: 2 } as const;

/** What an operator must read first, the most severe first. */
export function findNotices(facts: NoticeFacts): readonly Notice[] {
  const found = [...noticesOfServices(facts), ...noticesOfRefusals(facts), ...noticesOfGateway(facts)];
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}
