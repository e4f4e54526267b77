// What the address says decides what is shown: the gateway gives this page for every path below it that is no file.
const BASE = '/page';

async function show() {
  const path = location.pathname.slice(BASE.length).replace(/\/$/, '');
  const [, id] = /^\/products\/([^/]+)$/.exec(path) ?? [];
  const isKnown = path === '' || id !== undefined;
  document.querySelector('#title').textContent = isKnown ? `Product ${id ?? 'list'}` : 'There is no such page';
  if (!isKnown) return;
  const answer = await fetch(`/public/products${id === undefined ? '' : `/${id}`}`);
  document.querySelector('#answer').textContent = `${answer.status}\n${await answer.text()}`;
}

document.querySelector('nav').addEventListener('click', (event) => {
  if (!(event.target instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  history.pushState(null, '', event.target.href);
  show();
});
addEventListener('popstate', show);
show();
