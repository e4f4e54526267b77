/* What `import … from 'turnpike'` gives. */
export {
  type AnswerHead,
  type Decided,
  defineStage,
  type Outcome,
  type Refusal,
  type StageAnswer,
  type StageConsumer,
  type StageContext,
  type StageDefinition,
  type StageHooks,
  type StageLog,
  type StageMiddleware,
  type StageRequest,
  type StageRoute,
} from './own/define-stage.ts';
export type { OptionsOf, OptionsSchema } from './own/options-of.ts';
