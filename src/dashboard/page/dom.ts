/** A thing that an element carries and that draws itself: a chart. */
export interface Widget {
  update(data: unknown): void;
  remove(): void;
}

type Listener = (event: Event) => void;

/** Attributes by their names; `on…` listeners; `style` custom properties; a widget, and what it shows. */
export interface Props {
  readonly [name: string]: unknown;
  readonly key?: string;
  readonly style?: Readonly<Record<string, string>>;
  readonly widget?: (element: HTMLElement) => Widget;
  readonly data?: unknown;
}

export interface VNode {
  readonly tag: string;
  readonly props: Props;
  readonly children: readonly (VNode | string)[];
}

export type Child = VNode | string | number | null | undefined | false | readonly Child[];

/** Says what should be there: `patch` makes it so. All text becomes text nodes: nothing is ever read as HTML. */
export function h(tag: string, props: Props | null = null, ...children: readonly Child[]): VNode {
  return { tag, props: props ?? {}, children: flatten(children) };
}

function flatten(children: readonly Child[], into: (VNode | string)[] = []): (VNode | string)[] {
  for (const child of children) {
    if (Array.isArray(child)) flatten(child as readonly Child[], into);
    else if (child === null || child === undefined || child === false || child === '') continue;
    else into.push(typeof child === 'object' ? (child as VNode) : String(child));
  }
  return into;
}

const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'path', 'circle', 'rect', 'line', 'g']);

/** What stands on a node now, from the last patch. */
const shown = new WeakMap<Node, readonly (VNode | string)[]>();
const widgets = new WeakMap<Node, Widget>();
const listeners = new WeakMap<Node, Map<string, Listener>>();

/** Makes the children of an element these, and touches only what is different. */
export function patch(parent: Element, next: readonly (VNode | string)[]): void {
  const before = shown.get(parent) ?? [];
  const nodes = [...parent.childNodes];
  if (shown.get(parent) === undefined) for (const node of nodes.splice(0)) node.remove();
  const old = new Map<string, { vnode: VNode | string; node: ChildNode }>();
  keysOf(before).forEach((key, index) => {
    old.set(key, { vnode: before[index] as VNode | string, node: nodes[index] as ChildNode });
  });
  let at: ChildNode | null = parent.firstChild;
  const keys = keysOf(next);
  next.forEach((vnode, index) => {
    const key = keys[index] as string;
    const known = old.get(key);
    old.delete(key);
    const node = known === undefined ? create(vnode) : known.node;
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
    if (known !== undefined) update(known.node, known.vnode, vnode);
  });
  for (const { node } of old.values()) {
    release(node);
    node.remove();
  }
  shown.set(parent, next);
}

/** One for each, and no two alike: clients choose what some are made of, such as the IDs of requests. */
function keysOf(list: readonly (VNode | string)[]): readonly string[] {
  const times = new Map<string, number>();
  return list.map((vnode, index) => {
    const key = typeof vnode === 'string' ? `text ${index}` : `${vnode.tag} ${vnode.props.key ?? `at ${index}`}`;
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return before === 0 ? key : `${key}\n${before}`;
  });
}

function create(vnode: VNode | string): ChildNode {
  if (typeof vnode === 'string') return document.createTextNode(vnode);
  const element = SVG_TAGS.has(vnode.tag)
    ? document.createElementNS(SVG, vnode.tag)
    : document.createElement(vnode.tag);
  for (const [name, value] of Object.entries(vnode.props)) setProp(element, name, undefined, value);
  const { widget, data } = vnode.props;
  if (widget === undefined) patch(element, vnode.children);
  else {
    const made = widget(element as HTMLElement);
    widgets.set(element, made);
    made.update(data);
  }
  return element;
}

function update(node: ChildNode, before: VNode | string, next: VNode | string): void {
  if (before === next) return;
  if (typeof next === 'string' || typeof before === 'string') {
    node.textContent = String(next);
    return;
  }
  const element = node as Element;
  for (const name of new Set([...Object.keys(before.props), ...Object.keys(next.props)])) {
    setProp(element, name, before.props[name], next.props[name]);
  }
  const widget = widgets.get(node);
  if (widget === undefined) patch(element, next.children);
  else widget.update(next.props.data);
}

/** Within the page, or to what the gateway tells of an error. */
const HREF = /^(?:#|errors\/[a-z_]+$)/;

const NOT_ATTRIBUTES = new Set(['key', 'widget', 'data']);

function setProp(element: Element, name: string, before: unknown, value: unknown): void {
  if (before === value || NOT_ATTRIBUTES.has(name)) return;
  if (name.startsWith('on')) listen(element, name.slice(2), value as Listener | undefined);
  else if (name in SETTERS) SETTERS[name]?.(element as HTMLElement, value);
  else setAttribute(element, name, value);
}

/** What is no attribute, but a state of the element that goes its own way once somebody has typed or chosen. */
const SETTERS: Readonly<Record<string, (element: HTMLElement, value: unknown) => void>> = {
  style: (element, value) => setStyle(element, value as Props['style']),
  value: (element, value) => setValue(element as HTMLInputElement, String(value ?? '')),
  checked: (element, value) => {
    (element as HTMLInputElement).checked = value === true;
  },
  selected: (element, value) => {
    (element as HTMLOptionElement).selected = value === true;
  },
};

function setAttribute(element: Element, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (name === 'href' && !HREF.test(String(value))) throw new Error('links lead within the page, or to an error');
  else element.setAttribute(name, value === true ? '' : String(value));
}

function setValue(element: HTMLInputElement, value: string): void {
  if (element.value !== value) element.value = value;
}

/** By the object model: a `style` attribute is what the policy forbids. */
function setStyle(element: HTMLElement, style: Props['style'] = {}): void {
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
}

function listen(element: Element, type: string, listener: Listener | undefined): void {
  let known = listeners.get(element);
  if (known === undefined) {
    known = new Map();
    listeners.set(element, known);
  }
  if (!known.has(type)) element.addEventListener(type, (event) => listeners.get(element)?.get(type)?.(event));
  known.set(type, listener ?? (() => {}));
}

/** Widgets below a node that goes away have timers and observers of their own. */
function release(node: Node): void {
  widgets.get(node)?.remove();
  for (const child of node.childNodes) release(child);
}
