import { tooMuchAtOnce } from '../body/too-much.ts';
import { type ErrorCode, GatewayError } from '../errors.ts';
import type { AnswerFields } from '../sink.ts';

/** Fields of a refusal that tell a client what to do about it. */
const PASSED_ON = ['content-type', 'content-language', 'www-authenticate', 'retry-after', 'allow'];
const LIMIT_FIELD = /^(?:x-)?rate-?limit(?:-[a-z-]+)?$/;

/** Where a part's refusal came from, to be passed on. */
interface Told {
  readonly fields: AnswerFields;
  readonly body: Buffer;
}

interface FaultOptions extends ErrorOptions {
  readonly told?: Told;
  readonly isOwn?: boolean;
}

/** Why a part could not be had. The message goes on from the name of the part: `answered 503`. */
export class PartFault extends Error {
  /** As the part was answered, or as it would have been. */
  readonly status: number;
  readonly code: ErrorCode;
  /** What a service told of a refusal. */
  readonly told: Told | undefined;

  /** Whether the whole is refused for the very reason, which is the gateway's. */
  readonly isOwn: boolean;

  constructor(status: number, code: ErrorCode, message: string, options?: FaultOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.told = options?.told;
    this.isOwn = options?.isOwn ?? false;
  }

  /** A service's answer that is no success. */
  static ofStatus(status: number, fields: AnswerFields, body: Buffer): PartFault {
    if (status < 400) return new PartFault(502, 'bad_answer', `answered ${status}`);
    return new PartFault(status, 'part_failed', `answered ${status}`, { told: { fields, body } });
  }

  /** The gateway itself has no room for what the part answers: the whole is no more than late. */
  static ofOverload(): PartFault {
    const cause = tooMuchAtOnce();
    return new PartFault(503, 'overloaded', 'has no room among the large answers of this moment', {
      cause,
      isOwn: true,
    });
  }

  /** What the gateway refused or failed a part with. */
  static ofError(error: unknown): PartFault {
    if (!(error instanceof GatewayError)) return new PartFault(500, 'internal', 'failed', { cause: error });
    const status = error.extras?.passedOn?.status ?? error.row.status;
    return new PartFault(status, error.code, `failed with ${status} ${error.code}`, { cause: error });
  }

  /** What the whole is refused with, where it needs the part of this name. */
  toError(name: string): GatewayError {
    const { status, cause, told } = this;
    const detail = `The part "${name}" ${this.message}.`;
    const retryAfterSeconds = cause instanceof GatewayError ? cause.extras?.retryAfterSeconds : undefined;
    const more = { cause, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    if (this.isOwn) return new GatewayError(this.code, detail, more);
    if (status >= 400 && status < 500) {
      if (cause instanceof GatewayError) return cause;
      if (told !== undefined) {
        const body = told.body.length === 0 ? undefined : told.body;
        const fields = passedFields(told.fields, body !== undefined);
        return new GatewayError('part_failed', detail, { passedOn: { status, fields, body }, cause });
      }
    }
    return new GatewayError('part_failed', detail, more);
  }
}

function passedFields(fields: AnswerFields, hasBody: boolean): AnswerFields {
  const passed: Record<string, string | string[] | undefined> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('content-') && !hasBody) continue;
    if (PASSED_ON.includes(name) || isLimitField(name)) passed[name] = value;
  }
  return passed;
}

/** True for the fields (lower case) that tell a client its limits. */
export function isLimitField(name: string): boolean {
  return LIMIT_FIELD.test(name);
}
