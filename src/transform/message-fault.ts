/** Why a body can't be read, or can't be written in the form that is asked for; whose fault it is says the direction. */
export class MessageFault extends Error {
  readonly reason: 'malformed' | 'too large';

  constructor(reason: MessageFault['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
