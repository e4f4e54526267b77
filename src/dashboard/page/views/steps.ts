import { h, type VNode } from '../dom.ts';
import type { Step } from '../shapes.ts';

type End = 'refuses' | 'passed' | 'unreached';

/** Stages that stand beside each other and have nothing to say but that they passed, or were not reached. */
interface Group {
  readonly end: End;
  readonly stages: readonly string[];
  readonly words: readonly string[];
}

/** What each stage decided, in their order; those with nothing to say in one line. */
export function stepList(steps: readonly Step[], refusal = 'refused'): VNode {
  return h('ol', { class: 'steps', 'aria-label': 'What the stages decided' }, groupsOf(steps, refusal).map(entry));
}

function groupsOf(steps: readonly Step[], refusal: string): readonly Group[] {
  const groups: Group[] = [];
  for (const step of steps) {
    const group = groupOf(step, refusal);
    const last = groups.at(-1);
    if (last?.end === group.end && last.words.length + group.words.length === 0) {
      groups[groups.length - 1] = { ...last, stages: [...last.stages, ...group.stages] };
    } else groups.push(group);
  }
  return groups;
}

function groupOf({ stage, decisions, refuses }: Step, refusal: string): Group {
  if (decisions === null) return { end: 'unreached', stages: [stage], words: [] };
  if (!refuses) return { end: 'passed', stages: [stage], words: decisions };
  return { end: 'refuses', stages: [stage], words: decisions.length === 0 ? [refusal] : decisions };
}

const SAID: Readonly<Record<End, string>> = { refuses: ' refuses: ', passed: ' passes ', unreached: ' ' };

function entry({ end, stages, words }: Group): VNode {
  const said = end === 'unreached' ? ['not reached'] : words;
  const isQuiet = said.length === 0;
  return h(
    'li',
    { key: stages.join(' '), class: `step step-${end}${isQuiet ? ' step-quiet' : ''}` },
    h('span', { class: 'step-name' }, stages.join(', ')),
    h('span', { class: 'unseen' }, SAID[end]),
    h(
      'span',
      { class: 'step-words' },
      said.map((word) => h('span', null, word)),
    ),
  );
}
