import type { KeptAnswer } from './kept-answer.ts';

/** What a route promises of a key. */
export interface Terms {
  /** How long it is remembered, from its answer on. */
  readonly ttlMs: number;
  /** How long it stays closed when its request is lost. */
  readonly leaseMs: number;
  /** Whether another request may run after that. */
  readonly retriesLost: boolean;
}

/** A request that wants to be the one of its key. */
export interface Claim extends Terms {
  /** Of the key, among those of all routes and callers. */
  readonly id: string;
  /** Whose it is. */
  readonly caller: string;
  /** Of this request alone. */
  readonly owner: string;
  /** What it asks for. */
  readonly fingerprint: string;
}

/** What a store says to a claim. */
export type Begun =
  /** The key is its own until it says how it ended. */
  | { readonly state: 'begun' }
  /** Another request of the key is under way. */
  | { readonly state: 'running' }
  /** Nobody knows what came of another one; it may come again after so long, or never. */
  | { readonly state: 'lost'; readonly againMs: number | undefined }
  | { readonly state: 'answered'; readonly answer: KeptAnswer }
  /** The service has answered, and the answer is not here. */
  | { readonly state: 'spent' }
  /** The key belongs to a request that asks for something else. */
  | { readonly state: 'mismatch' }
  /** The store can promise nothing now. */
  | { readonly state: 'closed'; readonly againMs: number; readonly why: string };

/** How the request that had begun has ended. */
export type Ending =
  | { readonly state: 'answered'; readonly answer: KeptAnswer }
  | { readonly state: 'spent' }
  | { readonly state: 'lost' }
  /** No service has heard of it. */
  | { readonly state: 'free' };

/** Which keys are used, by whom. */
export interface KeyStore {
  /** Takes the key for one request, or says why not. Rejects when the store does not answer. */
  begin(claim: Claim): Begun | Promise<Begun>;
  /** What `begin` would say, with nothing taken. */
  peek(claim: Claim): Begun | Promise<Begun>;
  /** Says what became of the request whose claim had begun. Once; never rejects. */
  finish(claim: Claim, ending: Ending): void | Promise<void>;
  close(): void;
}
