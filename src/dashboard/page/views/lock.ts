import type { App } from '../app.ts';
import { h, type VNode } from '../dom.ts';

/** Asks for the admin token; it is kept until the tab is closed. */
export function lockPage(app: App): VNode {
  const { lockMessage } = app.state;
  const unlock = (event: Event): void => {
    event.preventDefault();
    const box = (event.target as HTMLFormElement).querySelector('input');
    const token = box?.value.trim() ?? '';
    if (token !== '') app.useToken(token);
  };
  return h(
    'form',
    { class: 'card lock', key: 'lock', onsubmit: unlock },
    h('h1', { tabindex: '-1' }, 'This gateway asks for its admin token'),
    h(
      'p',
      { class: 'muted' },
      'It is what ADMIN_TOKEN says. It stays in this tab, and is gone when the tab is closed.',
    ),
    h('label', { for: 'token' }, 'Admin token'),
    h('input', {
      id: 'token',
      type: 'password',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-describedby': 'token-fault',
      'aria-invalid': lockMessage === '' ? undefined : 'true',
    }),
    h('p', { id: 'token-fault', class: 'text-bad', role: 'alert' }, lockMessage),
    h('button', { type: 'submit', class: 'button button-main' }, 'Show the dashboard'),
  );
}
