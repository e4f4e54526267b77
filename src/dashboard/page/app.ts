import type { Place } from './place.ts';
import type { Explanation, History, Overview, Recent } from './shapes.ts';

/** How a table is sorted, and which of its pages is seen. */
export interface TableState {
  readonly sort: string;
  readonly isDescending: boolean;
  readonly page: number;
}

/** What the log tells now, and until when where that is for a while. */
export interface LogLevel {
  readonly level: string;
  /** ISO time. */
  readonly until?: string;
}

/** What the page knows: what the gateway told last, and what the person has chosen. */
export interface State {
  place: Place;
  overview: Overview | undefined;
  /** By what was asked: `history?minutes=10&route=…`. */
  history: { readonly query: string; readonly told: History } | undefined;
  recent: { readonly query: string; readonly list: readonly Recent[] } | undefined;
  /** Why the last question failed, and when the next one is asked (ms since 1970). */
  trouble: { readonly message: string; readonly sinceMs: number; readonly nextTryMs: number } | undefined;
  /** True while the admin port wants a token; with what it said of the last one. */
  isLocked: boolean;
  lockMessage: string;
  isPaused: boolean;
  minutes: number;
  /** Text of the filter box, by page. */
  readonly filters: Map<string, string>;
  readonly tables: Map<string, TableState>;
  /** Keys of rows that are unfolded. */
  readonly open: Set<string>;
  /** Values that were seen of each field of refused requests, to choose from. */
  readonly seen: Map<string, Set<string>>;
  /** Requests per second of each route, one for each poll. */
  readonly rates: Map<string, number[]>;
  /** Undefined where the gateway's can't be changed. */
  logLevel: LogLevel | undefined;
  explain: {
    text: string;
    address: string;
    /** Whether auth services are asked about the caller. */
    asksOthers: boolean;
    isAsking: boolean;
    told: Explanation | undefined;
    fault: string | undefined;
  };
}

/** What views are given: the state, and how it is moved. */
export interface App {
  readonly state: State;
  /** Draws anew, soon. */
  redraw(): void;
  /** Asks the gateway anew, now. */
  refresh(): void;
  /** Says a sentence to everybody, screen readers included. */
  say(text: string): void;
  /** Asks with another admin token from now on; undefined forgets it. */
  useToken(token: string | undefined): void;
}

export function createState(place: Place): State {
  return {
    place,
    overview: undefined,
    history: undefined,
    recent: undefined,
    trouble: undefined,
    isLocked: false,
    lockMessage: '',
    isPaused: false,
    minutes: 10,
    filters: new Map(),
    tables: new Map(),
    open: new Set(),
    seen: new Map(),
    rates: new Map(),
    logLevel: undefined,
    explain: { text: '', address: '', asksOthers: false, isAsking: false, told: undefined, fault: undefined },
  };
}

/** The state once the gateway has told something: what every view but the first one draws from. */
export interface Told {
  readonly app: App;
  readonly state: State;
  readonly overview: Overview;
}
