import { answerJson } from '../answer/own.ts';
import { KEY_ID } from '../auth/caller-facts.ts';
import { consumerError } from '../auth/consumer-faults.ts';
import { OwnKeyActions, type Told } from '../auth/own-key-actions.ts';
import { selfService } from '../auth/own-keys.ts';
import { credentialFileKeys } from '../auth/schemes.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { defineStage } from '../stage.ts';

/**
 * `/-/me/keys`: a consumer lists, makes, rotates and revokes its own keys, where the file lets it; 404
 * `consumer_not_found`, 409 `conflict`, 503 `consumers_unavailable`.
 */
export const selfServiceStage = defineStage({
  name: 'selfService',
  fileKeys: { selfService },
  fileReads: { consumerStore: credentialFileKeys.consumerStore, groups: credentialFileKeys.groups },

  check({ selfService: option, consumerStore }, _routes, report) {
    if (option?.keys === undefined || consumerStore === 'redis') return;
    const hint = 'say "consumerStore": "redis", or take "selfService" out';
    report(['selfService', 'keys'], 'keys of the file can not be changed by those who call', hint);
  },

  prepare: ({ selfService: option, groups }, deps) =>
    option?.keys === undefined ? undefined : new OwnKeyActions(option.keys, groups, deps),

  create(_options, route, _deps, keys) {
    if (route.own !== 'keys' || keys === undefined) return undefined;

    return async function selfService(req, _res, next) {
      const context = contextOf(req);
      try {
        const { act, does } = actionOf(context);
        context.trace?.push({ stage: 'selfService', decision: does });
        if (context.dryRun) return next();
        const [status, body] = await act(keys);
        answerJson(context, status, body);
      } catch (thrown) {
        next(consumerError(thrown));
      }
    };
  },
});

interface Action {
  /** What is told of it in a trace. */
  readonly does: string;
  act(keys: OwnKeyActions, context: RequestContext, name: string, id: string): Promise<Told>;
}

const LIST: Action = { does: 'lists the keys', act: (keys, context, name) => keys.list(context, name) };

/** By what stands below `/-/me/keys`: nothing, a key, `rotate` of one. */
const ACTIONS: readonly Readonly<Record<string, Action>>[] = [
  {
    GET: LIST,
    HEAD: LIST,
    POST: {
      does: 'makes a key, if nothing speaks against it',
      act: (keys, context, name) => keys.create(context, name),
    },
  },
  {
    DELETE: {
      does: 'revokes the key, if nothing speaks against it',
      act: (keys, context, name, id) => keys.revoke(context, name, id),
    },
  },
  {
    POST: {
      does: 'rotates the key, if nothing speaks against it',
      act: (keys, context, name, id) => keys.rotate(context, name, id),
    },
  },
];

/** Parts of `/-/me/keys`, the empty one before it among them. */
const KEYS_PARTS = 4;

/** What is asked for; throws where it can't be. */
function actionOf(context: RequestContext) {
  const { consumer, params, path, method } = context;
  if (consumer === undefined)
    throw new GatewayError('forbidden', "Keys are a consumer's, and this credential belongs to none.");
  const id = params?.['id'] ?? '';
  const allowed = ACTIONS[path.split('/').length - KEYS_PARTS] ?? {};
  const action = Object.hasOwn(allowed, method) ? allowed[method] : undefined;
  if (action === undefined)
    throw new GatewayError('method_not_allowed', undefined, { headers: ['Allow', Object.keys(allowed).join(', ')] });
  if (params !== undefined && !KEY_ID.test(id)) throw new GatewayError('consumer_not_found');
  return {
    does: `${action.does} (consumer "${consumer.name}")`,
    act: (keys: OwnKeyActions) => action.act(keys, context, consumer.name, id),
  };
}
