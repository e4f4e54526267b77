import type { RequestContext, Sink } from '../context.ts';
import type { InProcess } from '../deps.ts';
import type { GatewayError } from '../errors.ts';
import type { Budget } from './part-call.ts';
import { PartFault } from './part-fault.ts';
import { fillTemplate } from './path-template.ts';
import type { PartPlan } from './plan.ts';

interface Explaining {
  readonly parts: readonly PartPlan[];
  readonly inProcess: InProcess;
  readonly headers: readonly string[];
  readonly budget: Budget;
}

/** What is known of a part beforehand. */
interface Foretold {
  readonly plan: PartPlan;
  readonly says: string;
  readonly fault?: PartFault;
}

/**
 * Tells of each part whether its route would let it pass, with nothing sent; answers what the whole would be refused with.
 * What becomes of a part that comes after others is known once those have been answered.
 */
export async function explainParts(context: RequestContext, asking: Explaining): Promise<GatewayError | undefined> {
  const all = await Promise.all(asking.parts.map((plan) => foretell(context, plan, asking)));
  for (const { plan, says } of all)
    context.trace?.push({ stage: 'aggregate', decision: `part ${plan.name}: GET ${plan.target.text}${says}` });
  const needed = all.find(({ plan, fault }) => fault !== undefined && !plan.isOptional);
  return needed?.fault?.toError(needed.plan.name);
}

async function foretell(context: RequestContext, plan: PartPlan, asking: Explaining): Promise<Foretold> {
  const { inProcess, headers, budget } = asking;
  if (plan.after.length > 0) return { plan, says: `, which comes after ${plan.after.join(', ')}` };
  budget.parts -= 1;
  if (budget.parts < 0) return { plan, says: '' };
  const fault = await refusalOf(context, plan.name, inProcess, () => ({
    target: fillTemplate(plan.target, { context, parts: new Map() }),
    headers,
  }));
  return fault === undefined ? { plan, says: '' } : { plan, says: `, which ${fault.message}`, fault };
}

function refusalOf(
  parent: RequestContext,
  part: string,
  inProcess: InProcess,
  asked: () => { readonly target: string; readonly headers: readonly string[] },
): Promise<PartFault | undefined> {
  return new Promise((resolve) => {
    const sink: Sink = {
      head: () => undefined,
      write: () => true,
      end: () => resolve(undefined),
      fail: (_context, error) => resolve(PartFault.ofError(error)),
    };
    try {
      inProcess({ method: 'GET', ...asked(), sink, parent, part, dryRun: true, mayAsk: parent.mayAsk });
    } catch (error) {
      resolve(PartFault.ofError(error));
    }
  });
}
