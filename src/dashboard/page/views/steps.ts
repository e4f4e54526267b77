import { h, type VNode } from '../dom.ts';
import type { Step } from '../shapes.ts';

/** What each stage decided, in their order; those that were not reached pale. */
export function stepList(steps: readonly Step[], refusal = 'refused'): VNode {
  return h(
    'ol',
    { class: 'steps', 'aria-label': 'What the stages decided' },
    steps.map((step, index) => entry(step, String(index), refusal)),
  );
}

function entry(step: Step, key: string, refusal: string): VNode {
  const end = endOf(step);
  const { stage, decisions } = step;
  const words = end === 'refuses' && decisions?.length === 0 ? [refusal] : (decisions ?? ['not reached']);
  return h(
    'li',
    { key: `${key} ${stage}`, class: `step step-${end}` },
    h('span', { class: 'step-name' }, stage),
    h('span', { class: 'unseen' }, SAID[end]),
    h(
      'span',
      { class: 'step-words' },
      words.map((word) => h('span', null, word)),
    ),
  );
}

/** For who hears it: the rest sees a colour and a shape. */
const SAID = { refuses: ' refuses: ', passed: ' passes: ', unreached: ': ' } as const;

function endOf({ decisions, refuses }: Step): keyof typeof SAID {
  if (refuses) return 'refuses';
  return decisions === null ? 'unreached' : 'passed';
}
