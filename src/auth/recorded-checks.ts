import type { Consumer } from '../facts.ts';
import {
  type CredentialCheck,
  createIdentity,
  type Identity,
  type Outcome,
  Refusal,
  type RefusalCode,
} from './identity.ts';
import { type Places, type RecordedCaller, type Retold, retoldOf, Undecided, wasSent } from './recorded.ts';
import { type ChosenScheme, schemeOf } from './schemes.ts';

/**
 * The checks of a route as they judge callers that were recorded: a key by its hash, a token by its claims, anything
 * else as it was judged then. They are asked in the place of `checks`, and throw `Undecided` where nobody can tell.
 */
export function createRecordedChecks(
  chosen: readonly ChosenScheme[],
  checks: readonly CredentialCheck[],
): readonly CredentialCheck[] {
  return checks.map((check, index) => {
    const places = placesOf(chosen[index] as ChosenScheme, check);
    return {
      ...check,
      check(context) {
        const told = retoldOf(context);
        if (told === undefined || !wasSent(context, places)) return undefined;
        return judge(check, told, checks);
      },
    };
  });
}

function placesOf({ name, options }: ChosenScheme, { authorizationWord: word }: CredentialCheck): Places {
  const scheme = schemeOf(name);
  // Many stop Authorization; who reads it says so by its word.
  const fields = scheme.credentialFields(options).filter((field) => field !== 'authorization');
  const { cookie } = scheme.tokenPlaces?.(options) ?? {};
  const parameter = scheme.queryParameter?.(options);
  return { fields, word, cookie, parameter };
}

function judge(
  { name, authorizationWord, recognize }: CredentialCheck,
  { caller, atMs, leansOn }: Retold,
  beside: readonly CredentialCheck[],
): Outcome | undefined {
  const outcome = recognize?.(caller, atMs);
  if (outcome !== undefined) {
    if (name === 'jwt' && !(outcome instanceof Refusal)) leansOn.add(`issuer:${outcome.issuer ?? ''}`);
    return outcome;
  }
  if (caller.methods.includes(name)) {
    leansOn.add(`scheme:${name}`);
    return identityOf(name, caller);
  }
  // What another scheme of the route takes from the same place is none of this one's.
  const isOthers = (one: CredentialCheck) => one.name !== name && caller.methods.includes(one.name);
  if (
    authorizationWord !== undefined &&
    beside.some((one) => isOthers(one) && one.authorizationWord === authorizationWord)
  )
    return undefined;
  if (caller.refused !== undefined && caller.refused.code !== 'unauthenticated') return refusalOf(caller.refused);
  throw new Undecided(`nobody has looked at its credential for ${name}`);
}

function refusalOf({ code, reason }: NonNullable<RecordedCaller['refused']>): Refusal {
  const isOurs = code === 'forbidden' || code === 'origin_refused' || code === 'signature_replayed';
  return new Refusal(reason, { code: isOurs ? (code satisfies RefusalCode) : 'invalid_credential' });
}

/** The caller as one scheme has said it; of several the one that is not a token's has the consumer. */
function identityOf(method: string, caller: RecordedCaller): Identity {
  const { consumer, subject, issuer, roles, scopes, plan, claims } = caller;
  const known: Consumer | undefined = consumer && {
    ...consumer,
    metadata: consumer.metadata && new Map(consumer.metadata),
  };
  return createIdentity(method, { consumer: known, subject, issuer, roles, scopes, plan, claims });
}
