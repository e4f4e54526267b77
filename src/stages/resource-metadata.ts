import { answerOwn } from '../answer/own.ts';
import { authKeys } from '../auth/auth-option.ts';
import { isAccepted } from '../auth/jwt.ts';
import { renderMetadata } from '../auth/resource-metadata.ts';
import { credentialFileKeys } from '../auth/schemes.ts';
import { contextOf } from '../context.ts';
import { defineStage } from '../stage.ts';

const { issuers, introspection } = credentialFileKeys;

/**
 * `GET /.well-known/oauth-protected-resource/…`: tells a client that was refused who gives tokens for a route (RFC 9728).
 * Public, as the issuers are.
 */
export const resourceMetadataStage = defineStage({
  name: 'resourceMetadata',
  reads: { issuers: authKeys.issuers },
  fileReads: { issuers, introspection },

  /** Authorization servers are known by a URL (RFC 8414, section 2); an issuer of another name is none that can be asked. */
  prepare(file, { settings }) {
    const names = [...file.issuers.map(({ issuer }) => issuer), settings.jwt?.issuer, file.introspection?.issuer];
    const urls = names.filter((name) => name !== undefined && /^https?:$/.test(URL.parse(name)?.protocol ?? ''));
    return [...new Set(urls)] as readonly string[];
  },

  create({ issuers: accepted }, route, _deps, servers) {
    if (route.own !== 'resource') return undefined;
    const named = accepted && new Set<string | undefined>(accepted);
    const taken = servers.filter((server) => isAccepted(named, server));

    return function resourceMetadata(req, _res, next) {
      const context = contextOf(req);
      if (context.dryRun) return next();
      const fields = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      answerOwn(context, 200, fields, JSON.stringify(renderMetadata(context, taken)));
    };
  },
});
