import { AskError } from './ask.ts';
import { type Child, h, patch, type VNode } from './dom.ts';

export interface Action {
  /** What is about to be done, as a question. */
  readonly title: string;
  /** What comes of it. */
  readonly text: string;
  /** The word on the button. */
  readonly verb: string;
  readonly isGrave?: boolean;
  /** Does it, and says in words what came of it. */
  readonly run: () => Promise<Outcome>;
  /** Called when it was done. */
  readonly done: () => void;
}

export interface Outcome {
  /** The question's place is taken by what has come of it. */
  readonly title: string;
  readonly said: Child;
}

type Phase = { readonly name: 'ask' | 'busy' } | ({ readonly name: 'told' } & Outcome);

/** Asks before it does something, and shows what came of it. Escape leaves everything as it is. */
export function confirmAction(action: Action): void {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());

  async function run(): Promise<void> {
    draw({ name: 'busy' });
    try {
      draw({ name: 'told', ...(await action.run()) });
    } catch (error) {
      draw({ name: 'told', title: 'It was not done', said: failure(error) });
    }
    dialog.querySelector<HTMLElement>('[data-close]')?.focus();
    action.done();
  }

  function draw(phase: Phase): void {
    patch(dialog, [content(action, phase, { run: () => void run(), close: () => dialog.close() })]);
  }

  draw({ name: 'ask' });
  dialog.showModal();
}

function content(
  { title, text, verb, isGrave = false }: Action,
  phase: Phase,
  moves: { run: () => void; close: () => void },
): VNode {
  const isTold = phase.name === 'told';
  return h(
    'div',
    null,
    h('h2', { id: 'dialog-title' }, isTold ? phase.title : title),
    h(
      'div',
      { class: 'dialog-text', 'aria-live': 'polite', key: 'text' },
      isTold ? phase.said : h('p', { key: 'why' }, text),
    ),
    h(
      'div',
      { class: 'dialog-buttons', key: 'buttons' },
      h(
        'button',
        { type: 'button', class: 'button', 'data-close': '', onclick: moves.close, key: 'close' },
        isTold ? 'Close' : 'Cancel',
      ),
      !isTold &&
        h(
          'button',
          {
            type: 'button',
            class: `button ${isGrave ? 'button-grave' : 'button-main'}`,
            onclick: moves.run,
            disabled: phase.name === 'busy',
            key: 'run',
          },
          phase.name === 'busy' ? 'Working…' : verb,
        ),
    ),
  );
}

function failure(error: unknown): Child {
  const words = error instanceof AskError ? error.message : String(error);
  return h('p', { class: 'text-bad', key: 'failure' }, words);
}
