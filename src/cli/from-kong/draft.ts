import type { Entity } from './entity.ts';
import type { PluginUse } from './kong-file.ts';
import type { Notes } from './notes.ts';

/** A text with `${…}` of our own making: any other one would be read as a placeholder, and is refused. */
export class OwnTemplate {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An authentication plugin that has a scheme here. */
interface AskedScheme {
  readonly scheme: string;
  readonly options: Readonly<Record<string, string>>;
  /** The consumer that stands for whoever shows no credential; undefined where everybody has to. */
  readonly anonymous: string | undefined;
  readonly line: number;
}

/** A route under way: what its plugins have asked for so far. */
export class Draft {
  /** For notes: `route "orders"`. */
  readonly label: string;
  readonly line: number;
  /** Whether other routes share the plugins of this one's service. */
  readonly sharesService: boolean;
  readonly keys: Record<string, unknown> = {};
  readonly schemes: AskedScheme[] = [];
  /** Authentication that has no like here: who would have been refused must not pass. */
  readonly unknownSchemes: string[] = [];
  /** Plugins that may have refused callers by rules that are not known here. */
  readonly unknownGuards: string[] = [];
  readonly respond: Record<string, unknown>[] = [];
  readonly requestEdits: Record<string, unknown>[] = [];
  readonly responseEdits: Record<string, unknown>[] = [];
  /** Rules for the path, after those of the route itself. */
  readonly pathRewrite: { readonly match: string; readonly replace: string }[] = [];
  allowedGroups: readonly string[] | undefined;
  deniedGroups: readonly string[] | undefined;
  keepsCredentials: boolean | undefined;

  constructor(label: string, line: number, sharesService: boolean) {
    this.label = label;
    this.line = line;
    this.sharesService = sharesService;
  }
}

/** What makes a plugin of Kong's a part of a route; what it does not read of the configuration is told as lost. */
export interface Taken {
  readonly use: PluginUse;
  readonly config: Entity;
  readonly draft: Draft;
  readonly notes: Notes;
  /** Notes begin with it: `rate-limiting of route "orders"`. */
  readonly label: string;
}

export type TakeOver = (taken: Taken) => void;

/** A text that goes into routes.json as it stands; undefined, and told, where it would be read as a placeholder. */
export function literal(text: string, line: number, label: string, notes: Notes): string | undefined {
  if (!text.includes('${')) return text;
  notes.lost(line, `${label}: a text with "\${", which would be read as a placeholder`);
  return undefined;
}
