import type { Explanation } from './explained.ts';
import type { Place } from './place.ts';
import type { History, Overview, Recent } from './shapes.ts';

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
  readonly tables: Map<string, TableState>;
  /** Keys of rows that are unfolded. */
  readonly open: Set<string>;
  /** Requests that are unfolded on the place at hand: shown for as long as they are, whatever the gateway still keeps. */
  held: { readonly place: string; readonly rows: Map<string, Recent> };
  /** The list of requests as it was drawn last: it stands still under the pointer. */
  drawn: { readonly place: string; readonly list: readonly Recent[] } | undefined;
  /** In what order rows were drawn last, by the name of their list. */
  readonly orders: Map<string, { readonly order: string; readonly keys: readonly string[] }>;
  /** Values that were seen of each field of refused requests, to choose from. */
  readonly seen: Map<string, Set<string>>;
  /** The status that each code was answered with. */
  readonly statuses: Map<string, number>;
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
  /** Puts words into the filter of the page at hand, and into its address. */
  filter(words: string): void;
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
    tables: new Map(),
    open: new Set(),
    held: { place: '', rows: new Map() },
    drawn: undefined,
    orders: new Map(),
    seen: new Map(),
    statuses: new Map(),
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
