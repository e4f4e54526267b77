import type { App, Told } from '../app.ts';
import { AskError, ask } from '../ask.ts';
import { type Child, h, type VNode } from '../dom.ts';
import type { Explanation } from '../explained.ts';
import { pageHead } from '../parts.ts';
import { readQuestion } from '../question.ts';
import { explanation } from './explanation.ts';

const EXAMPLE = `curl -H 'X-API-Key: …' https://api.example.com/api/orders/7

or

GET /api/orders/7
X-API-Key: …`;

/** A box that takes a curl line or a request as it is written, and says what would become of it. */
export function explainPage({ app, state }: Told): Child {
  const { text, address, isAsking, told, fault } = state.explain;
  const type = (event: Event): void => {
    state.explain.text = (event.target as HTMLTextAreaElement).value;
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void explain(app);
  };
  const onkeydown = (event: Event): void => {
    const { key, ctrlKey, metaKey } = event as KeyboardEvent;
    if (key === 'Enter' && (ctrlKey || metaKey)) void explain(app);
  };
  return [
    pageHead(
      'Explain a request',
      'What would become of it, and why. Nothing is counted, stored, or sent to a service.',
    ),
    h(
      'form',
      { class: 'card explain', key: 'form', onsubmit: submit },
      h('label', { for: 'request' }, 'A curl line; or method and URL, with header fields below'),
      h('textarea', {
        id: 'request',
        rows: '6',
        'data-filter': '',
        spellcheck: 'false',
        autocomplete: 'off',
        placeholder: EXAMPLE,
        value: text,
        oninput: type,
        onkeydown,
      }),
      h(
        'div',
        { class: 'explain-foot' },
        addressBox(app, address),
        othersBox(app),
        h(
          'button',
          { type: 'submit', class: 'button button-main', disabled: isAsking },
          isAsking ? 'Asking…' : 'Explain',
        ),
        h('span', { class: 'muted from-phone' }, h('kbd', null, 'Ctrl'), ' ', h('kbd', null, 'Enter')),
      ),
    ),
    h(
      'div',
      { key: 'result', 'aria-live': 'polite', class: 'stack' },
      fault !== undefined && h('p', { class: 'banner text-bad' }, fault),
      told !== undefined && explanation(told),
    ),
  ];
}

function addressBox({ state }: App, address: string): VNode {
  const type = (event: Event): void => {
    state.explain.address = (event.target as HTMLInputElement).value;
  };
  return h(
    'label',
    { class: 'address' },
    h('span', null, 'Client address'),
    h('input', {
      type: 'text',
      value: address,
      oninput: type,
      placeholder: '127.0.0.1',
      spellcheck: 'false',
      autocomplete: 'off',
      size: '16',
    }),
  );
}

/** Off at first: they may count or log it. */
function othersBox({ state }: App): VNode {
  const turn = (event: Event): void => {
    state.explain.asksOthers = (event.target as HTMLInputElement).checked;
  };
  return h(
    'label',
    { class: 'others' },
    h('input', { type: 'checkbox', checked: state.explain.asksOthers, onchange: turn }),
    'Ask auth services, too',
  );
}

async function explain(app: App): Promise<void> {
  const { explain: box } = app.state;
  const address = box.address.trim();
  box.isAsking = true;
  box.fault = undefined;
  app.redraw();
  try {
    const question = readQuestion(box.text);
    const body = { ...question, ...(address !== '' && { address }), ...(box.asksOthers && { ask: true }) };
    box.told = (await ask('explain', { method: 'POST', body })) as Explanation;
  } catch (error) {
    box.told = undefined;
    box.fault =
      error instanceof AskError && error.status === 401
        ? 'The gateway asks for its admin token.'
        : (error as Error).message;
    if (error instanceof AskError && error.status === 401) app.refresh();
  }
  box.isAsking = false;
  app.redraw();
}
