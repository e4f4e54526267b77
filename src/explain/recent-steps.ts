import type { RecentRequest } from '../log/recent.ts';
import type { Step } from './explanation.ts';

type Line = Readonly<Record<string, unknown>>;

/** What is refused since no route takes it; anything else of no route was refused before one was looked for. */
const UNMATCHED = new Set<unknown>(['not_found', 'method_not_allowed', 'bad_path']);

/** What the log line of a request says of what a stage decided. */
const SAID: Readonly<Record<string, (line: Line) => string | undefined>> = {
  match: ({ route, code, nearestRoute, nearestWants }) => {
    if (route !== undefined) return `route ${String(route)}`;
    if (!UNMATCHED.has(code)) return 'not looked at';
    if (nearestRoute === undefined) return 'no route';
    const wants = nearestWants === undefined ? '' : `, but for its ${String(nearestWants)}`;
    return `no route; probably meant: ${String(nearestRoute)}${wants}`;
  },
  authenticate: ({ authMethod, consumer, subject }) => {
    if (authMethod === undefined) return undefined;
    const who = [consumer && `consumer=${String(consumer)}`, subject && `sub=${String(subject)}`];
    return [String(authMethod), 'ok', ...who.filter(Boolean)].join(' ');
  },
  rateLimit: ({ limit }) => (limit === undefined ? undefined : String(limit)),
  cache: ({ cache }) => (cache === undefined ? undefined : String(cache)),
  fault: ({ fault }) => (fault === undefined ? undefined : String(fault)),
  forward: ({ service, target, attempts, outcome }) => {
    if (service === undefined) return undefined;
    const where = target === undefined ? '' : `, target ${String(target)}`;
    const tries = attempts === undefined ? '' : `, attempt ${String(attempts)}: ${String(outcome ?? 'no answer')}`;
    return `service ${String(service)}${where}${tries}`;
  },
};

/** The decisions of a request that is over, from the facts that were kept of it. */
export function recentSteps(
  { stages, refusedBy }: Pick<RecentRequest, 'stages' | 'refusedBy'>,
  line: Line,
): readonly Step[] {
  const all = [...new Set(['match', ...stages, ...(refusedBy === undefined ? [] : [refusedBy])])];
  const last = refusedBy === undefined ? all.length : all.indexOf(refusedBy);
  return all.map((stage, index) => {
    if (index > last) return { stage, decisions: null, refuses: false };
    const refuses = stage === refusedBy;
    const said = SAID[stage]?.(line);
    const why = refuses ? `refused: ${String(line['status'])} ${String(line['code'])}${detailOf(line)}` : undefined;
    return { stage, decisions: [said, why].filter((one) => one !== undefined), refuses };
  });
}

function detailOf({ detail, cause }: Line): string {
  const words = [detail, cause].filter((one) => one !== undefined).map(String);
  return words.length === 0 ? '' : `: ${words.join(' — ')}`;
}
