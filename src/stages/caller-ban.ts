import { contextOf } from '../context.ts';
import { type Bans, bansFileKeys, createBans, refusalOf } from '../limits/bans.ts';
import { defineStage } from '../stage.ts';

/** Refuses a consumer or user that is banned, from whatever address it calls: 429 `banned`. */
export const callerBanStage = defineStage({
  name: 'callerBan',
  fileReads: bansFileKeys,
  prepare: (file, deps): Bans | undefined => createBans(file, deps),

  create(_options, route, _deps, bans) {
    if (!route.matched || bans === undefined) return undefined;

    return function callerBan(req, _res, next) {
      const context = contextOf(req);
      next(refusalOf(context, 'callerBan', bans.callerSeconds(context)));
    };
  },
});
