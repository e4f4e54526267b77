import type { EXIT } from './io.ts';

/** The words of a call are wrong; leads to exit code 64, and to how it is called. */
export class UsageError extends Error {}

/** What a command can't do, in words for the person at the terminal, with the code that says of which kind that is. */
export class CliFault extends Error {
  readonly exit: keyof typeof EXIT;

  constructor(message: string, exit: keyof typeof EXIT = 'failed', options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

/** The admin port of a gateway can't be asked. */
export class AdminFault extends Error {}

/** Nobody listens where a gateway's admin port should be. */
export class NobodyThere extends AdminFault {}

/** The gateway refuses to answer. */
export class AdminRefusal extends AdminFault {
  readonly status: number;
  readonly body: unknown;

  constructor(message: string, status: number, body: unknown) {
    super(message);
    this.status = status;
    this.body = body;
  }
}
