// Placeholder interface; limits/ decides the client.
export interface RedisLink {
  /** True while commands are answered. */
  readonly isUp: boolean;
  /** Sends one command; rejects after the command timeout (75 ms). */
  send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  /** Called on each change between up and down. */
  onChange(listener: (isUp: boolean) => void): void;
  close(): Promise<void>;
}
