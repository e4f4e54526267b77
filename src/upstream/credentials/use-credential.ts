import { hash } from 'node:crypto';
import type { Kind } from '../../pool.ts';
import type { StageDeps } from '../../stage.ts';
import { accessToken, fetchAccessToken } from './access-token.ts';
import { awsSignature } from './aws.ts';
import { callerToken } from './caller-token.ts';
import { type CredentialPart, combineParts, type ServiceCredential } from './credential.ts';
import { fixedHeader } from './fixed-header.ts';
import type { AccessTokenOptions, ServiceAuthOption } from './options.ts';
import { Renewed } from './renewed.ts';
import { TokenKeys, tokenKeysKind } from './token-keys.ts';

type CredentialDeps = Pick<StageDeps, 'lease' | 'clock' | 'call' | 'log'>;

/** An access token outlives reloads, and is one for all services and routes that ask for the same. */
const renewedKind: Kind<Renewed> = { name: 'access token', close() {} };

/** What `serviceAuth` asks for; undefined where that is nothing, so that whoever needs none pays nothing. */
export function useCredential(
  option: ServiceAuthOption | undefined,
  deps: CredentialDeps,
): ServiceCredential | undefined {
  if (option === undefined || option === false) return undefined;
  const { header, oauth2, token, aws } = option;
  const parts: CredentialPart[] = [];
  if (header !== undefined) parts.push(fixedHeader(header));
  if (oauth2 !== undefined) parts.push(accessToken(oauth2, useAccessToken(oauth2, deps)));
  if (token !== undefined) parts.push(callerToken(token, useTokenKeys(deps), deps.clock));
  // Last: it signs what the others have added.
  if (aws !== undefined) parts.push(awsSignature(aws, deps.clock));
  return combineParts(parts);
}

/** The keys that tokens of the gateway are signed with. */
export function useTokenKeys({ lease, clock }: Pick<CredentialDeps, 'lease' | 'clock'>): TokenKeys {
  return lease.use(tokenKeysKind, '', () => new TokenKeys(clock));
}

function useAccessToken(options: AccessTokenOptions, { lease, clock, call, log }: CredentialDeps): Renewed {
  const { header: _, ...asked } = options;
  const where = options.tokenUrl.split('?', 1)[0];
  return lease.use(renewedKind, hash('sha256', JSON.stringify(asked)), () => {
    return new Renewed({
      ask: () => fetchAccessToken(options, call),
      clock,
      onChange(error) {
        if (error === undefined) log.info(`${where} gives tokens again`);
        else
          log.warn(`no token from ${where} for a service: its requests are refused once the last one has expired`, {
            error,
          });
      },
    });
  });
}
